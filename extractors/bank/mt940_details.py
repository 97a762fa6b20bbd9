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
from dataclasses import dataclass
from typing import Any, Literal

from extractors.bank.payment_title import split_payment

Dialect = Literal["auto", "subfields", "codes", "labels", "text"]

_LINE = 65
_FULL = 24  # of the 27 characters of a sub-field: a blank at its end may be lost
_SUBFIELDS = re.compile(r"\s*(?P<code>\d{3})?\s*(?P<mark>[^\w\s/:;,.()-])(?=\d\d)", re.DOTALL)
_SEPA = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|MTLG)[+:]")
_LABEL = re.compile(r"(?:^|;)\s*(z rach\.|na rach\.|od|dla|tyt\.|TNR|ID IPH)\s*:\s*", re.IGNORECASE)
_CODE_WORDS = (
    "EREF", "KREF", "PREF", "MARF", "CSID", "ORDP", "BENM", "ULTB", "ULTD", "ULTC", "REMI", "ISDT", "NAME", "IBAN",
    "BIC", "ADDR", "TRTP", "RTRN", "PURP", "CNTP", "USTD", "STRD", "INIT", "ACCW", "IBK", "EXCH", "CHGS", "OCMT",
    "SVCL", "TRCD", "VACC",
)  # fmt: skip
_CODES = re.compile(rf"/{{1,2}}({'|'.join(_CODE_WORDS)})(?=/)")
_ANY_CODE = re.compile(r"\s*/[A-Z]{3,4}/")
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


@dataclass(frozen=True)
class Details:
    """What `:86:` says.

    Attributes:
        values: Column -> text, for the columns that it fills.
        subfields: Every part under its number, code word or label, as delivered.
    """

    values: dict[str, str]
    subfields: dict[str, str]


def details(text: str, dialect: Dialect = "auto", columns: Mapping[Any, Sequence[str]] | None = None) -> Details:
    """Take a field `:86:` apart.

    Args:
        text: Its value; lines end with LF.
        dialect: Its form.
        columns: Column -> numbers of the sub-fields that make it, instead of the usual ones.
    """
    if dialect in ("auto", "subfields"):
        whole = re.sub(r"\r?\n", "", text)
        found = _SUBFIELDS.match(whole)
        # a text may begin with a sign and digits, too, but not go on like that
        if found and (found["code"] or len(_cut(whole, found)) > 1 or dialect == "subfields"):
            return _by_subfields(whole, found, columns or {})
    if dialect in ("auto", "codes") and split_payment(plain := joined(text)):
        return Details({"title": plain}, {})
    if dialect in ("auto", "codes") and _ANY_CODE.match(text) and _CODES.search(text):
        return _by_codes(text)
    if dialect == "labels" or (dialect == "auto" and len(_LABEL.findall(joined(text))) > 1):
        return _by_labels(joined(text))
    code = re.match(r"\s*(\d{3})\s*$", text) if dialect == "auto" else None
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
    return re.sub(r"\s{2,}", " ", whole).strip()


def _cut(whole: str, found: re.Match[str]) -> list[str]:
    """The sub-fields, each beginning with its number.

    A plus is a mark that stands before telephone numbers, too; no bank has a sub-field 48.
    """
    numbers = r"[0-36]\d" if found["mark"] == "+" else r"\d\d"
    return re.split(rf"{re.escape(found['mark'])}(?={numbers})", whole[found.start("mark") :])[1:]


def _by_subfields(whole: str, found: re.Match[str], declared: Mapping[Any, Sequence[str]]) -> Details:
    parts: dict[str, str] = {}
    for piece in _cut(whole, found):
        parts[piece[:2]] = parts.get(piece[:2], "") + piece[2:]
    columns = dict(_SUBFIELD_COLUMNS)
    if found["mark"] != "?" and "32" not in parts and "33" not in parts and {"27", "28", "29"} & parts.keys():
        columns.update(_NAME_IN_TITLE)
    spoken_for = {number for numbers in declared.values() for number in numbers}
    columns = {name: [n for n in numbers if n not in spoken_for] for name, numbers in columns.items()}
    columns.update({name: list(numbers) for name, numbers in declared.items()})
    values = {"transaction_code": found["code"]} if found["code"] else {}
    for name, numbers in columns.items():
        pieces = [parts[number] for number in numbers if parts.get(number, "").strip()]
        if pieces:
            values[name] = pieces[0] if name in _FIRST_OF else _together(name, pieces)
    values.update(_sepa([parts[number] for number in columns["title"] if number in parts]))
    return Details(_tidy(values), {number: part.strip() for number, part in parts.items()})


def _together(name: str, pieces: list[str]) -> str:
    """Sub-fields as one text; of a name, a piece that is not full ended by itself.

    >>> _together("counterparty_name", ["JAN NOWAK", "UL. DLUGA 1"]), _together("title", ["FAKTURA 12/", "2003"])
    ('JAN NOWAK UL. DLUGA 1', 'FAKTURA 12/2003')
    """
    if name != "counterparty_name":
        return "".join(pieces)
    return "".join(piece if len(piece) >= _FULL else f"{piece} " for piece in pieces).strip()


def _sepa(pieces: list[str]) -> dict[str, str]:
    """SEPA's own fields, which banks put into the title: each begins a sub-field with a code word.

    >>> _sepa(["EREF+TFNR 22 004", "00001", "SVWZ+Nr 22 0", "04"])
    {'end_to_end_id': 'TFNR 22 00400001', 'title': 'Nr 22 004'}
    """
    found: dict[str, str] = {}
    word = ""
    for piece in pieces:
        match = _SEPA.match(piece)
        word = match[1] if match else word
        found[word] = found.get(word, "") + (piece[match.end() :] if match else piece)
    if set(found) <= {""}:
        return {}
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
        clean = re.sub(r"\s+", "" if name in _ACCOUNTS else " ", value).strip()
        if clean and not (name in _REFERENCES and clean.upper() in _NOTHING):
            tidy[name] = clean
    return tidy
