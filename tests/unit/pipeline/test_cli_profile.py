"""`blueline profile`: the verdict, a proposal that `sources check` accepts, nothing personal in clear."""

import json
import random
import shlex
import struct
import tomllib
from pathlib import Path

import pytest
from profiling_cli import profile_json, rows_of, runner

from billing.errors import ContractError, SourceError
from pipeline import cli, context

LINES = (Path(__file__).parents[2] / "support" / "polish_records.txt").read_text(encoding="utf-8").splitlines()
RECORDS = [line.split(";") for line in LINES if line and not line.startswith("#")]


def pesel(number):
    digits = f"{60 + number % 30:02}{number % 12 + 1:02}{number % 28 + 1:02}{number:04}"
    return digits + str(-sum(int(d) * w for d, w in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True)) % 10)


def rows():
    for number, (name, street, place) in enumerate(RECORDS, 1):
        code, town = place.split(" ", 1)
        money = f"{number * 7},{number % 100:02}"
        yield number, name, pesel(number), street, code, town, f"{number % 28 + 1:02}.03.2001", money


def csv(page, name="abon.csv", header=True):
    lines = [";".join(map(str, row)) for row in rows()]
    if header:
        lines.insert(0, "NR;NAZWISKO_IMIE;PESEL;ULICA;KOD;MIASTO;DATA_ZM;SALDO")
    path = Path("in") / name
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(page))
    return path


def dbf(page):
    columns = (("NR", "N", 6), ("NAZWISKO", "C", 40), ("PESEL", "C", 11), ("KOD", "C", 6), ("MIASTO", "C", 30))
    fields = b"".join(
        n.encode().ljust(11, b"\0") + k.encode() + bytes(4) + bytes([w, 0]) + bytes(14) for n, k, w in columns
    )
    length = 1 + sum(w for _, _, w in columns)
    body = b"".join(
        b" " + f"{r[0]:6}".encode() + r[1].encode(page)[:40].ljust(40) + r[2].encode() + r[4].encode()
        + r[5].encode(page)[:30].ljust(30) for r in rows()
    )  # fmt: skip
    head = struct.pack("<BBBBIHH", 3, 103, 9, 30, len(RECORDS), 33 + len(fields), length) + bytes(20)
    path = Path("in") / "ABON.DBF"
    path.write_bytes(head + fields + b"\r" + body + b"\x1a")
    return path


def fixed(page):
    path = Path("in") / "ABON.TXT"
    path.write_bytes("".join(
        f"{r[0]:06}{r[1]:36.36}{r[2]}{r[5]:26.26}{r[4]:6}\r\n" for r in rows()).encode(page))  # fmt: skip
    return path


def xml(page):
    text = "".join(
        f'<abonent nr="{r[0]}"><nazwisko>{r[1]}</nazwisko><pesel>{r[2]}</pesel><kod>{r[4]}</kod></abonent>'
        for r in rows()
    )
    path = Path("in") / "abon.xml"
    path.write_bytes(f'<?xml version="1.0" encoding="{page}"?><lista>{text}</lista>'.encode(page))
    return path


def mainframe(page="cp870"):
    path = Path("in") / "ABON.DAT"
    path.write_bytes(b"".join(
        f"{r[0]:06}{r[1]:36.36}{r[2]}".encode(page) + bytes([r[0] % 10 << 4 | 5, 0x1C]) for r in rows()))  # fmt: skip
    return path


def sqlite(page):
    import sqlite3

    path = Path("in") / "abon.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE abonent (nr INTEGER PRIMARY KEY, nazwisko TEXT, pesel TEXT)")
        database.executemany("INSERT INTO abonent VALUES (?, ?, ?)", [(r[0], r[1], r[2]) for r in rows()])
    database.close()
    return path


@pytest.mark.parametrize(
    ("make", "page", "format"),
    [
        (csv, "mazovia", "delimited"),
        (csv, "cp1250", "delimited"),
        (csv, "utf-8", "delimited"),
        (dbf, "mazovia", "dbf"),
        (dbf, "cp852", "dbf"),
        (fixed, "iso8859-2", "fixed_width"),
        (xml, "iso8859-2", "xml"),
        (mainframe, "cp870", "mainframe"),
        (sqlite, "utf-8", "sql"),
    ],
)
def test_what_is_proposed_is_accepted_by_sources_check(home, make, page, format):
    path = make(page)
    found = profile_json(path, "--write", "sources/torun")
    [file] = found["files"]
    assert file["shape"]["format"] == format
    assert file["code_page"]["page"] == page
    checked = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert checked.exit_code == 0, checked.output
    assert "fits the first records of the delivery" in checked.output.replace("\n", " ")
    declared = tomllib.loads((home / "sources" / "torun" / "source.toml").read_text(encoding="utf-8"))
    if format not in ("xml", "sql"):
        assert declared["files"][0]["code_page"] == page


@pytest.mark.parametrize("stated", ["UTF-8", "ISO-8859-2"])
def test_an_xml_document_that_lies_is_declared_as_it_is(home, stated):
    path = xml("cp1250")
    text = path.read_bytes()
    path.write_bytes(text.replace(text[: text.index(b"?>")], f'<?xml version="1.0" encoding="{stated}"'.encode()))
    found = profile_json(path, "--write", "sources/torun")
    declared = tomllib.loads(found["source_toml"])
    assert declared["files"][0]["encoding"] == "cp1250"
    checked = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert checked.exit_code == 0, checked.output


def test_recognisable_columns_are_mapped_and_the_others_are_comments(home):
    found = profile_json(csv("cp852"), "--write", "sources/torun")
    declared = tomllib.loads(found["source_toml"])
    entities = {entity["name"]: entity["fields"] for entity in declared["entities"]}
    assert entities["subscriber"]["pesel"] == "PESEL"
    assert entities["subscriber"]["name"] == "NAZWISKO_IMIE"
    assert entities["subscriber"]["updated_on"] == {"column": "DATA_ZM", "format": "DD.MM.YYYY"}
    assert entities["address"]["postal_code"] == "KOD"
    assert entities["account"]["closing_balance"] == {"column": "SALDO", "decimal": ","}
    assert str(declared["delivery"]["extracted_on"]) == "2001-03-28"


def test_contents_prove_what_no_header_names(home):
    found = profile_json(csv("cp852", header=False), "--write", "sources/torun")
    fields = tomllib.loads(found["source_toml"])["entities"][0]["fields"]
    assert fields["pesel"] == "COL3"
    assert runner.invoke(cli.app, ["sources", "check", "torun"]).exit_code == 0


def test_several_files_make_one_source(home):
    one = csv("iso8859-2", "abon.csv")
    two = Path("in") / "kwoty.csv"
    two.write_bytes(b"NR;KWOTA;OPIS\r\n" + "".join(f"{n};{n},50;opłata\r\n" for n in range(1, 90)).encode("cp1250"))
    found = profile_json(one, two, "--write", "sources/torun")
    declared = tomllib.loads(found["source_toml"])
    assert [file["code_page"] for file in declared["files"]] == ["iso8859-2", "iso8859-2"]  # reads both
    assert runner.invoke(cli.app, ["sources", "check", "torun"]).exit_code == 0


def test_text_without_letters_beyond_ascii_is_declared_ascii(home):
    path = Path("in") / "a.csv"
    path.write_text("NR;KWOTA\n" + "".join(f"{n};{n}.50\n" for n in range(50)))
    found = profile_json(path, "--write", "sources/torun")
    assert found["files"][0]["code_page"]["verdict"] == "any"
    assert tomllib.loads(found["source_toml"])["files"][0]["code_page"] == "ascii"


def test_no_personal_value_is_shown(home):
    for path in (csv("mazovia"), dbf("cp852"), fixed("cp1250"), mainframe()):
        shown = runner.invoke(cli.app, ["profile", str(path)]).output + json.dumps(
            profile_json(path), ensure_ascii=False
        )
        for number, name, identifier, *_ in rows():
            assert identifier not in shown, number
            assert name not in shown
            for word in name.split():
                assert len(word) < 5 or word not in shown, word


def test_the_evidence_is_shown(home):
    shown = runner.invoke(cli.app, ["profile", str(csv("mazovia"))]).output
    for says in ("code page: mazovia", "candidates:", "words:", "letters:", "gives the same bytes", "bits better"):
        assert says in shown, says


def test_a_mixed_file_exits_with_1_and_says_so(home):
    path = Path("in") / "a.csv"
    half = len(RECORDS) // 2
    lines = [f"{n};{line[0]};{line[1]}\r\n" for n, line in enumerate(RECORDS)]
    path.write_bytes("".join(lines[:half]).encode("mazovia") + "".join(lines[half:]).encode("cp1250"))
    found = profile_json(path, exit_code=1)
    assert found["files"][0]["code_page"]["verdict"] == "mixed"
    assert found["files"][0]["code_page"]["page"] is None


def test_a_file_that_is_mixed_is_declared_with_a_comment_and_stops_at_the_check(home):
    path = Path("in") / "a.csv"
    half = len(RECORDS) // 2
    lines = [f"{n};{line[0]};{line[1]}\r\n" for n, line in enumerate(RECORDS)]
    path.write_bytes("".join(lines[:half]).encode("mazovia") + "".join(lines[half:]).encode("cp1250"))
    found = profile_json(path, "--write", "sources/torun", exit_code=1)
    assert "more than one code page" in found["files"][0]["problem"]
    checked = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert checked.exit_code == 2
    assert "code page" in checked.output


def test_a_container_is_named_and_nothing_is_proposed(home):
    path = Path("in") / "a.gz"
    path.write_bytes(b"\x1f\x8b" + bytes(30))
    found = profile_json(path, "--write", "sources/torun", exit_code=1)
    assert found["files"][0]["shape"]["title"] == "gzip"
    assert found["source_toml"] is None
    assert not (home / "sources" / "torun").exists()


def test_a_copybook_is_used_and_copied(home):
    Path("ABON.cpy").write_text(
        "       01  ABONENT.\n           05  NR PIC 9(6).\n           05  NAZWISKO PIC X(36).\n"
        "           05  PESEL PIC X(11).\n           05  KWOTA PIC S9(1)V99 COMP-3.\n"
    )
    found = profile_json(mainframe(), "--copybook", "ABON.cpy", "--write", "sources/torun")
    assert [column["name"] for column in found["files"][0]["tables"]["ABON"]] == ["NR", "NAZWISKO", "PESEL", "KWOTA"]
    assert (home / "sources" / "torun" / "ABON.cpy").exists()
    assert runner.invoke(cli.app, ["sources", "check", "torun"]).exit_code == 0


def test_a_declaration_is_not_overwritten_unless_asked(home):
    path = csv("cp1250")
    profile_json(path, "--write", "sources", "--id", "torun")
    again = runner.invoke(cli.app, ["profile", str(path), "--write", "sources", "--id", "torun"])
    assert isinstance(again.exception, ContractError)
    assert "--force" in again.exception.remedy
    profile_json(path, "--write", "sources", "--id", "torun", "--force")


@pytest.mark.parametrize("name", ["Toruń", "1x", "a-b"])
def test_a_bad_id_is_refused_before_anything_is_written(home, name):
    result = runner.invoke(cli.app, ["profile", str(csv("cp1250")), "--write", "sources", "--id", name])
    assert isinstance(result.exception, ContractError)
    assert not list((home / "sources").iterdir())


def test_a_missing_file_is_named(home):
    result = runner.invoke(cli.app, ["profile", "in/none.csv"])
    assert isinstance(result.exception, SourceError)
    assert "none.csv" in str(result.exception)


def test_suspicious_values_are_counted(home):
    path = Path("in") / "a.csv"
    good = [f"{n};{n % 28 + 1:02}.05.1999;{n},00" for n in range(1, 80)]
    path.write_text("NR;DATA;KWOTA\n" + "\n".join([*good, "80;31.02.1999;******", "81;01.01.2000;BRAK"]) + "\n")
    columns = {c["name"]: c for c in profile_json(path)["files"][0]["tables"]["a"]}
    assert [s["count"] for s in columns["DATA"]["suspicious"]] == [1]
    assert columns["DATA"]["suspicious"][0]["first_row"] == 79
    assert {s["what"].split(":")[0] for s in columns["KWOTA"]["suspicious"]} == {
        "asterisks",
        "a filler instead of a value",
    }


def test_a_folder_that_cannot_be_written_is_told(home):
    path = csv("cp1250")
    (home / "taken").write_text("a file")
    result = runner.invoke(cli.app, ["profile", str(path), "--write", "taken/torun"])
    assert isinstance(result.exception, ContractError)
    assert "cannot be written" in str(result.exception)


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("in", "./in"),
        (".", "./."),
        ("home/deliveries/torun", None),
        ("home/deliveries/other", "./home/deliveries/other"),
    ],
)
def test_a_path_holds_from_the_projects_root_wherever_the_command_is_run(home, monkeypatch, folder, path):
    monkeypatch.setenv("BLUELINE_HOME", "home")
    monkeypatch.delenv("BLUELINE_SOURCES")
    context.context.cache_clear()
    inside = home / folder
    inside.mkdir(parents=True, exist_ok=True)
    csv("mazovia").rename(inside / "abon.csv")
    monkeypatch.chdir(inside)
    profile_json("abon.csv", "--write", home / "sources" / "torun")
    declared = tomllib.loads((home / "sources" / "torun" / "source.toml").read_text(encoding="utf-8"))
    assert declared["delivery"].get("path") == path
    monkeypatch.chdir(home)
    context.context.cache_clear()
    checked = runner.invoke(cli.app, ["sources", "check", "torun"])
    assert checked.exit_code == 0, checked.output
    assert "fits the first records of the delivery" in checked.output.replace("\n", " ")


def test_a_path_is_absolute_where_the_projects_root_cannot_be_told(home, monkeypatch):
    path = csv("mazovia").absolute()
    monkeypatch.chdir(home / "in")
    profile_json(path.name, "--write", home / "sources" / "torun")
    declared = tomllib.loads((home / "sources" / "torun" / "source.toml").read_text(encoding="utf-8"))
    assert declared["delivery"]["path"] == str(home / "in")


def test_files_of_two_folders_are_found_below_the_folder_that_holds_both(home, monkeypatch):
    csv("mazovia", "b.csv")
    csv("mazovia", "a.csv").rename("a.csv")
    monkeypatch.chdir(home / "in")
    profile_json("../a.csv", "b.csv", "--write", home / "sources" / "torun")
    declared = tomllib.loads((home / "sources" / "torun" / "source.toml").read_text(encoding="utf-8"))
    assert [file["pattern"] for file in declared["files"]] == ["a.csv", "in/b.csv"]


@pytest.mark.parametrize(
    ("run_in", "folder"),
    [(".", "sources/torun"), (".", "proposals/torun"), (".", "two words/torun"), ("in", "../sources/torun")],
)
def test_the_next_command_works_where_this_one_was_run(home, monkeypatch, run_in, folder):
    path = csv("cp1250").absolute()
    monkeypatch.delenv("BLUELINE_SOURCES")
    monkeypatch.chdir(home / run_in)
    context.context.cache_clear()
    *settings, command = profile_json(path, "--write", folder)["next"].split("blueline ")
    for word in shlex.split(settings[0]):
        name, _, value = word.partition("=")
        if value:
            monkeypatch.setenv(name, value)
        elif word not in ("cd", "&&"):
            monkeypatch.chdir(word)
    context.context.cache_clear()
    checked = runner.invoke(cli.app, command.split())
    assert checked.exit_code == 0, checked.output
    assert "torun" in checked.output


def test_codes_are_proposed_as_maps_to_be_filled_in(home):
    path = Path("in") / "abon.csv"
    lines = [f"{r[0]};{r[1]};{'A' if r[0] % 3 else 'Z'};{'pocztą' if r[0] % 2 else 'e-mail'}" for r in rows()]
    path.write_bytes("\r\n".join(["NR;NAZWISKO_IMIE;STAN;KANAL", *lines, ""]).encode("cp1250"))
    found = profile_json(path, "--write", "sources/torun")
    [column] = [c for c in found["files"][0]["tables"]["abon"] if c["name"] == "STAN"]
    assert column["codes"] == {"A": len(lines) - len(lines) // 3, "Z": len(lines) // 3}
    declared = found["source_toml"]
    assert (
        f"""# ... = {{ column = "STAN", map = {{ A = "", Z = "" }} }}   # code: 'A' x{column["codes"]["A"]}, """
        in declared
    )
    assert 'column = "KANAL", map = { "pocztą" = "", e-mail = "" }' in declared
    assert sum(rows_of(path).values()) == len(lines)
    line = 'status = { column = "STAN", map = { A = "active", Z = "closed" } }'
    text = declared.replace("[entities.fields]", f"[entities.fields]\n{line}", 1)
    (home / "sources" / "torun" / "source.toml").write_text(text, encoding="utf-8")
    assert sum(rows_of(path).values()) == len(lines)


def test_the_cut_off_is_said_to_be_a_guess_with_its_reason(home):
    found = profile_json(csv("cp1250"))
    [item] = [item for item in found["missing"] if item.startswith("extracted_on")]
    assert "2001-03-28, the latest date seen (in DATA_ZM)" in item
    assert "PESEL" in item


@pytest.mark.parametrize("make", [csv, fixed, dbf])
def test_no_more_text_is_judged_than_the_file_holds(home, make):
    path = make("cp1250")
    [file] = profile_json(path)["files"]
    assert 0 < file["code_page"]["bytes_judged"] < file["size"]
    if make is dbf:
        assert file["code_page"]["bytes_judged"] == len(RECORDS) * (40 + 11 + 6 + 30)


def test_the_cut_off_comes_from_dates_and_not_from_numbers_that_could_be_some(home):
    path = Path("in") / "wplaty.csv"
    lines = [f"{number};{2000010 + number % 120};{number % 28 + 1:02}.12.1999;{number},50" for number in range(240)]
    lines.append("240;9999999;05.12.1999;1,00")
    path.write_text("NRWPL;KONTO;DATA;KWOTA\n" + "\n".join(lines) + "\n")
    profile_json(path, "--write", "sources/torun")
    declared = tomllib.loads((home / "sources" / "torun" / "source.toml").read_text(encoding="utf-8"))
    assert str(declared["delivery"]["extracted_on"]) == "1999-12-28"


TYPES = """       01  REKORD.
           05  TYP PIC X(2).
           05  NR PIC 9(6).
           05  ABON.
               10  NAZWISKO PIC X(36).
               10  PESEL PIC 9(11).
           05  KONTO REDEFINES ABON.
               10  SALDO PIC S9(7)V99 COMP-3.
               10  FILLER PIC X(42).
           05  WPLATA REDEFINES ABON.
               10  KWOTA PIC S9(9)V99.
               10  FILLER PIC X(36).
"""


def test_the_copybooks_length_counts_where_records_of_several_types_repeat_later(home):
    Path("R.cpy").write_text(TYPES)
    content = b"".join(
        f"10{r[0]:06}{r[1]:36.36}{r[2]}".encode("cp870")
        + f"20{r[0]:06}".encode("cp870") + bytes([0, 0, 0, r[0] % 10 << 4, 0x5C]) + b"\x40" * 42
        + f"30{r[0]:06}{r[0] * 17:011}".encode("cp870") + b"\x40" * 36
        for r in rows())  # fmt: skip
    path = Path("in") / "R.DAT"
    path.write_bytes(content)
    draft = profile_json(path, "--write", "sources/draft")["files"][0]["shape"]
    assert draft["record_length"] == 3 * 55
    [doubt] = [note for note in draft["notes"] if "DOUBT" in note]
    assert "a multiple of 55 (" in doubt
    [file] = profile_json(path, "--copybook", "R.cpy", "--write", "sources/torun")["files"]
    title = f"EBCDIC fixed records of 55 bytes without line ends, {3 * len(RECORDS)} records"
    assert (file["shape"]["title"], file["shape"]["record_length"]) == (title, 55)
    text = (home / "sources" / "torun" / "source.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["system"] == "EBCDIC fixed records of 55 bytes without line ends"
    path.write_bytes(content[:-10])
    [cut] = profile_json(path, "--copybook", "R.cpy", exit_code=1)["files"]
    assert cut["shape"]["record_length"] == 55
    assert "55 of the copybook: 45 bytes are left over" in " ".join(cut["shape"]["notes"])


MT940 = """:20:A{number}\r
:25:PL61109010140000071219812874\r
:28C:{number}/1\r
:60F:C031030{currency}100,00\r
:61:0310311031C12,50NTRFREF{number}\r
:86:020~00WPŁATA~20Za fakturę {number}/2003~32Żółkiewski Łukasz\r
:62F:C031031{currency}112,50\r
-\r
"""


@pytest.mark.parametrize("currency", ["PLN", "EUR"])
def test_a_bank_statement_is_declared_with_its_payments(home, currency):
    path = Path("in") / "wyciag.sta"
    path.write_bytes(MT940.format(number=1, currency=currency).encode("cp852"))
    found = profile_json(path, "--write", "sources/bank")
    declared = tomllib.loads(found["source_toml"])
    assert declared["files"][0]["format"] == "mt940" and declared["files"][0]["code_page"] == "cp852"
    assert declared["entities"][0]["from"] == "wyciag_entries"
    assert declared.get("currencies") == (None if currency == "PLN" else ["EUR"])
    checked = runner.invoke(cli.app, ["sources", "check", "bank"])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize("page", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("make", [csv, fixed])
def test_text_in_utf16_is_declared_as_it_is(home, make, page):
    path = make(page)
    found = profile_json(path, "--write", "sources/torun")
    assert found["files"][0]["code_page"]["page"] == "utf-16"
    assert tomllib.loads(found["source_toml"])["files"][0]["code_page"] == "utf-16"
    assert sum(rows_of(path).values()) == len(RECORDS)


def test_fixed_width_in_characters_is_declared_so(home):
    path = fixed("utf-8")
    [file] = tomllib.loads(profile_json(path, "--write", "sources/torun")["source_toml"])["files"]
    assert (file["positions"], file["code_page"]) == ("characters", "utf-8")
    assert sum(rows_of(path).values()) == len(RECORDS)


@pytest.mark.parametrize("names", ["NR;NAZWA;NAZWA", "NR;;NAZWA"])
def test_a_header_whose_names_are_of_no_use_is_passed_over(home, names):
    path = Path("in") / "abon.csv"
    path.write_text(f"{names}\n" + "".join(f"{n};Radom;Tczew\n" for n in range(1, 20)))
    [file] = tomllib.loads(profile_json(path, "--write", "sources/torun")["source_toml"])["files"]
    assert file["ignore"] == [names] and file["header"] is False
    assert len(set(file["columns"])) == 3 and file["columns"][0] == "NR"
    assert sum(rows_of(path).values()) == 19


def test_a_header_alone_is_no_record(home):
    path = Path("in") / "abon.csv"
    path.write_text("NR;NAZWISKO_IMIE;SALDO\n")
    assert tomllib.loads(profile_json(path, "--write", "sources/torun")["source_toml"])["files"][0]["header"] is True
    assert sum(rows_of(path).values()) == 0


def test_a_quoted_value_of_several_lines_is_no_trailer(home):
    path = Path("in") / "abon.csv"
    path.write_text('"NR";"UWAGI"\n' + "".join(f'"{n}";"jeden\ndwa {n}"\n' for n in range(1, 20)))
    assert "trailer" not in tomllib.loads(profile_json(path, "--write", "sources/torun")["source_toml"])["files"][0]
    assert sum(rows_of(path).values()) == 19


def test_an_undecided_file_takes_the_page_of_the_others(home):
    few = Path("in") / "korekty.csv"
    few.write_bytes("NR;OPIS\n1;NADPŁATA\n2;ODSETKI\n3;ODSETKI\n".encode("iso8859-2"))
    alone = profile_json(few, exit_code=1)
    assert alone["files"][0]["code_page"]["verdict"] == "undecided"
    assert tomllib.loads(alone["source_toml"])["files"][0]["code_page"] == "ascii"
    found = profile_json(few, csv("iso8859-2"), "--write", "sources/torun", exit_code=1)
    assert {file["code_page"] for file in tomllib.loads(found["source_toml"])["files"]} == {"iso8859-2"}
    assert any("other files of the source are in iso8859-2" in item for item in found["missing"])


def test_damage_that_was_done_before_is_told_with_the_proposal(home):
    path = csv("utf-8")
    path.write_bytes(path.read_bytes().decode("cp1250", "replace").encode("utf-8"))
    found = profile_json(path)
    assert any("DAMAGED before delivery: utf-8 was read as cp1250" in item for item in found["missing"])


@pytest.mark.parametrize(
    "content", [b"", bytes(1000), b"\n" * 500, b" " * 5000, b"\x00\x04\x00\x00" * 100, b"[" * 9999]
)
def test_what_holds_nothing_is_named_and_proposes_nothing_that_fails(home, content):
    path = Path("in") / "a.dat"
    path.write_bytes(content)
    found = profile_json(path, exit_code=1)
    assert found["files"][0]["problem"]


def test_random_bytes_are_of_no_format(home):
    path = Path("in") / "a.dat"
    for seed in range(5):
        path.write_bytes(random.Random(seed).randbytes(20_000))
        assert profile_json(path, exit_code=1)["files"][0]["shape"]["format"] == "unknown"
