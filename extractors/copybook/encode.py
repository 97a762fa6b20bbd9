"""Writing what the decoder reads: values into fields, trees into records, records into files.

Tests prove with it that decoding undoes encoding, and samples can be written with it.  A value that its field cannot
hold exactly is an error, never cut off.

>>> from extractors.codepages.tables import code_page
>>> from extractors.copybook.layout import Copybook
>>> copybook = Copybook.parse("r.cpy", "01 R. 05 N PIC S9(3)V99 COMP-3. 05 K PIC 9. "
...     "05 T OCCURS 0 TO 3 DEPENDING ON K. 10 A PIC X(2).")
>>> tree = {"N": Decimal("-1.5"), "K": 2, "T": [{"A": "x"}, {"A": "yz"}]}
>>> encode_record(copybook.record_type(), tree, code_page("cp037")).hex(" ")
'00 15 0d f2 a7 40 a8 a9'
>>> encode_field(copybook.layout().fields[1], 12, code_page("cp037"))
Traceback (most recent call last):
...
billing.errors.ContractError: field K: 12 has more than 1 digits. Remedy: correct the value or the PICTURE
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from billing.errors import ContractError
from extractors.codepages.tables import CodePage
from extractors.copybook.fields import Cell, Field, Layout
from extractors.copybook.floats import encode_float
from extractors.copybook.items import Item
from extractors.copybook.layout import RecordType
from extractors.copybook.lenient import EXACT
from extractors.copybook.reading import STRICT, Reading
from extractors.copybook.scanning import WORD, Descriptor

_PLUS, _MINUS = "{ABCDEFGHI", "}JKLMNOPQR"


def encode_field(field: Field, value: Any, page: CodePage, how: Reading = STRICT) -> bytes:
    """Write one value.

    Args:
        field: Where it belongs.
        value: Text, int, Decimal, float or bytes; None for a text or a zoned number that nobody filled in.
        page: Code page of text and of zoned digits.
        how: The choices of whoever reads it.

    Raises:
        ContractError: The field cannot hold it exactly.
    """
    if field.item is not None:
        page = how.pages.get(field.item.label, page)
    blank = bytes([page.blank])
    match field.kind:
        case "text":
            return _text(field, "" if value is None else str(value), page).ljust(field.length, blank)
        case "national":
            codec = "utf-16-be" if how.national_order == "big" else "utf-16-le"
            data = ("" if value is None else str(value)).encode(codec)
            return _fitted(field, data) + " ".encode(codec) * ((field.length - len(data)) // 2)
        case "bytes":
            return _fitted(field, bytes(value or b"")).ljust(field.length, b"\0")
        case "float" | "double":
            try:
                return encode_float(float(value), field.length, how.floats)
            except (TypeError, ValueError) as error:
                _fail(field, str(error))
        case "zoned" if value is None:
            return blank * field.length
        case _:
            if value is None:
                _fail(field, "a number without a value has no form")
            return _number(field, _unscaled(field, value), page, how)


def _text(field: Field, text: str, page: CodePage) -> bytes:
    known = {int(point): byte for byte, point in reversed(list(enumerate(page.points.tolist())))}
    found = [known.get(ord(character)) for character in text]
    if any(byte is None for byte in found):
        _fail(field, f"the text has characters that {page.name} has not")
    return _fitted(field, bytes(byte for byte in found if byte is not None))


def _fitted(field: Field, data: bytes) -> bytes:
    if len(data) > field.length:
        _fail(field, f"{len(data)} bytes do not fit {field.length}")
    return data


def _unscaled(field: Field, value: Any) -> int:
    """The integer that stands in the field."""
    try:
        exact = Decimal(value).scaleb(field.scale, EXACT)
    except (InvalidOperation, TypeError, ValueError):
        _fail(field, f"{value!r} is no number")
    if not exact.is_finite():
        _fail(field, f"{value} is no number")
    if exact != int(exact):
        _fail(field, f"{value} has more decimals than the field")
    number = int(exact)
    if number < 0 and not field.signed:
        _fail(field, f"{value} is negative, and the field has no sign")
    return number


def _number(field: Field, number: int, page: CodePage, how: Reading) -> bytes:
    if field.kind in ("binary", "native", "little"):
        big = field.kind == "binary" or (field.kind == "native" and _native_is_big(page, how))
        try:
            return number.to_bytes(field.length, "big" if big else "little", signed=field.signed)
        except OverflowError:
            _fail(field, f"{number} does not fit {field.length} bytes")
    digits = str(abs(number))
    if len(digits) > field.digits:
        _fail(field, f"{number} has more than {field.digits} digits")
    if field.kind == "packed":
        sign = "D" if number < 0 else "C" if field.signed else "F"
        return bytes.fromhex(digits.rjust(field.length * 2 - 1, "0") + sign)
    if field.kind == "unsigned_packed":
        return bytes.fromhex(digits.rjust(field.length * 2, "0"))
    text = digits.rjust(field.digits, "0")
    if field.sign_separate:
        sign = "-" if number < 0 else "+"
        text = sign + text if field.sign_leading else text + sign
    elif field.signed:
        at = 0 if field.sign_leading else len(text) - 1
        overpunched = (_MINUS if number < 0 else _PLUS)[int(text[at])]
        if number >= 0 and not page.ebcdic:
            overpunched = text[at]  # ASCII programs leave plus signs out
        text = text[:at] + overpunched + text[at + 1 :]
    return text.encode("cp037" if page.ebcdic else "ascii")


def _native_is_big(page: CodePage, how: Reading) -> bool:
    return page.ebcdic if how.native_order is None else how.native_order == "big"


def _fail(field: Field, message: str) -> NoReturn:
    raise ContractError(message, field=field.name, remedy="correct the value or the PICTURE")


def encode_record(
    record_type: RecordType,
    tree: Mapping[str, Any],
    page: CodePage,
    how: Reading = STRICT,
    *,
    name: Callable[[Item], str] = lambda item: item.label,
) -> bytes:
    """Write a record from its tree; what the tree does not have is blank.

    Args:
        record_type: Its type.
        tree: As `extractors.copybook.tree` builds it, without the 01 level; of views that redefine one another, the
            last one that is given counts.  A variable table stands as often as its list is long, and the field that
            says so is the tree's own business.
        page: Code page.
        how: The choices of whoever reads it.
        name: What items are called in the tree.

    Raises:
        ContractError: A field cannot hold its value.
    """
    values: dict[Cell, Any] = {}
    counts: dict[Cell, int] = {}

    def visit(item: Item, value: Any, subscripts: tuple[int, ...]) -> None:
        if item.occurs and len(subscripts) < _depth.get(id(item), 0):
            there = list(value or [])
            if item.depending:
                counts[id(item), subscripts] = len(there)
            for number, one in enumerate(there, 1):
                visit(item, one, (*subscripts, number))
        elif item.elementary:
            values[id(item), subscripts] = value
        else:
            for child in item.children:
                if child.name is None and not child.elementary:
                    visit(child, value, subscripts)
                elif isinstance(value, Mapping) and name(child) in value:
                    visit(child, value[name(child)], subscripts)
                elif child.depending:
                    counts[id(child), subscripts] = 0

    _depth = _depths(record_type.roots)
    for root in record_type.roots:
        visit(root, tree, ())
    layout = record_type.bind(_Filled(counts)) if record_type.variable else record_type.widest
    return encode_fields(layout, values, page, how)


class _Filled(dict[Cell, int]):
    """Tables that a tree does not mention do not stand in the record."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: Cell) -> int:
        return 0


def _depths(items: Sequence[Item], above: int = 0) -> dict[int, int]:
    """How many subscripts an occurrence of each item has."""
    found: dict[int, int] = {}
    for item in items:
        own = above + (item.occurs is not None)
        found[id(item)] = own
        found |= _depths(item.children, own)
    return found


def encode_fields(layout: Layout, values: Mapping[Cell, Any], page: CodePage, how: Reading = STRICT) -> bytes:
    """Write a record's fields, each by its item and subscripts; bytes of no field are blanks.

    Raises:
        ContractError: A field cannot hold its value.
    """
    record = bytearray([page.blank]) * layout.length
    for place in layout.fields:
        if place.cell in values:
            record[place.offset : place.end] = encode_field(place, values[place.cell], page, how)
    return bytes(record)


# --- records into files ----------------------------------------------------------------------------------------


def word(length: int, form: Descriptor, control: int = 0) -> bytes:
    """A descriptor word for so many bytes behind it."""
    stated = length - form.offset
    if not 0 <= stated <= 0xFFFF:
        raise ContractError(f"a descriptor word cannot state {stated} bytes", remedy="write shorter records or blocks")
    return (
        stated.to_bytes(2, "big") + bytes([control, 0])
        if form.big_endian
        else bytes([0, control]) + stated.to_bytes(2, "little")
    )


def with_rdw(records: Iterable[bytes], rdw: Descriptor | None = None) -> bytes:
    """A file of variable records (V)."""
    form = rdw or Descriptor()
    return b"".join(word(len(record), form) + record for record in records)


def in_blocks(
    records: Iterable[bytes], block: int, rdw: Descriptor | None = None, bdw: Descriptor | None = None
) -> bytes:
    """A file of blocked variable records (VB), as many in a block as fit.

    Args:
        records: The records.
        block: Most bytes of a block, its descriptor word included; a longer record has a block of its own.
        rdw: Form of the record descriptor words.
        bdw: Form of the block descriptor words.
    """
    blocks: list[bytes] = []
    current = b""
    for record in records:
        framed = with_rdw([record], rdw)
        if current and WORD + len(current) + len(framed) > block:
            blocks.append(current)
            current = b""
        current += framed
    if current:
        blocks.append(current)
    return with_rdw(blocks, bdw)


def spanned(
    records: Iterable[bytes], block: int, rdw: Descriptor | None = None, bdw: Descriptor | None = None
) -> bytes:
    """A file of spanned records (VBS): blocks are full, whatever record that cuts apart.

    Args:
        records: The records.
        block: Bytes of a block, its descriptor word included; at least 13.
        rdw: Form of the segment descriptor words.
        bdw: Form of the block descriptor words.
    """
    form = rdw or Descriptor()
    blocks: list[bytes] = []
    current = b""
    for record in records:
        rest, first = record, True
        while rest or first:
            room = block - WORD - len(current) - WORD
            if room < 1:
                blocks.append(current)
                current = b""
                continue
            part, rest = rest[:room], rest[room:]
            control = (0 if not rest else 1) if first else (2 if not rest else 3)
            current += word(len(part), form, control) + part
            first = False
    if current:
        blocks.append(current)
    return with_rdw(blocks, bdw)
