"""Is the whole file in one page?

A table that both a DOS and a Windows program have edited is not.  Three ways to see it:

* a **block** of the file speaks clearly for another page than the whole does (somebody appended to it);
* a **field** does (one column was filled by an import);
* the words do, **one by one**: some read as Polish under one page only, others under another page only.

>>> from extractors.profiling.evidence import score
>>> from extractors.profiling.wordbytes import WordCount
>>> first, second = WordCount(), WordCount()
>>> first.add("Żółkiewski, Dąbrówka, Święta Katarzyna, Łąkowa".encode("mazovia"))
>>> second.add("Gęsiarz, Śląska, Źródłowa, Mączyński".encode("cp1250"))
>>> whole = WordCount()
>>> whole.update(first), whole.update(second)
(None, None)
>>> scored = score(whole, COMMON)
>>> for part in parts_apart("mazovia", scored, {"block 1": first.words, "block 2": second.words}):
...     print(part.label, part.page)
block 2 cp1250
>>> mixed = word_by_word(scored)
>>> mixed.pages, mixed.words
(('mazovia', 'cp1250'), (4, 4))
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from extractors.profiling import polish
from extractors.profiling.evidence import Scored
from extractors.profiling.readings import COMMON, UTF8, reading

CLEAR_BITS = 6.0  # from here on one word speaks clearly
SHORTEST_WORD = 3  # letters; what is shorter may be rubbish between binary numbers
LEAST_WORDS = 3  # that must speak clearly for another page
MOST_DEFENDING = 0.25  # words of a part that speak for the whole's page, as a share of those against it
LEAST_GAIN_BITS = 20.0  # what two pages must explain better than one
LEAST_SHARE = 0.02  # of the words, below which single words are single faults
MOST_UNEXPLAINED = 0.3  # of the words may be no Polish under either page: more, and the file is in a third


@dataclass(frozen=True)
class Apart:
    """A block or field that is in another page than the whole.

    Attributes:
        label: Which.
        page: The page that it speaks for.
        margin: Bits by which the whole's page is worse there.
        words: Words that say so.
    """

    label: str
    page: str
    margin: float
    words: int


@dataclass(frozen=True)
class Mixed:
    """Two pages that share the words of a file, the one with more occurrences first.

    Attributes:
        pages: The two.
        words: Distinct words that only the first, only the second reads as Polish.
        occurrences: How often these occur.
        gain: Bits by which the two explain the words better than the better one alone.
        examples: Words of the second page, as bytes.
    """

    pages: tuple[str, str]
    words: tuple[int, int]
    occurrences: tuple[int, int]
    gain: float
    examples: tuple[bytes, ...]

    @property
    def share(self) -> float:
        """Share of the second page among the occurrences that tell."""
        return self.occurrences[1] / sum(self.occurrences)


def parts_apart(page: str, scored: Scored, parts: Mapping[str, Collection[bytes]]) -> list[Apart]:
    """Blocks or fields that speak clearly against the page of the whole.

    Args:
        page: What the whole was found, or declared, to be in; one of the pages scored.
        scored: The words of the whole.
        parts: Label -> words that occur there.
    """
    place = {word: row for row, word in enumerate(scored.words)}
    found = []
    for label, words in parts.items():
        rows = np.zeros(len(scored.words), np.bool_)
        rows[[place[word] for word in words if word in place]] = True
        totals = scored.totals(rows)
        best = scored.pages[int(np.argmin(totals))]
        if best in scored.alike[page]:
            continue
        against = np.where(rows, scored.column(page) - scored.column(best), 0.0)
        clear = len(polish_rows(scored, best, against >= CLEAR_BITS))
        margin = float(scored.weights @ against)
        defending = int((against <= -CLEAR_BITS).sum())
        reader = reading(best)
        lost = sum(polish.misfits(reader.text(scored.words[row])) for row in np.flatnonzero(rows).tolist())
        if lost > MOST_UNEXPLAINED * rows.sum():  # binary numbers, or a language that no candidate is made for
            continue
        if clear >= LEAST_WORDS and margin >= LEAST_GAIN_BITS and defending <= clear * MOST_DEFENDING:
            found.append(Apart(label, best, round(margin, 1), clear))
    return found


def word_by_word(scored: Scored, pages: Sequence[str] = (UTF8, *COMMON)) -> Mixed | None:
    """The two pages that explain the words together where no single one does; None where one is enough."""
    present = [page for page in pages if page in scored.pages]
    alone = {page: float(scored.weights @ scored.column(page)) for page in scored.pages}
    least = min(alone.values(), default=0.0)
    best: Mixed | None = None
    for a, b in combinations(present, 2):
        together = float(scored.weights @ np.minimum(scored.column(a), scored.column(b)))
        gain = least - together
        if gain < LEAST_GAIN_BITS or (best and gain <= best.gain):
            continue
        first, second = _only(scored, a, b), _only(scored, b, a)
        if len(first) < LEAST_WORDS or len(second) < LEAST_WORDS:
            continue
        often = int(scored.counts[first].sum()), int(scored.counts[second].sum())
        pair = (a, b)
        if often[0] < often[1]:
            pair, first, second, often = (b, a), second, first, (often[1], often[0])
        examples = tuple(scored.words[row] for row in second[:3])
        mixed = Mixed(pair, (len(first), len(second)), often, round(gain, 1), examples)
        if mixed.share >= LEAST_SHARE and _unexplained(scored, pair) <= MOST_UNEXPLAINED:
            best = mixed
    return best


def _unexplained(scored: Scored, pages: tuple[str, str]) -> float:
    """Share of the words that are hardly Polish under either page."""
    readers = [reading(page) for page in pages]
    lost = sum(all(polish.misfits(reader.text(word)) for reader in readers) for word in scored.words)
    return lost / len(scored.words)


def _only(scored: Scored, page: str, other: str) -> list[int]:
    """Rows of the words that are Polish under one page and not under the other."""
    return polish_rows(scored, page, scored.column(other) - scored.column(page) >= CLEAR_BITS)


def polish_rows(scored: Scored, page: str, rows: NDArray[np.bool_]) -> list[int]:
    """Of some rows, the ones whose words are Polish under a page, with Polish letters: no rubbish, no foreign names."""
    reader = reading(page)
    return [
        row
        for row in np.flatnonzero(rows).tolist()
        if len(text := reader.text(scored.words[row])) >= SHORTEST_WORD
        and not polish.misfits(text)
        and polish.has_polish(text)
    ]
