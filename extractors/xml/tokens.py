"""The tags of a piece of XML, found by arithmetic over its bytes.

The piece must come from a document that a real parser has found well-formed and free of a document type: then `<`
begins a tag and nothing else, tags are balanced, and quotes in tags come in pairs.  What still hides tags is covered
first, byte for byte, so that offsets stay: comments, processing instructions and CDATA sections.  The bytes that
cover them are control characters, which XML forbids, so they cannot be mistaken for text.

>>> tags = find_tags(b'<a><b x="1"/>text</a>', ("a", "b"))
>>> tags.opens.tolist(), tags.closes.tolist(), tags.level.tolist(), tags.name.tolist()
([True, True, False], [False, True, True], [1, 2, 1], [0, 1, 2])
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]

COVER, COVERED_LT, COVERED_GT, COVERED_AMP = 3, 4, 5, 6
_INSIDE_CDATA = bytes.maketrans(b"<>&", bytes([COVERED_LT, COVERED_GT, COVERED_AMP]))
_HIDING = re.compile(rb"<!--|<!\[CDATA\[|<\?")
_CLOSING = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_TAG = re.compile(rb"""<[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)+>""")
_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]+)\s*=\s*("[^"]*"|'[^']*')""")
_NAMESPACE = b"xmlns:"  # what follows is a prefix, and no attribute's name
_SPACE = np.zeros(256, np.bool_)
_SPACE[list(b" \t\r\n")] = True


def cover(piece: bytes) -> tuple[bytes, int]:
    """Cover what is no element.

    Args:
        piece: Bytes of the document from outside any tag on.

    Returns:
        As many bytes, and how many of them are complete: up to a tag, comment or section that does not end here.
    """
    complete = len(piece)
    if b"!" in piece or b"?" in piece:  # a single byte is found much faster than the two that matter
        piece, complete = _without_hidden(piece)
    last = piece.rfind(b"<", 0, complete)
    if last >= 0 and not _ends(piece, last, complete):
        complete = last
    return piece, complete


def _without_hidden(piece: bytes) -> tuple[bytes, int]:
    """Cover comments, instructions and sections, and say where the first that does not end here begins."""
    parts: list[bytes] = []
    place = 0
    while (opening := _HIDING.search(piece, place)) is not None:
        closing = _CLOSING[opening[0]]
        end = piece.find(closing, opening.end())
        if end < 0:
            return b"".join([*parts, piece[place:]]), opening.start()
        parts.append(piece[place : opening.start()])
        inside = piece[opening.end() : end]
        hidden = inside.translate(_INSIDE_CDATA) if closing == b"]]>" else bytes([COVER]) * len(inside)
        parts.append(bytes([COVER]) * len(opening[0]) + hidden + bytes([COVER]) * len(closing))
        place = end + len(closing)
    return b"".join([*parts, piece[place:]]), len(piece)


def _ends(piece: bytes, place: int, limit: int) -> bool:
    """Whether the tag at `place` ends before `limit`; a `>` between quotes does not end it."""
    end = piece.find(b">", place, limit)
    if end < 0:
        return False
    tag = piece[place : end + 1]
    if b'"' not in tag and b"'" not in tag:
        return True
    return bool(_TAG.match(piece, place, limit))


@dataclass(frozen=True)
class Tags:
    """The n tags of a piece.

    Attributes:
        data: uint8, the covered piece.
        start: int64[n], where each begins.
        end: int64[n], where its `>` stands.
        opens: bool[n], it opens an element.
        closes: bool[n], it closes one; an empty element's tag does both.
        level: int64[n], depth of that element, counted from the piece's beginning.
        name: int64[n], number of the element's name, `len(names)` for names not asked for (and for closing tags).
        name_end: int64[n], one after the name of an opening tag.
    """

    data: NDArray[np.uint8]
    start: Index
    end: Index
    opens: Flags
    closes: Flags
    level: Index
    name: Index
    name_end: Index

    def __len__(self) -> int:
        return len(self.start)

    def until(self, stop: int) -> Tags:
        """The first `stop` tags."""
        return Tags(
            self.data,
            self.start[:stop],
            self.end[:stop],
            self.opens[:stop],
            self.closes[:stop],
            self.level[:stop],
            self.name[:stop],
            self.name_end[:stop],
        )

    @cached_property
    def closing(self) -> Index:
        """int64[n], the tag that closes the element that each tag opens; n where it lies beyond the piece."""
        # between an opening tag and its closing one, no tag is of their level
        narrow = len(self) < 1 << 15 or int(np.abs(self.level).max()) < 1 << 15  # of which the sort is linear
        order = np.argsort(self.level.astype(np.int16) if narrow else self.level, kind="stable")
        follows = np.append(order[1:], len(self)) if len(self) else order
        same = np.append(self.level[order[1:]] == self.level[order[:-1]], False)[: len(self)]
        closing = np.empty(len(self), np.int64)
        closing[order] = np.where(same, follows, len(self))
        return np.where(self.closes, np.arange(len(self)), closing)


def find_tags(piece: bytes, names: tuple[str, ...]) -> Tags:
    """Find the tags of a covered piece that ends behind a complete tag or in text.

    Args:
        piece: As from `cover`, cut at what is complete.
        names: Local names that matter.
    """
    data = np.frombuffer(piece, np.uint8)
    start, end = np.flatnonzero(data == 0x3C), np.flatnonzero(data == 0x3E)
    if len(start) != len(end) or not ((start < end).all() and (end[:-1] < start[1:]).all()):
        # a `>` stands in a text or between quotes; the latter are covered, the former pass unnoticed
        piece = _TAG.sub(_cover_quoted, piece)
        data = np.frombuffer(piece, np.uint8)
        end = np.flatnonzero(data == 0x3E)
        end = end[np.searchsorted(end, start)]
    slash = np.uint8(0x2F)
    is_end = data[start + 1] == slash
    is_empty = (data[end - 1] == slash) & ~is_end
    opens = ~is_end
    change = opens.astype(np.int64) - (is_end | is_empty)
    after = np.cumsum(change)
    level = np.where(is_end, after + 1, after + is_empty)
    name = np.full(len(start), len(names), np.int64)
    opening = np.flatnonzero(opens)
    spaces = np.append(np.flatnonzero(data <= 0x20), len(data))
    name_end = np.minimum(end - is_empty, spaces[np.searchsorted(spaces, start)])
    name[opening] = _match_names(data, start[opening] + 1, name_end[opening], names)
    return Tags(data, start, end, opens, is_end | is_empty, level, name, name_end)


def _cover_quoted(match: re.Match[bytes]) -> bytes:
    tag = match[0]
    return tag[:-1].replace(b">", bytes([COVERED_GT])) + tag[-1:]


def attributes(tags: Tags, rows: Index, names: tuple[str, ...]) -> tuple[Index, Index, Index, Index]:
    """The attributes of some opening tags.

    Args:
        tags: All tags.
        rows: Which of them, ascending.
        names: Local names that matter.

    Returns:
        Tag, number of the name, first byte and end of the value, by attribute in document order.
    """
    data = tags.data
    if not len(rows):
        return rows, rows, rows, rows
    inside = np.zeros(len(tags), np.bool_)
    inside[rows] = True
    quotes = np.flatnonzero(data == 0x22)
    owner = np.searchsorted(tags.start, quotes) - 1
    within = (owner >= 0) & (quotes < tags.end[owner]) & inside[owner]
    quotes, owner = quotes[within], owner[within]
    single = np.flatnonzero(data == 0x27)
    single_owner = np.searchsorted(tags.start, single) - 1
    odd = np.zeros(len(tags), np.bool_)
    odd[single_owner[(single_owner >= 0) & (single < tags.end[single_owner]) & inside[single_owner]]] = True
    # in every other tag, double quotes open and close values in turn
    regular = ~odd[owner]
    quotes, owner = quotes[regular], owner[regular]
    opening, closing, owner = quotes[0::2], quotes[1::2], owner[0::2]
    before = np.where(
        np.concatenate([[False], owner[1:] == owner[:-1]])[: len(owner)],
        np.concatenate([[0], closing[:-1] + 1])[: len(owner)],
        tags.name_end[owner],
    )
    usual = _SPACE[data[before]] & ~_SPACE[data[before + 1]] & (data[opening - 1] == 0x3D) & ~_SPACE[data[opening - 2]]
    odd[owner[~usual]] = True
    usual &= ~odd[owner]
    opening, closing, owner, before = opening[usual], closing[usual], owner[usual], before[usual]
    name = _match_names(data, before + 1, opening - 1, names)
    name[(_windows(data)[before + 1] & _MASKS[len(_NAMESPACE)]) == _word(_NAMESPACE)] = len(names)
    by_hand = [_attributes_of(data, tags, row, names) for row in np.flatnonzero(odd & inside).tolist()]
    parts = [np.stack([owner, name, opening + 1, closing], axis=1), *by_hand]
    found = np.concatenate(parts)
    found = found[found[:, 1] < len(names)]
    found = found[np.argsort(found[:, 0], kind="stable")]
    return found[:, 0], found[:, 1], found[:, 2], found[:, 3]


def _attributes_of(data: NDArray[np.uint8], tags: Tags, row: int, names: tuple[str, ...]) -> Index:
    """The attributes of one tag that is written in an unusual way."""
    first = int(tags.name_end[row])
    tag = data[first : int(tags.end[row])].tobytes()
    index = {name.encode(): number for number, name in enumerate(names)}
    return np.array(
        [
            (row, index.get(m[1].rpartition(b":")[2], len(names)), first + m.start(2) + 1, first + m.end(2) - 1)
            for m in _ATTRIBUTE.finditer(tag)
            if not m[1].startswith(_NAMESPACE)
        ],
        np.int64,
    ).reshape(-1, 4)


def _match_names(data: NDArray[np.uint8], starts: Index, ends: Index, names: tuple[str, ...]) -> Index:
    """Which of `names` stands at each span, by its local part; `len(names)` for none."""
    starts = _local(data, starts, ends)
    found = np.full(len(starts), len(names), np.int64)
    lengths = ends - starts
    windows = _windows(data)
    first = windows[starts] & _MASKS[np.minimum(lengths, 8)]
    for number, name in enumerate(names):
        raw = name.encode()
        same = np.flatnonzero((lengths == len(raw)) & (first == _word(raw)))
        for place in range(8, len(raw), 8):
            rest = raw[place : place + 8]
            same = same[(windows[starts[same] + place] & _MASKS[len(rest)]) == _word(rest)]
        found[same] = number
    return found


def _local(data: NDArray[np.uint8], starts: Index, ends: Index) -> Index:
    """Where the names begin behind their namespace prefixes."""
    colons = np.flatnonzero(data == 0x3A)
    if not len(colons) or not len(starts):
        return starts
    owner = np.searchsorted(starts, colons, side="right") - 1
    prefixed = (owner >= 0) & (colons < ends[owner])
    starts = starts.copy()
    starts[owner[prefixed][::-1]] = colons[prefixed][::-1] + 1  # the first colon of a name counts
    return starts


def _windows(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The eight bytes from every byte on, as one number."""
    padded = np.concatenate([data, np.zeros(8, np.uint8)])
    return np.ndarray((len(data) + 1,), "<u8", padded, strides=(1,))


def _word(raw: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(raw[:8], "little"))


_MASKS = np.array([(1 << 8 * length) - 1 for length in range(9)], np.uint64)
