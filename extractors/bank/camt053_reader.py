"""A camt.053 document as a stream of the parts of its statements, each with its place in the file.

The document is read by expat, which says whether it is well-formed; a document type declaration is refused before
anything in it is read (`extractors.xml.wellformed`), so there are no entities to expand and nothing outside to
fetch.  What is built is never more than one child of a statement, such as one entry, of limited size and depth.

Namespaces decide which message it is; below it, local names do.  The versions of camt.053 differ in details only:
where a party stands in `Pty`, where a status is a code, where a transaction states its amount; the first has its own
name for the message and no `NtryDtls` around transactions.  Banks write a namespace of their own, too; the message's
number in it counts.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.xml.wellformed import XmlCheck

READ_BYTES = 1 << 17  # what is read at once is built at once, many times larger
MAX_PART = 64 << 20
"""Most bytes of one part: an entry of a batch has some 1,500 bytes a transaction."""
MAX_ELEMENTS = 2_000_000
"""Most elements of one part, each of which takes some 400 bytes of memory: a transaction has 30 to 40."""
MAX_DEPTH = 40

_NAMESPACE = re.compile(r"(?:.*[:/])?(camt\.(\d{3})\.\d{3})\.(\d{2})(?:\.xsd|[:/].*)?", re.IGNORECASE)
_STATEMENT = ("Document", "BkToCstmrStmt", "Stmt")
_FIRST_VERSION = "BkToCstmrStmtV01"
_PLACED = {"Ntry", "TxDtls"}


@dataclass(slots=True)
class Node:
    """An element.

    Attributes:
        name: Local name.
        start: Of its first byte in the file.
        end: Behind its last byte; 0 for elements whose end nobody asks for.
        attributes: By local name.
        children: In document order.
        text: Its own text, without white space around it.
    """

    name: str
    start: int
    end: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self, path: str) -> list[Node]:
        """Every element at a path such as `Acct/Id/IBAN`."""
        first, _, rest = path.partition("/")
        found = [child for child in self.children if child.name == first]
        for name in rest.split("/") if rest and found else ():
            found = [child for node in found for child in node.children if child.name == name]
        return found

    def find(self, *paths: str) -> Node | None:
        """The first element at the first path that has one."""
        return next((found for path in paths for found in self.all(path)), None)

    def value(self, *paths: str) -> str | None:
        """The text of the first element with a text, path by path."""
        return next((node.text for path in paths for node in self.all(path) if node.text), None)


@dataclass(frozen=True)
class Part:
    """What was read of a statement.

    Attributes:
        kind: `begin` and `end` of a statement, `header` for the message's, `child` for a child of a statement.
        node: Of `header` and `child`.
        offset: First byte in the file.
        end: Behind the last byte.
    """

    kind: str
    node: Node | None
    offset: int
    end: int


class _Reader(XmlCheck):
    """Expat with handlers that build one part at a time."""

    def __init__(self, source_id: str, landed: LandedFile, descriptor: int) -> None:
        super().__init__(source_id, landed)
        self._descriptor = descriptor
        self._path: list[str] = []
        self._open: list[Node] = []
        self._texts: list[list[str]] = []
        self._statement_start = 0
        self._is_bare = False  # nothing stands within the element yet
        self._part_bytes = self._part_elements = 0
        self.parts: deque[Part] = deque()
        self.version: str | None = None
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._begin
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        place = self._expat.CurrentByteIndex
        depth = len(self._path)
        if not depth:
            self._check_root(name, local, attributes)
        elif depth == 1 and local == _FIRST_VERSION:
            local = _STATEMENT[1]
        elif depth == 1 and local != _STATEMENT[1]:
            raise self.error(
                f"the document holds {local}, not statements ({_STATEMENT[1]})", "deliver camt.053 files only", place
            )
        self._path.append(local)
        self._is_bare = True
        if depth >= MAX_DEPTH:
            raise self.error(f"elements are nested more than {MAX_DEPTH} deep", "have the file sent again", place)
        if self._open:
            if attributes:
                attributes = {key.rpartition(":")[2]: value for key, value in attributes.items()}
            node = Node(local, place, attributes=attributes)
            self._open[-1].children.append(node)
            self._open.append(node)
            self._texts.append([])
        elif tuple(self._path) == _STATEMENT:
            self._statement_start = place
            self.parts.append(Part("begin", None, place, place))
        elif tuple(self._path[:-1]) in (_STATEMENT, _STATEMENT[:2]):
            self._open = [Node(local, place, attributes=dict(attributes))]
            self._texts = [[]]
            self._part_bytes = self._part_elements = 0
        if self._open:
            self._part_elements += 1
            if self._part_elements > MAX_ELEMENTS:
                raise self._too_large(f"holds more than {MAX_ELEMENTS:,} elements")
            if place - self._open[0].start > MAX_PART:
                raise self._too_large()

    def _end(self, name: str) -> None:
        place = self._expat.CurrentByteIndex
        if self._open:
            node = self._open.pop()
            node.text = "".join(self._texts.pop()).strip()
            if node.name in _PLACED:
                node.end = self._behind(place)
            if not self._open:
                kind = "child" if tuple(self._path[:-1]) == _STATEMENT else "header"
                self.parts.append(Part(kind, node, node.start, node.end or place))
        elif tuple(self._path) == _STATEMENT:
            self.parts.append(Part("end", None, self._statement_start, self._behind(place)))
        self._path.pop()
        self._is_bare = False

    def _characters(self, text: str) -> None:
        if not self._open:
            return
        self._part_bytes += len(text)
        if self._part_bytes > MAX_PART:
            raise self._too_large()
        self._texts[-1].append(text)

    def _check_root(self, name: str, local: str, attributes: dict[str, str]) -> None:
        prefix = name.rpartition(":")[0]
        namespace = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")
        match = _NAMESPACE.fullmatch(namespace)
        if local != _STATEMENT[0] or (match and match[2] != "053") or (namespace and not match):
            found = match[1] if match else f"{local} {namespace}".strip()
            raise self.error(
                f"the document is no camt.053 statement but {found}",
                "check the file's format in source.toml",
                self._expat.CurrentByteIndex,
            )
        self.version = match[3] if match else None

    def _too_large(self, what: str = f"takes more than {MAX_PART >> 20} MiB") -> SourceError:
        message = f"{self._open[0].name} {what}"
        return self.error(message, "have the batch booked or delivered in parts", self._open[0].start)

    def _behind(self, place: int) -> int:
        """Behind the element whose end expat places here: where its closing tag begins, or behind `/>`."""
        if self._is_bare and os.pread(self._descriptor, 2, max(0, place - 2)) == b"/>":
            return place
        tag = os.pread(self._descriptor, 1 << 10, place)
        return place + tag.find(b">") + 1


def read_parts(source_id: str, landed: LandedFile, seen: dict[str, Any]) -> Iterator[Part]:
    """The parts of a document's statements, in order.

    Args:
        source_id: The source.
        landed: The document.
        seen: Filled with `version` and `encoding`.

    Raises:
        SourceError: The document is not well-formed, not camt.053, ends early, has a document type declaration, or a
            part of it is too large.
    """
    with landed.path.open("rb", buffering=0) as file:
        reader = _Reader(source_id, landed, file.fileno())
        while fresh := file.read(READ_BYTES):
            reader.feed(fresh.rstrip(b"\x1a") if file.tell() >= landed.size else fresh)  # DOS ends a text with Ctrl-Z
            while reader.parts:
                yield reader.parts.popleft()
        reader.close()
        seen.update(version=reader.version, encoding=reader.encoding)
        yield from reader.parts
