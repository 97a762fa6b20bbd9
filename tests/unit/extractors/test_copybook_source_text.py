"""Copybooks as they come from the mainframe: encodings, line ends, columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing.errors import ContractError
from extractors.copybook.layout import Copybook
from extractors.copybook.source_text import source_text

TEXT = "       01  REC.\n           05  SALDO PIC S9(5) COMP-3.\n           05  NAZWA PIC X(30).\n"
CARDS = "".join(line.ljust(80) for line in TEXT.splitlines())


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.replace("\n", "\r\n").encode() + b"\x1a",
        TEXT.replace("\n", "\r").encode(),
        b"\x0c" + TEXT.encode() + b"\x1a\x00\x00",
        TEXT.replace("05  SALDO", "05\xa0 SALDO").encode(),
        ("      * zażółć\n" + TEXT).encode("cp1250"),
        ("       TITLE 'KONTA'.\n       EJECT\n" + TEXT).encode(),
        TEXT.replace("\n", "\x85").encode("cp037"),
        TEXT.replace("\n", "\n").encode("cp037"),
        TEXT.replace("\n", "\r\x85").encode("cp037"),
        CARDS.encode("cp037"),
        "".join(f"{n:06}{line[6:]}".ljust(72) + f"KON{n:05}\n" for n, line in enumerate(TEXT.splitlines())).encode(),
    ],
)
def test_every_form_gives_the_same_layout(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "k.cpy").write_bytes(data)
    fields = Copybook.load([tmp_path / "k.cpy"]).layout().fields
    assert [(field.name, field.offset, field.length) for field in fields] == [("SALDO", 0, 3), ("NAZWA", 3, 30)]


def test_bytes_of_no_text_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "k.cpy").write_bytes(bytes(range(256)) * 3)
    with pytest.raises(ContractError, match=r"k\.cpy, line "):
        Copybook.load([tmp_path / "k.cpy"])
    assert source_text(b"") == ""


def test_a_line_out_of_form_is_named() -> None:
    text = "000100 01  A.\n000200     05  B PIC X.\n  05  C PIC X.\n"
    with pytest.raises(ContractError, match=r"a\.cpy, line 3, column 1: the line has neither a sequence number"):
        Copybook.parse("a.cpy", text)
