"""Which field says what type a record is, and which of the copybook's groups each of its values means.

A copybook of several record types describes them by several 01 levels, or by groups that redefine one another; what
it does not say is how a record tells.  The data do: a short field whose few values go with different groups.  Every
group reads every record, and its reading costs what the bytes are worth under its pictures, in bits: letters in a
number, a text that begins with blanks, bytes that nothing describes are dear.  The field whose values share the
records out among the groups most cheaply is the type field.

>>> book = Copybook.parse("r.cpy", '''
... 01  REC.
...     05  TYP         PIC X.
...     05  OSOBA.
...         10  NAZWISKO    PIC X(10).
...     05  WPLATA REDEFINES OSOBA.
...         10  KWOTA       PIC 9(10).
... ''')
>>> groups_of(book)
('OSOBA', 'WPLATA')
>>> text = "".join(f"O{name:<10}W{n:010}" for n, name in enumerate(["NOWAK", "LIS", "WRONA", "ZIELINSKI"]))
>>> rows = np.frombuffer(text.encode("cp037"), np.uint8).reshape(-1, 11)
>>> found = judge_types(book, Records(rows, np.full(8, 11)), code_page("cp037"))
>>> found.field, {value: kind.group for value, kind in found.values.items()}
('TYP', {'O': 'OSOBA', 'W': 'WPLATA'})
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from billing.errors import ContractError
from extractors.codepages.tables import CodePage, code_page
from extractors.copybook.decode import decode_field
from extractors.copybook.fields import BINARY_KINDS, FLOAT_KINDS, Field
from extractors.copybook.items import Item
from extractors.copybook.layout import Copybook
from extractors.copybook.reading import Reading
from extractors.copybook.walk import Walk

MOST_VALUES = 40
LONGEST_FIELD = 8
CLEAR_BITS = 12.0  # what the next group must cost more for the records of a value
CLEAR_BITS_A_RECORD = 2.0
LEAST_GAIN_BITS = 60.0  # what the groups together must explain better than the best one alone
VALUE_BITS = 12.0  # what another value costs a field: a key explains everything by itself
SHORT_BITS = 60.0  # a record that ends before its group does
_CASES = "blank", "digit", "letter", "mark", "nul", "other"
# bits of a byte, by what it is and what the group says that it is
_TEXT = dict(zip(_CASES, (1.5, 6.0, 5.5, 8.0, 6.0, 16.0), strict=True))
_DIGIT = dict(zip(_CASES, (7.0, 3.4, 14.0, 14.0, 7.0, 14.0), strict=True))
_ANY = dict(zip(_CASES, (2.0, 7.0, 7.0, 8.0, 3.0, 8.0), strict=True))
_BEHIND = dict(zip(_CASES, (0.5, 11.0, 11.0, 12.0, 0.5, 12.0), strict=True))
_UNLIKELY, _LEADING_BLANK, _GAP, _CUT = 14.0, 5.0, 6.0, 3.0

Bytes = NDArray[np.uint8]
Bits = NDArray[np.float64]


@dataclass(frozen=True)
class Records:
    """Some records of a file.

    Attributes:
        rows: uint8[n, width], filled up behind the shorter ones.
        lengths: int64[n].
    """

    rows: Bytes
    lengths: NDArray[np.int64]


@dataclass(frozen=True)
class Kind:
    """What the records with one value of the type field are.

    Attributes:
        group: That reads them best.
        next: The one after it.
        margin: Bits by which that is worse, over all of them.
        records: How many were looked at.
    """

    group: str
    next: str
    margin: float
    records: int

    @property
    def is_clear(self) -> bool:
        """Does the evidence separate the two?"""
        return self.margin >= max(CLEAR_BITS, CLEAR_BITS_A_RECORD * self.records)


@dataclass(frozen=True)
class Types:
    """The type field, and what its values mean."""

    field: str
    values: dict[str, Kind]


def groups_of(copybook: Copybook) -> tuple[str, ...]:
    """The groups that may be record types: the 01 levels, or the groups that redefine one another; none: no types."""
    if len(copybook.roots) > 1:
        names = [root.name for root in copybook.roots]
        return tuple(name for name in names if name) if None not in names else ()
    found: list[tuple[int, list[str]]] = []
    _clusters(copybook, copybook.roots[0], found)
    return tuple(max(found, key=lambda item: item[0])[1]) if found else ()


def _clusters(copybook: Copybook, item: Item, found: list[tuple[int, list[str]]]) -> None:
    walk = Walk(copybook.file)
    for members in walk.clusters(item.children):
        named = [member.name for member in members if member.children and member.name and not member.occurs]
        if len(members) > 1 and len(set(named)) > 1:
            found.append((max(walk.sized(member, 0) for member in members), named))
        elif len(members) == 1 and not members[0].occurs:
            _clusters(copybook, members[0], found)


def judge_types(copybook: Copybook, records: Records, page: CodePage) -> Types | None:
    """The field that says the type, with what its values mean; None where no field shares the records out clearly.

    Args:
        copybook: Of several groups.
        records: Records spread over the file, or its beginning.
        page: Its code page.

    Raises:
        ContractError: A group cannot be laid out.
    """
    groups = groups_of(copybook)
    if len(groups) < 2 or not len(records.rows):
        return None
    costs = group_costs(copybook, groups, records, page)
    alone = float(costs.sum(axis=0).min())
    best: tuple[float, Field, dict[str, Kind]] | None = None
    for candidate in _candidates(copybook, groups):
        texts = type_texts(candidate, records, page)
        values = sorted(set(texts) - {None}, key=str)
        if not 2 <= len(values) <= min(MOST_VALUES, max(2, len(texts) // 2)):
            continue
        kinds = {value: _kind(groups, costs[[text == value for text in texts]]) for value in values if value}
        told = np.array([text is not None for text in texts])
        total = float(costs[~told].min(axis=1).sum()) + VALUE_BITS * len(values)
        total += sum(float(costs[[t == v for t in texts]].sum(axis=0).min()) for v in values)
        if best is None or total < best[0]:
            best = total, candidate, kinds
    if best is None or alone - best[0] < LEAST_GAIN_BITS:
        return None
    clear = {kind.group for kind in best[2].values() if kind.is_clear}
    return Types(best[1].name, best[2]) if len(clear) > 1 else None


def _kind(groups: Sequence[str], costs: Bits) -> Kind:
    totals = costs.sum(axis=0)
    first, second = np.argsort(totals, kind="stable")[:2].tolist()
    return Kind(groups[first], groups[second], round(float(totals[second] - totals[first]), 1), len(costs))


def judge_value(copybook: Copybook, records: Records, page: CodePage) -> Kind:
    """What the records of one more value are."""
    groups = groups_of(copybook)
    return _kind(groups, group_costs(copybook, groups, records, page))


def type_texts(field: Field, records: Records, page: CodePage) -> list[str | None]:
    """The value of a field in each record, as the reader compares it; None where it is blank or cannot be read."""
    whole = records.lengths >= field.end
    cells = records.rows[whole][:, field.offset : field.end]
    values = iter(pc.cast(decode_field(cells, field, page, Reading()).values, pa.string()).to_pylist())
    found = [next(values) if is_whole else None for is_whole in whole.tolist()]
    return [text if text is None or not text.isascii() else text.rstrip() for text in found]


# --- candidates --------------------------------------------------------------------------------------------------


def _candidates(copybook: Copybook, groups: Sequence[str]) -> list[Field]:
    """Short fields that all record types have in the same place, under one name at least."""
    places: dict[tuple[int, int], list[Field]] = {}
    for group in groups:
        layout = copybook.layout(group, others=set(groups) - {group})
        for field in {(f.offset, f.length): f for f in layout.fields if _may_tell(f)}.values():
            places.setdefault((field.offset, field.length), []).append(field)
    shared = [fields[0] for _, fields in sorted(places.items()) if len(fields) == len(groups)]
    return [field for field in shared if _is_located(copybook, field)]


def _may_tell(field: Field) -> bool:
    number = field.kind == "zoned" and not field.signed and not field.scale
    return field.length <= LONGEST_FIELD and not field.subscripts and (field.kind == "text" or number)


def _is_located(copybook: Copybook, field: Field) -> bool:
    try:
        return copybook.locate(field.name).offset == field.offset
    except ContractError:
        return False


# --- costs -------------------------------------------------------------------------------------------------------


def group_costs(copybook: Copybook, groups: Sequence[str | None], records: Records, page: CodePage) -> Bits:
    """float64[n, groups]: what each group's reading of each record costs, in bits; None stands for the one there is."""
    costs = np.zeros((len(records.rows), len(groups)))
    for column, group in enumerate(groups):
        record_type = copybook.record_type(group, others={name for name in groups if name and name != group})
        layout = record_type.widest
        fields = [field for field in layout.fields if field.offset < records.rows.shape[1]]
        costs[:, column] = _reading_costs(fields, layout.length, records, page.ebcdic)
        if not record_type.variable:
            costs[:, column] += SHORT_BITS * (records.lengths < layout.needed)
    return costs


def _reading_costs(fields: Sequence[Field], length: int, records: Records, ebcdic: bool) -> Bits:
    rows, tables = records.rows, _tables(ebcdic)
    there = np.arange(rows.shape[1]) < records.lengths[:, None]
    bits = tables["any"][rows]
    bits[:, length:] = tables["behind"][rows[:, length:]]
    more = np.zeros(len(rows))
    blank = rows == (0x40 if ebcdic else 0x20)
    letter = tables["is_letter"][rows] > 0
    before: Field | None = None
    for field in fields:
        cut = slice(field.offset, min(field.end, rows.shape[1]))
        if field.shared:
            before = None
            continue
        bits[:, cut] = _field_bits(field, rows[:, cut], tables)
        if field.kind == "text":
            more += _placing_bits(blank[:, cut])
            if before is not None and before.kind == "text" and field.offset:
                more += _CUT * (letter[:, field.offset] & letter[:, field.offset - 1])
        before = field
    total: Bits = np.where(there, bits, 0.0).sum(axis=1) + more
    return total


def _field_bits(field: Field, cells: Bytes, tables: dict[str, Bits]) -> Bits:
    """float64[n, width], each byte's cost under the field's picture."""
    if field.kind == "text":
        return tables["text"][cells]
    if field.kind == "zoned":
        bits = tables["digit"][cells]
        if field.signed:
            at = 0 if field.sign_leading else -1
            bits[:, at] = tables["separate" if field.sign_separate else "signed"][cells[:, at]]
        return bits
    if field.kind in ("packed", "unsigned_packed"):
        bits = tables["packed"][cells]
        if field.kind == "packed":
            bits[:, -1] = tables["packed_sign"][cells[:, -1]]
        return bits
    if field.kind in BINARY_KINDS or field.kind in FLOAT_KINDS:
        return tables["binary"][cells]
    return tables["any"][cells]


def _placing_bits(blank: NDArray[np.bool_]) -> Bits:
    """float64[n], for texts that begin with a blank, or go on behind several: they stand in another place."""
    bits = np.where(blank[:, 0] & ~blank.all(axis=1), _LEADING_BLANK, 0.0)
    if blank.shape[1] > 2:
        bits += _GAP * (~blank[:, 2:] & blank[:, 1:-1] & blank[:, :-2]).sum(axis=1)
    return bits


@lru_cache(maxsize=2)
def _tables(ebcdic: bool) -> dict[str, Bits]:
    """What is said of a byte -> float64[256], its cost."""
    page = code_page("cp870" if ebcdic else "iso8859-1")
    chars = ["" if control else chr(point) for point, control in zip(page.points.tolist(), page.control, strict=True)]
    cases = [_case(byte, char) for byte, char in enumerate(chars)]
    tables = {
        name: np.array([bits[case] for case in cases])
        for name, bits in {"text": _TEXT, "digit": _DIGIT, "any": _ANY, "behind": _BEHIND}.items()
    }
    tables["is_letter"] = np.array([case == "letter" for case in cases], np.float64)
    every = np.arange(256)
    high, low = every >> 4, every & 15
    over = "{ABCDEFGHI}JKLMNOPQRpqrstuvwxy" if not ebcdic else ""
    signed = (np.isin(high, (0xC, 0xD)) & (low <= 9)) if ebcdic else np.isin(every, [ord(char) for char in over])
    tables["signed"] = np.where(signed, 4.5, tables["digit"])
    tables["separate"] = np.where([char in tuple("+- ") for char in chars], 1.5, _UNLIKELY)
    digits = (high <= 9) & (low <= 9)
    blank = every == page.blank
    tables["packed"] = np.where(every == 0, 3.0, np.where(blank, 9.0, np.where(digits, 6.7, _UNLIKELY)))
    tables["packed_sign"] = np.where((high <= 9) & np.isin(low, (0xC, 0xD, 0xF)), 5.0, _UNLIKELY)
    tables["binary"] = np.where(every == 0, 2.0, 8.5)
    return tables


def _case(byte: int, char: str) -> str:
    if byte == 0:
        return "nul"
    if char == " ":
        return "blank"
    if char.isdigit() and char.isascii():
        return "digit"
    if char.isalpha():
        return "letter"
    return "mark" if char and char.isascii() else "other"
