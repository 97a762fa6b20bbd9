"""A copybook's lines into words, with the line and column of each.

Rules of the COBOL reference format (ISO/IEC 1989, IBM Enterprise COBOL):

* *fixed*: columns 1-6 are a sequence area, column 7 an indicator (`*` or `/` comment, `D` debugging line, `-`
  continuation of a literal), 8-72 the text, 73-80 an identification that nobody reads;
* *free*: text anywhere, `*>` starts a comment.

Which of the two a file is, its lines say: it is fixed where every line has six blanks or six characters without a
blank in front and a lawful indicator in column 7.  Whoever knows better says so with `Margins`.

>>> [w.text for w in words("       05  BALANCE PIC S9(7)V99 COMP-3.  *> in grosze", "konta.cpy")]
['05', 'BALANCE', 'PIC', 'S9(7)V99', 'COMP-3', '.']
>>> words("       05  BALANCE PIC S9(7)V99 COMP-3.", "konta.cpy")[3]
Word(text='S9(7)V99', line=1, column=24)
>>> [w.text for w in words("000100* old layout\\n000200 01  A.\\n000300     05 B PIC ZZ9.99.", "a.cpy")]
['01', 'A', '.', '05', 'B', 'PIC', 'ZZ9.99', '.']
>>> [w.text for w in words("01 A.\\n 05 B pic x, value 'a. b'.", "a.cpy")]
['01', 'A', '.', '05', 'B', 'pic', 'x', 'value', "'a. b'", '.']
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from billing.errors import ContractError

_SEQUENCE = re.compile(r"^(?: {6}|\S{6})(?:[ */Dd$-]|$)")
_FREE_DIRECTIVE = re.compile(r">>\s*SOURCE\s+(?:FORMAT\s+)?(?:IS\s+)?FREE", re.IGNORECASE)
_NUMBERED = re.compile(r"^\d{6}[ */Dd-]")
_LISTING = frozenset({"EJECT", "SKIP1", "SKIP2", "SKIP3"})
_TITLE = re.compile(r"\s*TITLE\s+['\"]", re.IGNORECASE)
_PREFIX = re.compile(r"(?:NX|UX|BX|[XNZGUBH])(?=['\"])", re.IGNORECASE)
_TEXT_END = 72


@dataclass(frozen=True)
class Word:
    """A separator period, a literal with its quotes, or a word; line and column count from 1."""

    text: str
    line: int
    column: int

    @property
    def upper(self) -> str:
        """The word as COBOL compares it."""
        return self.text.upper()

    @property
    def is_literal(self) -> bool:
        """Whether it stands in quotes, such as `'a'` and `X'0D'`."""
        return self.text[_prefixed(self.text) :][:1] in ("'", '"')


@dataclass(frozen=True)
class Margins:
    """The columns that hold the text, where they are known; what lies outside of them is never read.

    A star or a stroke in the first of them makes a line a comment; there is no other indicator.

    Attributes:
        left: Characters before the text.
        right: Column of the text's last character.
    """

    left: int = 6
    right: int = 72


def words(text: str, file: str, margins: Margins | None = None) -> list[Word]:
    """Split a copybook into words.

    Args:
        text: Its text.
        file: Its name, for messages.
        margins: Where its text stands; None to see it from the lines.

    Raises:
        ContractError: A literal does not end, or a directive is not supported; with file, line and column.
    """
    found: list[Word] = []
    literal: Word | None = None  # one that its line did not end: a continuation line goes on with it
    for line_no, code, start, continues in _code_lines(text, file) if margins is None else _cut_lines(text, margins):
        at = 0
        if continues and literal is None and found and (part := _next(code, 0)) is not None:
            # a word that the line before did not end
            first, at, _ = part
            found[-1] = Word(found[-1].text + code[first:at], found[-1].line, found[-1].column)
        if literal is not None and not continues:
            raise unterminated(literal, file)
        if literal is not None:
            at = len(code) - len(code.lstrip())
            quote = literal.text[_prefixed(literal.text)]
            at += code[at : at + 1] == quote  # the repeated quotation mark is no part of the literal
            end = _literal_end(code, at, quote)
            whole = literal.text + code[at : len(code) if end is None else end]
            literal = Word(whole, literal.line, literal.column)
            if end is None:
                continue
            found.append(literal)
            literal, at = None, end
        while (part := _next(code, at)) is not None:
            at, end, closed = part
            word = Word(code[at:end], line_no, start + at)
            if not closed:
                literal = Word(code[at:], line_no, start + at)
                break
            found.append(word)
            at = end
    if literal is not None:
        raise unterminated(literal, file)
    return [word for word in found if word.upper not in _LISTING]


def unterminated(literal: Word, file: str) -> ContractError:
    """The error of a literal without its closing quotation mark."""
    return ContractError(
        "the literal has no closing quotation mark",
        file=file,
        line=literal.line,
        column=literal.column,
        remedy="close it, or continue it with '-' in column 7 of the next line",
    )


def _code_lines(text: str, file: str) -> list[tuple[int, str, int, bool]]:
    """Line number, text without areas and comments, column of its first character, whether it continues a literal."""
    lines = [line.expandtabs(8).rstrip("\r\n\x1a ") for line in text.split("\n")]
    free = bool(_FREE_DIRECTIVE.search(text))
    odd = [number for number, line in enumerate(lines, 1) if line and not _SEQUENCE.match(line.ljust(7))]
    if odd and not free:
        free = True
        if any(_NUMBERED.match(line) for line in lines):
            raise ContractError(
                "the line has neither a sequence number nor blanks in columns 1-6, other lines have one",
                file=file, line=odd[0], column=1, remedy="move its text behind column 7",
            )  # fmt: skip
    result = []
    for number, line in enumerate(lines, 1):
        if _FREE_DIRECTIVE.search(line):
            continue
        if free:
            if not line.lstrip().startswith("*") and not _TITLE.match(line):
                result.append((number, line, 1, False))
            continue
        indicator = line[6:7]
        if indicator in ("", "*", "/", "D", "d", "$") or _TITLE.match(line[7:]):
            continue
        # a literal that goes on fills its line to column 72, so blanks there belong to it
        result.append((number, line[7:_TEXT_END].ljust(_TEXT_END - 7), 8, indicator == "-"))
    return result


def _cut_lines(text: str, margins: Margins) -> list[tuple[int, str, int, bool]]:
    """As `_code_lines`, by given margins."""
    result = []
    for number, line in enumerate(text.split("\n"), 1):
        code = line.rstrip("\r\x1a")[margins.left : margins.right].replace("\t", " ")
        if code[:1] not in ("*", "/"):
            result.append((number, code, margins.left + 1, False))
    return result


def _next(code: str, at: int) -> tuple[int, int, bool] | None:
    """Start and end of the next word from `at` on, and whether it is complete."""
    while at < len(code) and (code[at] == " " or (code[at] in ",;" and code[at + 1 : at + 2] in ("", " "))):
        at += 1
    if at >= len(code) or code.startswith("*>", at):
        return None
    opening = at + _prefixed(code, at)
    if code[opening] in "'\"":
        end = _literal_end(code, opening + 1, code[opening])
        return at, end or len(code), end is not None
    if code[at] == "." and code[at + 1 : at + 2] in ("", " "):
        return at, at + 1, True
    end = at
    while end < len(code) and code[end] not in " '\"":
        end += 1
    while end - at > 1 and code[end - 1] in ".,;":
        end -= 1
    return at, end, True


def _prefixed(code: str, at: int = 0) -> int:
    """How many letters stand before the quotation mark of the literal that begins here."""
    match = _PREFIX.match(code, at)
    return len(match[0]) if match else 0


def _literal_end(code: str, at: int, quote: str) -> int | None:
    """Index behind the closing quote; a doubled quote stands for itself."""
    while (end := code.find(quote, at)) >= 0:
        if code[end + 1 : end + 2] != quote:
            return end + 1
        at = end + 2
    return None
