"""Which defects are planted, where, and what the pipeline is expected to say about each.

Every subscriber carries at most one planted defect.  The first ones of a region are at fixed indexes (heads of
slots, so that a defect never meets a duplicate), so that each kind occurs even in a small sample; more follow at
random, one in 20,000 subscribers for each kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.draw import Bools, Draw, Ints
from samples.plan import Plan, Region
from samples.tables import Table


@dataclass(frozen=True)
class Fault:
    """A kind of defect.

    Attributes:
        name: As in defects.csv.
        entity: Canonical entity of the record that is wrong.
        reason: Reason code expected, empty where nothing can notice it.
        disposition: `rejected`, `suspended`, `flagged` (the record goes on without the value) or `loaded`.
        blocks: Whether the account has to be held back, because its money cannot be proved any more.
    """

    name: str
    entity: str
    reason: str
    disposition: str
    blocks: bool = False


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        # money: these hold an account back, or stand for no account at all
        Fault("orphan_payment", "payment", "ORPHAN-PAYMENT", "suspended"),
        Fault("orphan_item", "invoice_item", "ORPHAN-LINE", "suspended"),
        Fault("no_customer", "account", "ACC-NO-CUSTOMER", "suspended"),
        Fault("duplicate_invoice", "invoice", "DUP-KEY", "rejected"),
        Fault("duplicate_payment", "payment", "DUP-KEY", "rejected"),
        Fault("duplicate_subscriber", "subscriber", "DUP-KEY", "rejected"),
        Fault("deleted", "payment", "DBF-DELETED", "suspended", blocks=True),
        Fault("currency", "payment", "CUR-UNKNOWN", "suspended", blocks=True),
        Fault("vat_rate", "invoice_item", "VAT-RATE", "suspended", blocks=True),
        Fault("sign_flag", "account", "NUM-SIGN", "rejected", blocks=True),
        Fault("sum_lines", "invoice", "SUM-LINES", "suspended", blocks=True),
        Fault("sum_payment", "payment", "SUM-PAYMENT", "suspended", blocks=True),
        Fault("balance", "account", "ACC-BALANCE", "suspended", blocks=True),
        Fault("issued_impossible", "invoice", "DATE-RANGE", "rejected", blocks=True),
        Fault("packed", "payment", "NUM-PACKED", "rejected", blocks=True),
        Fault("zoned", "payment", "NUM-ZONED", "rejected", blocks=True),
        Fault("overflow", "payment", "NUM-OVERFLOW", "rejected", blocks=True),
        Fault("number_text", "payment", "NUM-TEXT", "rejected", blocks=True),
        Fault("columns", "payment", "REC-COLUMNS", "rejected", blocks=True),
        Fault("element_twice", "payment", "XML-VALUE", "rejected", blocks=True),
        Fault("record_type", "payment", "REC-TYPE", "rejected", blocks=True),
        # attributes: the record goes on
        Fault("pesel_filler", "subscriber", "ID-PESEL-FILLER", "flagged"),
        Fault("pesel_invalid", "subscriber", "ID-PESEL", "flagged"),
        Fault("birth_impossible", "subscriber", "DATE-RANGE", "flagged"),
        Fault("phone_short", "subscriber", "TEL-SHORT", "flagged"),
        Fault("phone_filler", "subscriber", "TEL-FILLER", "flagged"),
        Fault("undecodable", "subscriber", "ENC-UNDECODABLE", "flagged"),
        Fault("control_character", "subscriber", "ENC-CTRL", "flagged"),
        Fault("line_kind", "line", "CODE-UNMAPPED", "flagged"),
        Fault("postcode_filler", "address", "ADR-POSTCODE", "flagged"),
        Fault("roles_swapped", "address", "", "loaded"),
    )
}

_COMMON = (
    "orphan_payment", "orphan_item", "no_customer", "duplicate_invoice", "sum_lines", "sum_payment", "balance",
    "issued_impossible", "pesel_filler", "pesel_invalid", "birth_impossible", "phone_short", "phone_filler",
    "line_kind", "postcode_filler", "roles_swapped",
)  # fmt: skip

OF_SYSTEM: dict[str, tuple[str, ...]] = {
    "mainframe_fixed": ("packed", "duplicate_subscriber", *_COMMON),
    "mainframe_variable": ("zoned", "packed", "record_type", "duplicate_payment", *_COMMON),
    "dbf_mazovia": ("overflow", "deleted", "sign_flag", *_COMMON),
    "dbf_cp852": ("overflow", "currency", "control_character", "duplicate_subscriber", *_COMMON),
    "delimited": ("number_text", "columns", "undecodable", "duplicate_payment", *_COMMON),
    "fixed_width": ("number_text", "record_type", "sign_flag", *_COMMON),
    # an item stands within its invoice there, so none can be an orphan
    "xml_document": ("number_text", "element_twice", "vat_rate", *(name for name in _COMMON if name != "orphan_item")),
    "sql_database": ("number_text", "vat_rate", *_COMMON),
}

ORPHAN = 50_000_000  # added to a key, names a record that exists nowhere


class Planted:
    """The defects of a chunk of subscribers.

    Attributes:
        kinds: Names of the defects of this kind of system.
        chosen: Which of them each subscriber was chosen for, -1 for none; the same in every delivery.
        code: Which of them it carries in this delivery.
    """

    def __init__(self, plan: Plan, region: Region, index: Ints) -> None:
        self.kinds = OF_SYSTEM[region.system]
        count = len(self.kinds)
        lot = Draw(plan.seed, region.zone.number + 3000, index).below("planted", 20_000)
        code = np.where(lot < count, lot, -1)
        # copies at fixed places: one in a small region, three in a larger one
        copies = 1 if region.subscribers < 1000 else 3
        place = index // 8 - 1
        fixed = (index % 8 == 0) & (place >= 0) & (place < count * copies)
        code = np.where(fixed, place % count, code)
        self.chosen = np.where((index % 8 == 0) & (index < region.subscribers), code, -1)
        # in the second delivery the region has corrected the middle copy of each
        corrected = fixed & (place // count == 1) & (plan.delivery == 2)
        self.code = np.where(corrected, -1, self.chosen)

    def at(self, name: str) -> Bools:
        """Which subscribers carry this defect."""
        return self.code == self.kinds.index(name) if name in self.kinds else np.zeros(len(self.code), dtype=bool)

    def rows(self, table: Table, name: str) -> Bools:
        """Rows of a table in which this defect is to be planted, but for the stray copies that another defect made."""
        if name not in self.kinds:
            return np.zeros(len(table["fault"]), dtype=bool)
        hit = table["fault"] == self.kinds.index(name)
        return np.asarray(hit & ~table["orphan"]) if "orphan" in table else np.asarray(hit)

    @property
    def blocked(self) -> Bools:
        """Subscribers whose (first) account has to be held back."""
        blocking = np.array([FAULTS[name].blocks for name in self.kinds])
        return (self.code >= 0) & blocking[self.code]
