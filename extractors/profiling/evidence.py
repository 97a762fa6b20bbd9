"""Which code page do these words speak for, and how clearly?

Every candidate page reads every word; the words cost what Polish makes of them (`polish.cost`), and the page under
which they cost least is the best.  How much more they cost under the next page is the *margin*, in bits: 8 bits are
odds of 256 to one, if the model were right (`benchmarks/codepage_detection.py` measures how right it is).  A word
that occurs often counts more than once, but not as often as it occurs: its occurrences say the same thing.

Pages that read all the words alike are one answer, not two: a file without the six letters in which CP1250 and
ISO-8859-2 differ is read rightly by both.

What the file itself states (a table's language byte, an XML declaration) is a prior of `PRIOR_BITS`: it settles what
the words leave open, and a few clear words outweigh it.

There is no verdict where the margin is small, where a single word carries it, or where what the best page reads is
hardly Polish.

>>> words = WordCount()
>>> words.add("Żółkiewski Łukasz, ul. Dębowa, Środa Śląska; Zając Grażyna, Gdańsk".encode("mazovia"))
>>> found = weigh(words)
>>> found.status, found.page, found.runner_up
('decided', 'mazovia', 'cp852')
>>> weigh(WordCount()).status
'any'
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from extractors.profiling import polish
from extractors.profiling.readings import FAMILY_ASCII, FAMILY_EBCDIC, HANDICAP_BITS, Reading, masked, reading
from extractors.profiling.wordbytes import WordCount

Status = Literal["decided", "any", "undecided"]

MOST_WORDS = 2_000
MARGIN_BITS = 8.0
PRIOR_BITS = 8.0  # of the page that the file itself states: often only a tool's default
LONE_WORD_BITS = 8.0  # what a single word must decide by, however often it occurs
SUPPORT_BITS = 3.0  # from here on a word is for or against a page
SHORTEST_WORD = 3  # letters of a word that may decide
WORD_BITS = 30.0  # what one word may cost a page at most
MAX_MISFIT = 0.5  # share of words that are hardly Polish
MAX_BITS_A_LETTER = 5.4  # hand-written records cost 3.3 to 4.8, letters at random 5.8 and more
MAX_WEIGHT = 4.0
_MOST_SHOWN = 8


@dataclass(frozen=True)
class Scored:
    """Words and what they cost under each page.

    Attributes:
        pages: Candidates, p of them.
        words: n words.
        counts: int64[n], how often each occurs.
        weights: float64[n], what each counts.
        costs: float64[n, p], bits above the page that reads the word best.
        alike: For each page, the pages that read all words as it does, itself included.
        stated: The page that the file itself states; empty where it states none.
    """

    pages: tuple[str, ...]
    words: tuple[bytes, ...]
    counts: NDArray[np.int64]
    weights: NDArray[np.float64]
    costs: NDArray[np.float64]
    alike: dict[str, tuple[str, ...]]
    stated: str = ""

    def totals(self, rows: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """float64[p], what the words cost under each page, or some of the words."""
        costs, weights = (self.costs, self.weights) if rows is None else (self.costs[rows], self.weights[rows])
        return weights @ costs + np.array([self._before(page) for page in self.pages])

    def _before(self, page: str) -> float:
        """What a page costs before any word is read."""
        if self.stated and page in self.alike.get(self.stated, ()):
            return -PRIOR_BITS
        return HANDICAP_BITS.get(page, 0.0)

    def column(self, page: str) -> NDArray[np.float64]:
        """float64[n], the costs under one page."""
        return self.costs[:, self.pages.index(page)]


@dataclass(frozen=True)
class Deciding:
    """A word that tells two pages apart; personal words are masked.

    Attributes:
        best: As the chosen page reads it.
        other: As the rival does.
        count: How often it occurs.
        bits: How much more it costs under the rival.
    """

    best: str
    other: str
    count: int
    bits: float


@dataclass(frozen=True)
class Differing:
    """A byte that two pages read differently: `86 ą / ć`, and how often it stands in the words."""

    byte: str
    best: str
    other: str
    count: int


@dataclass(frozen=True)
class Judgement:
    """What the words say about the code page.

    Attributes:
        status: `decided`; `any` where no letter beyond ASCII occurs; `undecided` where the evidence is not clear.
        page: The page that reads them best; None where any does.
        alike: Other declarable pages that read them just the same.
        margin: Bits by which the next page is worse.
        runner_up: That page.
        rival: The next page that is met often; what follows compares with it.
        scores: Page -> bits that it costs above the best, best first.
        words: Distinct words judged.
        occurrences: How often they occur.
        supporting: Words that speak for the page, against the rival.
        opposing: Words that speak for the rival.
        misfits: Share of the words that are hardly Polish under the page.
        is_polish: What the page makes of the words is Polish, as far as can be told.
        deciding: Words that decided, the clearest first.
        differing: The letters that would be others under the rival.
        reproduces: Encoding what was decoded gives the same bytes.
        reason: In a sentence, why there is this verdict or none.
    """

    status: Status
    page: str | None = None
    alike: tuple[str, ...] = ()
    margin: float = 0.0
    runner_up: str | None = None
    rival: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    words: int = 0
    occurrences: int = 0
    supporting: int = 0
    opposing: int = 0
    misfits: float = 0.0
    is_polish: bool = True
    deciding: tuple[Deciding, ...] = ()
    differing: tuple[Differing, ...] = ()
    reproduces: bool = True
    reason: str = "no letter beyond ASCII occurs: every page reads the file alike"

    def accepts(self, page: str) -> bool:
        """Is the verdict this page, or one that reads the words alike?"""
        return page == self.page or page in self.alike


def score(words: WordCount, pages: Sequence[str], *, stated: str = "", most: int = MOST_WORDS) -> Scored:
    """What the words cost under each page; `stated` is the one that the file itself states."""
    chosen = words.some(most)
    counts = np.array([words.words[word] for word in chosen], np.int64)
    weights = np.minimum(1 + np.log2(np.maximum(counts, 1)) / 2, MAX_WEIGHT)
    costs = np.empty((len(chosen), len(pages)))
    texts: dict[str, tuple[str, ...]] = {}
    shapes = _shape_bits(words.plain)
    known: dict[str, float] = {}
    for column, page in enumerate(pages):
        texts[page] = tuple(map(reading(page).text, chosen))
        for row, text in enumerate(texts[page]):
            if text not in known:
                known[text] = polish.cost(text) + shapes.get(polish.shape(text), 0.0)
            costs[row, column] = known[text]
    if len(chosen):
        costs = np.minimum(costs - costs.min(axis=1, keepdims=True), WORD_BITS)
    alike = {page: tuple(other for other in pages if texts[other] == texts[page]) for page in pages}
    return Scored(tuple(pages), tuple(chosen), counts, weights, costs, alike, stated)


def _shape_bits(plain: Counter[str]) -> dict[str, float]:
    """What a word's case costs, by how the plain words of the same text are written."""
    total = plain.total() + 6
    return {shape: -math.log2((plain[shape] + 2) / total) for shape in ("lower", "upper", "title")}


def weigh(words: WordCount, pages: Sequence[str] | None = None) -> Judgement:
    """Judge the words.

    Args:
        words: The words of a file, a block or a field.
        pages: Candidates; default: all of the family.

    Raises:
        ContractError: Nobody knows a page.
    """
    if not words.words:
        return Judgement("any")
    return conclude(score(words, pages or (FAMILY_EBCDIC if words.ebcdic else FAMILY_ASCII)))


def conclude(scored: Scored, rows: NDArray[np.bool_] | None = None) -> Judgement:
    """Judge scored words, or some of them."""
    if rows is not None and not rows.any():
        return Judgement("any")
    every = np.ones(len(scored.words), np.bool_) if rows is None else rows
    totals = scored.totals(every)
    order = np.argsort(totals, kind="stable")
    best = scored.pages[order[0]]
    best = scored.stated if scored.stated in scored.alike[best] else best
    others = [int(index) for index in order if scored.pages[index] not in scored.alike[best]]
    occurrences = int(scored.counts[every].sum())
    scores = {scored.pages[index]: round(float(totals[index] - totals[order[0]]), 1) for index in order}
    alike = tuple(page for page in scored.alike[best] if page != best)
    if not others:
        return Judgement("any", best, alike, scores=scores, words=int(every.sum()), occurrences=occurrences,
                         reason="all candidates read the file alike")  # fmt: skip
    runner_up = scored.pages[others[0]]
    margin = float(totals[others[0]] - totals[order[0]])
    rival = next((scored.pages[i] for i in others if scored.pages[i] not in HANDICAP_BITS), runner_up)
    gains = np.where(every, scored.column(rival) - scored.column(best), 0.0)
    # a letter or two may be anything, and between binary numbers they are
    long = np.array([len(reading(best).text(word)) >= SHORTEST_WORD for word in scored.words])
    gains = np.where(long, gains, np.minimum(gains, 0.0))
    reader = reading(best)
    fits = np.array([not polish.misfits(reader.text(word)) for word in scored.words], np.bool_)
    # what a page makes of foreign words and symbols proves nothing for it, however much worse the others read them
    proving = fits & np.array([polish.has_polish(reader.text(word)) for word in scored.words], np.bool_)
    supporting, opposing = int((proving & (gains >= SUPPORT_BITS)).sum()), int((gains <= -SUPPORT_BITS).sum())
    chosen = [word for word, taken in zip(scored.words, every.tolist(), strict=True) if taken]
    misfits = float((every & ~fits).sum()) / len(chosen)
    status: Status = "decided"
    reason = f"{margin:.0f} bits better than {runner_up}"
    no_polish = _why_no_polish(reader, chosen, misfits, best)
    if margin < MARGIN_BITS:
        status, reason = "undecided", f"{best} is only {int(margin)} bits better than {runner_up}"
    elif supporting == 0:
        status, reason = "undecided", f"no word of {SHORTEST_WORD} letters speaks for {best} and against {rival}"
    elif supporting < 2 and gains[proving].max() < LONE_WORD_BITS:
        status, reason = "undecided", f"a single word speaks for {best} and against {rival}"
    elif no_polish:
        status, reason = "undecided", no_polish
    return Judgement(
        status=status,
        page=best,
        alike=alike,
        margin=round(margin, 1),
        runner_up=runner_up,
        rival=rival,
        scores=scores,
        words=len(chosen),
        occurrences=occurrences,
        supporting=supporting,
        opposing=opposing,
        misfits=misfits,
        is_polish=not no_polish,
        deciding=_deciding(scored, gains, best, rival),
        differing=_differing(scored, every, best, rival),
        reproduces=all(map(reader.reproduces, chosen)),
        reason=reason,
    )


def _why_no_polish(reader: Reading, words: Sequence[bytes], misfits: float, page: str) -> str:
    """Why what a page makes of words is hardly Polish; empty where it may be."""
    if reader.chars:
        texts = [reader.text(word) for word in words]
        if not any(map(polish.has_polish, texts)):
            return f"no Polish letter occurs, only foreign ones or symbols; {page} reads them best"
        if (bits := _bits_a_letter(texts)) > MAX_BITS_A_LETTER:
            return f"no candidate reads Polish: {page} is best, at {bits:.1f} bits a letter"
    if misfits > MAX_MISFIT:
        return f"no candidate reads Polish: under {page} {misfits:.0%} of the words are not"
    return ""


def _bits_a_letter(texts: Sequence[str]) -> float:
    return sum(map(polish.cost, texts)) / sum(len(text) + 1 for text in texts)


def _deciding(scored: Scored, gains: NDArray[np.float64], best: str, other: str) -> tuple[Deciding, ...]:
    clear = np.argsort(-gains * scored.weights, kind="stable")[:_MOST_SHOWN]
    return tuple(
        Deciding(
            masked(reading(best).text(scored.words[row])),
            _masked_as(scored.words[row], best, other),
            int(scored.counts[row]),
            round(float(gains[row]), 1),
        )
        for row in clear.tolist()
        if gains[row] >= SUPPORT_BITS
    )


def _masked_as(word: bytes, best: str, other: str) -> str:
    """The word as another page reads it, hidden where the best reading is."""
    text, hidden = reading(other).text(word), masked(reading(best).text(word))
    if len(text) != len(hidden):
        return masked(text)
    return "".join("*" if mask == "*" else char for char, mask in zip(_visible(text), hidden, strict=True))


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _differing(scored: Scored, rows: NDArray[np.bool_], best: str, other: str) -> tuple[Differing, ...]:
    """What the two pages make of each byte, or of each character where one of them is UTF-8."""
    a, b = reading(best), reading(other)
    counts: Counter[bytes] = Counter()
    for row in np.flatnonzero(rows).tolist():
        for unit in _units(scored.words[row], utf8=not a.chars):
            counts[unit] += int(scored.counts[row])
    differing = [(unit, count) for unit, count in counts.items() if a.text(unit) != b.text(unit)]
    return tuple(
        Differing(unit.hex().upper(), _visible(a.text(unit)), _visible(b.text(unit)), count)
        for unit, count in sorted(differing, key=lambda item: (-item[1], item[0]))[: 2 * _MOST_SHOWN]
    )


def _units(word: bytes, *, utf8: bool) -> list[bytes]:
    if utf8:
        return [char.encode() for char in word.decode("utf-8", "ignore") if char >= "\x80"]
    return [bytes([byte]) for byte in word]
