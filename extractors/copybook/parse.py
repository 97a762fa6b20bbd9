"""A COBOL data description into a tree of items.

Understood: levels 01-49, 66, 77 and 88; REDEFINES, OCCURS (fixed and DEPENDING ON), PICTURE, USAGE, SIGN,
SYNCHRONIZED, JUSTIFIED, BLANK WHEN ZERO, VALUE, the clauses that say nothing about bytes (EXTERNAL, GLOBAL, INDEXED
BY, KEY), and COPY with REPLACING.  What would change the layout and is not supported is an error, never ignored.

>>> [root] = parse_copybook('''
... 01  ACCOUNT-RECORD.
...     05  ACCOUNT-NO      PIC X(10).
...         88  IS-TEST     VALUE 'TEST' THRU 'TEST9'.
...     05  BALANCE         PIC S9(7)V99 COMP-3.
... ''', "account.cpy")
>>> [(item.level, item.name, item.usage) for item in root.children]
[(5, 'ACCOUNT-NO', 'display'), (5, 'BALANCE', 'packed')]
>>> root.children[0].conditions
[Condition(name='IS-TEST', values=("'TEST'", 'THRU', "'TEST9'"))]
>>> parse_copybook("01 A.\\n   05 B PIC X(10", "account.cpy")
Traceback (most recent call last):
...
billing.errors.ContractError: account.cpy, line 2, column 13, field B: PIC X(10: a repetition needs a number in \
parentheses. Remedy: correct the PICTURE
"""

from __future__ import annotations

import itertools

from billing.errors import ContractError
from extractors.copybook.entries import CopyText, Entry, fail, read_entries
from extractors.copybook.items import Item, descend
from extractors.copybook.reference_format import Margins, Word

_MOST_COPIES = 1_000
_DEEPEST = 49  # group below group: a level number can rise no further


def parse_copybook(
    text: str, file: str, *, copies: CopyText | None = None, margins: Margins | None = None
) -> list[Item]:
    """Read a copybook.

    Args:
        text: Its text, in fixed or free form.
        file: Its name, for messages.
        copies: Gives the text of a copybook that a COPY statement names, None where there is none of the name.
        margins: Columns of the text; None to see them from the lines.

    Returns:
        The items without a parent, in order: 01 levels, or whatever the copybook begins with.

    Raises:
        ContractError: It is no COBOL data description, or describes what is not supported; with file, line, column
            and field.
    """
    roots: list[Item] = []
    open_groups: list[Item] = []
    for source, found in read_entries(text, file, _counted(copies, file), margins):
        _place(Entry(found, source), roots, open_groups)
    if not roots:
        raise ContractError("the copybook describes no field", file=file, remedy="name the right file in the spec")
    for root in roots:
        _complete(root, file)
        _check_renamings(root, file)
    return roots


def _counted(copies: CopyText | None, file: str) -> CopyText | None:
    """The same for so many statements: copybooks that copy others twice each grow beyond any bound."""
    count = itertools.count(1)

    def find(name: str) -> tuple[str, str] | None:
        if next(count) > _MOST_COPIES:
            raise ContractError(
                f"more than {_MOST_COPIES} COPY statements are to be followed, that of {name} among them",
                file=file,
                remedy="let copybooks not copy one another over and over",
            )
        return copies(name) if copies else None

    return find


def _place(entry: Entry, roots: list[Item], open_groups: list[Item]) -> None:
    """Parse an entry and put what it describes where it belongs."""
    level = entry.level()
    if level == 88:
        condition = entry.condition()
        if not open_groups:
            fail(entry.file, entry.words[0], condition.name, "no item stands before this level 88",
                 "put it behind the item whose values it names")  # fmt: skip
        open_groups[-1].conditions.append(condition)
        return
    if level == 66:
        renaming = entry.renaming()
        if not roots:
            fail(entry.file, entry.words[0], renaming.name, "no record stands before this level 66",
                 "put it behind the record whose items it renames")  # fmt: skip
        roots[-1].renamings.append(renaming)
        return
    while open_groups and (open_groups[-1].level >= level or level == 77):
        open_groups.pop()
    parent = open_groups[-1] if open_groups else None
    item = entry.item(parent)
    if parent is None:
        roots.append(item)
    else:
        if parent.picture:
            fail(entry.file, entry.words[0], item.label, f"it lies below {parent.label}, which has a PICTURE",
                 "give it the level of that item, or take the PICTURE away")  # fmt: skip
        parent.children.append(item)
    if len(open_groups) >= _DEEPEST:
        fail(entry.file, entry.words[0], item.label, "it lies too deep", "correct the level numbers")
    open_groups.append(item)


def _complete(item: Item, file: str) -> None:
    """Every item is a group or has a value of its own."""
    here = Word("", item.line, item.column)
    if not item.children and not item.elementary:
        fail(file, here, item.label, "it has neither a PICTURE nor items below it", "give it a PICTURE")
    if item.picture and item.national and item.picture.kind != "national":
        fail(file, here, item.label, f"PIC {item.picture.text} of USAGE NATIONAL is not supported",
             "describe its bytes as PIC N, or as PIC X of twice the size")  # fmt: skip
    if item.picture and item.picture.kind != "numeric":
        binary_text = item.picture.kind == "text" and item.usage in ("binary", "native")
        if item.usage != "display" and not binary_text:
            fail(file, here, item.label, f"PIC {item.picture.text} is text and cannot be stored as a number",
                 "take the USAGE away, or correct the PICTURE")  # fmt: skip
    for child in item.children:
        _complete(child, file)


def _check_renamings(root: Item, file: str) -> None:
    names = [item.name for item in descend([root])]
    for renaming in root.renamings:
        here = Word("", renaming.line, renaming.column)
        for name in (renaming.first, renaming.last):
            if name not in names:
                fail(file, here, renaming.name, f"it renames {name}, which {root.label} does not have",
                     "name items of the record before it")  # fmt: skip
        if names.index(renaming.last) < names.index(renaming.first):
            fail(file, here, renaming.name, f"{renaming.last} stands before {renaming.first}", "turn them round")
