"""Files for the benchmark of the decoders: the same billing rows in every format, and mainframe records of two kinds.

Nothing is random twice: the same number of rows gives the same bytes.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from samples import mainframe
from samples.codepages import Bytes, encode, stack
from samples.dbf import DbfField, DbfTable
from samples.draw import Array, Draw, Ints
from samples.text import amount, cat, choose, dates, day, digits

CHUNK = 50_000
CODE_PAGE = "cp1250"

# column -> width in the fixed-width file
COLUMNS = {
    "NR": 8, "NAZWISKO": 24, "IMIE": 14, "ULICA": 34, "KOD": 6, "MIASTO": 22, "PESEL": 11, "TELEFON": 13,
    "WYSTAWIONA": 10, "NETTO": 12, "VAT": 12, "BRUTTO": 12, "STATUS": 1, "UWAGI": 40,
}  # fmt: skip
RECORD_LENGTH = sum(COLUMNS.values())

_SURNAMES = ["Kowalski", "Wiśniewska", "Wójcik", "Żółkiewska", "Dąbrowski", "Lewandowska", "Zieliński", "Szymańska"]
_GIVEN = ["Jan", "Anna", "Stanisław", "Małgorzata", "Krzysztof", "Agnieszka", "Łukasz", "Barbara", "Grażyna"]
_STREETS = ["ul. Mickiewicza", "al. 3 Maja", "os. Piastów", "ul. Źródlana", "Rynek", "ul. 11 Listopada", "pl. Wolności"]
_TOWNS = ["Kraków", "Nowy Sącz", "Wieliczka", "Łódź", "Tarnów", "Zakopane", "Bielsko-Biała", "Gdańsk", "Świętochłowice"]
_NOTES = ["", "", "", "", "", "", 'firma F.H. "ELA"; sklep', "dzwonić po 16", "umowa z aneksem"]


def chunks(rows: int, size: int = CHUNK) -> Iterator[tuple[Ints, Draw]]:
    """Row numbers and draws, a part of the rows at a time."""
    for first in range(0, rows, size):
        index = np.arange(first, min(rows, first + size), dtype=np.int64)
        yield index, Draw(2003, 7, index)


def texts(index: Ints, draw: Draw) -> dict[str, Array]:
    """Columns of some rows."""
    net = draw.below("net", 900_000) - 40_000
    tails = digits(draw.below("tail", 1000), 3)

    def pick(purpose: str, values: list[str]) -> Array:
        return choose(values, draw.below(purpose, len(values)))

    return {
        "NR": digits(index + 1, 8),
        "NAZWISKO": cat(pick("last", _SURNAMES), "-", pick("second", _SURNAMES)),
        "IMIE": pick("first", _GIVEN),
        "ULICA": cat(pick("street", _STREETS), " ", digits(draw.below("house", 99) + 1, 2), " m. ", tails),
        "KOD": cat(digits(draw.below("code", 99), 2), "-", tails),
        "MIASTO": pick("town", _TOWNS),
        "PESEL": cat(digits(draw.below("born", 999_999), 6), digits(draw.below("rest", 99_999), 5)),
        "TELEFON": cat("(0-", digits(draw.below("zone", 80) + 11, 2), ") ", digits(draw.below("line", 9_999_999), 7)),
        "WYSTAWIONA": dates(day(2003, 1, 1) + draw.below("issued", 364), "DD.MM.YYYY"),
        "NETTO": amount(net, decimal=","),
        "VAT": amount(net * 22 // 100, decimal=","),
        "BRUTTO": amount(net + net * 22 // 100, decimal=","),
        "STATUS": pick("status", ["A", "Z", "W"]),
        "UWAGI": pick("note", _NOTES),
    }


def write_delimited(path: Path, rows: int) -> None:
    """Semicolons between values, quotes where needed."""
    with path.open("wb") as file:
        file.write(";".join(COLUMNS).encode() + b"\r\n")
        for index, draw in chunks(rows):
            columns = texts(index, draw)
            note = columns["UWAGI"]
            quoted = np.strings.find(note, '"') >= 0
            columns["UWAGI"] = np.where(quoted, cat('"', np.strings.replace(note, '"', '""'), '"'), note)
            lines = zip(*(column.tolist() for column in columns.values()), strict=True)
            file.write("".join(";".join(line) + "\r\n" for line in lines).encode(CODE_PAGE))


def write_fixed(path: Path, rows: int) -> None:
    """The same rows, columns at fixed places."""
    with path.open("wb") as file:
        for index, draw in chunks(rows):
            columns = texts(index, draw)
            parts = (encode(columns[name], CODE_PAGE, width) for name, width in COLUMNS.items())
            file.write(stack(len(index), *parts, b"\r\n").tobytes())


def write_xml(path: Path, rows: int) -> None:
    """The same rows as elements, with an attribute and a level in between."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<region kod="12">\n<konta>\n')
        for index, draw in chunks(rows):
            columns = texts(index, draw)
            columns["UWAGI"] = np.strings.replace(columns["UWAGI"], '"', "&quot;")
            inner = [name for name in COLUMNS if name != "NR"]
            form = '<konto nr="%s">' + "".join(f"<{name.lower()}>%s</{name.lower()}>" for name in inner) + "</konto>\n"
            lines = zip(*(columns[name].tolist() for name in ("NR", *inner)), strict=True)
            file.write("".join(form % line for line in lines))
        file.write("</konta>\n</region>\n")


def write_dbf(path: Path, rows: int) -> None:
    """The same rows as a dBASE III table in CP852."""
    fields = [_dbf_field(name, width) for name, width in COLUMNS.items()]
    table = DbfTable(path, fields, "cp852", 0x23, (2003, 12, 31))
    for index, draw in chunks(rows):
        columns = texts(index, draw)
        net = draw.below("net", 900_000) - 40_000
        columns |= {"NETTO": net, "VAT": net * 22 // 100, "BRUTTO": net + net * 22 // 100}
        columns["WYSTAWIONA"] = day(2003, 1, 1) + draw.below("issued", 364)
        table.add(*columns.values())
    table.close()


def _dbf_field(name: str, width: int) -> DbfField:
    if name in ("NETTO", "VAT", "BRUTTO"):
        return DbfField(name, "N", width, 2)
    return DbfField(name, "D", 8) if name == "WYSTAWIONA" else DbfField(name, "C", width)


# --- mainframe -------------------------------------------------------------------------------------------------

WIDE_FIELDS, WIDE_BYTES = 167, 1_341
_TEXT_WIDTHS = [1, 2, 3, 4, 6, 8, 10, 12, 12, 15, 16, 20, 20, 20, 25]


def wide_copybook() -> str:
    """167 fields in 1,341 bytes: 75 texts, 46 packed, 26 zoned and 20 binary numbers."""
    lines = ["       01 KONTO."]
    for name, picture, _, _ in _wide_fields():
        lines.append(f"           05 {name} PIC {picture}.")
    return "\n".join(lines) + "\n"


def _wide_fields() -> list[tuple[str, str, str, int]]:
    """Name, picture, kind and digits (or characters) of every field."""
    fields = []
    for number in range(74):
        width = _TEXT_WIDTHS[number % len(_TEXT_WIDTHS)]
        fields.append((f"T{number:03}", f"X({width})", "text", width))
    for number in range(46):
        places = (3, 5, 7, 9, 11, 13)[number % 6]
        fields.append((f"P{number:03}", f"S9({places})V99 COMP-3", "packed", places + 2))
    for number in range(26):
        places = (4, 7, 8, 9)[number % 4]
        fields.append((f"Z{number:03}", f"S9({places})", "zoned", places))
    for number in range(20):
        places = (4, 9)[number % 2]
        fields.append((f"B{number:03}", f"S9({places}) COMP", "binary", places))
    left = WIDE_BYTES - sum(_bytes_of(kind, size) for *_, kind, size in fields)
    fields.append(("T074", f"X({left})", "text", left))
    assert len(fields) == WIDE_FIELDS
    return fields


def _bytes_of(kind: str, size: int) -> int:
    return {"packed": size // 2 + 1, "binary": 2 if size <= 4 else 4}.get(kind, size)


def write_wide(path: Path, rows: int) -> None:
    """Fixed records of 167 fields and 1,341 bytes in CP870."""
    with path.open("wb") as file:
        for index, draw in chunks(rows, 10_000):
            file.write(stack(len(index), *(_wide_cells(draw, *field) for field in _wide_fields())).tobytes())


def _wide_cells(draw: Draw, name: str, _picture: str, kind: str, size: int) -> Bytes:
    if kind == "text":
        words = [word[:size] for word in (*_TOWNS, *_STREETS, *_SURNAMES, "")]
        return mainframe.text(choose(words, draw.below(name, len(words))), size)
    value = draw.below(name, 10 ** min(size, 9)) - 10 ** (min(size, 9) - 1)
    if kind == "packed":
        return mainframe.packed(value, size)
    return mainframe.zoned(value, size) if kind == "zoned" else mainframe.binary(value, _bytes_of(kind, size))


SEGMENTS_COPYBOOK = """\
       01 REKORD.
           05 TYP PIC X(1).
           05 NR PIC X(10).
           05 FIRMA.
              10 NAZWA PIC X(25).
              10 ADRES PIC X(25).
              10 PODATNIK PIC 9(8).
              10 OBROT PIC S9(13)V99 COMP-3.
           05 KONTAKT REDEFINES FIRMA.
              10 TELEFON PIC X(17).
              10 OSOBA PIC X(28).
              10 LIMIT PIC S9(7)V99 COMP-3.
"""


def write_segments(path: Path, rows: int) -> None:
    """Variable records with RDW: one firm of 81 bytes to four contacts of 65, both in CP870."""
    with path.open("wb") as file:
        for index, draw in chunks(rows):
            is_firm = index % 5 == 0
            firm = with_number(draw, "C", index, (
                mainframe.text(choose(_TOWNS, draw.below("name", len(_TOWNS))), 25),
                mainframe.text(choose(_STREETS, draw.below("street", len(_STREETS))), 25),
                mainframe.display(draw.below("tax", 10**8), 8),
                mainframe.packed(draw.below("turnover", 10**9) - 10**8, 15),
            ))  # fmt: skip
            contact = with_number(draw, "P", index, (
                mainframe.text(cat("(0-12) ", digits(draw.below("phone", 10**7), 7)), 17),
                mainframe.text(choose(_SURNAMES, draw.below("person", len(_SURNAMES))), 28),
                mainframe.packed(draw.below("limit", 10**6), 9),
            ))  # fmt: skip
            wide = np.zeros((len(index), firm.shape[1]), np.uint8)
            wide[is_firm] = firm[is_firm]
            wide[~is_firm, : contact.shape[1]] = contact[~is_firm]
            used = np.arange(firm.shape[1]) < np.where(is_firm, firm.shape[1], contact.shape[1])[:, None]
            file.write(wide[used].tobytes())


def with_number(draw: Draw, kind: str, index: Ints, parts: tuple[Bytes, ...]) -> Bytes:
    """Records of one type behind their record descriptor words."""
    head = mainframe.text(np.full(len(index), kind), 1), mainframe.text(digits(index, 10), 10)
    return mainframe.with_rdw(stack(len(index), *head, *parts))


WRITERS = {
    "delimited": write_delimited,
    "fixed": write_fixed,
    "xml": write_xml,
    "dbf": write_dbf,
    "mainframe": write_wide,
    "mainframe-rdw": write_segments,
}
ROWS = {
    "delimited": 500_000, "fixed": 500_000, "xml": 200_000, "dbf": 1_000_000, "mainframe": 100_000,
    "mainframe-rdw": 2_000_000,
}  # fmt: skip
assert codecs.lookup(CODE_PAGE)
