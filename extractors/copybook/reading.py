"""How fields are to be read where a copybook leaves a choice: trimming, odd characters, floats, byte order.

The defaults are those of the pipeline's raw tables: nothing is guessed, what cannot be read is a defect.  A reader
that looks into files of unknown discipline may be more lenient; what it takes then is said here, never in code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from extractors.codepages.tables import CodePage
from extractors.copybook.floats import FloatFormat

Trim = Literal["right", "left", "both", "none"]
OddCharacters = Literal["defect", "blank", "drop", "keep"]


@dataclass(frozen=True)
class Reading:
    """Choices of a reader.

    Attributes:
        trim: Which blanks of a text go.
        odd: What becomes of a text's control characters: the value is a defect, or they are blanked, dropped or kept.
        empty: A text without a character is `null`, or a text; `unfilled` makes it null only where all its bytes are
            low-values.
        unfilled_numbers: A zoned number of blanks or low-values only is no defect but null.
        charset: Python's name of a charset for texts instead of the code page, such as `utf-8`; what it cannot decode
            shows as U+FFFD.
        pages: Code page of single fields, by the item's name.
        floats: Form of COMP-1 and COMP-2.
        native_order: Byte order of COMP-5; None: little in ASCII files, big in EBCDIC ones.
        national_order: Byte order of PIC N.
        lenient: Zoned numbers may hold blanks, points, and signs as bytes of their own; an unsigned packed one may
            carry any sign; the unused half byte may be used.
        many_signs: A lenient number may carry several signs, on any of its digits; the last one counts.
        blank_when_zero: A number that is BLANK WHEN ZERO and blank is zero.
        overpunched_unsigned: An unsigned zoned number may carry a plus in its last byte.
        unsigned_top_bit: An unsigned binary number of four or eight bytes may have its first bit set, though no number
            of so many digits needs it.
        edited_numbers: Edited numbers are numbers, not texts.
        zoned_text: Zoned numbers are texts.
    """

    trim: Trim = "right"
    odd: OddCharacters = "defect"
    empty: Literal["null", "text", "unfilled"] = "null"
    unfilled_numbers: bool = True
    charset: str | None = None
    pages: Mapping[str, CodePage] = field(default_factory=dict)
    floats: FloatFormat = "ibm"
    native_order: Literal["big", "little"] | None = None
    national_order: Literal["big", "little"] = "big"
    lenient: bool = False
    many_signs: bool = False
    blank_when_zero: bool = True
    overpunched_unsigned: bool = True
    unsigned_top_bit: bool = True
    edited_numbers: bool = False
    zoned_text: bool = False


STRICT = Reading()
