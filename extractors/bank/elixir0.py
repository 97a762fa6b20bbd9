"""Elixir-0: the file of domestic payment orders that Polish banks and billing systems exchange.

A record is 16 values between commas, texts in quotes, one record a line; names, addresses and titles are up to four
lines of 35 characters with a bar between them.  Amounts are whole grosze and become exact złoty.

The order of the fields is that of the clearing house's domestic order, on which independent programs agree: type, day,
amount, payer's bank, (0), payer's account, payee's account, payer, payee, (0), payee's bank, title, (empty), (empty),
code, information for the bank.

Records are found and decoded as in any delimited file (`extractors.text.delimited`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from billing.file_specs import AnyFile, Elixir0File
from billing.lineage import LINEAGE_NAMES, Lost, Split
from billing.registry import Source
from billing.text_specs import DelimitedFile
from extractors.bank.payment_title import split_payment
from extractors.bank.rows import AMOUNT
from extractors.base import FileFacts, LandedFile, Places, Sieve, read_raw
from extractors.damage import Damaged, DamageReport
from extractors.text import delimited

FIELDS = (
    "message_type", "payment_date", "amount", "payer_sort_code", "field_5", "payer_account", "payee_account", "payer",
    "payee", "field_10", "payee_sort_code", "title", "field_13", "field_14", "transaction_code", "bank_information",
)  # fmt: skip
"""The 16 values as they stand in a record."""

_AS_THEY_ARE = ("message_type", "payer_sort_code", "payee_sort_code", "transaction_code", "bank_information")
_TEXTS = (
    "message_type", "payment_date", "payer_sort_code", "payer_account", "payer_name", "payer_address",
    "payee_sort_code", "payee_account", "payee_name", "payee_address", "title", "invoice_no", "tax_id",
    "transaction_code", "bank_information", "currency",
)  # fmt: skip
ORDERS = pa.schema(
    [
        ("order_no", pa.int64()), *((n, pa.string()) for n in _TEXTS[:2]), ("amount", AMOUNT),
        *((n, pa.string()) for n in _TEXTS[2:]),
        ("vat_amount", AMOUNT),
    ]
)  # fmt: skip
_MADE_OF = {
    "payer": ("payer_name", "payer_address"), "payee": ("payee_name", "payee_address"),
    "title": ("title", "invoice_no", "tax_id", "vat_amount"),
}  # fmt: skip
_LINE = 35
_MOST_DIGITS = 15
_GROSZE = re.compile(r"\d+")
_DAY = re.compile(r"[0-9]{8}")


def decode(
    source: Source, file_spec: AnyFile, landed: LandedFile, facts: FileFacts, *, batch_rows: int
) -> Iterator[Split]:
    """Decode a file of orders.

    Args:
        source: The declared source.
        file_spec: The file's spec.
        landed: The landed file.
        facts: Filled while decoding.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of the raw table, with the records that were set aside.

    Raises:
        SourceError: The file is cut, or its code page is not the declared one.
    """
    assert isinstance(file_spec, Elixir0File)
    plain = DelimitedFile(
        format="delimited", name=file_spec.name, pattern=file_spec.pattern, code_page=file_spec.code_page,
        delimiter=",", header=False, columns=list(FIELDS),
    )  # fmt: skip
    sieve = Sieve(source.id, landed, file_spec.name)
    critical = source.spec.critical_columns(file_spec.name)
    for split in delimited.decode(source, plain, landed, facts, batch_rows=batch_rows):
        orders = _orders(split.kept, sieve, landed, critical)
        rejects = pa.concat_batches([split.rejects, orders.rejects])
        earlier = _lost_orders(split.lost, Sieve(source.id, landed, file_spec.name), landed) if split.lost else None
        yield replace(orders, rejects=rejects, lost=_together(earlier, orders.lost))


def _orders(raw: pa.RecordBatch, sieve: Sieve, landed: LandedFile, critical: frozenset[str]) -> Split:
    """The orders of a batch of records."""
    number, offset, length = (raw.column(name).to_numpy() for name in LINEAGE_NAMES[2:])
    places = Places(number, offset, length)
    damage = DamageReport(critical)
    rows = [_order(record, row, damage) for row, record in enumerate(raw.select(list(FIELDS)).to_pylist())]
    for row, order in enumerate(rows):
        order["order_no"] = int(number[row])
    keep = np.ones(len(rows), np.bool_)
    damage.settle(sieve, places, keep, partial(_record_bytes, landed, places))
    columns = {f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in ORDERS}
    return sieve.split(columns, places, keep=keep)


def _lost_orders(lost: Lost, scratch: Sieve, landed: LandedFile) -> Lost:
    """Records that were set aside before they were orders: what can be read of them is theirs all the same."""
    orders = _orders(lost.rows, scratch, landed, frozenset())
    unread = {
        number: {made for name in names for made in _MADE_OF.get(name, (name,))}
        for number, names in lost.unread.items()
    }
    flags = orders.rejects.select(["record_no", "field"]).to_pylist()
    for flag in flags:
        unread.setdefault(flag["record_no"], set()).add(flag["field"])
    return Lost(orders.kept, {number: frozenset(names) for number, names in unread.items()})


def _together(one: Lost | None, other: Lost | None) -> Lost | None:
    if one is None or other is None:
        return one or other
    return Lost(pa.concat_batches([one.rows, other.rows]), {**one.unread, **other.unread})


def _record_bytes(landed: LandedFile, places: Places, row: int) -> bytes:
    _, offset, length = places.at(row)
    return read_raw(landed, offset, length)


def _order(record: dict[str, str | None], row: int, damage: DamageReport) -> dict[str, Any]:
    order: dict[str, Any] = {name: record[name] for name in _AS_THEY_ARE}
    order["currency"] = "PLN"
    text = record["amount"]
    if text is not None and _GROSZE.fullmatch(text) and text.isascii() and len(text) <= _MOST_DIGITS:
        order["amount"] = Decimal(text).scaleb(-2)
    else:
        message = "is no whole number of grosze" if text else "is empty"
        damage.add(Damaged(row, "amount", "NUM-TEXT", message, (text or "").encode(), text))
    order["payment_date"] = day = _day(record["payment_date"])
    if day is None and record["payment_date"]:
        text = record["payment_date"]
        damage.add(Damaged(row, "payment_date", "DATE-RANGE", "is no day of the form YYYYMMDD", text.encode(), text))
    for party in ("payer", "payee"):
        order[f"{party}_account"] = re.sub(r"\s", "", record[f"{party}_account"] or "") or None
        order[f"{party}_name"], order[f"{party}_address"] = _party(record[party])
    order["title"] = _lines(record["title"])
    found = split_payment(order["title"])
    order.update({name: found.get(name) for name in ("invoice_no", "tax_id", "vat_amount")})
    return order


def _day(text: str | None) -> str | None:
    """`YYYY-MM-DD` of eight digits, None where they are no day.

    >>> _day("20031031"), _day("20030229"), _day("2003111")
    ('2003-10-31', None, None)
    """
    if not _DAY.fullmatch(text or ""):
        return None
    try:
        return dt.datetime.strptime(text or "", "%Y%m%d").date().isoformat()
    except ValueError:
        return None


def _party(text: str | None) -> tuple[str | None, str | None]:
    """Name and address: of four lines two are the name, of fewer the first.

    >>> _party("JAN NOWAK|UL. DLUGA 1|61-001 POZNAN")
    ('JAN NOWAK', 'UL. DLUGA 1, 61-001 POZNAN')
    >>> _party("ZAKLAD USLUG|TELEFONICZNYCH|UL. DLUGA 1|61-001 POZNAN")
    ('ZAKLAD USLUG TELEFONICZNYCH', 'UL. DLUGA 1, 61-001 POZNAN')
    """
    lines = [line.strip() for line in (text or "").split("|")]
    names = 2 if len(lines) == 4 and all(lines) else 1
    name = " ".join(line for line in lines[:names] if line)
    return name or None, ", ".join(line for line in lines[names:] if line) or None


def _lines(text: str | None) -> str | None:
    """The lines of a title: a full one was cut wherever it was full."""
    whole = ""
    for line in (text or "").split("|"):
        whole += line if len(line) >= _LINE else f"{line.strip()} "
    return re.sub(r"\s{2,}", " ", whole).strip() or None
