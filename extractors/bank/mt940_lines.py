"""The framing of MT940: messages, fields and entries, with their exact places in the file.

A message is a statement, or a page of one.  It begins with `:20:` and ends with a line `-`; a field begins with its tag
between colons at the beginning of a line and goes on until the next one.  What banks put around messages is passed
over: SWIFT's blocks (`{1:...}{4:`, `-}`; in the national code pages of seven bits another letter stands for the brace),
control characters 01 and 03, lines with addresses.  A field outside a message begins one by itself, so that no entry is
lost because a bank forgot its `:20:`.

An entry is `:61:` with the `:86:` (and `:NS:`) fields behind it.

Banks cut their texts where a line is full, so a line of `:86:` may look like a frame and be none: a time (`16` and
`:20:37` below it) begins no field, and a `-` ends no statement where the text goes on below it.

A file is taken in *stretches*: a line that may begin or end something, with the lines behind it that cannot.  Most
lines cannot, and nobody has to look at each of them.

Source: SWIFT Category 9, MT940; the descriptions of export files that banks publish.

>>> import io
>>> file = io.BytesIO(b":20:A\\r\\n:61:entry\\r\\nmore\\r\\n:86:text\\r\\n:62F:close\\r\\n-\\r\\n")
>>> for message in Messages(Stretches(file)):
...     for part in message.parts():
...         print(part.tag, part.offset, part.length, [f.value for f in part.fields])
20 0 7 [b'A']
61 7 27 [b'entry\\r\\nmore', b'text']
62F 34 12 [b'close']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

MAX_FIELD = 1 << 20
"""Most bytes of a field: SWIFT allows 390 of `:86:`, banks a few thousand."""

_READ_BYTES = 1 << 18
_SAMPLE = 1 << 12
_TAG = re.compile(rb":(?:\r?\n|\r)?(\d{2}[A-Z]|13|2[0158]|6[01245]|86|NS):")
_END = re.compile(rb"-(?:\}.*|X{3}|[\x80-\xff]{1,2})?\s*", re.DOTALL)
_BLOCK = rb"\{[1-35]:(?:[^{}]|\{[^{}]*\})*\}"
_BLOCKS = re.compile(rb"(?:" + _BLOCK + rb")*\{4:")
_ONLY_BLOCKS = re.compile(rb"(?:" + _BLOCK + rb")+")
_MINUTES = re.compile(rb":[0-5]\d:[0-5]\d(?!\d)")
_HOUR = re.compile(rb"(?:\A|\D)[0-2]\d\s*\Z")
_AROUND = b"\x01\x02\x03\xef\xbb\xbf\x1a"
_HEADS = {end: re.compile(end + rb"(?=[:{\-" + _AROUND + rb"])") for end in (b"\n", b"\r")}
_OF_ENTRY = {"61", "86", "NS"}
_CLOSING = {"62", "90"}


class Stretches:
    """A file cut before every line that may begin or end something; what never ends comes in pieces.

    Args:
        file: At its beginning.

    Attributes:
        line_end: Last byte of its lines, which end with LF, CRLF, or CR alone.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._fresh = file.read(_SAMPLE)
        self.line_end = b"\r" if b"\n" not in self._fresh and b"\r" in self._fresh else b"\n"

    def __iter__(self) -> Iterator[bytes]:
        heads = _HEADS[self.line_end]
        rest = b""
        while self._fresh:
            data = rest + self._fresh
            start = 0
            for found in heads.finditer(data, max(0, len(rest) - 1)):
                yield data[start : found.end()]
                start = found.end()
            rest = data[start:]
            if len(rest) > MAX_FIELD:
                whole = rest.rfind(self.line_end) + 1 or len(rest)
                yield rest[:whole]
                rest = rest[whole:]
            self._fresh = self._file.read(_READ_BYTES)
        if rest:
            yield rest


class Field(NamedTuple):
    """A field.

    Attributes:
        tag: Such as `60F`.
        offset: Of its first byte, the colon, in the file.
        raw: Its bytes with tag and line ends.
        start: Where its value begins in `raw`.
    """

    tag: str
    offset: int
    raw: bytes
    start: int

    @property
    def value(self) -> bytes:
        """What stands behind the tag, without the last line end."""
        return self.raw[self.start :].rstrip(b"\r\n" + _AROUND)


@dataclass
class Part:
    """An entry with its details, or another field by itself.

    Attributes:
        tag: Of the first field.
        fields: Of an entry: `:61:` and what belongs to it.
    """

    tag: str
    fields: list[Field]

    @property
    def offset(self) -> int:
        """First byte in the file."""
        return self.fields[0].offset

    @property
    def length(self) -> int:
        """Bytes, line ends included."""
        return self.fields[-1].offset + len(self.fields[-1].raw) - self.offset

    @property
    def raw(self) -> bytes:
        """The bytes of all its fields."""
        return b"".join(field.raw for field in self.fields)


class FieldTooLong(Exception):
    """A field never ends.

    Attributes:
        offset: Where it begins.
    """

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Message:
    """A message under way: its parts have to be read before the next message begins."""

    def __init__(self, index: int, first: Field, reader: _Reader) -> None:
        self.index = index
        self.offset = first.offset
        self._first = first
        self._reader = reader

    def parts(self) -> Iterator[Part]:
        """Its fields, entries put together.

        Raises:
            FieldTooLong: A field takes more than `MAX_FIELD` bytes.
        """
        entry: Part | None = None
        for one in self._reader.fields(self._first):
            if one.tag == "61":
                if entry:
                    yield entry
                entry = Part("61", [one])
            elif entry and one.tag in _OF_ENTRY:
                entry.fields.append(one)
            else:
                if entry:
                    yield entry
                    entry = None
                yield Part(one.tag, [one])
        if entry:
            yield entry


class _Reader:
    """Goes through the stretches once.

    Attributes:
        passed_over: Lines outside messages that are not empty.
        first_passed_over: Where the first of them begins.
    """

    def __init__(self, stretches: Stretches) -> None:
        self._stretches = iter(stretches)
        self._line_end = stretches.line_end
        self._offset = 0
        self._ahead: bytes | None = None  # was looked at and waits to be read
        self._waiting: Field | None = None  # the first field of the next message
        self.passed_over = 0
        self.first_passed_over = 0

    def next_message(self) -> Field | None:
        """The first field of the next message, None at the end of the file."""
        while self._waiting is None:
            stretch = self._next()
            if stretch is None:
                return None
            self._waiting = self._field(stretch)
            if self._waiting is None:
                self._pass_over(stretch)
            self._offset += len(stretch)
        first, self._waiting = self._waiting, None
        return first

    def fields(self, first: Field) -> Iterator[Field]:
        """The fields of the message that begins with `first`.

        Raises:
            FieldTooLong: A field takes more than `MAX_FIELD` bytes.
        """
        current, is_closed = first, False
        more: list[bytes] = []
        while (stretch := self._next()) is not None:
            found = self._field(stretch)
            if found is not None and (is_closed or not _is_time(stretch, current, more)):
                self._offset += len(stretch)
                if found.tag == "20":
                    self._waiting = found
                    break
                yield _whole(current, more)
                current, more = found, []
                is_closed = is_closed or current.tag[:2] in _CLOSING
                continue
            line = self._line(stretch)
            if found is None and self._ends(line, stretch, in_text=not is_closed and current.tag == "86"):
                self._offset += len(line)
                if rest := stretch[len(line) :]:
                    self._ahead = rest
                break
            more.append(stretch)
            self._offset += len(stretch)
            if self._offset - current.offset > MAX_FIELD:
                break
        yield _whole(current, more)

    def _next(self) -> bytes | None:
        if self._ahead is None:
            return next(self._stretches, None)
        stretch, self._ahead = self._ahead, None
        return stretch

    def _look_ahead(self) -> bytes | None:
        if self._ahead is None:
            self._ahead = next(self._stretches, None)
        return self._ahead

    def _line(self, stretch: bytes) -> bytes:
        """Its first line with what ends it."""
        return stretch[: stretch.find(self._line_end) + 1 or len(stretch)]

    def _field(self, stretch: bytes) -> Field | None:
        """The field that a stretch begins, None where it begins none."""
        if match := _TAG.match(stretch):
            return Field(match[1].decode(), self._offset, stretch, match.end())
        place = 0
        if stretch[:1] != b":":
            line = self._line(stretch)
            bare = line.lstrip(_AROUND)
            place = len(line) - len(bare)
            if blocks := _BLOCKS.match(bare):
                place += blocks.end()
        match = _TAG.match(stretch, place)
        if match is None:
            return None
        return Field(match[1].decode(), self._offset + place, stretch[place:], match.end() - place)

    def _ends(self, line: bytes, stretch: bytes, *, in_text: bool) -> bool:
        """Whether a line ends the message; a dash within a text does not where the text goes on below it."""
        bare = line.strip(_AROUND + b"\r\n")
        if bare[:1] != b"-" or not _END.fullmatch(bare):
            return False
        if not in_text or b"}" in line:
            return True
        below = self._line(stretch[len(line) :] or self._look_ahead() or b"")
        bare = below.strip(b"\r\n\t " + _AROUND)
        return not bare or self._field(below) is not None or _is_envelope(bare)

    def _pass_over(self, stretch: bytes) -> None:
        place = self._offset
        for line in stretch.split(self._line_end):
            bare = line.strip(b"\r\n\t " + _AROUND)
            if bare and not _is_envelope(bare):
                self.first_passed_over = self.first_passed_over if self.passed_over else place
                self.passed_over += 1
            place += len(line) + 1


def _whole(begun: Field, more: list[bytes]) -> Field:
    """A field with what stands below its first stretch."""
    if more:
        begun = begun._replace(raw=b"".join((begun.raw, *more)))
    if len(begun.raw) > MAX_FIELD:
        raise FieldTooLong(begun.offset)
    return begun


def _is_time(below: bytes, above: Field, more: list[bytes]) -> bool:
    """Whether what looks like a field is the rest of a time, cut behind the hour.

    >>> above = Field("86", 0, b":86:?24/PL 12-09-2014T16", 4)
    >>> _is_time(b":20:37 card", above, []), _is_time(b":20:ST031031", above, [])
    (True, False)
    """
    if above.tag != "86" or not _MINUTES.match(below):
        return False
    end = b"".join(piece[-8:] for piece in (above.raw, *more[-8:]))
    return _HOUR.search(end[-8:]) is not None


def _is_envelope(bare: bytes) -> bool:
    """Whether a line is what SWIFT puts around a message."""
    return any(form.fullmatch(bare) for form in (_END, _BLOCKS, _ONLY_BLOCKS))


class Messages:
    """The messages of a file, one after the other.

    Args:
        stretches: Of the file.
    """

    def __init__(self, stretches: Stretches) -> None:
        self._reader = _Reader(stretches)

    @property
    def passed_over(self) -> int:
        """Lines outside messages so far, empty ones not counted."""
        return self._reader.passed_over

    @property
    def first_passed_over(self) -> int:
        """Byte offset of the first of them."""
        return self._reader.first_passed_over

    def __iter__(self) -> Iterator[Message]:
        index = 0
        while (first := self._reader.next_message()) is not None:
            yield Message(index, first, self._reader)
            index += 1
