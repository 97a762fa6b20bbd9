"""Does the first record of delimited text name the columns, and are these names of use?

>>> has_header([[b"NR", b"MIASTO"], [b"1", b"Radom"]]), has_header([[b"1", b"Radom"], [b"2", b"Tczew"]])
(True, False)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(rb"[-+]?[\d\s.,]*\d[\d\s.,]*-?$")
_NAME = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff .\-/()#%]*$")


def has_header(records: Sequence[Sequence[bytes]]) -> bool:
    """Does the first record name the columns of the others?

    It does where it looks like names and, in a column at least, what stands below does not; or where no record below
    repeats any of its values.
    """
    first, rest = records[0], records[1:]
    names = [value.strip() for value in first if value.strip()]
    if 2 * len(names) <= len(first) or not all(map(_NAME.match, names)):
        return False
    if not rest:  # a file of nothing else: names are written in capitals, or joined
        return len(names) == len(first) and all(_is_written_as_a_name(name) for name in names)
    for column, name in enumerate(first):
        below = [row[column].strip() for row in rest if row[column].strip()]
        if below and sum(bool(_NUMBER.match(value)) for value in below) >= 0.9 * len(below):
            return True
        if below and name.strip() in below:
            return False
    if len({name.lower() for name in names}) < len(first):
        return False
    return all(map(_is_written_as_a_name, names)) and not all(
        value.strip().isupper() for row in rest[:5] for value in row if value.strip()
    )


def _is_written_as_a_name(value: bytes) -> bool:
    return value.isupper() or b"_" in value


def told_apart(labels: Sequence[str]) -> list[str]:
    """Labels with a number behind those that are empty or occur before.

    >>> told_apart(["NR", "", "NAZWA", "NAZWA"])
    ['NR', 'COL2', 'NAZWA', 'NAZWA_4']
    """
    found: list[str] = []
    for number, text in enumerate(labels, 1):
        found.append(f"COL{number}" if not text else f"{text}_{number}" if text in found else text)
    return found


def label(value: bytes) -> str:
    """A name as it stands in the header."""
    return value.strip().decode("latin-1")
