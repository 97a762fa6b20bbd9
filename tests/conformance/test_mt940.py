"""Every MT940 file of a folder of other projects' statements, held against its own balances.

The truth is in the files: a statement whose opening balance and entries give its closing balance is read, and no other
is.  This test finds the fields and adds up the amounts by itself, in the plainest way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conformance_folder import PAGES, folder, needs, with_a_page_that_fits
from extractor_probe import Decoded, declare, landed, run

from billing.errors import SourceError
from extractors.codepages.tables import code_page

REAL = folder("mt940")
_NO_STATEMENTS = {".py", ".json", ".yml", ".yaml", ".md", ".rst", ".csv", ".xml"}
FILES = sorted(
    p for p in REAL.rglob("*") if p.is_file() and p.suffix.casefold() not in _NO_STATEMENTS and p.stem != "LICENSE"
)
pytestmark = needs(REAL)

_ENTRY = re.compile(r":61:\d{6}(?:\d{4})?(RC|RD|C|D)[A-Z]?\s*([\d.]*\d(?:,\d*)?|,\d+)")
_FIELD = re.compile(r":(\d\d[A-Z]|13|2[0158]|6[01245]|86|NS):")
_TIME = re.compile(r"(?<!\d)[0-2]\d *\n:[0-5]\d:[0-5]\d(?!\d)")


@dataclass
class Statement:
    opening: list[tuple[str, Decimal]] = field(default_factory=list)
    closing: list[tuple[str, Decimal]] = field(default_factory=list)
    entries: list[Decimal] = field(default_factory=list)
    unreadable: int = 0
    accounts: int = 0
    is_report: bool = False

    @property
    def closes(self) -> bool:
        if self.unreadable or len(self.opening) != 1 or len(self.closing) != 1 or self.accounts > 1:
            return False
        (ccy, opening), (other, closing) = self.opening[0], self.closing[0]
        return ccy == other and opening + sum(self.entries) == closing


def money(text: str) -> Decimal:
    return Decimal(text.replace(",", ".").rstrip(".") or "0")


def lines(path: Path) -> list[str]:
    """The lines of a file; tags that were cut are whole again, times that were cut stay with their text."""
    text = re.sub(r"\r+\n?", "\n", path.read_bytes().decode("latin-1"))
    text = re.sub(r"(?m)^:\n(?=(\d\d[A-Z]?|NS):)", ":", text)
    text = re.sub(r"(?m)^(:61:[^,\n]*)\n(?=\d+,)", r"\1", text)
    return _TIME.sub(lambda found: found[0].replace("\n", ""), text).split("\n")


def statements(path: Path) -> list[Statement]:
    """The statements of a file, as plain reading finds them; interim reports (MT942) are none."""
    found: list[Statement] = []
    is_open = False
    every = lines(path)
    for line, below in zip(every, [*every[1:], ""], strict=True):
        line = re.sub(r"^[\x01\x02\x03]*(\{.*\{4:)?", "", line)
        if re.fullmatch(r"-(\}.*|XXX)?\s*", line) and not (line == "-" and below[:1] == "?"):
            is_open = False
            continue
        if not (tag := _FIELD.match(line)):
            continue
        if line.startswith(":20:") or not is_open:
            found.append(Statement())
            is_open = True
        now = found[-1]
        now.is_report |= tag[1] in {"34F", "90C", "90D"}
        if match := re.match(r":(6[02])[FM]:([CD])\d{6}([A-Z]{3})([\d,.]+)", line):
            balance = (match[3], money(match[4]) * (-1 if match[2] == "D" else 1))
            (now.opening if match[1] == "60" else now.closing).append(balance)
        elif match := _ENTRY.match(line):
            now.entries.append(money(match[2]) * (1 if match[1] in {"C", "RD"} else -1))
        elif line.startswith(":61:"):
            now.unreadable += 1
        elif line.startswith(":25"):
            now.accounts += 1
    return [statement for statement in found if not statement.is_report]


def read(path: Path, **spec: Any) -> Decoded:
    def under(page: str) -> Decoded:
        declared = {"name": "bank", "pattern": path.name, "format": "mt940", "code_page": page, **spec}
        return run(declare([declared], table="bank_entries", key="(none)", amount="amount"), landed(path, "bank"))

    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return with_a_page_that_fits(under, PAGES[1:])
    return under("utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(REAL).as_posix()


def is_whole(path: Path) -> bool:
    """Whether the file ends where a statement does; some files are a field or two."""
    found = statements(path)
    return bool(found) and bool(found[-1].closing)


WHOLE = [p for p in FILES if is_whole(p)]


@pytest.mark.parametrize("path", [p for p in FILES if p not in WHOLE], ids=name_of)
def test_a_file_that_ends_too_early_is_refused(path: Path):
    with pytest.raises(SourceError, match=r"ends inside a statement|holds no MT940 statement"):
        read(path)


@pytest.mark.parametrize("path", WHOLE, ids=name_of)
def test_statements_that_close_are_read_and_no_others(path: Path):
    expected = statements(path)
    got = read(path)
    aside = {r["record_no"]: r for r in got.rejects if r["entity"] == "bank_statements" and r["level"] == "record"}
    kept = {row["record_no"]: row for row in got.tables["bank_statements"].to_pylist()}
    assert len(aside) + len(kept) == len(expected)
    for number, statement in zip(sorted({*aside, *kept}), expected, strict=True):
        if number in kept:
            assert statement.closes
            assert kept[number]["opening_balance"] == statement.opening[0][1]
            assert kept[number]["closing_balance"] == statement.closing[0][1]
            assert kept[number]["entries"] == len(statement.entries)
        else:
            assert aside[number]["disposition"] == "suspended"
            # a statement that closes may still not follow the one before it
            assert aside[number]["reason"] == "STMT-SEQUENCE" or not statement.closes


@pytest.mark.parametrize("path", WHOLE, ids=name_of)
def test_no_entry_is_lost(path: Path):
    expected = statements(path)
    amounts = [amount for statement in expected for amount in statement.entries]
    every = read(path, failed_check="flag")
    assert [row["amount"] for row in every.rows("bank_entries")] == amounts
    assert all(raw.startswith(b":61:") for raw in every.raw("bank_entries"))
    got = read(path)
    aside = [r for r in got.rejects if r["entity"] == "bank_entries" and r["level"] == "record"]
    assert len(aside) + got.tables["bank_entries"].num_rows == len(amounts) + sum(s.unreadable for s in expected)
    assert all(r["raw"].startswith(b":61:") for r in aside)


@pytest.mark.parametrize("path", WHOLE, ids=name_of)
def test_details_keep_every_word(path: Path):
    got = read(path, failed_check="flag")
    for row, raw in zip(got.rows("bank_entries"), got.raw("bank_entries"), strict=True):
        text = b"".join(re.split(rb":\s*86:", raw)[1:]).split(b":NS:")[0]
        words = {re.sub(r"\s", "", decoded(text, page)) for page in PAGES}
        assert re.sub(r"\s", "", row["details"] or "") in words


def decoded(text: bytes, page: str) -> str:
    if page == "mazovia":
        return code_page(page).text(text)
    return text.decode(page, "replace")
