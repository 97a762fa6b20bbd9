"""Pieces that are worked on ahead: in order, few at a time, and nothing left over whatever happens."""

import threading
import time

import pytest
from extractor_probe import declare, landed, run

from billing.errors import SourceError
from extractors.base import FileFacts
from extractors.decode import decode
from extractors.readahead import AHEAD, in_order, workers
from extractors.text import delimited, fixed_width


def test_pieces_come_in_order_and_only_a_few_are_taken_ahead():
    taken, given = [], []

    def pieces():
        for number in range(20):
            taken.append(number)
            yield number

    def work(number):
        time.sleep(0.01 if number % 2 == 0 else 0)  # every second one is slower
        return number * 10

    with workers() as pool:
        for piece, done in in_order(pool, pieces(), work):
            assert done == piece * 10
            given.append(piece)
            assert len(taken) - len(given) <= AHEAD
    assert given == list(range(20))


def test_two_pieces_are_worked_on_at_a_time():
    both = threading.Barrier(2, timeout=20)
    with workers() as pool:
        assert len(list(in_order(pool, iter(range(4)), lambda _: both.wait()))) == 4


def test_what_work_raises_is_raised_when_its_piece_is_due():
    seen = []
    with pytest.raises(ZeroDivisionError), workers() as pool:
        for piece, _ in in_order(pool, iter([4, 2, 0, 1]), lambda number: 1 // number):
            seen.append(piece)
    assert seen == [4, 2]


def test_what_the_pieces_raise_comes_behind_those_before():
    def pieces():
        yield from (1, 2, 3)
        raise ValueError("the end of the file is missing")

    seen = []
    with pytest.raises(ValueError, match="is missing"), workers() as pool:
        for piece, _ in in_order(pool, pieces(), lambda number: number):
            seen.append(piece)
    assert seen == [1, 2, 3]


def test_no_thread_outlives_a_decoder_that_nobody_listens_to(tmp_path):
    path = tmp_path / "konta.dat"
    path.write_bytes(b"NR;SALDO\n" + b"1;1,00\n" * 200_000)
    file = landed(path)
    source = declare([{"name": "konta", "pattern": "x", "format": "delimited", "code_page": "cp1250"}])

    splits = decode(source, source.spec.file("konta"), file, FileFacts(), batch_rows=1000)
    next(splits)
    splits.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


ODD_LINES = [
    '3;F.H. "ELA";3,00', '4;rura 5";4,00', '5;"nie zamknięty;5,00', "6;za;dużo;6,00",
    '7;"a\nb";7,00', "8;dz\x07wonek;8,00",
    "", '9;"x"y;9,00', "T2;9;9",
]  # fmt: skip


@pytest.mark.parametrize("every", [7, 60, 250])
def test_odd_lines_anywhere_change_nothing_for_the_pieces_behind_them(tmp_path, monkeypatch, every):
    """Where a piece ends elsewhere than was thought, the work ahead is thrown away, and no record with it."""
    lines = []
    for number in range(600):
        lines.append(f"{number};Łódź;1,00")
        if number % every == 0:
            lines.append(ODD_LINES[number // every % len(ODD_LINES)])
    path = tmp_path / "konta.dat"
    path.write_bytes("".join(line + "\r\n" for line in ["NR;NAZWA;SALDO", *lines]).encode("cp1250"))
    source = declare([{"name": "konta", "pattern": "x", "format": "delimited", "code_page": "cp1250"}])
    found = []
    for rows, first_read in ((10_000, 1 << 20), (50, 1 << 20), (130, 100)):
        monkeypatch.setattr(delimited, "FIRST_READ", first_read)
        got = run(source, landed(path), batch_rows=rows)
        found.append((got.tables["konta"].to_pylist(), got.rejects, got.facts))
    assert all(one == found[0] for one in found[1:])
    assert found[0][2].records >= 600


def test_an_error_comes_behind_the_batches_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(fixed_width, "MAX_LINE", 64)
    path = tmp_path / "konta.dat"
    path.write_bytes(b"01001,00\n" * 100 + b"T\n" + b"01001,00\n" * 100)
    columns = [{"name": "NR", "start": 1, "length": 2}, {"name": "SALDO", "start": 3, "length": 6}]
    source = declare([{
        "name": "konta", "pattern": "x", "format": "fixed_width", "code_page": "cp1250", "record_length": 8,
        "records": [{"table": "konta", "columns": columns}], "trailer": {"starts_with": "T"},
    }])  # fmt: skip

    seen = 0
    with pytest.raises(SourceError, match="records follow the trailer") as caught:
        for split in decode(source, source.spec.file("konta"), landed(path), FileFacts(), batch_rows=10):
            seen += split.kept.num_rows
    assert seen == 100
    assert (caught.value.where["record_no"], caught.value.where["byte_offset"]) == (102, 902)
