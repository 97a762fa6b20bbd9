"""A COBOL data description into a tree of items.

Understood: levels 01-49 and 77; REDEFINES, OCCURS (fixed), PICTURE, USAGE, SIGN, JUSTIFIED, BLANK WHEN ZERO, VALUE and
the clauses that say nothing about bytes (EXTERNAL, GLOBAL, INDEXED BY, KEY).  Condition names (88) and RENAMES (66)
take no storage and are passed over.  What would change the layout and is not supported is an error, never ignored.

>>> [root] = parse_copybook('''
... 01  ACCOUNT-RECORD.
...     05  ACCOUNT-NO      PIC X(10).
...         88  IS-TEST     VALUE 'TEST' THRU 'TEST9'.
...     05  BALANCE         PIC S9(7)V99 COMP-3.
... ''', "account.cpy")
>>> [(item.level, item.name, item.usage) for item in root.children]
[(5, 'ACCOUNT-NO', 'display'), (5, 'BALANCE', 'packed')]
>>> parse_copybook("01 A.\\n   05 B PIC X(10", "account.cpy")
Traceback (most recent call last):
...
billing.errors.ContractError: account.cpy, line 2, column 13, field B: PIC X(10: a repetition needs a number in \
parentheses. Remedy: correct the PICTURE
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NoReturn

from billing.errors import ContractError
from extractors.copybook.picture import Picture, parse_picture
from extractors.copybook.reference_format import Word, words

Usage = Literal["display", "packed", "binary", "native"]

_USAGES: dict[str, Usage] = {
    "DISPLAY": "display", "COMP-3": "packed", "COMPUTATIONAL-3": "packed", "PACKED-DECIMAL": "packed",
    "COMP": "binary", "COMPUTATIONAL": "binary", "COMP-4": "binary", "COMPUTATIONAL-4": "binary", "BINARY": "binary",
    "COMP-5": "native", "COMPUTATIONAL-5": "native",
}  # fmt: skip
_UNSUPPORTED_USAGES = {
    "COMP-1", "COMPUTATIONAL-1", "COMP-2", "COMPUTATIONAL-2", "COMP-6", "COMPUTATIONAL-6", "COMP-X", "COMPUTATIONAL-X",
    "DISPLAY-1", "NATIONAL", "INDEX", "POINTER", "PROCEDURE-POINTER", "FUNCTION-POINTER", "FLOAT-SHORT", "FLOAT-LONG",
}  # fmt: skip
_CLAUSES = {
    "REDEFINES", "PIC", "PICTURE", "USAGE", "OCCURS", "SIGN", "LEADING", "TRAILING", "VALUE", "VALUES", "JUST",
    "JUSTIFIED", "BLANK", "SYNC", "SYNCHRONIZED", "EXTERNAL", "GLOBAL", *_USAGES, *_UNSUPPORTED_USAGES,
}  # fmt: skip


@dataclass
class Item:
    """A data item: a group (with children) or an elementary item (with a picture).

    Attributes:
        level: 01-49 or 77.
        name: In capitals; None for FILLER.
        line: Where it stands in its copybook, from 1.
        column: As above.
        picture: Of an elementary item.
        usage: Its own or its group's.
        sign_leading: The sign stands first, not last.
        sign_separate: The sign has a byte of its own.
        occurs: How often it stands in the record, None where it has no OCCURS.
        redefines: Name of the item whose storage it shares.
        children: Of a group.
    """

    level: int
    name: str | None
    line: int
    column: int
    picture: Picture | None = None
    usage: Usage = "display"
    sign_leading: bool = False
    sign_separate: bool = False
    occurs: int | None = None
    redefines: str | None = None
    children: list[Item] = field(default_factory=list)

    @property
    def label(self) -> str:
        """For messages."""
        return self.name or "FILLER"


def parse_copybook(text: str, file: str) -> list[Item]:
    """Read a copybook.

    Args:
        text: Its text, in fixed or free form.
        file: Its name, for messages.

    Returns:
        The items without a parent, in order: 01 levels, or whatever the copybook begins with.

    Raises:
        ContractError: It is no COBOL data description, or describes what is not supported; with file, line, column
            and field.
    """
    entries = _entries(words(text, file), file)
    roots: list[Item] = []
    open_groups: list[Item] = []
    for entry in entries:
        item = _Entry(entry, file).parse(open_groups)
        if item is None:
            continue
        while open_groups and (open_groups[-1].level >= item.level or item.level == 77):
            open_groups.pop()
        if open_groups:
            parent = open_groups[-1]
            if parent.picture:
                _fail(file, entry[0], item.label, f"it lies below {parent.label}, which has a PICTURE",
                      "give it the level of that item, or take the PICTURE away")  # fmt: skip
            parent.children.append(item)
        else:
            roots.append(item)
        open_groups.append(item)
    if not roots:
        raise ContractError("the copybook describes no field", file=file, remedy="name the right file in the spec")
    for root in roots:
        _complete(root, file)
    return roots


def _entries(found: list[Word], file: str) -> list[list[Word]]:
    entries: list[list[Word]] = []
    entry: list[Word] = []
    for word in found:
        if word.text == ".":
            if entry:
                entries.append(entry)
            entry = []
        else:
            entry.append(word)
    if entry:
        # Only the last one can lack its period here; anywhere else the next level number is out of place.
        name = entry[1].upper if len(entry) > 1 else ""
        _Entry(entry, file).parse([])  # a worse mistake than the period is named first
        _fail(file, entry[-1], name, "the entry does not end with a period", "end it with one")
    return entries


def _complete(item: Item, file: str) -> None:
    """Every item is a group or has a picture."""
    here = Word("", item.line, item.column)
    if not item.children and not item.picture:
        _fail(file, here, item.label, "it has neither a PICTURE nor items below it", "give it a PICTURE")
    if item.picture and item.picture.kind != "numeric" and item.usage != "display":
        _fail(file, here, item.label, f"PIC {item.picture.text} is text and cannot be stored as a number",
              "take the USAGE away, or correct the PICTURE")  # fmt: skip
    for child in item.children:
        _complete(child, file)


def _fail(file: str, word: Word, name: str, message: str, remedy: str) -> NoReturn:
    raise ContractError(
        message,
        file=file,
        line=word.line,
        column=word.column,
        field=name or None,
        remedy=remedy,
    )


class _Entry:
    """Parser of one entry: a level number up to its period."""

    def __init__(self, entry: list[Word], file: str) -> None:
        self.words = entry
        self.file = file
        self.at = 0
        self.name = ""

    def parse(self, open_groups: list[Item]) -> Item | None:
        first = self._take("a level number")
        if first.upper in ("COPY", "REPLACE", "EXEC", "++INCLUDE", "-INC"):
            self._fail(first, f"{first.upper} is not supported", "name every copybook in the spec's `copybook` list")
        if not first.text.isdigit() or not (1 <= int(first.text) <= 49 or int(first.text) in (66, 77, 88)):
            self._fail(first, f"expected a level number 01-49, 66, 77 or 88, found {first.text!r}",
                       "is a period missing, or too much, before it?")  # fmt: skip
        level = int(first.text)
        if level in (66, 88):
            return None
        item = Item(level, None, first.line, first.column)
        if (word := self._peek()) and word.upper not in _CLAUSES:
            self._name(item, self._take("a name"))
        # USAGE and SIGN of a group hold for its items
        parent = next((group for group in reversed(open_groups) if group.level < level), None)
        if parent and level != 77:
            item.usage = parent.usage
            item.sign_leading, item.sign_separate = parent.sign_leading, parent.sign_separate
        while self._peek():
            self._clause(item)
        return item

    def _name(self, item: Item, word: Word) -> None:
        self.name = word.upper
        if not all(c.isalnum() or c in "-_#@$:" for c in word.text) or word.is_literal:
            self._fail(word, f"{word.text!r} is no data name", "correct the name")
        if word.upper != "FILLER":
            item.name = word.upper

    def _clause(self, item: Item) -> None:  # noqa: PLR0912  one branch a clause
        word = self._take("a clause")
        match word.upper:
            case "REDEFINES":
                item.redefines = self._take("the item redefined").upper
            case "PIC" | "PICTURE":
                self._optional("IS")
                self._picture(item, self._take("a PICTURE string"))
            case "USAGE":
                self._optional("IS")
                self._usage(item, self._take("a usage"))
            case "OCCURS":
                self._occurs(item)
            case "SIGN":
                self._optional("IS")
                self._sign(item, self._take("LEADING or TRAILING"))
            case "LEADING" | "TRAILING":
                self._sign(item, word)
            case "VALUE" | "VALUES":
                self._value()
            case "JUST" | "JUSTIFIED":
                self._optional("RIGHT")
            case "BLANK":
                self._optional("WHEN")
                self._optional("ZERO", "ZEROS", "ZEROES")
            case "SYNC" | "SYNCHRONIZED":
                self._fail(word, "SYNCHRONIZED is not supported", "declare its slack bytes as FILLER instead")
            case "EXTERNAL" | "GLOBAL":
                pass
            case usage if usage in _USAGES or usage in _UNSUPPORTED_USAGES:
                self._usage(item, word)
            case _:
                self._fail(word, f"expected a clause, found {word.text!r}", "is a period missing before it?")

    def _picture(self, item: Item, word: Word) -> None:
        try:
            item.picture = parse_picture(word.text)
        except ValueError as error:
            self._fail(word, str(error), "correct the PICTURE")

    def _usage(self, item: Item, word: Word) -> None:
        if word.upper in _UNSUPPORTED_USAGES:
            self._fail(word, f"USAGE {word.upper} is not supported",
                       "describe its bytes as PIC X, or leave the field out as FILLER")  # fmt: skip
        if word.upper not in _USAGES:
            self._fail(word, f"{word.text!r} is no USAGE", "correct the clause")
        item.usage = _USAGES[word.upper]

    def _occurs(self, item: Item) -> None:
        times = self._take("how often")
        if not times.text.isdigit() or int(times.text) < 1:
            self._fail(times, f"OCCURS needs a number of times, found {times.text!r}", "correct the clause")
        self._optional("TIMES")
        if (word := self._peek()) and word.upper in ("TO", "DEPENDING"):
            self._fail(
                word, "OCCURS DEPENDING ON is not supported", "describe each form of the record as a fixed group"
            )
        while (word := self._peek()) and word.upper in ("ASCENDING", "DESCENDING", "INDEXED"):
            self._take("a key")
            self._optional("KEY")
            self._optional("IS", "BY")
            while (word := self._peek()) and word.upper not in _CLAUSES | {"ASCENDING", "DESCENDING", "INDEXED"}:
                self._take("a name")
        item.occurs = int(times.text)

    def _sign(self, item: Item, word: Word) -> None:
        if word.upper not in ("LEADING", "TRAILING"):
            self._fail(word, f"SIGN is LEADING or TRAILING, found {word.text!r}", "correct the clause")
        item.sign_leading = word.upper == "LEADING"
        item.sign_separate = self._optional("SEPARATE")
        self._optional("CHARACTER")

    def _value(self) -> None:
        self._optional("IS", "ARE")
        while (word := self._peek()) and (word.is_literal or word.upper not in _CLAUSES):
            if word.text.isdigit() and word.line > self.words[self.at - 1].line:
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
        _fail(self.file, word, self.name, message, remedy)
