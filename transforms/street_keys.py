"""A street's main words as they are compared: one key for every way of writing them.

Folded, without dots and hyphens; numbers in digits, whether written as `1-go`, `III`, `Trzeciego` or `XX-lecia`; short
forms (`Boh.`, `WP`, `NMP`, `JP II`) written out as `transforms/vocabulary/street_forms.csv` says.  The key is for
matching only, the name stays as it was delivered.

>>> {street_key(text) for text in ("3 Maja", "3-go Maja", "III Maja", "Trzeciego Maja")}
{'3 maja'}
>>> [street_key(text) for text in ("JP II", "J.P. 2", "Boh. Getta", "A.K.", "Powst. Wlkp.", "XL-lecia")]
['jana pawla 2', 'jana pawla 2', 'bohaterow getta', 'armii krajowej', 'powstancow wielkopolskich', '40 lecia']
>>> street_key("Curie-Skłodowskiej") == street_key("Skłodowskiej-Curie"), street_key("Żwirki i Wigury")
(True, 'zwirki wigury')
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from transforms.letters import fold
from transforms.vocabulary import StreetForm, street_forms

ROMAN = re.compile(r"(?=[ivx])(x{0,3})(ix|iv|v?i{0,3})")  # to 39, as kings, popes, armies and days have them
_HIGH_ROMAN = re.compile(r"(?=[ivxlcm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_ORDINAL = re.compile(
    r"\b(\d+)[ -]{0,3}(?:go|ego|szego|giego|ciego|tego|mego|szej|giej|ciej|tej|mej|ej)\b"  # 1-go, 2-giej
)
_LECIE = re.compile(r"\b([ivxlcm]+|\d+)\s*-?\s*lecia\b")
_DOUBLE = re.compile(r"([^\W\d_]{3,})\s?-\s?([^\W\d_]{3,})")  # the two names of one person, in either order
_AND = frozenset(["i", "oraz", "&"])
_UNITS = {
    "pierwsz": 1, "drugi": 2, "trzeci": 3, "czwart": 4, "piat": 5, "szost": 6, "siodm": 7, "osm": 8,
    "dziewiat": 9, "dziesiat": 10, "jedenast": 11, "dwunast": 12, "trzynast": 13, "czternast": 14, "pietnast": 15,
    "szesnast": 16, "siedemnast": 17, "osiemnast": 18, "dziewietnast": 19,
}  # fmt: skip
_TENS = {"dwudziest": 20, "trzydziest": 30}
_COUNTS = {"dwoch": 2, "trzech": 3, "czterech": 4, "pieciu": 5, "szesciu": 6, "siedmiu": 7}
# only before these is an ordinal a number that is also written in digits: `Pierwszego Maja`, not `Pierwszej Kadrowej`
_COUNTED = frozenset(
    ["stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "wrzesnia", "pazdziernika",
     "listopada", "grudnia", "armii", "dywizji", "brygady", "pulku", "korpusu", "batalionu"]
)  # fmt: skip


@lru_cache(maxsize=65_536)
def street_key(name: str) -> str:
    """The main words of a street's name as they are compared."""
    text = fold(name).replace(".", " ").replace("'", "").replace("’", "")
    text = _ORDINAL.sub(r"\1", text)
    text = _LECIE.sub(lambda found: f"{_number(found[1])} lecia", text)
    if double := _DOUBLE.fullmatch(text.strip()):
        text = " ".join(sorted(double.groups()))
    words = _without_joints(_in_digits(_joined_letters(text.replace("-", " ").split())))
    return _written_out(" ".join(words))


def _joined_letters(words: list[str]) -> list[str]:
    """Single letters side by side as one word: `a k` is what `ak` is."""
    joined: list[str] = []
    run = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            joined.append(run)
        run = ""
        joined.append(word)
    return [*joined, run] if run else joined


def _in_digits(words: list[str]) -> list[str]:
    """Numbers in words, and Roman ones among several words, as digits; `i` between two words joins them."""
    found: list[str] = []
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        tens, unit = _TENS.get(_stem(word)), _UNITS.get(_stem(word))
        if tens and (following in _COUNTED or _stem(following) in _UNITS):
            found.append(str(tens))
        elif unit and following in _COUNTED:
            above = at and _stem(words[at - 1]) in _TENS
            found.append(str(int(found.pop()) + unit) if above else str(unit))
        elif following and word in _COUNTS:
            found.append(str(_COUNTS[word]))
        elif len(words) > 1 and ROMAN.fullmatch(word) and (word != "i" or at in (0, len(words) - 1)):
            found.append(_number(word))
        elif word.isdigit():
            found.append(str(int(word)))
        else:
            found.append(word)
    return found


def _stem(word: str) -> str:
    """An ordinal without its ending: `trzeciego`, `drugiej`."""
    return word.removesuffix("ego").removesuffix("ej")


def _without_joints(words: list[str]) -> list[str]:
    return [w for at, w in enumerate(words) if w not in _AND or at in (0, len(words) - 1)]


def _written_out(text: str) -> str:
    for pattern, form in _forms():
        text = pattern.sub(form.meant, text)
    return text


@cache
def _forms() -> list[tuple[re.Pattern[str], StreetForm]]:
    """Short forms with the pattern that finds each."""
    around = {"any": r"\b{}\b", "before": r"\b{}(?= \w)", "behind": r"(?<=\w )\b{}\b", "whole": r"^{}$"}
    return [(re.compile(around[form.place].format(re.escape(form.written))), form) for form in street_forms()]


def _number(text: str) -> str:
    """A number in digits; what is no Roman number stays."""
    if text.isdigit():
        return str(int(text))
    if not _HIGH_ROMAN.fullmatch(text):
        return text
    values = [_DIGITS[letter] for letter in text]
    return str(sum(-this if this < after else this for this, after in zip(values, [*values[1:], 0], strict=True)))
