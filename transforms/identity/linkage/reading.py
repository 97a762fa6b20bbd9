"""The files of a data set as one table of clean text, `person`: a row a record, a column a meaning.

Nothing is typed on reading (a postal code is no number); what is not there, or says so (`NULL`, `unknown`, `-`), is
null.  Dates become eight characters, year first; in which order a column writes them is judged by the whole column,
and what is no date of that order is kept as far as its parts can be told, because a mistyped date is evidence, too.
"""

from __future__ import annotations

import codecs
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa

from billing.errors import ContractError, SourceError
from transforms.identity.cluster import components
from transforms.identity.linkage.meanings import MEANINGS
from transforms.identity.linkage.spec import DataSet, SourceFiles, Truth

_LONGEST_HEADER = 1_000_000  # bytes
# Longer texts are cut: how alike two are costs the square of their length.
_LONGEST = 200
_EMPTY = "('', 'nan', 'null', 'none', 'nil', 'n a', 'unknown', 'missing', 'not known')"

# Every value of every row passes here: plain words take the short way, and marks are characters, not a pattern.
_MARKS = '.,;:!?-–—_/\\|()[]{}<>"&+*#@=~^%$\t\r\n'
# Joiners, directions and marks of byte order: nobody sees them, and nothing is equal to what has one.
_INVISIBLE = "".join(map(chr, (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF)))

MACROS = f"""
CREATE OR REPLACE MACRO latin(x) AS translate(
    replace(replace(strip_accents(lower(translate(x, '{_INVISIBLE}', ''))), 'ß', 'ss'), 'æ', 'ae'), 'łøđðı', 'loddi');
CREATE OR REPLACE MACRO parted(x) AS trim(replace(replace(replace(
    translate(replace(latin(x), '''', ''), '{_MARKS}', '{" " * len(_MARKS)}'),
    '    ', ' '), '  ', ' '), '  ', ' '));
CREATE OR REPLACE MACRO words(x) AS
    CASE WHEN regexp_full_match(lower(x), '[a-z0-9]+( [a-z0-9]+)*') THEN lower(x) ELSE parted(x) END;
CREATE OR REPLACE MACRO worded(x) AS CASE WHEN words(x) IN {_EMPTY} THEN NULL ELSE words(x) END;
CREATE OR REPLACE MACRO single(x) AS
    replace(replace(replace(replace(replace(x, 'll', 'l'), 'ss', 's'), 'tt', 't'), 'nn', 'n'), 'rr', 'r');
CREATE OR REPLACE MACRO skeleton(x) AS
    x[1] || single(translate(regexp_replace(x[2:], '[aeiouyhw ]+', '', 'g'), 'zckqgjvbdm', 'sssssjfptn'));
"""

# Regular expression over the raw text, and which of its groups are year, month and day.
_LONG, _SHORT = r"\w{4}", r"\w{1,2}"
_ORDERS: tuple[tuple[str, str], ...] = tuple(
    (rf"^\s*({parts[0]})[-/. ]{gap}({parts[1]})[-/. ]{gap}({parts[2]})(?:[ T].*)?$", letters)
    for letters, parts, gap in (
        ("ymd", (_LONG, _SHORT, _SHORT), "?"),
        ("dmy", (_SHORT, _SHORT, _LONG), "?"),
        ("mdy", (_SHORT, _SHORT, _LONG), "?"),
        ("dmy", (_SHORT, _SHORT, r"\d{2}"), ""),
        ("mdy", (_SHORT, _SHORT, r"\d{2}"), ""),
    )
)
_WITH_MONTH_NAMES = "['%d %b %Y', '%d %B %Y', '%b %d, %Y', '%B %d, %Y', '%b %d %Y', '%B %d %Y', '%d-%b-%Y']"


def read_people(con: duckdb.DuckDBPyConnection, data: DataSet, folder: Path) -> tuple[str, ...]:
    """Build `person`: record, source, key, the meanings, and `entity` where there is a truth.

    Args:
        con: Connection that gets the table.
        data: The declaration.
        folder: What its file names are relative to.

    Returns:
        The meanings that have values, in the order of `MEANINGS`.

    Raises:
        SourceError: A file is missing or not readable.
        ContractError: A declared column is nowhere.
    """
    con.execute(MACROS)
    with TemporaryDirectory(prefix="blueline-read-") as aside:
        return _read(con, data, folder, Path(aside))


def _read(con: duckdb.DuckDBPyConnection, data: DataSet, folder: Path, aside: Path) -> tuple[str, ...]:
    columns = {f"file_{n}": _open(con, f"file_{n}", source, folder, aside) for n, source in enumerate(data.source)}
    _check_columns(data, list(columns.values()))
    parts = []
    for number, ((view, names), source) in enumerate(zip(columns.items(), data.source, strict=True)):
        there = {m: [n for n in given if n in names] for m, given in data.meanings(source).items()}
        delivered = _delivered(data, source, {m: given for m, given in there.items() if given})
        try:
            con.execute(f"CREATE OR REPLACE TEMP TABLE delivered AS SELECT {delivered} FROM {view}")
        except duckdb.Error as error:
            raise _unreadable(error, source, folder) from None
        _clean_rows(con, data, number, [m for m, given in there.items() if given])
        con.execute("DROP TABLE delivered")
        parts.append(f"SELECT * FROM part_{number}")
    given = f"({' UNION ALL BY NAME '.join(parts)})"
    made = [row[0] for row in con.execute(f"DESCRIBE FROM {given}").fetchall()]
    # Numbered by content, so that the order of rows changes nothing; the rest only parts rows that are alike.
    content, rest = ([c for c in made if (c in MEANINGS) == ours] for ours in (True, False))
    order = f"hash({', '.join(content)}), hash({', '.join(rest)})"
    con.execute(f"""
        CREATE OR REPLACE TABLE person AS
        SELECT row_number() OVER (ORDER BY {order})::INTEGER - 1 AS record, * FROM {given}
    """)
    for number in range(len(parts)):
        con.execute(f"DROP TABLE part_{number}")
    made += _tell_employers(con, made)
    if data.truth is not None and data.truth.pairs is not None:
        _read_pairs(con, data.truth, folder, aside, len(data.source))
    meanings = [m for m in MEANINGS if m in made]
    counts = con.execute(f"SELECT {', '.join(f'count({m})' for m in meanings)} FROM person").fetchall()[0]
    return tuple(m for m, filled in zip(meanings, counts, strict=True) if filled)


def _tell_employers(con: duckdb.DuckDBPyConnection, made: list[str]) -> list[str]:
    """Call the company of a row that names a person its employer: many people have it, while a firm is only itself."""
    names = [m for m in ("given_name", "family_name") if m in made]
    if "company" not in made or not names:
        return []
    named = f"coalesce({', '.join(names)}) IS NOT NULL"
    employer = "coalesce(employer, {})" if "employer" in made else "{}"
    worked = employer.format(f"CASE WHEN {named} THEN company END")
    con.execute(f"""
        CREATE OR REPLACE TABLE person AS
        SELECT * EXCLUDE ({", ".join(m for m in ("company", "employer") if m in made)}),
            CASE WHEN NOT ({named}) THEN company END AS company, {worked} AS employer
        FROM person
    """)
    return [] if "employer" in made else ["employer"]


def _check_columns(data: DataSet, columns: list[list[str]]) -> None:
    """A source's own columns have to be in it, the data set's in one source at least, truth and key in every one."""
    everywhere = {name for names in columns for name in names}
    wanted = [(everywhere, data.source[0], meaning, names) for meaning, names in data.columns.items()]
    for source, names in zip(data.source, columns, strict=True):
        own = {**source.columns, "key": [source.key] if source.key else []}
        if data.truth is not None and data.truth.column:
            own["truth"] = [data.truth.column]
        wanted += [(set(names), source, meaning, given) for meaning, given in own.items()]
    for there, source, meaning, given in wanted:
        for name in given:
            if name not in there:
                raise ContractError(
                    f"there is no column {name!r}",
                    file=source.files[0],
                    field=meaning,
                    remedy=f"the columns are {', '.join(sorted(there))}",
                )


def _open(con: duckdb.DuckDBPyConnection, view: str, source: SourceFiles, folder: Path, aside: Path) -> list[str]:
    """Make a view of a source's files, of which another form may be kept `aside`; its columns."""
    for name in source.files:
        if not (folder / name).is_file():
            raise SourceError("there is no such file", file=str(folder / name), remedy="correct `files`")
    paths = [folder / name for name in source.files]
    reader, options = "read_parquet", "union_by_name = true"
    if not source.files[0].lower().endswith((".parquet", ".pq")):
        if codecs.lookup(source.encoding).name != "utf-8":
            paths = [_in_utf8(path, source.encoding, aside / f"{view}-{n}.csv") for n, path in enumerate(paths)]
        # Left to itself, the reader takes a line further down for the header where the lines differ in length.
        reader = "read_csv"
        options += f", all_varchar = true, header = true, skip = 0, delim = '{_delimiter(paths[0])}'"
    names = ", ".join(_literal(str(path)) for path in paths)
    try:
        con.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT * FROM {reader}([{names}], {options})")
        return [row[0] for row in con.execute(f"DESCRIBE {view}").fetchall()]
    except duckdb.Error as error:
        raise _unreadable(error, source, folder) from None


def _unreadable(error: duckdb.Error, source: SourceFiles, folder: Path) -> SourceError:
    text = str(error)
    # only the first line: the rest quotes the data
    first, remedy = text.splitlines()[0][:200], "give CSV with a header, or Parquet"
    if "not utf-8" in text:
        first, remedy = f"it is not UTF-8 ({first})", 'name its `encoding`, such as "windows-1250"'
    elif "sniffing" in text:
        first = "its lines differ in their number of fields, or a quotation mark is left open"
    return SourceError(f"the file cannot be read: {first}", file=str(folder / source.files[0]), remedy=remedy)


def _in_utf8(path: Path, encoding: str, target: Path) -> Path:
    try:
        with path.open(encoding=encoding, newline="") as given, target.open("w", encoding="utf-8", newline="") as made:
            shutil.copyfileobj(given, made)
    except UnicodeError as error:
        raise SourceError(f"it is not {encoding}: {error}", file=str(path), remedy="correct its `encoding`") from None
    return target


def _delimiter(path: Path) -> str:
    """Of a CSV file: what the line of its header has most of."""
    with path.open("rb") as file:
        header = file.readline(_LONGEST_HEADER).decode("utf-8", "replace")
    return max(",;\t|", key=header.count)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _column(name: str) -> str:
    return 'trim("' + name.replace('"', '""') + '"::VARCHAR)'


def _delivered(data: DataSet, source: SourceFiles, there: dict[str, list[str]]) -> str:
    """SQL of a source's columns: each meaning's text, its key, and the entity where the truth is a column."""
    columns = {
        m: _column(n[0]) if len(n) == 1 else f"concat_ws(' ', {', '.join(map(_column, n))})" for m, n in there.items()
    }
    if data.truth is not None and data.truth.column:
        entity = _column(data.truth.column)
        if data.truth.pattern:
            entity = f"regexp_extract({entity}, {_literal(data.truth.pattern)}, 1)"
        columns["entity"] = f"nullif({entity}, '')"
    if source.key:
        columns["key"] = _column(source.key)
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items()) or "1 AS nothing"


def _clean_rows(con: duckdb.DuckDBPyConnection, data: DataSet, number: int, meanings: list[str]) -> None:
    """Build `part_<number>`: the rows of `delivered` with clean values.

    Cleaning is dear and values repeat, so a column with few of them is cleaned a value at a time.
    """
    counts = ", ".join(["count(*)", *(f"approx_count_distinct({m})" for m in meanings)])
    rows, *distinct = con.execute(f"SELECT {counts} FROM delivered").fetchall()[0]
    parts: dict[str, str] = {}
    joins = []
    for meaning, values in zip(meanings, distinct, strict=True):
        parts[meaning] = _clean(con, data, meaning)
        if values * 2 < rows:
            con.execute(f"""
                CREATE OR REPLACE TEMP TABLE clean_{meaning} AS
                SELECT {meaning} AS raw, {parts[meaning]} AS value FROM (SELECT DISTINCT {meaning} FROM delivered)
            """)
            parts[meaning] = f"clean_{meaning}.value"
            joins.append(f"LEFT JOIN clean_{meaning} ON clean_{meaning}.raw = delivered.{meaning}")
    if "full_name" in parts:
        parts = _split_full(parts.pop("full_name")) | parts
    chosen = [f"{number} AS source", *(f"{sql} AS {m}" for m, sql in parts.items())]
    others = [row[0] for row in con.execute("DESCRIBE delivered").fetchall()]
    chosen += [f"delivered.{name}" for name in ("entity", "key") if name in others]
    if data.data.national_id_check is not None and "national_id" in parts:
        chosen.append(f"CASE WHEN {_PESEL.format(x=parts['national_id'])} THEN {parts['national_id']} END AS proven_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE part_{number} AS SELECT {', '.join(chosen)} FROM delivered {' '.join(joins)}"
    )
    for meaning in meanings:
        con.execute(f"DROP TABLE IF EXISTS clean_{meaning}")


# eleven digits whose weighted sum ends in zero
_PESEL = (
    "regexp_full_match({x}, '[0-9]{{11}}') AND list_sum(list_transform(range(1, 12), lambda i:"
    " try_cast(({x})[i] AS INTEGER) * [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1][i])) % 10 = 0"
)


def _read_pairs(con: duckdb.DuckDBPyConnection, truth: Truth, folder: Path, aside: Path, sources: int) -> None:
    """Give `person` the column `entity` from a list of pairs of keys; who stands in no pair is alone."""
    assert truth.pairs is not None
    _open(con, "truth_pair", SourceFiles(files=[truth.pairs]), folder, aside)
    left, right = _column(truth.left), _column(truth.right)
    pairs = con.execute(f"""
        SELECT a.record AS l, b.record AS r FROM truth_pair
        JOIN person AS a ON a.key = {left} AND a.source = 0
        JOIN person AS b ON b.key = {right} AND b.source = {sources - 1}
        WHERE a.record <> b.record
    """).fetchnumpy()
    records, roots = components(np.asarray(pairs["l"], np.int64), np.asarray(pairs["r"], np.int64))
    con.register("entity_arrow", pa.table({"record": records, "root": roots}))
    con.execute("""
        CREATE OR REPLACE TABLE person AS
        SELECT p.*, coalesce(e.root, p.record)::VARCHAR AS entity
        FROM person AS p LEFT JOIN entity_arrow AS e USING (record)
    """)
    con.unregister("entity_arrow")


def _split_full(full: str) -> dict[str, str]:
    """A whole name in parts: the last word is the family name, or what stands before a comma."""
    comma = "contains(full_name, ',')"
    rest = f"CASE WHEN {comma} THEN worded(split_part(full_name, ',', 2)) ELSE {full} END"
    words = f"string_split({rest}, ' ')"
    middle = f"array_to_string(CASE WHEN {comma} THEN {words}[2:] ELSE {words}[2:-2] END, ' ')"
    return {
        "given_name": f"nullif(split_part({rest}, ' ', 1), '')",
        "middle_name": f"nullif({middle}, '')",
        "family_name": f"CASE WHEN {comma} THEN worded(split_part(full_name, ',', 1))"
        f" WHEN contains({full}, ' ') THEN split_part({full}, ' ', -1) END",
    }


def _clean(con: duckdb.DuckDBPyConnection, data: DataSet, meaning: str) -> str:
    """SQL of a meaning's clean value, out of its text in `delivered`."""
    kind, text = MEANINGS[meaning].kind, meaning
    if kind == "date":
        return _date(con, text, "delivered", data.data.day_first)
    if kind == "email":
        return f"CASE WHEN contains({text}, '@') THEN lower({text}) END"
    if meaning == "phone":
        # an extension is not the number's
        digits = f"regexp_replace(regexp_replace(lower({text}), ' *(x|ext|wew|w)[. ]*[0-9]+$', ''), '[^0-9]', '', 'g')"
        return f"CASE WHEN length({digits}) >= 5 THEN right({digits}, 9) END"
    if meaning == "sex":
        return f"worded({text})[1]"
    if kind == "number":
        return f"nullif(replace(worded({text}), ' ', ''), '')"
    return f"left(worded({text}), {_LONGEST})"


def _date(con: duckdb.DuckDBPyConnection, text: str, view: str, day_first: bool | None) -> str:
    """Eight characters, year first, in the order that makes the most of the column's values dates.

    A value of another shape is read as its shape says.
    """
    orders = [order for order in _ORDERS if day_first is None or order[1] != ("mdy" if day_first else "dmy")]
    readings = [_ordered(text, *order) for order in orders]
    readings.append(f"strftime(try_strptime({text}, {_WITH_MONTH_NAMES}), '%Y%m%d')")
    counts = ", ".join(f"count(try_strptime({reading}, '%Y%m%d'))" for reading in readings)
    # some tens of thousands of values tell, chosen by content, so that the order of rows changes nothing
    every = con.execute(f"SELECT count({text}) // 20000 + 1 FROM {view}").fetchall()[0][0]
    good = con.execute(f"SELECT {counts} FROM {view} WHERE hash({text}) % {every} = 0").fetchall()[0]
    # what has another shape than most is read in its own, where that makes it a date
    best, *others = sorted(range(len(readings)), key=lambda number: -good[number])
    valid = [f"CASE WHEN try_strptime({r}, '%Y%m%d') IS NOT NULL THEN {r} END" for r in (readings[n] for n in others)]
    return f"coalesce({', '.join([readings[best], *valid])})"


def _ordered(text: str, pattern: str, letters: str) -> str:
    groups = ", ".join(f"'{letter}'" for letter in letters)
    # of two digits, those of the last decades are more often a birth in this century than one a hundred years ago
    century = "CASE WHEN length(g.y) > 2 THEN '' WHEN g.y <= '25' THEN '20' ELSE '19' END"
    return (
        f"list_transform([regexp_extract({text}, '{pattern}', [{groups}])], lambda g:"
        f" CASE WHEN g.y <> '' THEN {century} || g.y || lpad(g.m, 2, '0') || lpad(g.d, 2, '0') END)[1]"
    )
