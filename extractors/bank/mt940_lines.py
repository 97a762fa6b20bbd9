"""The framing of MT940: messages, fields and entries, with their exact places in the file.

A message is a statement, or a page of one.  It begins with `:20:` and ends with a line `-`; a field begins with its tag
between colons at the beginning of a line and goes on until the next one.  What banks put around messages is passed
over: SWIFT's blocks (`{1:...}{4:`, `-}`; in the national code pages of seven bits another letter stands for the brace),
control characters 01 and 03, lines with addresses.  A field outside a message begins one by itself, so that no entry is
lost because a bank forgot its `:20:`.

An entry is `:61:` with the `:86:` (and `:NS:`) fields behind it.

Banks cut their texts where a line is full, so a line of `:86:` may look like a frame and be none: a time (`16` and
`:20:37` below it) begins no field, and a `-` ends no statement where the text goes on below it.

Source: SWIFT Category 9, MT940; the descriptions of export files that banks publish.

>>> lines = [b":20:A\\r\\n", b":61:entry\\r\\n", b"more\\r\\n", b":86:text\\r\\n", b":62F:close\\r\\n", b"-\\r\\n"]
>>> for message in messages(iter(lines)):
...     for part in message.parts():
...         print(part.tag, part.offset, part.length, [f.value for f in part.fields])
20 0 7 [b'A']
61 7 27 [b'entry\\r\\nmore', b'text']
62F 34 12 [b'close']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_FIELD = 1 << 20
"""Most bytes of a field: SWIFT allows 390 of `:86:`, banks a few thousand."""

_TAG = re.compile(rb":(?:\r?\n|\r)?(\d{2}[A-Z]|13|2[0158]|6[01245]|86|NS):")
_BARE_COLON = re.compile(rb":[\r\n]*")
_CUT_TAG = re.compile(rb"(?:\d{2}[A-Z]?|NS):")
_END = re.compile(rb"-(?:\}.*|X{3}|[\x80-\xff]{1,2})?\s*", re.DOTALL)
_BLOCK = rb"\{[1-35]:(?:[^{}]|\{[^{}]*\})*\}"
_BLOCKS = re.compile(rb"(?:" + _BLOCK + rb")*\{4:")
_ONLY_BLOCKS = re.compile(rb"(?:" + _BLOCK + rb")+")
_MINUTES = re.compile(rb":[0-5]\d:[0-5]\d(?!\d)")
_HOUR = re.compile(rb"(?:\A|\D)[0-2]\d\s*\Z")
_AROUND = b"\x01\x02\x03\xef\xbb\xbf\x1a"
_OF_ENTRY = {"61", "86", "NS"}
_CLOSING = {"62", "90"}


@dataclass
class Field:
    """A field.

    Attributes:
        tag: Such as `60F`.
        offset: Of its first byte, the colon, in the file.
        raw: Its bytes with tag and line ends.
        start: Where its value begins in `raw`.
    """

    tag: str
    offset: int
    raw: bytearray
    start: int

    @property
    def value(self) -> bytes:
        """What stands behind the tag, without the last line end."""
        return bytes(self.raw[self.start :]).rstrip(b"\r\n" + _AROUND)


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


@dataclass
class _Reader:
    """Goes through the lines once.

    Attributes:
        passed_over: Lines outside messages that are not empty.
        first_passed_over: Where the first of them begins.
        ahead: A line that was looked at and waits to be read.
        waiting: The first field of the next message.
    """

    lines: Iterator[bytes]
    offset: int = 0
    passed_over: int = 0
    first_passed_over: int = 0
    ahead: bytes | None = None
    waiting: Field | None = field(default=None)

    def next_message(self) -> Field | None:
        """The first field of the next message, None at the end of the file."""
        while self.waiting is None:
            line = self._next()
            if line is None:
                return None
            self.waiting = self._field(line)
            bare = line.strip(b"\r\n\t " + _AROUND)
            if self.waiting is None and bare and not _is_envelope(bare):
                self.first_passed_over = self.first_passed_over if self.passed_over else self.offset
                self.passed_over += 1
            self.offset += len(line)
        first, self.waiting = self.waiting, None
        return first

    def fields(self, first: Field) -> Iterator[Field]:
        """The fields of the message that begins with `first`."""
        current = first
        is_closed = False
        while (line := self._next()) is not None:
            found = self._field(line)
            if found is not None and not is_closed and _is_time(line, current):
                found = None
            bare = line.strip(_AROUND + b"\r\n")
            ends = found is None and bare[:1] == b"-" and _END.fullmatch(bare) is not None
            if ends and not is_closed and current.tag == "86":
                ends = b"}" in line or not self._text_goes_on()
            if found is not None and found.tag == "20":
                self.waiting = found
            elif found is not None:
                self.offset += len(line)
                yield current
                current = found
                is_closed = is_closed or current.tag[:2] in _CLOSING
                continue
            elif not ends:
                current.raw += line
                if len(current.raw) > MAX_FIELD:
                    raise FieldTooLong(current.offset)
            self.offset += len(line)
            if ends or self.waiting is not None:
                break
        yield current

    def _next(self) -> bytes | None:
        """The next line; a tag that was cut behind its first colon is put together."""
        line, self.ahead = self._look_ahead(), None
        if line is not None and _BARE_COLON.fullmatch(line) and _CUT_TAG.match(below := self._look_ahead() or b""):
            line, self.ahead = line + below, None
        return line

    def _look_ahead(self) -> bytes | None:
        if self.ahead is None:
            self.ahead = next(self.lines, None)
        return self.ahead

    def _text_goes_on(self) -> bool:
        """Whether the line below is no more of the frame than the text above."""
        below = self._look_ahead() or b""
        bare = below.strip(b"\r\n\t " + _AROUND)
        return bool(bare) and self._field(below) is None and not _is_envelope(bare)

    def _field(self, line: bytes) -> Field | None:
        """The field that a line begins, None where it begins none."""
        place = 0
        if line[:1] != b":":
            bare = line.lstrip(_AROUND)
            place = len(line) - len(bare)
            if blocks := _BLOCKS.match(bare):
                place += blocks.end()
        match = _TAG.match(line, place)
        if match is None:
            return None
        return Field(match[1].decode(), self.offset + place, bytearray(line[place:]), match.end() - place)


def _is_envelope(bare: bytes) -> bool:
    """Whether a line is what SWIFT puts around a message."""
    return any(form.fullmatch(bare) for form in (_END, _BLOCKS, _ONLY_BLOCKS))


def _is_time(line: bytes, above: Field) -> bool:
    """Whether a line that looks like a field is the rest of a time, cut behind the hour.

    >>> above = Field("86", 0, bytearray(b":86:?24/PL 12-09-2014T16"), 4)
    >>> _is_time(b":20:37 card", above), _is_time(b":20:ST031031", above)
    (True, False)
    """
    if above.tag != "86" or not _MINUTES.match(line):
        return False
    return _HOUR.search(bytes(above.raw[-8:])) is not None


class Messages:
    """The messages of a file, one after the other.

    Args:
        lines: With their line ends.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._reader = _Reader(iter(lines))

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


def messages(lines: Iterable[bytes]) -> Messages:
    """The messages of a file.

    Args:
        lines: Its lines with their ends.
    """
    return Messages(lines)
