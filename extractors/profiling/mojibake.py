"""Text that was read in the wrong page and saved that way, before it was delivered.

Such a file is in a page, and reads as nonsense in it: `Ĺ‚ódĹş` is UTF-8 read as CP1250 and saved as UTF-8 again.
Each pair of pages is tried the other way round; the damage is named where most of the words become Polish by it.

Source: the signatures of wrong readings are consequences of the tables, nothing else is assumed.

>>> words = WordCount()
>>> words.add("Ĺ»ĂłĹ‚kiewski, Ĺšroda ĹšlÄ…ska, GdaĹ„sk".encode("utf-8"))
>>> find(words, "utf-8").chain
('cp1250', 'utf-8')
>>> repair("GdaĹ„sk", ("cp1250", "utf-8"))
'Gdańsk'
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from extractors.profiling import polish
from extractors.profiling.readings import masked, reading
from extractors.profiling.wordbytes import WordCount

READ_AS = ("cp1250", "cp1252", "iso8859-1", "iso8859-2", "cp852", "mazovia", "cp437")
WRITTEN_IN = ("utf-8", "mazovia", "cp852", "cp1250", "iso8859-2")
MOST_WORDS = 200
CLEAR_BITS = 8.0
LEAST_WORDS = 2
MOST_BITS_A_LETTER = 5.0  # of a repaired word: more is no Polish name either
LEAST_SHARE = 0.25
LEAST_GAIN_BITS = 20.0


@dataclass(frozen=True)
class Damage:
    """What was done to the text.

    Attributes:
        chain: The page that it was read in, and the one that it was written in.
        words: Words that become Polish by undoing it.
        of: Words looked at.
        lost: Of these, the ones that cannot be undone: their bytes had no character in the page.
        examples: Masked `(as it is, as it was)`.
    """

    chain: tuple[str, str]
    words: int
    of: int
    lost: int
    examples: tuple[tuple[str, str], ...]


def repair(text: str, chain: tuple[str, str]) -> str | None:
    """The text as it was before it was read in the wrong page; None where it cannot have been."""
    read_as, written_in = chain
    chars = reading(read_as).chars
    data = bytearray()
    for char in text:
        if char in chars and char != "\ufffd":
            data.append(chars.index(char))
        elif "\x80" <= char <= "\x9f":  # lenient programs keep a byte without a character as a control character
            data.append(ord(char))
        else:
            return None
    try:
        return bytes(data).decode("utf-8") if written_in == "utf-8" else reading(written_in).text(bytes(data))
    except UnicodeDecodeError:
        return None


def find(words: WordCount, page: str) -> Damage | None:
    """The damage that explains the words of a file in a page; None where there is none."""
    texts = [reading(page).text(word) for word in words.some(MOST_WORDS)]
    best: tuple[float, Damage] | None = None
    for chain in product(READ_AS, WRITTEN_IN):
        if chain[0] == chain[1]:
            continue
        gain, better, lost = 0.0, [], 0
        for text in texts:
            before = repair(text, chain)
            if before is None:
                lost += "\ufffd" in text
            else:
                bits = polish.cost(text) - polish.cost(before)
                gain += bits
                if bits >= CLEAR_BITS and _is_polish(before):
                    better.append((text, before))
        if len(better) < max(LEAST_WORDS, LEAST_SHARE * len(texts)) or gain < LEAST_GAIN_BITS:
            continue
        if best is None or gain > best[0]:
            examples = tuple((_hide(a, b), masked(b)) for a, b in better[:3])
            best = (gain, Damage(chain, len(better), len(texts), lost, examples))
    return best[1] if best else None


def _is_polish(text: str) -> bool:
    """Is it a word that Polish may have, with letters that only Polish has: no foreign name that was read anew?"""
    is_likely = polish.cost(text) <= MOST_BITS_A_LETTER * (len(text) + 1)
    return is_likely and polish.has_polish(text) and not polish.misfits(text)


def _hide(text: str, before: str) -> str:
    """The damaged word, shown in clear only where the repaired one is a listed word."""
    return text if polish.is_impersonal(before) else "".join("*" if c.isascii() and c.isalnum() else c for c in text)
