"""USAGE in every spelling: which form a number is stored in, and which usages are not read."""

from __future__ import annotations

from extractors.copybook.items import Usage

USAGES: dict[str, Usage] = {
    "DISPLAY": "display", "PACKED-DECIMAL": "packed", "COMP-3": "packed", "COMP": "binary", "BINARY": "binary",
    "COMP-0": "binary", "COMP-4": "binary", "COMP-5": "native", "COMP-9": "little", "COMP-3U": "unsigned_packed",
    "COMP-6": "unsigned_packed", "COMP-1": "float", "COMP-2": "double", "FLOAT-SHORT": "float", "FLOAT-LONG": "double",
}  # fmt: skip
"""Of the standard, and of the dialects that agree about it."""

NATIONAL = "NATIONAL"
"""Says of PIC N what it says itself; of another picture, that its characters have two bytes."""

FOREIGN = {
    "COMP-7", "COMP-10", "COMP-15", "COMP-N", "COMP-X", "DISPLAY-1", "INDEX", "POINTER", "POINTER-32",
    "PROCEDURE-POINTER", "FUNCTION-POINTER", "PROGRAM-POINTER", "OBJECT", "UTF-8", "BINARY-CHAR", "BINARY-SHORT",
    "BINARY-INT", "BINARY-LONG", "BINARY-LONG-LONG", "BINARY-DOUBLE", "SIGNED-SHORT", "SIGNED-INT", "SIGNED-LONG",
    "UNSIGNED-SHORT", "UNSIGNED-INT", "UNSIGNED-LONG", "FLOAT-EXTENDED", "FLOAT-BINARY-32", "FLOAT-BINARY-64",
    "FLOAT-BINARY-128", "FLOAT-DECIMAL-16", "FLOAT-DECIMAL-34",
}  # fmt: skip
"""Usages whose bytes compilers do not agree about, or that mean nothing outside of a program."""


def short(word: str) -> str:
    """A usage as these tables have it.

    >>> short("COMPUTATIONAL-3"), short("BINARY")
    ('COMP-3', 'BINARY')
    """
    return word.replace("COMPUTATIONAL", "COMP")


USAGE_WORDS = {*USAGES, NATIONAL} | {"COMPUTATIONAL" + word[4:] for word in USAGES if word.startswith("COMP")}
"""Words that are a USAGE clause without the word USAGE; never a name."""
