"""XML documents and SQLite databases: which elements or tables are rows.

>>> shape = read_xml(b'<?xml version="1.0" encoding="utf-8"?><list><row no="1"><a>x</a></row><row no="2"/></list>')
>>> [(name, table.path, table.columns) for name, table in shape.tables.items()]
[('row', '/list/row', {'no': '@no', 'a': 'a'})]
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections import Counter
from pathlib import Path
from xml.parsers import expat

from extractors.profiling.shapes import Shape, Table

_STARTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE|[A-Za-z_])")
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
MOST_DEPTH = 40
MOST_PATHS = 2_000


def read_xml(head: bytes, encoding: str | None = None) -> Shape | None:
    """What the beginning of an XML document says about its rows; None where it is none.

    Args:
        head: The beginning.
        encoding: What it is in, where that is known and not what it declares.
    """
    if not _STARTS.match(head):
        return None
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    shape = Shape("xml", "XML document", encoding=declared[1].decode().lower() if declared else "")
    tree, error = _read(head, encoding)
    if error is not None and encoding is None and shape.encoding in ("", "utf-8"):
        # in a code page of single bytes every byte is a character: rows can be found without knowing which page it is
        other, fault = _read(head, "iso-8859-1")
        if fault is None or other.parser.ErrorByteIndex > tree.parser.ErrorByteIndex:
            tree, error = other, fault
            shape.notes.append(f"it {'declares UTF-8' if declared else 'declares no encoding, so UTF-8'}, and is not")
    if error is not None:
        if not tree.counts:
            return None if not head.startswith(b"<?xml") else _broken(shape, error)
        shape.notes.append(f"the document is damaged: {error}")
    if "camt.053" in tree.namespace:
        version = next(name for name in tree.namespace.split() if "camt.053" in name).rpartition(":")[2]
        return Shape("camt053", f"bank statement CAMT.053 ({version})")
    _rows(tree, shape)
    shape.title = f"XML document, root {tree.root}"
    if shape.tables:
        shape.title += f", rows are {', '.join(table.path for table in shape.tables.values())}"
    else:
        shape.notes.append("no element repeats in what was read: no rows were found")
        shape.remedy = (
            "have it sent again" if error is not None else "declare its rows: blueline sources new SOURCE --format xml"
        )
    return shape


def _read(head: bytes, encoding: str | None = None) -> tuple[_Tree, Exception | None]:
    """The elements at the beginning of a document, and why there are no more."""
    tree = _Tree(encoding)
    try:
        tree.parser.Parse(head, False)
    except (expat.ExpatError, ValueError, LookupError) as error:
        return tree, error
    return tree, None


def _broken(shape: Shape, error: Exception) -> Shape:
    shape.format, shape.title = "unsupported", "a damaged XML document"
    shape.remedy = "have it sent again"
    shape.notes.append(str(error))
    return shape


class _Tree:
    """Paths of elements, how often each occurs, and what each holds."""

    def __init__(self, encoding: str | None = None) -> None:
        self.parser = expat.ParserCreate(encoding)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self.path: list[str] = []
        self.counts: Counter[str] = Counter()
        self.most: Counter[str] = Counter()  # of one path within one parent
        self.inside: list[Counter[str]] = [Counter()]
        self.attributes: dict[str, dict[str, None]] = {}
        self.texts: set[str] = set()
        self.root = ""
        self.namespace = ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self.path:
            self.root = local
            self.namespace = " ".join(v for k, v in attributes.items() if k.startswith("xmlns"))
        self.path.append(local)
        if len(self.path) > MOST_DEPTH or len(self.counts) > MOST_PATHS:
            raise ValueError("its elements are nested too deeply, or of too many kinds")
        path = "/" + "/".join(self.path)
        self.counts[path] += 1
        self.inside[-1][path] += 1
        self.most[path] = max(self.most[path], self.inside[-1][path])
        self.inside.append(Counter())
        kept = self.attributes.setdefault(path, {})
        kept.update((key.rpartition(":")[2], None) for key in attributes if not key.startswith("xmlns"))

    def _end(self, _: str) -> None:
        self.path.pop()
        self.inside.pop()

    def _text(self, text: str) -> None:
        if text.strip():
            self.texts.add("/" + "/".join(self.path))

    def _entity(self, *_: object) -> None:
        raise ValueError("it declares entities, which the reader refuses")


def _rows(tree: _Tree, shape: Shape) -> None:
    rows = [path for path in tree.counts if tree.most[path] > 1 and path.count("/") > 1]
    for path in rows:
        name = path.rpartition("/")[2]
        while name in shape.tables:
            name += "_2"
        columns = {key: f"@{key}" for key in tree.attributes[path]}
        for other in tree.counts:
            inner = other.removeprefix(path + "/")
            nested = any(other == row or other.startswith(row + "/") for row in rows if row.startswith(path + "/"))
            if other in (path, inner) or nested:
                continue
            if other in tree.texts:
                columns[_free(inner.replace("/", "_"), columns)] = inner
            for key in tree.attributes[other]:
                columns[_free(f"{inner.replace('/', '_')}_{key}", columns)] = f"{inner}/@{key}"
        if path in tree.texts:
            columns[_free("text", columns)] = "."
        parent = path.rpartition("/")[0]
        owner = next((row for row in rows if row == parent), None)
        if owner:
            for key in tree.attributes[owner]:
                columns[_free(f"parent_{key}", columns)] = f"../@{key}"
        if columns:
            shape.tables[name] = Table(path, columns, rows=tree.counts[path])


def _free(name: str, taken: dict[str, str]) -> str:
    while name in taken:
        name += "_2"
    return name


def read_sqlite(path: Path) -> Shape:
    """The tables of a SQLite database."""
    shape = Shape("sql", "SQLite database", encoding="utf-8")
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
            names = [
                row[0]
                for row in database.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
                )
            ]
            for name in names:
                info = database.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
                key = [row[1] for row in sorted(info, key=lambda row: row[5]) if row[5]]
                rows = database.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0]
                shape.tables[name] = Table("", {row[1]: row[1] for row in info}, key or [row[1] for row in info], rows)
    except sqlite3.Error as error:
        shape.format, shape.remedy = "unsupported", "have it sent again, closed and in binary mode"
        shape.notes.append(f"the database cannot be read: {error}")
        return shape
    if not shape.tables:
        shape.title, shape.remedy = "SQLite database without a table", "ask the region to deliver it again"
        return shape
    shape.title = f"SQLite database, {len(shape.tables)} tables: " + ", ".join(
        f"{name} ({table.rows})" for name, table in shape.tables.items()
    )
    return shape


def sqlite_texts(path: Path, shape: Shape, rows: int) -> dict[str, dict[str, list[str]]]:
    """The first values of each column of each table, as text."""
    found: dict[str, dict[str, list[str]]] = {}
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        for name, table in shape.tables.items():
            names = ", ".join(map(_quoted, table.columns))
            taken = database.execute(f"SELECT {names} FROM {_quoted(name)} LIMIT {rows}").fetchall()
            found[name] = {
                column: ["" if row[at] is None else _text(row[at]) for row in taken]
                for at, column in enumerate(table.columns)
            }
    return found


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
