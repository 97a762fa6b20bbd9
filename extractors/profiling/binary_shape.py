"""Records without line ends: mainframe files, with record descriptor words or of one length.

Descriptor words are walked: each gives the length of its record, so a chain that arrives where it should is proof.
The length of fixed records shows in how well the file resembles itself that many bytes later.

>>> shape = read_records(b"".join(bytes([0, 4 + n, 0, 0]) + b"\\xc1" * n for n in (9, 12, 7, 9, 8)), 65)
>>> shape.record_format, shape.records, shape.record_length
('V', 5, 12)
>>> shape = read_records((b"\\xf0\\xf1\\xf2" + b"\\xd2\\x96\\xa6\\x81\\x93" + b"\\x40" * 8) * 60, 960)
>>> shape.record_format, shape.record_length, shape.records
('F', 16, 60)
"""

from __future__ import annotations

import itertools
import re
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.codepages.tables import code_page
from extractors.profiling.shapes import Shape
from extractors.profiling.textlines_shape import joined

LONGEST_RECORD = 32_760  # of z/OS
LEAST_WALKED = 3
LEAST_OTHER = 6  # records that prove words of an unusual form
SHORTEST_RECORD = 8
MOSTLY = 0.6  # of the bytes that tell are of the same kind a record later: less has to stand out then
LONGEST_NUMBER = 18
UNKNOWN = "? "
"""Stands before the picture of bytes that are neither text nor a number that could be told."""
_BINARY_DIGITS = {2: 4, 4: 9, 8: 18}
SAMPLE = 1 << 18
_EBCDIC_INVARIANT = frozenset(
    [0x40, 0x4B, 0x4C, 0x4D, 0x4E, 0x50, 0x5C, 0x5D, 0x5E, 0x60, 0x61, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x7A, 0x7D, 0x7E,
     0x7F, *range(0x81, 0x8A), *range(0x91, 0x9A), *range(0xA2, 0xAA), *range(0xC1, 0xCA), *range(0xD1, 0xDA),
     *range(0xE2, 0xEA), *range(0xF0, 0xFA)]
)  # fmt: skip
_SIGNS = bytes([0x60, 0x6B, 0x4B, 0x61, 0x7A])  # -,./: in EBCDIC
_CLASS = np.full(256, 4, np.uint8)  # 0 blank, 1 digit, 2 letter, 3 NUL, 4 other; ASCII or EBCDIC, as asked


def seems_ebcdic(head: bytes) -> bool:
    """Are the bytes EBCDIC text, wholly or between packed numbers?"""
    counts = np.bincount(np.frombuffer(head[:SAMPLE], np.uint8), minlength=256)
    ebcdic = int(counts[sorted(_EBCDIC_INVARIANT)].sum())
    printable = int(counts[0x20:0x7F].sum() - counts[0x40])
    high = int(counts[sorted(b for b in _EBCDIC_INVARIANT if b >= 0x80)].sum())
    return ebcdic > 0.4 * len(head[:SAMPLE]) and ebcdic > 1.5 * printable and high > 0.1 * len(head[:SAMPLE])


def holds_numbers(head: bytes) -> bool:
    """Do bytes that are no text, such as packed numbers, stand in EBCDIC records?"""
    sample = head[:SAMPLE]
    controls = sum(sample.count(byte) for byte in range(0x40) if byte not in (0x05, 0x0D, 0x15, 0x25))
    return controls > len(sample) // 200


def ascii_view(data: bytes) -> bytes:
    """EBCDIC bytes as ASCII ones; what is no ASCII character becomes a byte from 80 on."""
    return data.translate(_view())


def _view() -> bytes:
    table = bytearray()
    for byte, point in enumerate(code_page("cp870").points.tolist()):
        table.append(point if point < 0x80 and (point >= 0x20 or point in (0, 9)) else 0x80 | (byte & 0x7F))
    table[0x25] = 0x0A  # line feed
    table[0x0D] = 0x0D
    return bytes(table)


def read_records(head: bytes, size: int) -> Shape | None:
    """What kind of records these are; None where no rule is found.

    Args:
        head: The beginning of the file, a megabyte where there is that much.
        size: Of the file.
    """
    whole = len(head) >= size
    return _blocks(head, size) or _words(head, whole=whole) or _other_words(head, whole=whole) or _fixed(head, size)


def _words(head: bytes, form: str = ">HH", own: int = 4, *, whole: bool) -> Shape | None:
    lengths = walk(head, 0, len(head), form, own)
    if lengths is None or len(lengths) < LEAST_WALKED or not any(lengths):
        return None
    records = len(lengths) if whole else None
    shape = Shape("mainframe", "", record_format="V", record_length=max(lengths), records=records)
    shape.title = (
        f"records with descriptor words (RDW), {min(lengths)} to {max(lengths)} bytes"
        f"{f', {records} records' if records else ''}"
    )
    return shape


def _other_words(head: bytes, *, whole: bool) -> Shape | None:
    """Descriptor words as transfer programs write them: turned round, or without their own length."""
    for form, order in ((">HH", "big"), ("<HH", "little")):
        for own in (0, 4):
            shape = _words(head, form, own, whole=whole)
            if shape and len(walk(head, 0, len(head), form, own) or ()) >= LEAST_OTHER:
                shape.rdw = {"byte_order": order, "counts_itself": own == 4}
                shape.title += f"; the words are {order}-endian and {'' if own else 'do not '}count themselves"
                return shape
    return None


def walk(data: bytes, start: int, end: int, form: str = ">HH", own: int = 4) -> list[int] | None:
    """Lengths of the records of a chain of descriptor words, without the words; None where the chain breaks.

    A last record that the data cut off is left out.

    Args:
        data: The bytes.
        start: First byte of the first word.
        end: Behind the last record.
        form: `>HH` for length and zeros, `<HH` for zeros and a length that is turned round.
        own: Bytes of the word that the length counts.
    """
    lengths: list[int] = []
    at = start
    while at + 4 <= end:
        pair = struct.unpack_from(form, data, at)
        length, rest = pair if form == ">HH" else pair[::-1]
        if not own < length <= LONGEST_RECORD or rest:
            return None
        after = at + 4 - own + length
        if after > end:
            return lengths if end == len(data) and lengths else None
        lengths.append(length - own)
        at = after
    return lengths if at == end or end == len(data) else None


def _blocks(head: bytes, size: int) -> Shape | None:
    """Blocks with a descriptor word each, of records with one each."""
    lengths: list[int] = []
    blocks = at = 0
    while at + 8 <= len(head):
        length, rest = struct.unpack_from(">HH", head, at)
        if rest or not 9 <= length <= LONGEST_RECORD + 8:
            return None
        if at + length > len(head):
            break
        inside = walk(head[: at + length], at + 4, at + length)
        if not inside or sum(inside) + 4 * len(inside) != length - 4:
            return None
        lengths += inside
        blocks += 1
        at += length
    if len(lengths) < LEAST_WALKED or not blocks:
        return None
    records = len(lengths) if at == size else None
    shape = Shape("mainframe", "", record_format="VB", record_length=max(lengths), records=records)
    shape.title = f"blocks (BDW) of records with descriptor words (RDW), {min(lengths)} to {max(lengths)} bytes"
    return shape


def _fixed(head: bytes, size: int) -> Shape | None:
    kinds = _kinds(head[:SAMPLE])
    found = period(kinds, size)
    if found is None:
        return None
    shape = _of_length(Shape("mainframe", ""), found.length, size, "that the contents suggest")
    shape.notes.append(_how_sure(found))
    return shape


def _how_sure(found: Period) -> str:
    """What speaks for a record length, and for which shorter ones, too; a copybook alone settles it."""
    doubt = f"{found.agreement:.0%} of the bytes that tell are of the same kind {found.length} bytes later"
    if not found.shorter:
        return f"the record length is a guess from the contents: {doubt}; no part of it stands out"
    parts = ", ".join(f"{length} ({share:.0%})" for length, share in found.shorter.items())
    return (
        f"the record length is in DOUBT: {doubt}, but it is a multiple of {parts}, where the bytes repeat, too: "
        "records of several types resemble one another some records later; say which it is with --copybook"
    )


def fit_copybook(shape: Shape, length: int, size: int) -> None:
    """Correct the record length that the contents suggest by the one that a copybook describes.

    Records of several types resemble one another a few records later rather than at the next one.

    >>> shape = _of_length(Shape("mainframe", ""), 429, 67_782, "")
    >>> fit_copybook(shape, 143, 67_782)
    >>> shape.title
    'fixed records of 143 bytes without line ends, 474 records'

    Args:
        shape: What the file seems to be; left alone where its records have descriptor words.
        length: Of the copybook's longest record.
        size: Of the file.
    """
    if shape.format != "mainframe" or shape.record_format not in ("", "F"):
        return
    if shape.record_length == length and shape.records:  # a guess no more
        shape.notes.clear()
        return
    if shape.records and size % length:  # the contents fit, the copybook does not
        shape.notes.append(f"the copybook describes {length} bytes: {size % length} are left over behind whole records")
        return
    shape.notes.clear()
    _of_length(shape, length, size, "of the copybook")


def _of_length(shape: Shape, length: int, size: int, source: str) -> Shape:
    """Fill in that a file holds records of one length."""
    shape.record_format, shape.record_length = "F", length
    shape.title = f"fixed records of {length} bytes without line ends"
    shape.records = None if size % length else size // length
    if shape.records:
        shape.title += f", {shape.records} records"
    else:
        shape.notes.append(
            f"the size of {size} bytes is no multiple of the record length {length} {source}: "
            f"{size % length} bytes are left over"
        )
    return shape


def _kinds(data: bytes) -> NDArray[np.uint8]:
    kind = _CLASS.copy()
    kind[0] = 3
    if seems_ebcdic(data):
        kind[0x40] = 0
        kind[0xF0:0xFA] = 1
        kind[sorted(b for b in _EBCDIC_INVARIANT if 0x80 <= b < 0xF0)] = 2
    else:
        kind[0x20] = 0
        kind[0x30:0x3A] = 1
        kind[0x41:0x5B] = kind[0x61:0x7B] = kind[0x80:] = 2
    return kind[np.frombuffer(data, np.uint8)]


@dataclass(frozen=True)
class Period:
    """A length after which kinds of bytes repeat.

    Attributes:
        length: In bytes.
        agreement: Share of the bytes that tell, which are of the same kind so much later.
        shorter: Lengths that it is a multiple of, and after which the bytes repeat, too, if less -> their agreement.
    """

    length: int
    agreement: float
    shorter: dict[int, float]


def period(kinds: NDArray[np.uint8], size: int) -> Period | None:
    """The length after which kinds of bytes repeat, None where none does.

    Args:
        kinds: uint8[n], kind of each byte.
        size: Of the file; a length that divides it is preferred.
    """
    n = len(kinds)
    longest = min(n // 3, LONGEST_RECORD)
    if longest < SHORTEST_RECORD + 2:
        return None
    counts = np.bincount(kinds)
    # blanks resemble blanks everywhere: only what is not of the commonest kind tells
    telling = n - int(counts.max())
    same = np.zeros(longest + 1)
    width = 1 << (2 * n - 1).bit_length()
    for kind in np.flatnonzero(counts).tolist():
        if kind != int(counts.argmax()):
            spectrum = np.fft.rfft((kinds == kind).astype(np.float32), width)
            same += np.fft.irfft(spectrum * np.conj(spectrum), width)[: longest + 1]
    if not telling:
        return None
    share = same / telling * n / (n - np.arange(longest + 1))
    # a record resembles the next one far more than what lies a byte beside it
    peak = np.zeros(longest + 1)
    inner = slice(SHORTEST_RECORD, -1)
    peak[inner] = share[inner] - np.maximum(share[SHORTEST_RECORD - 1 : -2], share[SHORTEST_RECORD + 1 :])
    best = float(peak.max())
    chance = 1 / n**0.5
    mostly = share[int(peak.argmax())] >= MOSTLY
    if best < (2 if mostly else 4) * chance:
        return None
    good = np.flatnonzero(peak >= 0.7 * best)
    dividing = [int(length) for length in good if size % int(length) == 0]
    if not dividing and best < 2 * (2 if mostly else 4) * chance:  # the best of thousands of lengths, by chance
        return None
    # a record repeats after twice its length, too: the shortest of the good ones is meant
    length = min(dividing) if dividing else int(good[0])
    # what repeats inside a record does not go on all over it; a record does
    parts = [part for part in range(SHORTEST_RECORD, length // 2 + 1) if length % part == 0]
    shorter = [part for part in parts if (peak[part::part] >= 1.5 * chance)[: length // part].all()]
    return Period(length, float(share[length]), {part: float(share[part]) for part in shorter})


_EBCDIC_RUN = re.compile(b"[" + b"".join(re.escape(bytes([b])) for b in range(0x40, 0xFA)) + b"]{6,}")
_ASCII_RUN = re.compile(rb"[\x20-\x7e\x80-\xff]{6,}")
_ASCII_PLAIN = bytes(byte for byte in range(256) if bytes([byte]).isalnum() or byte == 0x20)


def text_runs(data: bytes, *, ebcdic: bool) -> list[bytes]:
    """The pieces of records that are text, not packed or binary numbers: mostly plain letters, digits and blanks."""
    plain = bytes(sorted(_EBCDIC_INVARIANT)) if ebcdic else _ASCII_PLAIN
    runs = (_EBCDIC_RUN if ebcdic else _ASCII_RUN).findall(data)
    return [run for run in runs if len(run.translate(None, plain)) <= 0.4 * len(run)]


def guess_fields(rows: NDArray[np.uint8]) -> list[tuple[str, int, int, str]]:
    """Fields of fixed EBCDIC records, for the draft of a copybook.

    Args:
        rows: uint8[n, width].

    Returns:
        (name, first byte from 0, length, picture), together the whole width.
    """
    width = rows.shape[1]
    packed_until = _packed(rows)
    kind = _CLASS.copy()
    kind[0x40], kind[0xF0:0xFA] = 0, 1
    kind[sorted(b for b in _EBCDIC_INVARIANT if 0x4B <= b < 0xF0)] = 2
    kind[[byte for byte, point in enumerate(code_page("cp870").points.tolist()) if chr(point).isalpha()]] = 2
    kinds = kind[rows]
    digit, blank, text = (kinds == 1).mean(axis=0), (kinds == 0).mean(axis=0), (kinds <= 2).mean(axis=0)
    fields: list[tuple[int, int, str]] = []
    at = 0
    while at < width:
        if at in packed_until:
            end = packed_until[at]
            picture = f"S9({2 * (end - at) - 1}) COMP-3"
        else:
            sort = _sort(digit[at], text[at])
            end = at + 1
            while end < width and end not in packed_until and _sort(digit[end], text[end]) == sort:
                if sort == "X" and blank[end - 1] - blank[end] > 0.25 and blank[end - 1] > 0.4:
                    break
                end += 1
            number = sort == "9" and end - at <= LONGEST_NUMBER  # several numbers in a row look like one
            picture = f"9({end - at})" if number else f"X({end - at})"
            if sort == "B":  # no text: a binary number where the length is one's, else nothing that could be named
                picture = (
                    f"S9({_BINARY_DIGITS[end - at]}) COMP" if end - at in _BINARY_DIGITS else f"{UNKNOWN}{picture}"
                )
        fields.append((at, end - at, picture))
        at = end
    starts = [*joined([start for start, _, _ in fields], rows, digit, _SIGNS), width]
    pictures = {(start, start + length): picture for start, length, picture in fields}
    return [
        (f"FIELD-{number}", start, end - start, pictures.get((start, end), f"X({end - start})"))
        for number, (start, end) in enumerate(itertools.pairwise(starts), 1)
    ]


def _sort(digit: float, text: float) -> str:
    return "9" if digit >= 0.98 else "X" if text >= 0.95 else "B"


def _packed(rows: NDArray[np.uint8]) -> dict[int, int]:
    """First byte -> end of what looks like packed numbers: digits in every nibble, a sign in the last."""
    high, low = rows >> 4, rows & 15
    # a blank is 40, and so two digits, too
    digits = (((high <= 9) & (low <= 9)).mean(axis=0) >= 0.99) & ((rows == 0x40).mean(axis=0) < 0.3)
    ends = ((high <= 9) & np.isin(low, (0xC, 0xD, 0xF))).mean(axis=0) >= 0.99
    found: dict[int, int] = {}
    taken = 0
    for end in np.flatnonzero(ends).tolist():
        start = end
        while start > taken and digits[start - 1] and end - start < 8:
            start -= 1
        if start < end:
            found[start] = end + 1
            taken = end + 1
    return found
