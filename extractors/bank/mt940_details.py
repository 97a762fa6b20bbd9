"""The field `:86:` of MT940, which every bank fills in its own way.

* **sub-fields**: a business code of three digits, then a mark and two digits before each text, as in `<20`, `~20`,
  `^20`, `?20`, `+20`.  The mark is what stands before the first two digits; so a new one needs no new code.
* **codes**: SWIFT's own words between slashes, `/ORDP/`, `/BENM//NAME/`, `/REMI/`.
* **labels**: words with a colon and a semicolon, as in `z rach.: ...; od: ...; tyt.: ...;`.
* **text**: anything else.

Sub-fields are cut where they are full, in the middle of words, so their parts are put together as they are, trailing
blanks included.  Which numbers mean what: 00 text of the posting, 20 to 29 and 60 to 63 the title, 30 bank, 31
account, 32 and 33 name, 38 IBAN.  Polish banks that give no 32 write the name in 27 and 28 and the address in 29.
A source's spec may say otherwise.

Sources: the sub-fields are those of the German banks' DFÜ agreement, which Polish banks took over with other marks
(their published descriptions of MT940 files); SWIFT's code words are in its MT940 usage guidelines.

>>> details("020~00PRZELEW~20FAKTURA 12/~212003~3010901489~3167160000~32JAN NOWAK").values
{'transaction_code': '020', 'posting_text': 'PRZELEW', 'title': 'FAKTURA 12/2003', 'bank_code': '10901489', \
'counterparty_account': '67160000', 'counterparty_name': 'JAN NOWAK'}
>>> details("/BENM//NAME/JOHN DOE/REMI/Reference 201301234/ISDT/2013-01-02").values
{'counterparty_name': 'JOHN DOE', 'title': 'Reference 201301234'}
>>> details("Card payment").values
{'title': 'Card payment'}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from extractors.bank.payment_title import split_payment

Dialect = Literal["auto", "subfields", "codes", "labels", "text"]

_LINE = 65
_FULL = 24  # of the 27 characters of a sub-field: a blank at its end may be lost
_SUBFIELDS = re.compile(r"\s*(?P<code>[0-9]{3})?\s*(?P<mark>[^\w\s/:;,.()-])(?=[0-9]{2})", re.DOTALL)
_SEPA = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|MTLG)[+:]")
_LABEL = re.compile(r"(?:^|;)\s*(z rach\.|na rach\.|od|dla|tyt\.|TNR|ID IPH)\s*:\s*", re.IGNORECASE)
_CODE_WORDS = (
    "EREF", "KREF", "PREF", "MARF", "CSID", "ORDP", "BENM", "ULTB", "ULTD", "ULTC", "REMI", "ISDT", "NAME", "IBAN",
    "BIC", "ADDR", "TRTP", "RTRN", "PURP", "CNTP", "USTD", "STRD", "INIT", "ACCW", "IBK", "EXCH", "CHGS", "OCMT",
    "SVCL", "TRCD", "VACC",
)  # fmt: skip
_CODES = re.compile(rf"/{{1,2}}({'|'.join(_CODE_WORDS)})(?=/)")
_ANY_CODE = re.compile(r"\s*/[A-Z]{3,4}/")
_ONLY_CODE = re.compile(r"\s*(\d{3})\s*$")
_BLANKS = re.compile(r"\s{2,}")
_NOTHING = {"NOTPROVIDED", "NONREF", "NOT PROVIDED"}

_SUBFIELD_COLUMNS: dict[str, list[str]] = {
    "posting_text": ["00"],
    "title": [*(f"2{n}" for n in range(10)), *(f"6{n}" for n in range(4))],
    "bank_code": ["30"],
    "counterparty_account": ["38", "31"],  # the first that is there
    "counterparty_name": ["32", "33"],
}
_NAME_IN_TITLE = {"title": [*(f"2{n}" for n in range(7)), *(f"6{n}" for n in range(4))],
                  "counterparty_name": ["27", "28"], "counterparty_address": ["29"]}  # fmt: skip
_MOST_FORMS = 1 << 10
_NUMBERS = frozenset(f"{n:02}" for n in range(100))
_NAMES_IN_TITLE = frozenset(("27", "28", "29"))
_FIRST_OF = {"counterparty_account"}
_SEPA_COLUMNS = {"EREF": "end_to_end_id", "MREF": "mandate_id", "CRED": "creditor_id", "SVWZ": "title"}
_CODE_COLUMNS = {
    "EREF": "end_to_end_id", "MARF": "mandate_id", "CSID": "creditor_id", "REMI": "title", "NAME": "counterparty_name",
    "IBAN": "counterparty_account", "BIC": "bank_code", "ADDR": "counterparty_address", "TRTP": "posting_text",
    "ORDP": "counterparty_name", "BENM": "counterparty_name",
}  # fmt: skip
_OF_COUNTERPARTY = ("counterparty_account", "bank_code", "counterparty_name")  # as the bank lists them after CNTP
_LABEL_COLUMNS = {
    "z rach.": "counterparty_account", "na rach.": "counterparty_account", "od": "counterparty_name",
    "dla": "counterparty_name", "tyt.": "title", "id iph": "virtual_account",
}  # fmt: skip
_ACCOUNTS = ("counterparty_account", "virtual_account")
_REFERENCES = ("end_to_end_id", "mandate_id", "creditor_id")


class Details(NamedTuple):
    """What `:86:` says.

    Attributes:
        values: Column -> text, for the columns that it fills.
        subfields: Every part under its number, code word or label, as delivered.
    """

    values: dict[str, str]
    subfields: dict[str, str]


_Plan = list[tuple[str, list[str]]]
"""Columns with the numbers of their sub-fields that are there."""


class Columns:
    """Which sub-fields make which columns.

    Args:
        declared: Column -> numbers, where a bank uses them in another way than most.
    """

    def __init__(self, declared: Mapping[Any, Sequence[str]] | None = None) -> None:
        self._declared = declared or {}
        self._known: dict[tuple[bool, tuple[str, ...]], _Plan] = {}

    def of(self, mark: str, parts: Mapping[str, str]) -> _Plan:
        """The columns of a field with this mark and these sub-fields; a bank's fields have few forms."""
        name_stands_apart = parts.get("32") or parts.get("33")
        is_usual = mark == "?" or bool(name_stands_apart) or _NAMES_IN_TITLE.isdisjoint(parts)
        form = (is_usual, tuple(parts))
        if (plan := self._known.get(form)) is None:
            plan = self._plan(is_usual, form[1])
            if len(self._known) < _MOST_FORMS:
                self._known[form] = plan
        return plan

    def _plan(self, is_usual: bool, numbers: tuple[str, ...]) -> _Plan:
        spoken_for = {number for declared in self._declared.values() for number in declared}
        usual = _SUBFIELD_COLUMNS if is_usual else _SUBFIELD_COLUMNS | _NAME_IN_TITLE
        free = {name: [n for n in wanted if n not in spoken_for] for name, wanted in usual.items()}
        every = free | dict(self._declared)
        there = {name: [n for n in wanted if n in numbers] for name, wanted in every.items()}
        return [(name, wanted) for name, wanted in there.items() if wanted]


_USUAL = Columns()


def details(text: str, dialect: Dialect = "auto", columns: Columns = _USUAL) -> Details:
    """Take a field `:86:` apart.

    Args:
        text: Its value; lines end with LF.
        dialect: Its form.
        columns: Which sub-fields make which columns.
    """
    if dialect in ("auto", "subfields"):
        whole = text.replace("\n", "")
        found = _SUBFIELDS.match(whole)
        # a text may begin with a sign and digits, too, but not go on like that
        if found and (found["code"] or dialect == "subfields" or len(_cut(whole, found)) > 1):
            return _by_subfields(whole, found, columns)
    if dialect in ("auto", "codes") and split_payment(plain := joined(text)):
        return Details({"title": plain}, {})
    if dialect in ("auto", "codes") and _ANY_CODE.match(text) and _CODES.search(text):
        return _by_codes(text)
    if dialect == "labels" or (dialect == "auto" and len(_LABEL.findall(joined(text))) > 1):
        return _by_labels(joined(text))
    code = _ONLY_CODE.match(text) if dialect == "auto" else None
    if code:
        return Details({"transaction_code": code[1]}, {})
    plain = joined(text)
    return Details({"title": plain} if plain else {}, {})


def joined(text: str) -> str:
    """Lines as one text: a full line was cut wherever it was full, a shorter one ended by itself.

    >>> joined("Card transaction" + chr(10) + "Warszawa  " + chr(10))
    'Card transaction Warszawa'
    >>> joined("x" * 65 + chr(10) + "yz") == "x" * 65 + "yz"
    True
    """
    whole = ""
    for line in text.split("\n"):
        whole += line.rstrip("\r") if len(line) >= _LINE else f"{line.strip()} "
    return _BLANKS.sub(" ", whole).strip()


def _cut(whole: str, found: re.Match[str]) -> list[str]:
    """The sub-fields, each beginning with its number."""
    text, mark = whole[found.start("mark") :], found["mark"]
    pieces = text.split(mark)[1:]
    is_plain = mark != "+" and _NUMBERS.issuperset([piece[:2] for piece in pieces])
    return pieces if is_plain else _at(mark).split(text)[1:]


@lru_cache(maxsize=64)
def _at(mark: str) -> re.Pattern[str]:
    """Where sub-fields begin; a plus stands before telephone numbers, too, and no bank has a sub-field 48."""
    return re.compile(rf"{re.escape(mark)}(?={'[0-36]' if mark == '+' else '[0-9]'}[0-9])")


def _by_subfields(whole: str, found: re.Match[str], columns: Columns) -> Details:
    parts: dict[str, str] = {}
    for piece in _cut(whole, found):
        number = piece[:2]
        parts[number] = parts[number] + piece[2:] if number in parts else piece[2:]
    bare = {number: part.strip() for number, part in parts.items()}
    values = {"transaction_code": found["code"]} if found["code"] else {}
    titles: list[str] = []
    for name, numbers in columns.of(found["mark"], bare):
        if name == "title":
            titles = [parts[number] for number in numbers]
        pieces = [parts[number] for number in numbers if bare[number]]
        if pieces:
            values[name] = pieces[0] if name in _FIRST_OF else _together(name, pieces)
    values.update(_sepa(titles))
    return Details(_tidy(values), bare)


def _together(name: str, pieces: list[str]) -> str:
    """Sub-fields as one text; of a name, a piece that is not full ended by itself.

    >>> _together("counterparty_name", ["JAN NOWAK", "UL. DLUGA 1"]), _together("title", ["FAKTURA 12/", "2003"])
    ('JAN NOWAK UL. DLUGA 1', 'FAKTURA 12/2003')
    """
    if name != "counterparty_name":
        return "".join(pieces)
    return "".join([piece if len(piece) >= _FULL else f"{piece} " for piece in pieces]).strip()


def _sepa(pieces: list[str]) -> dict[str, str]:
    """SEPA's own fields, which banks put into the title: each begins a sub-field with a code word.

    >>> _sepa(["EREF+TFNR 22 004", "00001", "SVWZ+Nr 22 0", "04"])
    {'end_to_end_id': 'TFNR 22 00400001', 'title': 'Nr 22 004'}
    """
    if not any(map(_SEPA.match, pieces)):
        return {}
    found: dict[str, str] = {}
    word = ""
    for piece in pieces:
        match = _SEPA.match(piece)
        word = match[1] if match else word
        found[word] = found.get(word, "") + (piece[match.end() :] if match else piece)
    title = found.get("SVWZ", found.get("", ""))
    return {**{_SEPA_COLUMNS[w]: text for w, text in found.items() if w in _SEPA_COLUMNS}, "title": title}


def _by_codes(text: str) -> Details:
    """SWIFT's code words; a word that is not known belongs to the text of the one before it.

    >>> _by_codes("/CNTP/NL71ABNA0841238/ABNANL2A/GREEN BV///REMI/USTD//FV 12/2003/").values == {
    ...     "counterparty_account": "NL71ABNA0841238", "bank_code": "ABNANL2A", "counterparty_name": "GREEN BV",
    ...     "title": "FV 12/2003"}
    True
    """
    head, *words = _CODES.split(re.sub(r"\r?\n", "", text.strip()))
    values: dict[str, str] = {}
    parts: dict[str, str] = {}
    for word, value in _pairs(["", *words]):
        name = word if word not in parts else f"{word}_{len(parts)}"
        parts[name] = value.removeprefix("/").strip()
        column = _CODE_COLUMNS.get(word)
        if column and (bare := value.strip("/ ")) and column not in values:
            values[column] = f"/{bare}" if bare.startswith("VAT/") else bare
    for column, value in zip(_OF_COUNTERPARTY, parts.get("CNTP", "").split("/"), strict=False):
        if value.strip():
            values.setdefault(column, value)
    if "title" not in values and (title := (parts.get("USTD") or head).strip("/ ")):
        values["title"] = title
    return Details(_tidy(values), parts)


def _by_labels(text: str) -> Details:
    words = _LABEL.split(text)
    values: dict[str, str] = {}
    parts: dict[str, str] = {}
    head = words[0].strip(" ;")
    if code := re.match(r"(\d{3})\s*", head):
        values["transaction_code"], head = code[1], head[code.end() :]
    if head:
        values["posting_text"] = head
    for word, value in _pairs(words):
        parts.setdefault(word, value.strip(" ;"))
        column = _LABEL_COLUMNS.get(word.casefold())
        if column:
            values.setdefault(column, value.strip(" ;"))
    return Details(_tidy(values), parts)


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[1::2], words[2::2], strict=True))


def _tidy(values: dict[str, str]) -> dict[str, str]:
    tidy: dict[str, str] = {}
    for name, value in values.items():
        clean = ("" if name in _ACCOUNTS else " ").join(value.split())
        if clean and not (name in _REFERENCES and clean.upper() in _NOTHING):
            tidy[name] = clean
    return tidy
