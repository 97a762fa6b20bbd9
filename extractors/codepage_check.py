"""Is a file's declared code page contradicted by its own bytes?

The wrong page rarely fails: it turns Polish letters into other letters, line drawings or control characters, and the
damage surfaces years later on a bill.  So a sample of every text file is judged before it is decoded.

Each candidate page is asked what the file's bytes beyond ASCII would be: Polish letters whose case agrees with the
letter before them, or something that does not stand inside Polish words.  The judgement needs only how often each
pair of neighbouring bytes occurs, so its cost does not depend on the file's size.

The declaration is believed unless the evidence is clear: enough letters, many of them impossible under the declared
page, and another page under which they make sense.  Names of foreigners are no evidence.

>>> sample = TextSample()
>>> text = "Łukasz Żółkiewski, Święta Wola, Gęś i Łoś, ul. Źródlana, Jarosław, Wrocław, Kąty; "
>>> sample.add(text.encode("mazovia") * 5)
>>> [(v.page, v.judged, v.misfits) for v in judge(sample, ("mazovia", "cp852"))]
[('mazovia', 64, 0), ('cp852', 64, 54)]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.codepages import UNDEFINED, CodePage, code_page

ASCII_CANDIDATES = ("mazovia", "cp852", "cp1250", "iso8859-2")
EBCDIC_CANDIDATES = ("cp870", "cp037", "cp500", "cp273")
POLISH_LOWER = "ąćęłńóśźż"
POLISH_UPPER = POLISH_LOWER.upper()

SAMPLE_BLOCKS = 16
SAMPLE_BLOCK_BYTES = 1 << 18

# From here on the evidence counts as clear.
MIN_JUDGED = 20
MIN_MISFITS = 10
MIN_MISFIT_SHARE = 0.08
MAX_RIVAL_SHARE = 0.25  # of the declared page's share of misfits


class TextSample:
    """How often each pair of neighbouring bytes occurs in the text seen so far.

    Attributes:
        pairs: int64[256, 256], first byte by second byte.
    """

    def __init__(self) -> None:
        self.pairs: NDArray[np.int64] = np.zeros((256, 256), np.int64)

    def add(self, data: bytes) -> None:
        """Count a piece of text."""
        codes = np.frombuffer(data, np.uint8).astype(np.intp)
        if len(codes) > 1:
            self.pairs += np.bincount(codes[:-1] * 256 + codes[1:], minlength=65_536).reshape(256, 256)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each byte occurs (as the second of a pair)."""
        return self.pairs.sum(axis=0)


@dataclass(frozen=True)
class Verdict:
    """What a sample looks like under one page.

    Attributes:
        page: The page.
        judged: Bytes that the candidates read differently.
        misfits: Of these, the ones that do not stand inside Polish words.
        examples: The commonest misfits, as `byte character xcount`.
    """

    page: str
    judged: int
    misfits: int
    examples: tuple[str, ...]

    @property
    def share(self) -> float:
        """Misfits among the judged."""
        return self.misfits / self.judged if self.judged else 0.0


def judge(sample: TextSample, pages: tuple[str, ...]) -> list[Verdict]:
    """Judge a sample under each page, the best first.

    Raises:
        ContractError: A page is unknown.
    """
    judged = _disputed(pages)
    verdicts = []
    for name in pages:
        pairs = np.where(_misfits(name), sample.pairs, 0)[:, judged]
        by_byte = pairs.sum(axis=0)
        worst = np.argsort(by_byte, kind="stable")[::-1][:3]
        bytes_judged = np.flatnonzero(judged)
        examples = tuple(
            f"{bytes_judged[i]:02X} {_show(code_page(name), int(bytes_judged[i]))} x{by_byte[i]}"
            for i in worst.tolist()
            if by_byte[i]
        )
        verdicts.append(Verdict(name, int(sample.pairs[:, judged].sum()), int(by_byte.sum()), examples))
    return sorted(verdicts, key=lambda verdict: verdict.misfits)


def verify(source_id: str, landed: LandedFile, declared: str, sample: TextSample) -> str:
    """Hold a declared page against a sample of the file.

    Returns:
        The verdict, for the file's facts.

    Raises:
        SourceError: The page is clearly contradicted; the message has the evidence.
    """
    counts = sample.counts
    if not counts.sum():
        return f"code page {declared}: no text to judge"
    if _is_utf8(declared):
        return _verify_utf8(source_id, landed, sample)
    page = code_page(declared)
    looks_ebcdic = _looks_ebcdic(counts)
    if looks_ebcdic != page.ebcdic and (looks_ebcdic or _looks_ascii(counts)):
        family = "EBCDIC" if looks_ebcdic else "ASCII"
        raise _contradicted(
            source_id,
            landed,
            declared,
            f"the bytes are {family}: the commonest is {int(counts.argmax()):02X}, "
            f"{counts[0x80:].sum() / counts.sum():.0%} are 80 or above",
        )
    if not page.ebcdic and (sequences := _utf8_sequences(sample))[0] >= MIN_JUDGED and not sequences[1]:
        raise _contradicted(
            source_id,
            landed,
            declared,
            f"all {sequences[0]} characters beyond ASCII are whole UTF-8 sequences",
            "utf-8",
        )
    family_pages = EBCDIC_CANDIDATES if page.ebcdic else ASCII_CANDIDATES
    rivals = tuple(name for name in family_pages if code_page(name).points.tolist() != page.points.tolist())
    verdicts = judge(sample, (declared, *rivals))
    own = next(v for v in verdicts if v.page == declared)
    best = next(v for v in verdicts if v.page != declared)
    if own.judged < MIN_JUDGED:
        return f"code page {declared}: believed, only {own.judged} letters beyond ASCII to judge it by"
    if own.misfits >= MIN_MISFITS and own.share >= MIN_MISFIT_SHARE and best.share <= own.share * MAX_RIVAL_SHARE:
        raise _contradicted(
            source_id,
            landed,
            declared,
            f"of {own.judged} letters beyond ASCII {own.misfits} do not stand in Polish words under {declared} "
            f"({', '.join(own.examples)}), but {best.misfits} under {best.page}",
            best.page,
        )
    return (
        f"code page {declared}: not contradicted, {own.misfits} of {own.judged} letters beyond ASCII are unusual "
        f"(next: {best.page} with {best.misfits})"
    )


def sample_file(landed: LandedFile) -> TextSample:
    """Blocks spread over a text file."""
    sample = TextSample()
    with landed.path.open("rb") as file:
        if landed.size <= SAMPLE_BLOCKS * SAMPLE_BLOCK_BYTES:
            while block := file.read(SAMPLE_BLOCK_BYTES):
                sample.add(block)
            return sample
        for index in range(SAMPLE_BLOCKS):
            file.seek((landed.size - SAMPLE_BLOCK_BYTES) * index // (SAMPLE_BLOCKS - 1))
            sample.add(file.read(SAMPLE_BLOCK_BYTES))
    return sample


def _verify_utf8(source_id: str, landed: LandedFile, sample: TextSample) -> str:
    whole, broken = _utf8_sequences(sample)
    if broken >= MIN_MISFITS and broken > (whole + broken) * MIN_MISFIT_SHARE:
        best = judge(sample, ASCII_CANDIDATES)[0]
        raise _contradicted(
            source_id,
            landed,
            "utf-8",
            f"{broken} of {whole + broken} bytes that begin or continue a character do not belong to one; under "
            f"{best.page} {best.misfits} of {best.judged} are unusual",
            best.page if best.share < MIN_MISFIT_SHARE else None,
        )
    return f"code page utf-8: not contradicted, {whole} characters beyond ASCII"


def _utf8_sequences(sample: TextSample) -> tuple[int, int]:
    """Lead bytes with a continuation behind them; lead and continuation bytes that stand alone."""
    pairs = sample.pairs
    lead, tail = slice(0xC2, 0xF5), slice(0x80, 0xC0)
    whole = int(pairs[lead, tail].sum())
    broken = int(pairs[lead, :0x80].sum() + pairs[lead, 0xC0:].sum() + pairs[:0x80, tail].sum())
    broken += int(pairs[:, 0xC0:0xC2].sum() + pairs[:, 0xF5:].sum())
    return whole, broken


def _looks_ebcdic(counts: NDArray[np.int64]) -> bool:
    return bool(
        counts[0x40] >= counts.sum() * 0.05
        and counts[0x20] < counts[0x40]
        and counts[0x80:].sum() > counts[:0x80].sum() * 0.5
    )


def _looks_ascii(counts: NDArray[np.int64]) -> bool:
    return bool(counts[0x20:0x7F].sum() >= counts.sum() * 0.8 and counts[0x40] < counts.sum() * 0.05)


@lru_cache(maxsize=32)
def _disputed(pages: tuple[str, ...]) -> NDArray[np.bool_]:
    """Bytes that not every page reads as the same character."""
    tables = np.stack([code_page(name).points for name in pages])
    return (tables != tables[0]).any(axis=0)


@lru_cache(maxsize=32)
def _misfits(name: str) -> NDArray[np.bool_]:
    """bool[256, 256]: after the first byte, the second makes no sense in Polish text under the page."""
    page = code_page(name)
    chars = ["" if point == UNDEFINED else chr(point) for point in page.points.tolist()]
    letter = np.array([c.isalpha() for c in chars])
    lower = np.array([c.islower() for c in chars])
    polish_lower = np.array([bool(c) and c in POLISH_LOWER for c in chars])
    polish_upper = np.array([bool(c) and c in POLISH_UPPER for c in chars])
    foreign = letter & np.array([ord(c) >= 0x80 if c else False for c in chars]) & ~polish_lower & ~polish_upper
    impossible = page.undefined | (page.control & (page.points >= 0x80)) | foreign
    symbol = np.array([bool(c) and not c.isalnum() and not c.isspace() and ord(c) >= 0x80 for c in chars])
    misfit = np.zeros((256, 256), np.bool_)
    misfit[:, impossible] = True
    misfit[np.ix_(letter, symbol)] = True
    misfit[np.ix_(lower, polish_upper)] = True
    return misfit


def _show(page: CodePage, byte: int) -> str:
    if page.undefined[byte]:
        return "undefined"
    return "control character" if page.control[byte] else chr(page.points[byte])


def _is_utf8(name: str) -> bool:
    return name.casefold().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}


def _contradicted(
    source_id: str, landed: LandedFile, declared: str, evidence: str, better: str | None = None
) -> SourceError:
    try_this = f"declare code_page = {better!r}" if better else "find out the file's code page and declare it"
    return SourceError(
        f"the bytes contradict the declared code page {declared}: {evidence}",
        source_id=source_id,
        file=landed.name,
        remedy=f"{try_this} in source.toml, if that is how the region writes",
    )
