"""The framing of MT940: messages, fields and entries, with their exact places in the file.

A message is a statement, or a page of one.  It begins with `:20:` and ends with a line `-`; a field begins with its tag
between colons at the beginning of a line and goes on until the next one.  What banks put around messages is passed
over: SWIFT's blocks (`{1:...}{4:`, `-}`), control characters 01 and 03, lines with addresses.  A field outside a
message begins one by itself, so that no entry is lost because a bank forgot its `:20:`.

An entry is `:61:` with the `:86:` (and `:NS:`) fields behind it.

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

_TAG = re.compile(rb":(\d{2}[A-Z]?|NS):")
_END = re.compile(rb"-(?:\}.*|X{3})?\s*", re.DOTALL)
_BLOCKS = re.compile(rb"(?:\{[1-35]:(?:[^{}]|\{[^{}]*\})*\})*\{4:")
_AROUND = b"\x01\x02\x03\xef\xbb\xbf\x1a"
_OF_ENTRY = {"61", "86", "NS"}


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
    """

    lines: Iterator[bytes]
    offset: int = 0
    passed_over: int = 0
    first_passed_over: int = 0
    waiting: Field | None = field(default=None)

    def next_message(self) -> Field | None:
        """The first field of the next message, None at the end of the file."""
        while self.waiting is None:
            line = next(self.lines, None)
            if line is None:
                return None
            self.waiting = self._field(line)
            bare = line.strip(b"\r\n\t " + _AROUND)
            if self.waiting is None and bare and not (_END.fullmatch(bare) or _BLOCKS.fullmatch(bare)):
                self.first_passed_over = self.first_passed_over if self.passed_over else self.offset
                self.passed_over += 1
            self.offset += len(line)
        first, self.waiting = self.waiting, None
        return first

    def fields(self, first: Field) -> Iterator[Field]:
        """The fields of the message that begins with `first`."""
        current = first
        for line in self.lines:
            found = self._field(line)
            ends = found is None and _END.fullmatch(line.strip(_AROUND + b"\r\n")) is not None
            if found is not None and found.tag == "20":
                self.waiting = found
            elif found is not None:
                self.offset += len(line)
                yield current
                current = found
                continue
            elif not ends:
                current.raw += line
                if len(current.raw) > MAX_FIELD:
                    raise FieldTooLong(current.offset)
            self.offset += len(line)
            if ends or self.waiting is not None:
                break
        yield current

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
