"""Every pair of code pages that Polish names were written in and read as: a name is put right or left, never changed
into another one.
"""

import itertools

import pytest

from transforms.mojibake import put_right

NAMES = (
    "Wiśniewski", "Dąbrowski", "Żółkiewski", "Łucja", "Małgorzata", "Świątek", "Gęś", "ŁUKASZ", "ŚWIĄTEK",
    "Stanisław", "Ślęzak", "Chruściel", "GRAŻYNA", "Wójcik",
)  # fmt: skip
WRITTEN = ("cp852", "cp1250", "iso8859-2", "utf-8")
READ_AS = ("cp852", "cp1250", "iso8859-2", "cp1252", "latin-1")
# of these, all names whose misreading shows are put right
SURE = {("cp1250", "cp1252"), ("iso8859-2", "cp1250"), ("iso8859-2", "latin-1"), ("utf-8", "cp852")}
# the byte of ą in CP852 is Ľ in ISO-8859-2, and so is ź of ISO-8859-2 in CP1250, which is far more frequent
AMBIGUOUS = ("cp852", "iso8859-2")


@pytest.mark.parametrize(
    ("written", "read_as"), [p for p in itertools.product(WRITTEN, READ_AS) if p[0] != p[1] and p != AMBIGUOUS]
)
def test_a_name_is_put_right_or_left(written, read_as):
    for name in NAMES:
        try:
            misread = name.encode(written).decode(read_as)
        except UnicodeError:
            continue
        found = put_right(misread) if misread != name else None
        assert found is None or found[0] == name, misread
        if (written, read_as) in SURE and misread != name:
            assert found is not None or "Ó" in name or "ó" in name, misread
