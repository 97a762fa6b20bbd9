"""Names of firms and institutions: their legal form, and what stays of the name for matching.

Forms are written in a hundred ways (`SP. Z O.O.`, `SPÓŁKA Z OGRANICZONĄ ODPOWIEDZIALNOŚCIĄ`, `P.H.U.`); the list is
data (`transforms/vocabulary/legal_forms.csv`).  Dots are blanks here and runs of single letters one word, so that
`F.H.U.`, `F H U` and `FHU` are the same.  The name itself stays as it was delivered.

>>> recognise('Huta "Łabędy" S.A. w likwidacji')
Company(kind='company', form='S.A.', key='huta labedy', note='w likwidacji', person=())
>>> recognise("P.H.U. JAN KOWALSKI").person, recognise("KOWALSKI JAN") is None
(('JAN', 'KOWALSKI'), True)
>>> recognise("SPÓŁDZIELNIA MIESZKANIOWA 'ZGODA'").form, company_key("ZGODA Sp. z o.o.")
('S.M.', 'zgoda')
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from transforms.letters import fold, fold_word
from transforms.name_notes import is_title
from transforms.name_order import has_family_ending
from transforms.vocabulary import LegalForm, company_words, given_names, legal_forms

_QUOTED = re.compile("[\"„”“«»][^\"„”“«»]+[\"„”“«»]|(?<!\\w)'[^']+'(?!\\w)")
_WORD = re.compile(r"[^\W_]+")
_HYPHENED = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_ZEROS = re.compile(r"\b(sp(?:[óo][łl]ka|\.)?\s*z)\s*0[.\s]*0\b", re.IGNORECASE)  # sp. z 0.0.
_PARTNERS = re.compile(
    r"(?:\bi|\boraz|&)\s*(?:syn(?:owie)?|c[óo]rk[ai]|wsp[óo]lni(?:k|cy|czka)|sp[óo][łl]ka|s-ka)(?!\w)", re.IGNORECASE
)
_STATE = re.compile(r"\bw\s+(likwidacji|upad[łl]o[śs]ci)\b", re.IGNORECASE)


class Company(NamedTuple):
    """A recognised firm or institution.

    Attributes:
        kind: company or institution; `person` where it is a sole trader, who is the party then.
        form: Legal form in its usual spelling; None where a word alone betrayed the firm.
        key: Name without form, folded for matching.
        note: State such as "w likwidacji".
        person: Words of the sole trader's own name, empty for anything else.
    """

    kind: str
    form: str | None
    key: str
    note: str | None
    person: tuple[str, ...]


def recognise(text: str) -> Company | None:
    """What kind of firm a name is; None where nothing says that it is one."""
    if all(map(is_plain, text.split())):
        return None
    return _recognise(text)


@lru_cache(maxsize=65_536)
def is_plain(word: str) -> bool:
    """Whether a word can only be part of a person's name as far as its letters go: no form, no firm's word, no mark.

    >>> [is_plain(word) for word in ("Kowalska-Nowak", "S.A.", "HURTOWNIA", "J", '"ELA"')]
    [True, False, False, False, False]
    """
    folded = fold(word).upper()
    if len(folded) < 2 or not folded.replace("-", "").isalpha():
        return False
    return not any(part in _forms_by_first_word() or part in company_words() for part in folded.split("-"))


@lru_cache(maxsize=65_536)
def _recognise(text: str) -> Company | None:
    if "0" in text:
        text = _ZEROS.sub(r"\1 o.o", text)
    brands = _QUOTED.findall(text)
    if brands == [text.strip()] and any(word.lower() in given_names() for word in _folded(_words(text))):
        brands = []  # "KOWALSKI JAN": quotation marks of a file, not a brand's
    state = _STATE.search(text)
    words = _words(_STATE.sub(" ", text) if state else text)
    forms, rest = _strip_forms(words)
    kinds = {form.kind for form in forms} | {company_words()[w] for _, w in rest if w in company_words()}
    if _PARTNERS.search(text):
        kinds.add("company")
    if not (kinds or brands or state):
        return None
    kind = "institution" if "institution" in kinds and "company" not in kinds else "company"
    person = _sole_trader(text, brands) if kinds == {"trade"} else ()
    key = " ".join(w for _, w in rest) or " ".join(_folded(words))
    note = state[0].lower() if state else None
    return Company("person" if person else kind, forms[0].form if forms else None, key.lower(), note, person)


def company_key(text: str) -> str:
    """A firm's name without its legal form, folded for matching."""
    company = recognise(text)
    return company.key if company else " ".join(_folded(_words(text))).lower()


_Words = list[tuple[str, str]]  # as written, folded in capitals


def _words(text: str, word: re.Pattern[str] = _WORD) -> _Words:
    """Words with runs of single letters made one; a blank ends a run without blanks (`s.c. J. Nowak`)."""
    words: _Words = []
    last_single = tight = False
    end = 0
    for match in word.finditer(text):
        written = match[0]
        folded = _capitals(written)
        single = len(folded) == 1 and folded.isalpha()
        parted = " " in text[end : match.start()]
        if single and last_single and not (tight and parted):
            words[-1] = (words[-1][0] + written, words[-1][1] + folded)
            tight = not parted
        else:
            words.append((written, folded))
            tight = False
        last_single, end = single, match.end()
    return words


@lru_cache(maxsize=65_536)
def _capitals(word: str) -> str:
    return fold(word).upper()


def _folded(words: _Words) -> tuple[str, ...]:
    return tuple(folded for _, folded in words)


def _strip_forms(words: _Words) -> tuple[list[LegalForm], _Words]:
    """Take legal forms away, one after the other."""
    found: list[LegalForm] = []
    while True:
        folded = _folded(words)
        for form in _candidates(folded):
            at = _find(form, folded)
            if at is not None:
                found.append(form)
                words = words[:at] + words[at + len(form.written) :]
                break
        else:
            return found, words


def _candidates(folded: tuple[str, ...]) -> list[LegalForm]:
    index = _forms_by_first_word()
    found = [form for word in dict.fromkeys(folded) if word in index for form in index[word]]
    return sorted(found, key=lambda form: -len(form.written)) if len(found) > 1 else found


@lru_cache(maxsize=1)
def _forms_by_first_word() -> dict[str, list[LegalForm]]:
    index: dict[str, list[LegalForm]] = {}
    for form in legal_forms():
        index.setdefault(form.written[0], []).append(form)
    return index


def _find(form: LegalForm, folded: tuple[str, ...]) -> int | None:
    size = len(form.written)
    if size > len(folded) or (size == len(folded) and form.place != "any"):
        return None  # two letters alone are no firm
    at_start, at_end = folded[:size] == form.written, folded[-size:] == form.written
    if form.place in ("start", "edge") and at_start:
        return 0
    if form.place in ("end", "edge") and at_end:
        return len(folded) - size
    if form.place not in ("any", "inner"):
        return None
    at = next((i for i in range(len(folded) - size + 1) if folded[i : i + size] == form.written), None)
    if at is None or form.place == "any" or at_end:
        return at
    return None if _are_initials(folded[:at], folded[at + size :]) else at


def _are_initials(before: tuple[str, ...], behind: tuple[str, ...]) -> bool:
    """Whether S.C. is two initials: JAN S. C. NOWAK, S.C. KOWALSKI; but not ALFA s.c. Jan Nowak, S.C. ALFA."""
    if before:
        return any(word.lower() in given_names() for word in before)
    return len(behind) == 1 and has_family_ending(behind[0])


def _sole_trader(text: str, brands: list[str]) -> tuple[str, ...]:
    """The person behind a trade name: two or three words, one of them a given name."""
    for brand in brands:
        text = text.replace(brand, " ")
    _, rest = _strip_forms(_words(text, _HYPHENED))
    rest = [word for word in rest if not is_title(word[0])]
    named = [fold_word(w) in given_names() or (len(w) == 1 and f"{w}." in text) for w, _ in rest]
    if not (2 <= len(rest) <= 3 and any(named) and not all(named)):
        return ()
    words = tuple(written for written, _ in rest)
    at = _brand_at(words, named) if len(words) == 3 and sum(named) == 1 else None
    return words if at is None else words[:at] + words[at + 1 :]


def _brand_at(words: tuple[str, ...], named: list[bool]) -> int | None:
    """Which of three words is the firm's brand (`MAREX Nowak Marek`), None where all may be the person's."""
    others = [at for at in (0, 2) if not named[at]]
    capitals = [at for at in others if words[at].isupper() and not all(w.isupper() for w in words)]
    if len(capitals) == 1:
        return capitals[0]
    unlike = [at for at in others if not has_family_ending(words[at])]
    if named[0] or (named[1] and len(unlike) != 1):
        return None  # JAN KOWALSKI NOWAK may as well have two family names
    return unlike[0] if unlike else None
