"""Text records: is a file delimited, or of fixed width, and how?

A delimiter divides nearly all records into the same number of values; a record of fixed width is as long as the
next.  Where both hold, a delimiter that is followed by different lengths of value wins.

>>> shape = read_lines(b"NR;NAZWISKO;SALDO\\r\\n1;Nowak;12,50\\r\\n2;Lis;7,00\\r\\n", whole=True)
>>> shape.format, shape.delimiter, shape.header, shape.columns
('delimited', ';', True, ['NR', 'NAZWISKO', 'SALDO'])
>>> shape = read_lines(b"".join(b"%04d%-12s%08d\\n" % (n, b"Kowal" * (n % 3), n * 37) for n in range(20)), whole=True)
>>> shape.format, shape.record_length, [(start, length) for _, start, length in shape.fields]
('fixed_width', 24, [(0, 4), (4, 12), (16, 8)])
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from extractors.profiling.header_names import has_header, label, told_apart
from extractors.profiling.shapes import Shape
from extractors.text.quote_walk import Layout, Walker

DELIMITERS = ";|\t,#^~@:\x1f\xa6"
MOST_RECORDS = 400
MOST_LINES = 4_000
LEAST_SHARE = 0.85  # of records that must have the same number of values, or the same length
MOST_TYPES = 12
SHORTEST_NUMBER = 4  # digits that make a column beside text, unless they are always there
_ORDER_VALUES = 16
_ORDER = re.compile(rb"[1-9]\d\d,(?:19|20)\d{6},\d+")
_ACCOUNT = re.compile(rb"(?:PL)?[\d -]{10,40}")
_IN_NUMBERS = {b",": re.compile(rb"(?<=\d),(?=\d{1,4}(?!\d))"), b":": re.compile(rb"(?<=\d):(?=\d\d(?!\d))")}


def read_lines(view: bytes, tail: bytes = b"", *, whole: bool) -> Shape | None:
    """What kind of text records these are; None where they are none.

    Args:
        view: The beginning of the file, in ASCII (of an EBCDIC file: translated).
        tail: Its end, likewise.
        whole: The beginning is the whole file.
    """
    text = view.removeprefix(b"\xef\xbb\xbf").rstrip(b"\x1a\x00")
    line_end = b"\r\n" if b"\r\n" in text[:65_536] else b"\n" if b"\n" in text else b"\r" if b"\r" in text else b""
    if not line_end:
        return None
    lines = text.split(line_end)
    if not lines[-1] or not whole:
        lines.pop()
    lines = [line for line in lines if line.strip()][:MOST_LINES]
    if not lines or max(map(len, lines)) > 1 << 16:
        return None
    ending = [line for line in (tail or text).rstrip(b"\x1a\x00").split(line_end) if line.strip()]
    last = ending[-1] if ending else lines[-1]
    best = _delimited(lines, last, line_end)
    fixed = _fixed(lines, last)
    shape = fixed if fixed and (best is None or _rather_fixed(best, lines)) else best
    if shape is None or _rather_in_characters(shape, lines):
        shape = _fixed_in_characters(lines, last)
    shape.line_end = line_end
    shape.start = len(view) - len(view.removeprefix(b"\xef\xbb\xbf"))
    if shape.start:
        shape.encoding = "UTF-8 byte order mark"
    if line_end == b"\r":
        shape.notes.append("lines end with CR alone, which the reader does not know: convert the line ends")
    if (tail or view).rstrip(b"\x1a").endswith(b"\x00"):
        shape.notes.append("bytes 00 stand behind the last record, as a copy in whole blocks leaves them: cut them off")
    if b"\x1a" in text:
        shape.notes.append("a byte 1A stands inside the text: to DOS programs the file ends there, to the reader not")
    return shape


# --- delimited -------------------------------------------------------------------------------------------------


def _delimited(lines: Sequence[bytes], last: bytes, line_end: bytes) -> Shape | None:
    found: list[tuple[float, str, str, list[list[bytes]]]] = []
    sample = line_end.join(lines[:MOST_RECORDS]) + line_end
    for delimiter in DELIMITERS:
        mark = delimiter.encode("latin-1")
        # a quoted value may go on over lines: the records are then fewer than the lines
        if sample.count(mark) < (1 if b'"' in sample else len(lines[:MOST_RECORDS]) * LEAST_SHARE):
            continue
        quote = '"' if b'"' in sample else "'" if _quoted(sample, mark, b"'") else ""
        records = _records(sample, mark, quote.encode(), line_end)
        if not records:  # nothing but empty values
            continue
        counts = Counter(map(len, records))
        columns, often = counts.most_common(1)[0]
        if columns < 2 or often < len(records) * LEAST_SHARE:
            continue
        # a separator of decimals or times divides records alike, too, but into fewer values
        weight = often / len(records) * (columns - 1) ** 0.5 * (0.5 if delimiter in ",:@" else 1)
        found.append((weight, delimiter, quote, records))
    if not found:
        return None
    _, delimiter, quote, records = max(found, key=lambda item: item[0])
    columns = Counter(map(len, records)).most_common(1)[0][0]
    shape = Shape("delimited", "", delimiter=delimiter, quote=quote)
    body = [record for record in records if len(record) == columns]
    has_names = len(records[0]) == columns and has_header(body)
    labels = [label(value) for value in records[0]] if has_names else []
    shape.header = has_names and all(labels) and len(set(labels)) == len(labels)
    shape.columns = [f"COL{n}" for n in range(1, columns + 1)]
    if shape.header:
        shape.columns = labels
    elif has_names:  # names that cannot be told apart: the line is passed over, and the columns are declared
        shape.heading = lines[0].decode("latin-1")
        shape.columns = told_apart(labels)
        shape.notes.append("names of its header line are empty or stand twice")
    values = _records(last + line_end, delimiter.encode("latin-1"), quote.encode(), line_end)
    inside = bool(quote) and last.count(quote.encode()) % 2 == 1  # the last line goes on with a value
    if values and len(values[0]) != columns and len(lines) > 3 and values[0][0].strip() and not inside:
        shape.last_record = values[0][0].decode("latin-1")
        shape.last_columns = len(values[0])
        shape.notes.append(f"the last record has {len(values[0])} values instead of {columns}: a trailer with totals?")
    if (odd := len(records) - len(body)) > (shape.last_columns > 0 and len(records) == len(lines)):
        shape.notes.append(f"{odd} of the first {len(records)} records do not have {columns} values")
    named = {"\t": "TAB", "\x1f": "US (1F)", "\xa6": "A6"}.get(delimiter, delimiter)
    if delimiter == "," and _are_orders(body):
        return Shape("elixir0", "Elixir-0 payment orders")
    shape.title = (
        f"delimited text, {columns} columns between {named}, "
        f"{'with a header line' if shape.header else 'without a header line'}"
    )
    return shape


def _are_orders(records: Sequence[Sequence[bytes]]) -> bool:
    """Do records have the form of Elixir-0: type, day, grosze, and both accounts at their places?"""
    if len(records[0]) != _ORDER_VALUES:
        return False
    fitting = sum(
        bool(_ORDER.fullmatch(b",".join(record[:3]))) and all(_ACCOUNT.fullmatch(record[at].strip()) for at in (5, 6))
        for record in records
    )
    return fitting >= LEAST_SHARE * len(records)


def _quoted(sample: bytes, delimiter: bytes, quote: bytes) -> bool:
    return sample.count(delimiter + quote) > 3 and sample.count(quote + delimiter) > 3


def _records(sample: bytes, delimiter: bytes, quote: bytes, line_end: bytes) -> list[list[bytes]]:
    walker = Walker(Layout(delimiter, quote, line_end[-1:]))
    records: list[list[bytes]] = []
    at = 0
    while at < len(sample) and len(records) < MOST_RECORDS:
        at, values = walker.values(sample, at)
        if values and any(values):
            records.append(values)
    return records


def _rather_fixed(delimited: Shape, lines: Sequence[bytes]) -> bool:
    """Does the delimiter of equally long lines separate nothing?

    It stands always in the same places, or among padded values between the digits of amounts or times only.
    """
    mark = delimited.delimiter.encode("latin-1")
    if mark in _IN_NUMBERS and not delimited.header:
        inside = sum(len(_IN_NUMBERS[mark].findall(line)) for line in lines[:MOST_RECORDS])
        padded = sum(b"  " in line for line in lines[:MOST_RECORDS])
        total = sum(line.count(mark) for line in lines[:MOST_RECORDS])
        if inside >= 0.95 * total and padded >= LEAST_SHARE * len(lines[:MOST_RECORDS]):
            return True
    if delimited.delimiter in ";|\t" and not delimited.header:
        return False
    places = {tuple(m.start() for m in re.finditer(re.escape(mark), line)) for line in lines[:MOST_RECORDS]}
    return delimited.delimiter in ",:@#" and len(places) <= max(1, len(lines) // 20)


def _rather_in_characters(shape: Shape, lines: Sequence[bytes]) -> bool:
    """Is the delimiter none, because the lines are of one length in characters of UTF-8?"""
    return shape.format == "delimited" and _rather_fixed(shape, lines) and bool(_characters(lines))


def _characters(lines: Sequence[bytes]) -> int:
    """Length that nearly all lines have in characters, though not in bytes; 0 where there is none."""
    try:
        lengths = Counter(len(line.decode("utf-8")) for line in lines)
    except UnicodeDecodeError:
        return 0
    length, often = lengths.most_common(1)[0]
    in_bytes = len(set(map(len, lines)))
    return length if in_bytes > 1 and length >= 8 and len(lines) >= 3 and often >= len(lines) * LEAST_SHARE else 0


def _fixed_in_characters(lines: Sequence[bytes], last: bytes) -> Shape:
    """Lines of one length in characters of UTF-8, which the columns are then counted in."""
    if length := _characters(lines):
        narrow = [line.decode("utf-8").encode("cp1250", "replace") for line in lines]
        shape = _fixed(narrow, last.decode("utf-8", "replace").encode("cp1250", "replace"))
        if shape is not None:
            shape.in_characters = True
            shape.title = shape.title.replace(f"{length} bytes", f"{length} characters of UTF-8")
            return shape
    shape = Shape("unknown", "lines of text of different lengths, without a delimiter")
    shape.remedy = "say what separates the values"
    return shape


# --- fixed width -----------------------------------------------------------------------------------------------


def _fixed(lines: Sequence[bytes], last: bytes) -> Shape | None:
    lengths = Counter(map(len, lines))
    length, often = lengths.most_common(1)[0]
    if length < 8 or often < len(lines) * LEAST_SHARE or len(lines) < 3:
        return None
    shape = Shape("fixed_width", f"text of fixed width, {length} bytes a record", record_length=length)
    same = [line for line in lines if len(line) == length]
    if _stands_out(same[0], same[1:]):
        shape.first_record = same.pop(0)[:2].decode("latin-1")
        shape.notes.append(f"the first record begins with {shape.first_record} as no other does: a header?")
    if _stands_out(last, same[:-1]):
        shape.last_record = last[:2].decode("latin-1")
        same = [line for line in same if line != last]
        shape.notes.append(f"the last record begins with {shape.last_record} as no other does: a trailer?")
    types = _types(same)
    for prefix, rows in types.items():
        name = prefix.decode("latin-1")
        if len(rows) >= 3:
            shape.types[name] = borders(_matrix(rows), keep=2)
        else:
            shape.notes.append(f"{len(rows)} records of a type {name}: a record type of its own, or a fault?")
    if not shape.types and (shape.first_record or shape.last_record) and len({line[:2] for line in same}) == 1:
        shape.types = {same[0][:2].decode("latin-1"): borders(_matrix(same), keep=2)}
    if not shape.types:
        shape.fields = borders(_matrix(same))
    if shape.types:
        shape.title += f"; record types {', '.join(shape.types)}"
    if often < len(lines):
        shape.notes.append(f"{len(lines) - often} of the first {len(lines)} lines are of another length")
    return shape


def _stands_out(line: bytes, others: Sequence[bytes]) -> bool:
    """Does a first or last record begin as no other does, and is it made otherwise?"""
    if len(others) < 3 or any(other[:2] == line[:2] for other in others) or not line[:2].isalnum():
        return False
    kinds_of_record = {other[:2] for other in others}
    if 1 < len(kinds_of_record) <= min(MOST_TYPES, len(others) // 3) and all(
        kind.isalnum() for kind in kinds_of_record
    ):
        return True
    rows = classes(_matrix([other for other in others if len(other) == len(others[0])]))
    width = min(len(line), rows.shape[1])
    kinds = classes(np.frombuffer(line[:width], np.uint8))
    alike = (rows[:, :width] == kinds).mean(axis=1)
    usual = float(np.median((rows[1:, :width] == rows[:-1, :width]).mean(axis=1)))
    return len(line) != rows.shape[1] or float(np.median(alike)) < usual - 0.05


def _matrix(rows: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


def _types(lines: Sequence[bytes]) -> dict[bytes, list[bytes]]:
    """Records by their first two bytes, where these are a record type: few values, each with a layout of its own."""
    kinds: dict[bytes, list[bytes]] = {}
    for line in lines:
        kinds.setdefault(line[:2], []).append(line)
    if len(kinds) < 2 or len(kinds) > min(MOST_TYPES, max(2, len(lines) // 2)):
        return {}
    if not all(kind.isalnum() for kind in kinds):
        return {}
    pooled = _purity(_matrix(lines))
    apart = sum(_purity(_matrix(rows)) * len(rows) for rows in kinds.values()) / len(lines)
    return kinds if apart > pooled + 0.04 else {}


def classes(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Kind of each byte: 0 blank, 1 digit, 2 letter, 3 other."""
    kind = np.full(256, 3, np.uint8)
    kind[0x20] = kind[0] = 0
    kind[0x30:0x3A] = 1
    kind[0x41:0x5B] = kind[0x61:0x7B] = 2
    kind[0x80:] = 2
    return kind[rows]


def _purity(rows: NDArray[np.uint8]) -> float:
    """Share of bytes that are of their column's commonest kind."""
    kinds = classes(rows)
    return float(np.mean([np.bincount(kinds[:, column], minlength=4).max() for column in range(rows.shape[1])])) / len(
        rows
    )


def borders(rows: NDArray[np.uint8], *, keep: int = 0) -> list[tuple[str, int, int]]:
    """Guess the columns of fixed records: one begins behind blanks, or where digits meet letters.

    Args:
        rows: uint8[n, width], records in ASCII.
        keep: Bytes at the beginning that are the record type, and no column.

    Returns:
        (name, first byte from 0, length), together the whole width.  Two numbers without a blank between them cannot
        be told apart, and are one column.
    """
    kinds = classes(rows)
    width = rows.shape[1]
    filled = (kinds != 0).mean(axis=0)
    numeric = _numeric(kinds, filled)
    sparse = 0.6 if len(rows) >= 20 else 0.1  # a few records may well share a blank between two words
    starts = [keep]
    for at in range(keep + 1, width):
        if filled[at] == 0:
            continue
        # text is padded on the right: its last bytes are seldom filled, the first of the next column mostly
        jump = filled[at] - filled[at - 1]
        if (jump > 0.25 and filled[at - 1] < sparse) or (numeric[at] != numeric[at - 1] and filled[at - 1] > 0):
            starts.append(at)
    starts = joined(starts, rows, (kinds == 1).mean(axis=0), b"-,./:")
    ends = [*starts[1:], width]
    return [(f"COL{n}", start, end - start) for n, (start, end) in enumerate(zip(starts, ends, strict=True), 1)]


def joined(starts: list[int], rows: NDArray[np.uint8], digit: NDArray[np.float64], signs: bytes) -> list[int]:
    """Columns without the borders around a sign that stands in every record between digits: `30-002`, `12,50`.

    Args:
        starts: First byte of each column.
        rows: uint8[n, width].
        digit: float64[width], share of records with a digit at the place.
        signs: What may stand between.
    """
    alone = {
        at
        for at, end in itertools.pairwise(starts)
        if end == at + 1 and at > 0 and rows[0, at] in signs and (rows[:, at] == rows[0, at]).all()
        and min(digit[at - 1], digit[end]) == 1
    }  # fmt: skip
    return [at for at in starts if at not in alone and at - 1 not in alone]


def _numeric(kinds: NDArray[np.uint8], filled: NDArray[np.float64]) -> NDArray[np.bool_]:
    """bool[width], bytes that hold digits wherever they hold anything; single ones amid text do not count."""
    digit = (kinds == 1).mean(axis=0)
    numeric = (digit >= 0.97 * np.maximum(filled, 1e-9)) & (filled > 0)
    at = 0
    while at < len(numeric):
        end = at
        while end < len(numeric) and numeric[end] == numeric[at]:
            end += 1
        alone = at > 0 and filled[at - 1] > 0 and end - at < SHORTEST_NUMBER
        if numeric[at] and alone and filled[at:end].max() < 0.9:
            numeric[at:end] = False
        at = end
    return numeric
