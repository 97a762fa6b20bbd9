"""Is a file's declared code page contradicted by its own bytes?

The wrong page rarely fails: it turns Polish letters into other letters, line drawings or control characters, and the
damage surfaces years later on a bill.  So a sample of every text file is judged before it is decoded, by the same
evidence as `blueline profile` (`extractors.profiling.evidence`): which page makes Polish of its words.

The declaration is believed unless the evidence is clear: several words that are no Polish under the declared page
and are under another one, in the whole file or in a part of it.  Names of foreigners are no evidence.

>>> from pathlib import Path
>>> sample = TextSample()
>>> sample.add("Łukasz Żółkiewski, Święta Wola, Gęś i Łoś, ul. Źródlana, Jarosław, Kąty".encode("mazovia"))
>>> landed = LandedFile(Path("ABON.DBF"), "ABON.DBF", "0" * 64, 71, "abon")
>>> verify("poznan", landed, "mazovia", sample)
'code page mazovia: not contradicted, 8 words confirm it'
>>> verify("poznan", landed, "cp852", sample)  # doctest: +ELLIPSIS
Traceback (most recent call last):
...
billing.errors.SourceError: poznan, ABON.DBF: the bytes contradict the declared code page cp852: ...
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.codepages.tables import code_page
from extractors.profiling import mixture, polish
from extractors.profiling.evidence import MARGIN_BITS, Judgement, Scored, conclude, score
from extractors.profiling.readings import COMMON, FAMILY_ASCII, FAMILY_EBCDIC, VARIANTS, is_utf8, masked, reading
from extractors.profiling.wordbytes import WordCount, looks_ascii, looks_ebcdic

SAMPLE_BLOCKS = 16
SAMPLE_BLOCK_BYTES = 1 << 18
MOST_BYTES = 4 * SAMPLE_BLOCKS * SAMPLE_BLOCK_BYTES
"""Text that a sample keeps; what is added beyond it is left out."""

MOST_WORDS = 1_000
"""Different words that a file is judged by."""

# From here on the evidence stops a source; a proposal is made on less (`evidence.MARGIN_BITS`).
STOP_BITS = 20.0
STOP_WORDS = 3
MAX_DEFENDERS = 0.25  # words for the declared page, as a share of the words against it
MIXED_SHARE = 0.08


ASCII_CANDIDATES = COMMON
MIN_MISFIT_SHARE = 0.08


@dataclass(frozen=True)
class Verdict:
    """What a sample looks like under one page.

    Attributes:
        page: The page.
        judged: Different words with letters beyond ASCII.
        misfits: Of these, the ones that are hardly Polish.
    """

    page: str
    judged: int
    misfits: int

    @property
    def share(self) -> float:
        """Misfits among the judged."""
        return self.misfits / self.judged if self.judged else 0.0


class TextSample:
    """Pieces of a file's text: blocks of it, or its fields."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, bytes]] = []
        self._bytes = 0

    def add(self, data: bytes, label: str = "") -> None:
        """Take a piece of text.

        Args:
            data: Its bytes.
            label: Where it stands, for messages: a field, or the bytes of a block.
        """
        data = data[: max(0, MOST_BYTES - self._bytes)]
        if data:
            self._pieces.append((label or f"piece {len(self._pieces) + 1}", data))
            self._bytes += len(data)
            self.__dict__.pop("counts", None)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """int64[256], how often each byte occurs."""
        total = np.zeros(256, np.int64)
        for _, data in self._pieces:
            total += np.bincount(np.frombuffer(data, np.uint8), minlength=256)
        return total

    def parts(self, *, ebcdic: bool) -> dict[str, WordCount]:
        """Words with letters beyond ASCII, by the piece they stand in; pieces of the same label together."""
        found: dict[str, WordCount] = {}
        for label, data in self._pieces:
            found.setdefault(label, WordCount(ebcdic=ebcdic)).add(data)
        return found


def sample_file(landed: LandedFile) -> TextSample:
    """Blocks spread over a text file."""
    sample = TextSample()
    starts: Iterable[int]
    if landed.size <= SAMPLE_BLOCKS * SAMPLE_BLOCK_BYTES:
        starts = range(0, landed.size, SAMPLE_BLOCK_BYTES)
    else:
        starts = [(landed.size - SAMPLE_BLOCK_BYTES) * n // (SAMPLE_BLOCKS - 1) for n in range(SAMPLE_BLOCKS)]
    with landed.path.open("rb") as file:
        for start in starts:
            file.seek(start)
            sample.add(file.read(SAMPLE_BLOCK_BYTES), f"the block from byte {start}")
    return sample


def judge(sample: TextSample, pages: tuple[str, ...] = ASCII_CANDIDATES) -> list[Verdict]:
    """Judge a sample under each page, the page that makes most of it Polish first.

    Raises:
        ContractError: A page is unknown.
    """
    words = WordCount(ebcdic=not is_utf8(pages[0]) and code_page(pages[0]).ebcdic)
    for part in sample.parts(ebcdic=words.ebcdic).values():
        words.update(part)
    scored = score(words, pages)
    order = np.argsort(scored.totals(), kind="stable").tolist()
    return [
        Verdict(page, len(scored.words), sum(polish.misfits(reading(page).text(word)) for word in scored.words))
        for page in (pages[index] for index in order)
    ]


def verify(source_id: str, landed: LandedFile, declared: str, sample: TextSample, key: str = "code_page") -> str:
    """Hold a declared page against a sample of the file.

    Args:
        source_id: The source.
        landed: The file.
        declared: The page.
        sample: Text of the file.
        key: What a spec calls the page of such a file.

    Returns:
        The verdict, for the file's facts.

    Raises:
        SourceError: The page is clearly contradicted; the message has the evidence.
    """
    counts = sample.counts
    if not counts.sum():
        return f"code page {declared}: no text to judge"
    ebcdic = not is_utf8(declared) and code_page(declared).ebcdic
    seems_ebcdic = looks_ebcdic(counts)
    if seems_ebcdic != ebcdic and (seems_ebcdic or looks_ascii(counts)):
        raise _contradicted(
            source_id,
            landed,
            declared,
            f"the bytes are {'EBCDIC' if seems_ebcdic else 'ASCII'}: the commonest is {int(counts.argmax()):02X}, "
            f"{counts[0x80:].sum() / counts.sum():.0%} are 80 or above",
        )
    parts = sample.parts(ebcdic=ebcdic)
    words = WordCount(ebcdic=ebcdic)
    for part in parts.values():
        words.update(part)
    if not words.words:
        return f"code page {declared}: believed, no letter beyond ASCII to judge it by"
    pages = tuple(dict.fromkeys((declared, *(FAMILY_EBCDIC if ebcdic else FAMILY_ASCII))))
    scored = score(words, pages, most=MOST_WORDS)
    found = conclude(scored)
    _refuse_another_page(source_id, landed, declared, scored, found, key)
    _refuse_mixture(source_id, landed, declared, scored, parts)
    if not (found.page == declared or declared in found.alike):
        return f"code page {declared}: believed, but {found.page} reads its words better by {found.margin:.0f} bits"
    if found.margin < MARGIN_BITS or found.status == "any":
        return f"code page {declared}: not contradicted; {found.words} words to judge it by, {found.reason}"
    return f"code page {declared}: not contradicted, {found.supporting} words confirm it"


def _refuse_another_page(
    source_id: str, landed: LandedFile, declared: str, scored: Scored, found: Judgement, key: str
) -> None:
    """Stop where the words speak for one page, and it is not the declared one."""
    if found.page is None or found.page in scored.alike[declared] or found.margin < MARGIN_BITS:
        return
    if not (found.is_polish or is_utf8(declared)):
        return  # a language, or binary numbers, that no page is a candidate for: nothing speaks against any
    against = scored.column(declared) - scored.column(found.page)
    bits = float(scored.weights @ against)
    clear = against >= mixture.CLEAR_BITS
    defenders = int((against <= -mixture.CLEAR_BITS).sum())
    sound = len(mixture.polish_rows(scored, found.page, clear))
    if bits < STOP_BITS or sound < STOP_WORDS or defenders > MAX_DEFENDERS * clear.sum():
        return
    worst = np.argsort(-against * scored.weights, kind="stable")[:3].tolist()
    shown = ", ".join(
        f"{masked(reading(found.page).text(scored.words[row]))} would become {_shown(declared, scored.words[row])}"
        for row in worst
    )
    raise _contradicted(
        source_id,
        landed,
        declared,
        f"of {found.words} words with letters beyond ASCII {sound} are no Polish under {declared}, but are "
        f"under {found.page} ({bits:.0f} bits: {shown})",
        found.page,
        key,
    )


def _refuse_mixture(
    source_id: str, landed: LandedFile, declared: str, scored: Scored, parts: dict[str, WordCount]
) -> None:
    """Stop where a part of the file, or many words all over it, are in another page than the rest."""
    apart = mixture.parts_apart(declared, scored, {label: part.words for label, part in parts.items()})
    remedy = "have the file delivered in one code page, or split it and declare each part's"
    if apart:
        first = apart[0]
        raise SourceError(
            f"the file is in more than one code page: {first.words} words of {first.label} are no Polish under the "
            f"declared {declared}, but are under {first.page}; the same holds for {len(apart) - 1} other parts",
            source_id=source_id,
            file=landed.name,
            remedy=remedy,
        )
    mixed = mixture.word_by_word(scored)
    if mixed and mixed.share >= MIXED_SHARE:
        raise SourceError(
            f"the file is in more than one code page: {mixed.words[0]} words are Polish under {mixed.pages[0]} only, "
            f"{mixed.words[1]} others under {mixed.pages[1]} only, side by side",
            source_id=source_id,
            file=landed.name,
            remedy=remedy,
        )


def _shown(page: str, word: bytes) -> str:
    """What the page would make of a word: its letters beyond ASCII only, as the word may be a name."""
    text = reading(page).text(word)
    return "".join(
        ("\ufffd" if not char.isprintable() else char) if ord(char) >= 0x80 or not char.isalnum() else "*"
        for char in text
    )


def _contradicted(
    source_id: str,
    landed: LandedFile,
    declared: str,
    evidence: str,
    better: str | None = None,
    key: str = "code_page",
) -> SourceError:
    if better in VARIANTS:
        remedy = f"have the file converted: it is in the variant {better}, which has no decoder"
    else:
        try_this = f"declare {key} = {better!r}" if better else "find out the file's code page and declare it"
        remedy = f"{try_this} in source.toml, if that is how the region writes"
    return SourceError(
        f"the bytes contradict the declared code page {declared}: {evidence}",
        source_id=source_id,
        file=landed.name,
        remedy=remedy,
    )
