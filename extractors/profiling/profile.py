"""The profile of a file: what it is, its code page with the evidence, and whether all of it agrees.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "a.csv"
...     text = "NR;NAZWISKO\\n1;Żółkiewski\\n2;Dąbrowska\\n3;Święch\\n4;Zając\\n5;Bęben\\n"
...     _ = path.write_bytes(text.encode("mazovia"))
...     found = profile(path)
>>> found.shape.format, found.verdict, found.page
('delimited', 'decided', 'mazovia')
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from extractors.codepages.tables import code_page
from extractors.profiling import binary_shape, mixture, mojibake, textlines_shape
from extractors.profiling.detect import detect
from extractors.profiling.evidence import Judgement, conclude, score
from extractors.profiling.fieldtext import BLOCK, MOST_BLOCKS, pieces
from extractors.profiling.readings import FAMILY_ASCII, FAMILY_EBCDIC, UTF8, is_known, is_utf8
from extractors.profiling.shapes import Shape
from extractors.profiling.wordbytes import WordCount

Verdict = Literal["decided", "any", "undecided", "mixed", "none"]
MISFITS_OF_DAMAGE = 0.2
"""Share of words that are hardly Polish, from which on damage is looked for."""


@dataclass
class Profile:
    """What was found out about one file.

    Attributes:
        path: The file.
        size: In bytes.
        shape: What it is.
        judged: Bytes of text that the code page was judged by.
        verdict: `decided`, `any` (no letter beyond ASCII), `undecided`, `mixed`, `none` (no text that could tell).
        page: The code page, where it is decided; None otherwise.
        says: The verdict in a sentence.
        judgement: The evidence.
        stated: The page that the file itself states, under the name of the candidate; empty where it states none.
        sampled: These are blocks spread over the file, not all of it.
        blocks: Blocks looked at.
        fields: Fields looked at.
        apart: Blocks and fields that are in another page.
        mixed: The two pages of a file whose words are mixed.
        damage: How its text was damaged before it was delivered.
    """

    path: Path
    size: int
    shape: Shape
    judged: int = 0
    verdict: Verdict = "none"
    page: str | None = None
    says: str = "it holds no text that a code page could be seen from"
    judgement: Judgement = field(default_factory=lambda: Judgement("any"))
    stated: str = ""
    sampled: bool = False
    blocks: int = 0
    fields: int = 0
    apart: list[mixture.Apart] = field(default_factory=list)
    mixed: mixture.Mixed | None = None
    damage: mojibake.Damage | None = None


def profile(
    path: Path,
    *,
    copybook: bool = False,
    record_length: int = 0,
    texts: Sequence[tuple[str, int, int]] = (),
    told: Callable[[int], None] = lambda done: None,
) -> Profile:
    """Profile a file.

    Args:
        path: The file.
        copybook: A copybook describes it.
        record_length: Of the longest record that the copybook describes; 0 where it is not known.
        texts: Of the texts that it describes, name, first byte and length; empty where they are not known.
        told: Called with the number of bytes of text judged so far.

    Raises:
        OSError: It cannot be read.
    """
    shape = detect(path, copybook=copybook, record_length=record_length)
    found = Profile(path, path.stat().st_size, shape)
    if shape.format == "mainframe" and (shape.record_format, shape.ebcdic) in {("F", True), ("F", False), ("V", True)}:
        _draft_fields(path, shape)
    if texts and shape.record_format == "F" and shape.record_length == record_length:
        shape.fields = list(texts)
    if shape.format in {"empty", "container", "unsupported", "json", "camt053"}:
        return found
    if shape.utf16:
        if shape.is_supported:
            found.verdict, found.page = "decided", "utf-16"
            found.says = f"utf-16: {shape.notes[-1]}"
        return found
    by_block: dict[str, WordCount] = {}
    by_field: dict[str, WordCount] = {}
    whole = WordCount(ebcdic=shape.ebcdic)
    dividers = 0
    for piece in pieces(path, shape):
        count = WordCount(ebcdic=shape.ebcdic)
        count.add(piece.text)
        dividers += piece.dividers
        for parts, label in ((by_block, piece.block), (by_field, piece.field)):
            parts.setdefault(label, WordCount(ebcdic=shape.ebcdic)).update(count)
        whole.update(count)
        told(whole.bytes - dividers)
    found.sampled = found.size > MOST_BLOCKS * BLOCK
    # fields that redefine one another are read twice, and numbers of a database are longer as text
    found.judged = min(whole.bytes - dividers, found.size)
    found.blocks, found.fields = len(by_block), len(by_field)
    if whole.bytes:
        _judge(found, whole, by_block, by_field)
    return found


def _draft_fields(path: Path, shape: Shape) -> None:
    with path.open("rb") as file:
        head = file.read(shape.record_length * max(1, (1 << 18) // shape.record_length))
    if shape.record_format == "V":
        padded = _padded(head, shape)
        shape.draft = binary_shape.guess_fields(padded) if len(padded) else []
        return
    rows = len(head) // shape.record_length
    if not rows:
        return
    matrix = np.frombuffer(head[: rows * shape.record_length], np.uint8).reshape(rows, -1)
    if not shape.ebcdic:
        if (matrix >= 0x20).all():  # numbers in binary have no borders that could be seen
            shape.fields = textlines_shape.borders(matrix)
            shape.draft = [(name, start, length, f"X({length})") for name, start, length in shape.fields]
        return
    drafted = binary_shape.guess_fields(matrix)
    shape.fields = [(name, start, length) for name, start, length, picture in drafted if picture.startswith("X")]
    shape.draft = drafted


def _padded(head: bytes, shape: Shape) -> NDArray[np.uint8]:
    """Records behind descriptor words, with blanks behind the shorter ones."""
    form = "<HH" if shape.rdw.get("byte_order") == "little" else ">HH"
    own = 4 if shape.rdw.get("counts_itself", True) else 0
    lengths = binary_shape.walk(head, 0, len(head), form, own) or []
    rows = np.full((len(lengths), shape.record_length), 0x40, np.uint8)
    at = 0
    for row, length in enumerate(lengths):
        rows[row, :length] = np.frombuffer(head[at + 4 : at + 4 + length], np.uint8)
        at += 4 + length
    return rows


def _judge(found: Profile, whole: WordCount, by_block: dict[str, WordCount], by_field: dict[str, WordCount]) -> None:
    shape = found.shape
    if not whole.words:
        found.verdict = "any"
        found.says = "no letter beyond ASCII occurs: every code page of its family reads it alike"
        return
    stated = (shape.encoding,) if shape.encoding and is_known(shape.encoding) else ()
    family = FAMILY_EBCDIC if shape.ebcdic else FAMILY_ASCII
    known = {_points(page) for page in family}
    pages = (*family, *(page for page in stated if _points(page) not in known))
    prior = next((page for page in family if stated and _points(page) == _points(stated[0])), "")
    found.stated = prior
    scored = score(whole, pages, stated=prior)
    judgement = found.judgement = conclude(scored)
    page = judgement.page
    assert page is not None
    blocks = mixture.parts_apart(page, scored, {label: part.words for label, part in by_block.items()})
    fields = mixture.parts_apart(page, scored, {label: part.words for label, part in by_field.items() if label})
    found.apart, found.mixed = [*blocks, *fields], mixture.word_by_word(scored)
    if judgement.misfits >= MISFITS_OF_DAMAGE or page == UTF8:
        found.damage = mojibake.find(whole, page)
    if page == UTF8:  # a file of whole UTF-8 sequences is UTF-8, whatever they say
        judgement = found.judgement = _utf8_all_the_same(judgement)
    found.verdict = "mixed" if found.apart or found.mixed else judgement.status
    if found.verdict == "decided":
        found.page = page
    found.says = _sentence(found)


def _utf8_all_the_same(judgement: Judgement) -> Judgement:
    if judgement.reproduces and judgement.words > 1 and judgement.status == "undecided":
        return replace(judgement, status="decided", reason="all letters beyond ASCII are whole UTF-8 sequences")
    return judgement


def _points(page: str) -> object:
    return "utf-8" if is_utf8(page) else code_page(page).points.tobytes() if not page.startswith("mazovia-") else page


def _sentence(found: Profile) -> str:
    judgement = found.judgement
    if found.mixed:
        first, second = found.mixed.pages
        return (
            f"the file is mixed: {found.mixed.words[0]} words are Polish under {first} only, {found.mixed.words[1]} "
            f"others under {second} only"
        )
    if found.apart:
        return f"the file is mixed: most of it is {judgement.page}, but {found.apart[0].label} is {found.apart[0].page}"
    if found.verdict == "undecided":
        return f"no verdict: {judgement.reason}"
    if found.verdict == "any":
        return judgement.reason
    alike = f" ({', '.join(judgement.alike)} would read it just the same)" if judgement.alike else ""
    return f"{judgement.page}{alike}: {judgement.reason}"
