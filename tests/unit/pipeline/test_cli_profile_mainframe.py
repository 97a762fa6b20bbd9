"""`blueline profile` of mainframe files: record types, several copybooks, drafts; then `sources check` and `decode`."""

import struct
import tomllib
from pathlib import Path

import pytest
from profiling_cli import profile_json, rows_of, runner

from pipeline import cli
from tests.support import conformance_folder

NAMES = ["NOWAK", "LIS", "WRONA", "ZIELINSKI", "KOWALSKA", "MAZUR", "KROL", "WILK", "SOWA", "DUDA"]
TYPES = """       01  REC.
           05  REC-TYP          PIC XX.
           05  REC-DANE         PIC X(40).
           05  OSOBA REDEFINES REC-DANE.
               10  ABON-NR      PIC 9(6).
               10  NAZWISKO     PIC X(30).
           05  KONTO REDEFINES REC-DANE.
               10  KTO-NR       PIC 9(8).
               10  KTO-ABON     PIC 9(6).
               10  KTO-SALDO    PIC S9(7)V99 COMP-3.
"""
LEVELS = """       01  OSOBA.
           05  O-TYP            PIC XX.
           05  ABON-NR          PIC 9(6).
           05  NAZWISKO         PIC X(30).
       01  KONTO.
           05  K-TYP            PIC XX.
           05  KTO-NR           PIC 9(8).
           05  KTO-ABON         PIC 9(6).
           05  KTO-SALDO        PIC S9(7)V99 COMP-3.
"""


def packed(number):
    return bytes.fromhex(f"{number:09d}C")


def person(n):
    return f"01{n:06}{NAMES[n % 10]:30}".encode("cp870")


def account(n, kind="10"):
    return f"{kind}{n * 7:08}{n:06}".encode("cp870") + packed(n * 311)


def deliver(name, records, length=0):
    content = b"".join(
        record.ljust(length, b"\x40") if length else struct.pack(">HH", len(record) + 4, 0) + record
        for record in records
    )
    path = Path("in") / name
    path.write_bytes(content)
    return path


def profiled(*arguments, exit_code=0):
    return profile_json(*arguments, "--write", "sources/torun", exit_code=exit_code)


@pytest.mark.parametrize("text", [TYPES, LEVELS], ids=["redefines", "levels"])
@pytest.mark.parametrize("length", [0, 42], ids=["V", "F"])
def test_the_type_field_and_the_map_of_its_values_are_proposed(home, text, length):
    Path("BILTEL.cpy").write_text(text)
    if length:
        Path("BILTEL.cpy").write_text(text.replace("NAZWISKO         PIC X(30)", "NAZWISKO         PIC X(34)"))
    records = [person(n) if n % 3 else account(n) for n in range(1, 91)]
    path = deliver("BILTEL.DAT", records, length)
    found = profiled(path, "--copybook", "BILTEL.cpy")
    [file] = tomllib.loads(found["source_toml"])["files"]
    assert file["segments"]["field"] == ("REC-TYP" if text is TYPES else "O-TYP")
    assert file["segments"]["map"] == {"01": "OSOBA", "10": "KONTO"}
    assert any("CONFIRM" in item for item in found["missing"])
    assert rows_of(path) == {"OSOBA": 60, "KONTO": 30}


def test_a_type_that_occurs_late_in_the_file_is_in_the_map(home):
    Path("BILTEL.cpy").write_text(TYPES)
    records = [*map(person, range(1, 3000)), *map(account, range(1, 2000)), *(account(n, kind="11") for n in range(5))]
    path = deliver("BILTEL.DAT", records)
    [file] = tomllib.loads(profiled(path, "--copybook", "BILTEL.cpy")["source_toml"])["files"]
    assert file["segments"]["map"] == {"01": "OSOBA", "10": "KONTO", "11": "KONTO"}
    assert rows_of(path) == {"OSOBA": 2999, "KONTO": 2004}


def test_a_single_record_of_another_type_is_set_aside_and_named(home):
    Path("BILTEL.cpy").write_text(TYPES)
    records = [*map(person, range(1, 60)), *map(account, range(1, 60)), account(5, kind="77")]
    found = profiled(deliver("BILTEL.DAT", records), "--copybook", "BILTEL.cpy")
    [file] = tomllib.loads(found["source_toml"])["files"]
    assert file["segments"]["map"] == {"01": "OSOBA", "10": "KONTO"}
    assert any("'77' (1 record like KONTO" in item for item in found["missing"])


def test_records_of_one_type_alone_leave_the_map_to_a_person(home):
    Path("BILTEL.cpy").write_text(LEVELS)
    found = profiled(deliver("BILTEL.DAT", map(person, range(1, 60))), "--copybook", "BILTEL.cpy", exit_code=1)
    assert any("[files.segments]" in item for item in found["missing"])


@pytest.mark.parametrize(
    "names", [("OSOBA.cpy", "KONTO.cpy"), ("A.cpy", "B.cpy")], ids=["called alike", "by the bytes"]
)
def test_each_of_several_files_gets_the_copybook_that_fits_it(home, names):
    head = LEVELS.partition("       01  KONTO")[0]
    Path(names[0]).write_text(head)
    Path(names[1]).write_text(LEVELS[len(head) :])
    osoba = deliver("OSOBA.DAT", map(person, range(1, 60)), 38)
    konto = deliver("KONTO.DAT", map(account, range(1, 60)), 21)
    found = profiled(osoba, konto, "--copybook", names[0], "--copybook", names[1])
    declared = {file["pattern"]: file["copybook"] for file in tomllib.loads(found["source_toml"])["files"]}
    assert declared == {"OSOBA.DAT": names[0], "KONTO.DAT": names[1]}
    assert rows_of(konto) == {"KONTO": 59}


def test_binary_numbers_are_drafted_and_what_is_unknown_is_filler(home):
    rows = [
        f"{n:06}{NAMES[n % 10]:20}".encode("cp870") + struct.pack(">H", n) + b"\x01\xff\x02" + f"{n:04}".encode("cp870")
        for n in range(300, 420)
    ]
    found = profiled(deliver("A.DAT", rows, 35))
    book = (home / "sources" / "torun" / "A.cpy").read_text()
    assert "FILLER" in book and "no column is made of it" in book
    assert found["files"][0]["problem"] == ""
    assert rows_of(Path("in") / "A.DAT") == {"A": 120}


CASES = {
    "test14": ("test14_copybook.cob", "test14_data/COMP.DETAILS.JUL02.DATA.dat", "SEGMENT-ID",
               {"C": "STATIC-DETAILS", "P": "CONTACTS"}),
    "test16": ("test16_fix_len_segments.cob", "test16_data/ENTITY.DB.AUG12.DATA.FIX.LEN.dat", "SEGMENT-ID",
               {"C": "COMPANY", "P": "PERSON", "B": "PO-BOX"}),
    "test18": ("test18 special_char.cob", "test18 special_char/HIERARCHICAL.DATA.RDW.dat", "SEGMENT-ID",
               {"1": "COMPANY", "2": "DEPT", "3": "EMPLOYEE", "4": "OFFICE", "5": "CUSTOMER", "6": "CONTACT",
                "7": "CONTRACT"}),
    "test4a": ("test4_copybook.cob", "test4a_data/COMP.DETAILS.SEP30.DATA.dat", "SEGMENT-ID",
               {"C": "STATIC-DETAILS", "P": "CONTACTS"}),
}  # fmt: skip


@conformance_folder.needs(conformance_folder.folder("cobrix"))
@pytest.mark.parametrize("case", CASES)
def test_real_files_of_several_record_types(home, case):
    folder = conformance_folder.folder("cobrix") / "data"
    book, data, field, types = CASES[case]
    found = profiled(folder / data, "--copybook", folder / book)
    [file] = tomllib.loads(found["source_toml"])["files"]
    assert (file["segments"]["field"], file["segments"]["map"]) == (field, types)
    assert runner.invoke(cli.app, ["sources", "check", "torun"]).exit_code == 0
