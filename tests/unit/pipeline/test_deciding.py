"""Decisions that come back in a file: what is filled in is taken, what cannot be understood is named by its line."""

from pathlib import Path

import pytest

from audit.pairs import Pair
from billing.decisions import Decision, RecordRef, record_ref
from billing.errors import ContractError
from loaders.decisions import Wish
from pipeline.deciding import read_file, write_decisions, write_queue

ONE, OTHER = RecordRef("lodz", "1/a"), RecordRef("opole", "7")


def test_an_exported_queue_is_filled_in_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    pairs = [Pair(ONE, OTHER, "review", "NAME-HOME", 4.5, levels={"phone": "same"}), Pair(OTHER, ONE, "review", "X")]
    assert write_queue(path, pairs) == 2
    assert read_file(path) == []  # nothing filled in
    lines = path.read_text().splitlines()
    assert lines[1] == "lodz/1/a,opole/7,4.5,NAME-HOME,phone=same,,"
    path.write_text("\ufeff" + "\n".join([lines[0], lines[1][:-1] + 'NEVER,"father, son"', lines[2]]))
    assert read_file(path) == [Wish("never", ONE, OTHER, "father, son")]


def test_decisions_are_carried_to_another_warehouse(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    made = [Decision(4, "merge", ONE, OTHER, reason="papers"), Decision(9, "split", OTHER, reason="namesake")]
    assert write_decisions(path, made) == 2
    assert read_file(path) == [Wish("merge", ONE, OTHER, "papers"), Wish("split", OTHER, None, "namesake")]


def test_every_line_that_cannot_be_understood_is_named(tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    path.write_text(
        "left,right,decision,why\n"
        "lodz/1,opole/7,perhaps,x\n"
        "lodz,opole/7,merge,x\n"
        "lodz/1,,never,x\n"
        "lodz/1,opole/7,merge,\n"
        "lodz/1,opole/7,,\n"
    )
    with pytest.raises(ContractError) as caught:
        read_file(path)
    for part in ("line 2: 'perhaps' is no decision", "line 3: 'lodz' is no record", "line 4: never takes two records",
                 "line 5: why is empty"):  # fmt: skip
        assert part in caught.value.message
    assert "line 6" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"left,right\nlodz/1,opole/7\n", "the column decision is missing"),
        (b"left,right,decision,why\nlodz/1,opole/7,merge,\x81\n", "neither UTF-8, UTF-16 nor Windows-1250"),
        (b"", "the column left is missing"),
        (b'left,right,decision,why\nlodz/1,"opole/7,merge,x\n', "not CSV: "),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "queue.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ContractError, match=message):
        read_file(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_is_taken_as_a_spreadsheet_saves_it(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "queue.csv"
    lines = ["Left,right,decision,why", "", 'lodz/1/a,opole/7,never,"zięć\ni teść"', "opole/7,,split,źle złączony"]
    path.write_bytes("\r\n".join(lines).replace(",", delimiter).encode(encoding))
    never, split = read_file(path)
    assert never.reason == "zięć\ni teść"
    assert split == Wish("split", OTHER, None, "źle złączony")
    assert dict(split.where) == {"file": str(path), "line": 5}


def test_a_lacking_header_is_told_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    path.write_text("lodz/1;opole/7;merge;x\n")
    with pytest.raises(ContractError, match="the column left is missing") as caught:
        read_file(path)
    assert "left, right, decision, why" in caught.value.remedy
    assert "semicolons" in caught.value.remedy


def test_a_folder_is_no_file_of_decisions(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot be read"):
        read_file(tmp_path)


@pytest.mark.parametrize("text", ["lodz", "/1", "lodz/", ""])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="is no record"):
        record_ref(text)
