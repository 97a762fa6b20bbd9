"""What banks and payers put into the title of a payment in a fixed form.

**Split payment** (since 2018-07-01 in Poland): the title states the VAT, the seller's tax identifier and the invoice,
`/VAT/230,00/IDC/5260250274/INV/FV 12 2003/TXT/text`.
Source: the banks' common rules for the split payment message (Polish Bank Association).

>>> split_payment("/VAT/230,00/IDC/5260250274/INV/FV 12/2003/TXT/za telefon")
{'vat_amount': Decimal('230.00'), 'tax_id': '5260250274', 'invoice_no': 'FV 12/2003', 'title_text': 'za telefon'}
>>> split_payment("/VAT/230,00 /IDC/5260250274 /INV/FV 12/2003")["vat_amount"]  # a line ended before each slash
Decimal('230.00')
>>> split_payment("za telefon /VAT/"), split_payment(None)
({}, {})
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_FORM = re.compile(
    # 35 characters of an invoice, and what the ends of lines put into them
    r"/VAT/\s*(?P<vat>[0-9]{1,10}(?:,[0-9]{0,2})?)\s*/IDC/\s*(?P<id>[^/]{1,15})/INV/(?P<invoice>.{1,39}?)"
    r"(?:/TXT/(?P<text>.*))?",
    re.DOTALL,
)


def split_payment(title: str | None) -> dict[str, Any]:
    """The parts of a split payment's title; nothing where the title has another form."""
    match = _FORM.fullmatch((title or "").strip())
    if match is None:
        return {}
    found: dict[str, Any] = {
        "vat_amount": Decimal(match["vat"].rstrip(",").replace(",", ".")),
        "tax_id": match["id"].strip(),
        "invoice_no": match["invoice"].strip(),
    }
    if match["text"]:
        found["title_text"] = match["text"].strip()
    return found
