"""Where records begin and end, byte by byte, in files written by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.copybook import records
from extractors.copybook.framing import Framing
from extractors.copybook.scanning import Descriptor


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(data: str | bytes, batch_rows: int = 3, **framing: Any) -> list[tuple[bytes, int, int]]:
        raw = bytes.fromhex(data) if isinstance(data, str) else data
        path = tmp_path / "data.bin"
        path.write_bytes(raw)
        landed = LandedFile(path, path.name, hashlib.sha256(raw).hexdigest(), len(raw), "data")
        found = []
        for frame in Framing(**framing).frames("s", landed, batch_rows):
            for row in range(len(frame.starts)):
                _, offset, length = frame.places.at(row)
                assert frame.raw(row) == raw[offset : offset + length]
                found.append((frame.payload(row), offset, length))
        return found

    return run


@pytest.mark.parametrize(
    ("data", "rdw"),
    [
        ("0006 0000 c1c2 0005 0000 c3", Descriptor()),
        ("0002 0000 c1c2 0001 0000 c3", Descriptor(includes_itself=False)),
        ("0000 0600 c1c2 0000 0500 c3", Descriptor(big_endian=False)),
        ("0000 0200 c1c2 0000 0100 c3", Descriptor(big_endian=False, includes_itself=False)),
        ("000b 0000 c1c2 000a 0000 c3", Descriptor(adjustment=-5)),
        ("0000 0100 c1c2 0000 0000 c3", Descriptor(big_endian=False, includes_itself=False, adjustment=1)),
    ],
)
def test_record_descriptor_words_of_every_form(read, data: str, rdw: Descriptor) -> None:  # type: ignore[no-untyped-def]
    assert read(data, format="V", rdw=rdw) == [(b"\xc1\xc2", 0, 6), (b"\xc3", 6, 5)]


@pytest.mark.parametrize(
    ("data", "bdw"),
    [
        ("000f 0000 0006 0000 c1c2 0005 0000 c3 0009 0000 0005 0000 c4", Descriptor()),
        ("0000 0b00 0006 0000 c1c2 0005 0000 c3 0000 0500 0005 0000 c4", Descriptor(False, False)),
        ("8000 000f 0006 0000 c1c2 0005 0000 c3 0009 0000 0005 0000 c4", Descriptor()),  # a large block's 31 bits
    ],
)
def test_blocks(read, data: str, bdw: Descriptor) -> None:  # type: ignore[no-untyped-def]
    assert read(data, format="VB", bdw=bdw) == [(b"\xc1\xc2", 4, 6), (b"\xc3", 10, 5), (b"\xc4", 19, 5)]


def test_fixed_blocks_with_descriptor_words(read) -> None:  # type: ignore[no-untyped-def]
    data = "0008 0000 c1c2c3c4 0006 0000 c5c6"
    assert read(data, format="FB", record_length=2) == [(b"\xc1\xc2", 4, 2), (b"\xc3\xc4", 6, 2), (b"\xc5\xc6", 12, 2)]
    with pytest.raises(SourceError, match="does not hold whole records of 3 bytes"):
        read(data, format="FB", record_length=3)


def test_a_record_spanned_over_three_blocks(read, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    blocks = [
        "000f 0000  0005 0000 c1   0006 0100 c2c3",
        "000a 0000  0006 0300 c4c5",
        "000e 0000  0005 0200 c6   0005 0000 c7",
    ]
    whole = read("".join(blocks), format="VBS")
    assert whole == [(b"\xc1", 4, 5), (b"\xc2\xc3\xc4\xc5\xc6", 9, 25), (b"\xc7", 34, 5)]
    monkeypatch.setattr(records, "FRAME_BYTES", 7)
    assert read("".join(blocks), format="VBS") == whole


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("0009 0000 0005 0200 c1", "a record goes on that never began"),
        ("0009 0000 0005 0100 c1", "the file ends within a spanned record"),
        ("000e 0000 0005 0100 c1 0005 0000 c2", "a record begins before the last one ended"),
        ("0009 0000 0005 0700 c1", "no segment descriptor word"),
        ("0009 0000 0009 0000 c1", "no segment descriptor word"),
    ],
)
def test_broken_spanned_records(read, data: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SourceError, match=message) as caught:
        read(data, format="VBS")
    assert caught.value.where["record_no"] == 1 or "last one" in message
    assert caught.value.where["byte_offset"] >= 4


@pytest.mark.parametrize(
    ("data", "offset", "message"),
    [
        ("000a 0000 0006 0000 c1c2 0009 0000 0004", 10, "ends 6 bytes into a block"),
        ("000a 0000 0006 0000 c1c2 0002 0000", 10, "states a length of 2"),
        ("000a 0000 0007 0000 c1c2", 4, "the block ends 6 bytes into a record of 7 bytes"),
        ("000b 0000 0006 0000 c1c2 00", 10, "whose descriptor word needs 4 bytes"),
    ],
)
def test_broken_blocks_stop_with_their_place(read, data: str, offset: int, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SourceError, match=message) as caught:
        read(data, format="VB")
    assert caught.value.where["byte_offset"] == offset


def test_lines(read) -> None:  # type: ignore[no-untyped-def]
    assert read(b"ab\r\nc\n\nde\x1a", format="T") == [(b"ab", 0, 4), (b"c", 4, 2), (b"", 6, 1), (b"de", 7, 2)]
    padded = read(b"ab\nc\ndefg\n", format="T", line_width=3)
    assert padded == [(b"ab ", 0, 3), (b"c  ", 3, 2), (b"defg", 5, 5)]
    assert read(b"\n", format="T") == [(b"", 0, 1)]
    ebcdic = b"\xc1\x15\xc2\xc3\x0d\x25\x15\xc4\n\xc5"
    assert [line for line, *_ in read(ebcdic, format="T", line_blank=0x40)] == [
        b"\xc1", b"\xc2\xc3", b"", b"\xc4", b"\xc5",
    ]  # fmt: skip
    assert [line for line, *_ in read(ebcdic, format="T")] == [ebcdic[:-2], b"\xc5"]


def test_headers_footers_and_bytes_around_every_record(read) -> None:  # type: ignore[no-untyped-def]
    around = {"header_bytes": 2, "footer_bytes": 1, "lead": 1, "trail": 1}
    assert read(b"HHxabyxcdyF", format="F", record_length=4, **around) == [(b"ab", 2, 4), (b"cd", 6, 4)]
    assert read("aa 0007 0000 c1c2c3 bb", format="V", header_bytes=1, footer_bytes=1, lead=1, trail=1) == [
        (b"\xc2", 1, 7)
    ]
    with pytest.raises(SourceError, match="its header and footer 9"):
        read(b"12345", format="F", record_length=1, header_bytes=4, footer_bytes=5)


def test_a_short_last_record_is_an_error_unless_allowed(read) -> None:  # type: ignore[no-untyped-def]
    assert read(b"abcde", format="F", record_length=2, partial=True) == [(b"ab", 0, 2), (b"cd", 2, 2), (b"e", 4, 1)]
    with pytest.raises(SourceError, match="the last record has 1 bytes"):
        read(b"abcde", format="F", record_length=2)


@pytest.mark.parametrize("frame_bytes", [1, 5, 64])
@pytest.mark.parametrize(
    "framing", [{"format": "V"}, {"format": "VB"}, {"format": "T"}, {"format": "L", "length_of": lambda data: 3}]
)
def test_frames_are_cut_anywhere(
    read, monkeypatch: pytest.MonkeyPatch, frame_bytes: int, framing: dict[str, Any]
) -> None:  # type: ignore[no-untyped-def]
    data = {
        "V": b"".join((5 + n % 4).to_bytes(2, "big") + b"\0\0" + b"x" * (1 + n % 4) for n in range(40)),
        "VB": b"\0\x13\0\0\0\x05\0\0a\0\x05\0\0b\0\x05\0\0c" * 10,
        "T": b"a\nbcd\n\n" * 12,
        "L": b"abc" * 30,
    }[framing["format"]]
    whole = read(data, **framing)
    assert len(whole) >= 30
    monkeypatch.setattr(records, "FRAME_BYTES", frame_bytes)
    assert read(data, **framing) == whole
