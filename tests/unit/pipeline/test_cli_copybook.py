"""`blueline copybook`: layouts as tables, records with their bytes beside, and what is wrong named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing.errors import SourceError
from extractors.copybook.encode import in_blocks, spanned, with_rdw
from pipeline import cli

runner = CliRunner(env={"COLUMNS": "160"})
BOOK = """
       01  R.
           05  TYP      PIC X.
               88  IS-K VALUE 'K'.
           05  KONTO.
               10  NR   PIC 9(3).
               10  NAZWA PIC X(5).
           05  LINIA REDEFINES KONTO.
               10  KWOTA PIC S9(3) COMP-3.
               10  ILE  PIC 9.
               10  T    OCCURS 0 TO 3 DEPENDING ON ILE PIC X.
           66  CALE RENAMES TYP THRU KONTO.
"""


def e(text: str) -> bytes:
    return text.encode("cp870")


DATA = with_rdw([e("K001Łódź "), e("L") + b"\x12\x3c" + e("2ab"), e("L") + b"\x1a\x3c" + e("0"), e("K0x2A    ")])


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "r.cpy").write_text(BOOK)
    (tmp_path / "r.dat").write_bytes(DATA)
    return [str(tmp_path / "r.cpy"), str(tmp_path / "r.dat")]


OPTIONS = ["-p", "cp870", "--format", "V", "--segment-field", "TYP", "--segment", "K=KONTO", "--segment", "L=LINIA"]


def invoke(*arguments: str) -> str:
    result = runner.invoke(cli.app, ["copybook", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_show_prints_offset_length_and_type(files: list[str]) -> None:
    lines = [" ".join(line.replace("│", " ").split()) for line in invoke("show", files[0]).splitlines()]
    assert "01 R 0 9 9 group" in lines
    assert "10 NAZWA X(5) 4 5 9 text (string)" in lines
    assert "05 LINIA redefines KONTO 1 6 7 group" in lines
    assert "10 KWOTA S9(3), packed 1 2 3 packed (decimal128(3, 0))" in lines
    assert "10 T X, x 0-3 by ILE 4 1 5 text (string)" in lines
    assert "88 IS-K 'K' condition" in lines
    assert "66 CALE renames TYP thru KONTO 0 9 9 renaming" in lines


def test_decode_prints_values_with_their_bytes(files: list[str]) -> None:
    output = invoke("decode", *files, *OPTIONS)
    assert "record 1 at byte 0, 13 bytes, KONTO" in output
    assert "Łódź" in output
    assert e("Łódź ").hex(" ") in output
    assert "record 2 at byte 13, 10 bytes, LINIA" in output
    assert "the bytes are no packed decimal" in output
    assert "1a 3c" in output
    assert "the bytes are no zoned decimal" in output


def test_decode_masks_what_others_shall_not_see(files: list[str]) -> None:
    output = invoke("decode", *files, *OPTIONS, "--mask")
    assert "Łódź" not in output
    assert e("Łódź ").hex(" ") not in output
    for line in invoke("decode", *files, *OPTIONS, "--mask", "--json").splitlines():
        assert "Łódź" not in line
        assert e("Łódź").hex() not in line


def test_masks_hide_numbers_that_may_be_a_persons(tmp_path: Path) -> None:
    (tmp_path / "r.cpy").write_text(
        "01 R. 05 PESEL PIC 9(11). 05 TEL PIC S9(9) COMP-3. 05 KWOTA PIC S9(3)V99 COMP-3. 05 KLUCZ PIC X(2) COMP."
        " 05 T OCCURS 2 PIC 9(9) COMP."
    )
    numbers = bytes.fromhex("500600700C") + bytes.fromhex("12345C") + b"\xab\xcd" + (600700800).to_bytes(4, "big") * 2
    (tmp_path / "r.dat").write_bytes(e("44051401458") + numbers)
    paths = [str(tmp_path / "r.cpy"), str(tmp_path / "r.dat")]
    [line] = invoke("decode", *paths, "--mask", "--json").splitlines()
    assert json.loads(line)["values"] == {
        "PESEL": "44*******", "TEL": "50*******", "KWOTA": "123.45", "KLUCZ": "a***", "T": ["60*******"] * 2,
    }  # fmt: skip
    shown = invoke("decode", *paths, "--mask")
    plainly = invoke("decode", *paths)
    for secret in ("44051401458", "500600700", "600700800", "50 06 00 70", "f4 f4 f0", "ab cd"):
        assert secret in plainly
        assert secret not in shown
    assert "123.45" in shown


def test_decode_reads_polish_where_nobody_says_otherwise(files: list[str]) -> None:
    assert "Łódź" in invoke("decode", *files, *OPTIONS[2:])
    help_text = " ".join(invoke("decode", "--help").replace("│", " ").split())
    assert "[default: cp870]" in help_text


def test_decode_as_json_keeps_what_cannot_be_read(files: list[str]) -> None:
    found = [
        json.loads(line)
        for line in invoke("decode", *files, *OPTIONS, "--json", "--first", "2", "-n", "2").splitlines()
    ]
    assert [record["record"] for record in found] == [2, 3]
    assert found[0]["values"] == {"TYP": "L", "LINIA": {"KWOTA": 123, "ILE": 2, "T": ["a", "b"]}}
    assert found[1]["defects"] == [
        {"field": "KWOTA", "offset": 1, "message": "the bytes are no packed decimal", "raw": "1a3c"}
    ]


def test_children_can_be_nested(files: list[str]) -> None:
    found = [
        json.loads(line)
        for line in invoke("decode", *files, *OPTIONS, "--json", "--parent", "LINIA=KONTO").splitlines()
    ]
    assert [[line["KWOTA"] for line in record["values"]["KONTO"]["LINIA"]] for record in found] == [[123, None], []]


def test_errors_are_told_with_their_place(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.cpy").write_text("       01  R.\n           05  A PIC 9Q.\n")
    (tmp_path / "empty.dat").write_bytes(b"")
    (tmp_path / "nought.dat").write_bytes(bytes(9))
    (tmp_path / "fixed.dat").write_bytes(e("K001NOWAK") * 3)
    for arguments, told in [
        (
            ["show", str(tmp_path / "bad.cpy")],
            ["bad.cpy, line 2, column 22, field A", "is no picture symbol", "Remedy"],
        ),
        (["decode", *files, "--format", "V", "--rdw-order", "little"], ["r.dat, record 1, byte 0", "Remedy"]),
        (["decode", files[0], str(tmp_path / "none.dat")], ["cannot be read"]),
        (["decode", files[0], str(tmp_path / "empty.dat")], ["empty.dat", "the file is empty", "Remedy"]),
        (["decode", files[0], str(tmp_path / "fixed.dat"), "--format", "V"], ["Remedy", "F: records of fixed length"]),
        (["decode", files[0], str(tmp_path / "nought.dat"), "--format", "V"], ["Remedy", "fixed length (F)"]),
        (["decode", *files, "--segment-field", "TYP", "--segment", "K"], ["'K' is no pair"]),
    ]:
        done = subprocess.run(
            [sys.executable, "-c", "from pipeline.cli import main; main()", "copybook", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        for text in told:
            assert text in " ".join(done.stderr.split()), done.stderr


def test_the_sound_records_of_a_damaged_file_are_printed_before_the_error(tmp_path: Path) -> None:
    book, data = tmp_path / "f.cpy", tmp_path / "cut.dat"
    book.write_text("       01  R.\n           05  NR PIC 9(3).\n           05  NAZWA PIC X(5).\n")
    whole = [e("001NOWAK"), e("002LIS  "), e("003ZAJĄC")]
    form_of = {"F": b"".join(whole), "V": with_rdw(whole), "VB": in_blocks(whole, 16), "VBS": spanned(whole, 16)}
    for form, content in form_of.items():
        data.write_bytes(content[:-3])
        for limit, expected in ((["-n", "1"], [1]), ([], [1, 2])):
            arguments = ["copybook", "decode", str(book), str(data), "-p", "cp870", "--format", form, "--json", *limit]
            done = runner.invoke(cli.app, arguments)
            found = [json.loads(line) for line in done.stdout.splitlines()]
            assert [record["values"]["NR"] for record in found] == expected, form
            assert done.exit_code == 1
            assert isinstance(done.exception, SourceError)
            assert "record 3," in str(done.exception)


def test_the_sound_records_of_a_damaged_block_are_printed_too(tmp_path: Path) -> None:
    book, data = tmp_path / "f.cpy", tmp_path / "odd.dat"
    book.write_text("       01  R.\n           05  NR PIC 9(3).\n")
    block = with_rdw([e("001"), e("002")]) + b"\x00\x09\x00\x00" + e("003")  # two bytes longer than its block
    data.write_bytes(with_rdw([with_rdw([e("000")]), block]))
    done = runner.invoke(
        cli.app, ["copybook", "decode", str(book), str(data), "-p", "cp870", "--format", "VB", "--json"]
    )
    assert [json.loads(line)["values"]["NR"] for line in done.stdout.splitlines()] == [0, 1, 2]
    assert isinstance(done.exception, SourceError)
    assert "record 4," in str(done.exception)
