"""Where a street's name ends and the house's number begins, in a field that holds both.

A street may begin with a number and hold one, so the number of the house is the longest end of the text that can be
read as one.  What stands behind a number and is no flat (`5 paw. 3`, `5 i 7`, `5 parter`) must not make the number part
of the street: then the whole end is taken for a number that is not understood.

>>> part_number("ul. 11 Listopada 5 m. 3", ""), part_number("Dywizjonu 303 5", ""), part_number("Długa5", "")
(('ul. 11 Listopada', '5 m. 3'), ('Dywizjonu 303', '5'), ('Długa', '5'))
>>> part_number("Długa 5 paw. 3", ""), part_number("15", ""), part_number("ul. Długa b/n", "")
(('Długa', '5 paw. 3'), ('', '15'), ('ul. Długa', ''))
"""

from __future__ import annotations

import re
from functools import lru_cache

from transforms.houses import read_house
from transforms.letters import fold
from transforms.vocabulary import street_types

_ALONE = re.compile(
    r"(?:(?:nr|blok|bl\.?|bud\.?|dom|dz\.?|dzia[łl]ka|skr\w*\.?|p\.?\s?o\.?\s?box|box)\s*(?:poczt\w*\.?)?\s*)?\d.*",
    re.IGNORECASE,
)
_NO_NUMBER = re.compile(r"[\s,]+(?:b\s?[./]?\s?n\.?|bez\s+(?:nr|numeru))$", re.IGNORECASE)
_GLUED = re.compile(r"(?<=[^\W\d_]{3})(?=\d)")  # Długa5
# what stands behind a house's number, and never behind a number in a street's name
_INNER = re.compile(
    r"\d{1,3}[a-z]?(?:/\d+[a-z]?)?(?:[\s,]*\(|[\s,]+(?:i|oraz|p|pok|pokój|paw|pawilon|lok|lokal|garaż|box|boks|of|oficyna"
    r"|parter|(?:[ivx]+|\d)\s*p|(?:[ivx]+|\d)?\s*piętro|m|miesz|mieszk|bl|blok|kl|klatka|nr|sklep|[a-z])(?![^\W\d_])).*",
    re.IGNORECASE,
)
_LAST = re.compile(r"\d{1,2}[a-z]?,?", re.IGNORECASE)
# words of street names that a number follows
_NUMBERED = frozenset(
    ["pawla", "dywizjonu", "pulku", "brygady", "batalionu", "osiedle", "sektor", "rejon", "kwartal", "zespol", "roku"]
)


@lru_cache(maxsize=65_536)
def part_number(street: str, house: str) -> tuple[str, str]:
    """Street and number out of two fields, of which the second may be empty."""
    if not street or house:
        return street, house
    street = _NO_NUMBER.sub("", street)
    if _ALONE.fullmatch(street) and read_house(street).kind:
        return "", street  # a village without streets
    if not any(c.isspace() and street[at + 1].isdigit() for at, c in enumerate(street[:-1])):
        street = _GLUED.sub(" ", street, count=1)
    best = ("", "")
    # the number begins as far left as what follows can still be read as a number: 11 Listopada 5 m. 3
    for match in re.finditer(r"[\s,]+(?=\S)", street):
        head, tail = street[: match.start()], street[match.end() :]
        if any(c.isalpha() for c in head) and tail[0].isalnum() and read_house(tail).kind in ("house", "block", "plot"):
            best = (head.strip(" ,"), tail)
            break
    if at := _number_within(best[0] or street, is_head=bool(best[0])):
        return street[:at].strip(" ,"), street[at:].strip(" ,")
    if best[0] and not _is_ordinal_only(best[0]):
        return best
    return street, ""


def _number_within(text: str, *, is_head: bool) -> int:
    """Where a house's number stands in what was taken for a street's name (`Długa 5 paw.`), 0 where it does not.

    Args:
        text: A street's name.
        is_head: Whether a number follows it; then one at its end is the first of two.
    """
    for match in re.finditer(r"[\s,]+(?=\d)", text):
        before = text[: match.start()].split()
        if not before or (word := fold(before[-1]).strip(".,")) in street_types() or word in _NUMBERED:
            continue
        if _INNER.fullmatch(text, match.end()) or (is_head and _LAST.fullmatch(text, match.end())):
            return match.start()
    return 0


def _is_ordinal_only(head: str) -> bool:
    """Whether what is left of the number is a type alone (`ul. 3 Maja` must not become ul. + 3)."""
    return fold(head).strip(". ") in ("ul", "al", "pl", "os")
