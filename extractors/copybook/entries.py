"""The entries of a copybook: from a level number to its period, each into what it declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from billing.errors import ContractError
from extractors.copybook.items import Condition, Item, Renaming
from extractors.copybook.picture import MAX_DIGITS, Picture, parse_picture
from extractors.copybook.reference_format import Margins, Word, words
from extractors.copybook.replacing import Replacement, replaced, replacements
from extractors.copybook.usages import FOREIGN, NATIONAL, USAGE_WORDS, USAGES, short

CopyText = Callable[[str], tuple[str, str] | None]
"""From the name in a COPY statement to the file's name and text."""

_CLAUSES = {
    "REDEFINES", "PIC", "PICTURE", "USAGE", "OCCURS", "SIGN", "LEADING", "TRAILING", "VALUE", "VALUES", "JUST",
    "JUSTIFIED", "BLANK", "SYNC", "SYNCHRONIZED", "EXTERNAL", "GLOBAL", *USAGE_WORDS,
}  # fmt: skip
_UNSUPPORTED = {"ALIGNED", "ANY", "CONSTANT", "DYNAMIC", "LIKE", "SAME", "TYPE", "TYPEDEF"}
_FIGURATIVE = {
    "ALL", "ZERO", "ZEROS", "ZEROES", "SPACE", "SPACES", "HIGH-VALUE", "HIGH-VALUES", "LOW-VALUE", "LOW-VALUES",
    "QUOTE", "QUOTES", "NULL", "NULLS",
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?[\d.,]+(?:E[+-]?\d+)?", re.IGNORECASE)
_DEEPEST_COPY = 20
_MOST_OCCURRENCES = 1_000_000


def read_entries(
    text: str,
    file: str,
    copies: CopyText | None,
    margins: Margins | None,
    depth: int = 0,
    pairs: Sequence[Replacement] = (),
) -> Iterator[tuple[str, list[Word]]]:
    """The entries of a copybook and of those that it copies, each with the name of its file.

    Args:
        text: The copybook's.
        file: Its name, for messages.
        copies: Gives the text of those that it copies.
        margins: Columns of the text; None to see them from the lines.
        depth: How many copybooks copy one another until this one.
        pairs: What the one that copies it replaces in it.

    Raises:
        ContractError: An entry lacks its period, or a copied file is missing or copies itself.
    """
    entry: list[Word] = []
    for word in replaced(words(text, file, margins), pairs):
        if word.text != "." or _within_operand(entry):
            entry.append(word)
        elif entry:
            if entry[0].upper == "COPY":
                yield from _copied(entry, file, copies, margins, depth)
            else:
                yield file, entry
            entry = []
    if entry:
        # Only the last one can lack its period here; anywhere else the next level number is out of place.
        if _within_operand(entry):
            fail(file, entry[0], "", "a text of its REPLACING has no closing ==", "close it")
        if entry[0].upper != "COPY":
            Entry(entry, file).check()  # a worse mistake than the period is named first
        name = entry[1].upper if len(entry) > 1 else ""
        fail(file, entry[-1], name, "the entry does not end with a period", "end it with one")


def _within_operand(entry: list[Word]) -> bool:
    """Whether a COPY statement has an operand whose `==` is not closed yet: a period belongs to it."""
    return bool(entry) and entry[0].upper == "COPY" and sum(word.text.count("==") for word in entry) % 2 == 1


def _copied(
    entry: list[Word], file: str, copies: CopyText | None, margins: Margins | None, depth: int
) -> Iterator[tuple[str, list[Word]]]:
    statement = entry[0]
    name = entry[1].text.strip("'\"") if len(entry) > 1 else ""
    found = copies(name) if copies and name else None
    if found is None:
        fail(file, statement, "", f"COPY is not supported for {name!r}: no copybook of that name is at hand",
             "put it beside this one, or name every copybook in the spec's `copybook` list")  # fmt: skip
    if depth >= _DEEPEST_COPY:
        fail(file, statement, "", f"copybooks copy one another too deep, {name} among them", "take the circle apart")
    operands = [at + 1 for at, word in enumerate(entry) if word.upper == "REPLACING"]
    try:
        pairs = replacements(" ".join(word.text for word in entry[operands[0] :])) if operands else []
    except ValueError as error:
        fail(file, statement, "", str(error), "write pairs of words, or of texts between == and ==, with BY between")
    yield from read_entries(found[1], found[0], copies, margins, depth + 1, pairs)


def fail(file: str, word: Word, name: str, message: str, remedy: str) -> NoReturn:
    """Raise the error of a copybook, with its place.

    Raises:
        ContractError: Always.
    """
    raise ContractError(
        message, file=file, line=word.line, column=word.column, field=name or None, remedy=remedy
    )  # fmt: skip


class Entry:
    """Parser of one entry.

    Args:
        words: From the level number on, without the period.
        file: Name for messages.
    """

    def __init__(self, words: list[Word], file: str) -> None:
        self.words = words
        self.file = file
        self.at = 0
        self.name = ""
        self.said: set[str] = set()

    def check(self) -> None:
        """Parse it for its errors only.

        Raises:
            ContractError: It is wrong.
        """
        level = self.level()
        if level == 88:
            self.condition()
        elif level == 66:
            self.renaming()
        else:
            self.item(None)

    def level(self) -> int:
        """Take the level number."""
        first = self._take("a level number")
        if first.upper in ("REPLACE", "EXEC", "++INCLUDE", "-INC", "COPY"):
            self._fail(first, f"{first.upper} is not supported", "name every copybook in the spec's `copybook` list")
        digits = first.text.isascii() and first.text.isdigit() and len(first.text) <= 2
        if not digits or not (1 <= int(first.text) <= 49 or int(first.text) in (66, 77, 88)):
            self._fail(first, f"expected a level number 01-49, 66, 77 or 88, found {first.text!r}",
                       "is a period missing, or too much, before it?")  # fmt: skip
        return int(first.text)

    def condition(self) -> Condition:
        """The rest of a level 88."""
        name = self._take("a condition name")
        self.name = name.upper
        word = self._take("VALUE")
        if word.upper not in ("VALUE", "VALUES"):
            self._fail(word, f"expected VALUE, found {word.text!r}", "is a period missing before it?")
        self._optional("IS", "ARE")
        first = self.at
        self._value()
        return Condition(name.upper, tuple(w.text for w in self.words[first : self.at]))

    def renaming(self) -> Renaming:
        """The rest of a level 66."""
        name = self._take("a name")
        self.name = name.upper
        word = self._take("RENAMES")
        if word.upper != "RENAMES":
            self._fail(word, f"expected RENAMES, found {word.text!r}", "correct the clause")
        first, _ = self._qualified("the first item")
        last, _ = self._qualified("the last item") if self._optional("THRU", "THROUGH") else (first, ())
        return Renaming(name.upper, first, last, name.line, name.column)

    def item(self, parent: Item | None) -> Item:
        """The rest of any other level.

        Args:
            parent: Group that it lies in; its USAGE and SIGN hold for its items.
        """
        first = self.words[0]
        item = Item(int(first.text), None, first.line, first.column)
        if (word := self._peek()) and word.upper not in _CLAUSES:
            self._name(item, self._take("a name"))
        if parent and item.level != 77:
            item.usage = parent.usage
            item.sign_leading, item.sign_separate = parent.sign_leading, parent.sign_separate
            item.synchronized, item.national = parent.synchronized, parent.national
        while self._peek():
            self._clause(item)
        if item.usage == "unsigned_packed" and item.picture and item.picture.kind == "text":
            self._packed_bytes(item, item.picture)
        return item

    def _packed_bytes(self, item: Item, picture: Picture) -> None:
        """`PIC X(4) COMP-3U`: four bytes of two digits each."""
        digits = picture.size * 2
        if digits > MAX_DIGITS:
            self._fail(self.words[0], f"PIC {picture.text} of packed bytes has more than {MAX_DIGITS} digits",
                       "correct the PICTURE")  # fmt: skip
        item.picture = Picture(picture.text, "numeric", digits)

    def _name(self, item: Item, word: Word) -> None:
        self.name = word.upper
        if not all(c.isalnum() or c in "-_#@$:" for c in word.text) or word.is_literal:
            self._fail(word, f"{word.text!r} is no data name", "correct the name")
        if word.upper != "FILLER":
            item.name, item.spelling = word.upper, word.text

    def _clause(self, item: Item) -> None:  # noqa: PLR0912  one branch a clause
        word = self._take("a clause")
        if (
            word.upper == "IS"
            and (following := self._peek())
            and following.upper in {"EXTERNAL", "GLOBAL", *_UNSUPPORTED}
        ):
            word = self._take("a clause")
        match word.upper:
            case "REDEFINES":
                self._once("REDEFINES", word)
                item.redefines = self._take("the item redefined").upper
            case "PIC" | "PICTURE":
                self._once("PICTURE", word)
                self._optional("IS")
                self._picture(item, self._take("a PICTURE string"))
            case "USAGE":
                self._optional("IS")
                self._usage(item, self._take("a usage"))
            case "OCCURS":
                self._once("OCCURS", word)
                self._occurs(item)
            case "SIGN":
                self._optional("IS")
                self._sign(item, self._take("LEADING or TRAILING"))
            case "LEADING" | "TRAILING":
                self._sign(item, word)
            case "VALUE" | "VALUES":
                self._value()
            case "SYNC" | "SYNCHRONIZED":
                self._optional("LEFT", "RIGHT")
                item.synchronized = True
            case "BLANK":
                self._optional("WHEN")
                if not self._optional("ZERO", "ZEROS", "ZEROES"):
                    self._fail(word, "BLANK WHEN says ZERO", "correct the clause")
                item.blank_when_zero = True
            case "GROUP-USAGE":
                self._optional("IS")
                self._usage(item, self._take("NATIONAL"))
            case usage if usage in USAGE_WORDS or short(usage) in FOREIGN:
                self._usage(item, word)
            case _:
                self._without_bytes(word)

    def _without_bytes(self, word: Word) -> None:
        """The rest of a clause that says nothing about bytes."""
        match word.upper:
            case "JUST" | "JUSTIFIED":
                self._optional("RIGHT")
            case "EXTERNAL":
                if self._optional("AS"):
                    self._take("the name outside")
            case "GLOBAL" | "VOLATILE":
                pass
            case "DATE":
                self._optional("FORMAT")
                self._optional("IS")
                self._take("the form of a date")
            case unsupported if unsupported in _UNSUPPORTED:
                self._fail(word, f"{word.upper} is not supported", "write out what it stands for")
            case _:
                self._fail(word, f"expected a clause, found {word.text!r}", "is a period missing before it?")

    def _once(self, clause: str, word: Word) -> None:
        """Which of two is meant, nobody knows; most often a period is missing between them."""
        if clause in self.said:
            self._fail(word, f"{clause} stands here twice", "is a period missing before it?")
        self.said.add(clause)

    def _picture(self, item: Item, word: Word) -> None:
        try:
            item.picture = parse_picture(word.text)
        except ValueError as error:
            self._fail(word, str(error), "correct the PICTURE")

    def _usage(self, item: Item, word: Word) -> None:
        self._once("USAGE", word)
        usage = short(word.upper)
        if usage in FOREIGN:
            self._fail(word, f"USAGE {word.upper} is not supported",
                       "describe its bytes as PIC X, or leave the field out as FILLER")  # fmt: skip
        if usage == NATIONAL:
            item.national = True
            return
        if usage not in USAGES:
            self._fail(word, f"{word.text!r} is no USAGE", "correct the clause")
        item.usage, item.national = USAGES[usage], False

    def _occurs(self, item: Item) -> None:
        item.occurs = item.occurs_least = self._times(self._take("how often"), 0)
        ranged = self._optional("TO")
        if ranged:
            item.occurs = self._times(self._take("how often at most"), 1)
        elif item.occurs < 1:
            self._fail(self.words[self.at - 1], "OCCURS needs a number of times, found '0'", "correct the clause")
        self._optional("TIMES", "TIME")
        if self._optional("DEPENDING"):
            self._optional("ON")
            item.depending, item.depending_in = self._qualified("the item that says how often")
            if not ranged:
                item.occurs_least = 0  # `OCCURS 9 DEPENDING ON N`: nobody says how often at least
        elif ranged:
            self._fail(self.words[self.at - 1], "OCCURS from TO needs DEPENDING ON", "say what the number depends on")
        if item.occurs_least > item.occurs:
            self._fail(self.words[self.at - 1], f"OCCURS {item.occurs_least} TO {item.occurs}", "turn them round")
        while (word := self._peek()) and word.upper in ("ASCENDING", "DESCENDING", "INDEXED"):
            self._take("a key")
            self._optional("KEY")
            self._optional("IS", "BY")
            while (word := self._peek()) and word.upper not in _CLAUSES | {"ASCENDING", "DESCENDING", "INDEXED"}:
                if word.text.isdigit():  # the next entry's level: name the missing period
                    return
                self._take("a name")

    def _times(self, word: Word, least: int) -> int:
        text = word.text
        if not (text.isascii() and text.isdigit()) or not least <= int(text[:12]) <= _MOST_OCCURRENCES:
            self._fail(word, f"OCCURS needs a number of times, found {text!r}", "correct the clause")
        return int(text)

    def _qualified(self, what: str) -> tuple[str, tuple[str, ...]]:
        """A name in capitals, and the groups that it is said to lie in, innermost first."""
        word = self._take(what)
        groups = []
        while self._optional("OF", "IN"):
            groups.append(self._take("the group that it lies in").upper)
        return word.upper, tuple(groups)

    def _sign(self, item: Item, word: Word) -> None:
        if word.upper not in ("LEADING", "TRAILING"):
            self._fail(word, f"SIGN is LEADING or TRAILING, found {word.text!r}", "correct the clause")
        item.sign_leading = word.upper == "LEADING"
        item.sign_separate = self._optional("SEPARATE")
        item.sign_own = True
        self._optional("CHARACTER")

    def _value(self) -> None:
        """Values; of an item a constant and literals, of a condition also `THRU`, `FALSE` and the like."""
        self._optional("IS", "ARE")
        self._take("a value")
        condition = self.words[0].text == "88"
        while word := self._peek():
            constant = word.is_literal or _NUMBER.fullmatch(word.text) or word.upper in _FIGURATIVE
            if not constant and (not condition or word.upper in _CLAUSES):
                break
            if word.text.isdigit() and word.line > self.words[self.at - 1].line and not condition:
                break  # a number at the start of a line is the next entry's level: name the missing period
            self._take("a value")

    def _peek(self) -> Word | None:
        return self.words[self.at] if self.at < len(self.words) else None

    def _take(self, what: str) -> Word:
        word = self._peek()
        if word is None:
            self._fail(self.words[-1], f"{what} is missing behind {self.words[-1].text!r}", "complete the entry")
        self.at += 1
        return word

    def _optional(self, *texts: str) -> bool:
        word = self._peek()
        if word and word.upper in texts:
            self.at += 1
            return True
        return False

    def _fail(self, word: Word, message: str, remedy: str) -> NoReturn:
        fail(self.file, word, self.name, message, remedy)
