"""What stands in a name's field and is no name: titles, notes of clerks, addresses, marks.

It is lifted out and kept beside the name, never dropped.

>>> lift("dr inż. KOWALSKI JAN (zmarł) *"), lift("KOWALSKA ANNA z d. NOWAK")
(('KOWALSKI JAN', ('zmarł', '*', 'dr', 'inż.')), ('KOWALSKA ANNA', ('z d. NOWAK',)))
>>> lift("KOWALSKI VEL NOWAK JAN"), lift("WI?NIEWSKI JAN")
(('KOWALSKI JAN', ('VEL NOWAK',)), ('WI?NIEWSKI JAN', ()))
>>> lift("dr n. med. Anna Lis"), lift("Kowalska z d. Nowak Anna")
(('Anna Lis', ('dr', 'n. med.')), ('Kowalska Anna', ('z d. Nowak',)))
"""

from __future__ import annotations

import re
from functools import lru_cache

from transforms.letters import fold, fold_word, squeeze
from transforms.mojibake import has_signs
from transforms.name_order import is_given
from transforms.vocabulary import given_names

_TITLES = frozenset(
    ["dr", "hab", "inz", "mgr", "prof", "lek", "med", "stom", "wet", "ks", "bp", "abp", "plk", "pplk", "ppulk", "gen",
     "mjr", "kpt", "por", "ppor", "chor", "sierz", "asp", "kom", "hr", "dypl", "adw", "not", "doc", "red", "arch",
     "rtm", "plut", "kpr", "kmdr", "siostra", "ojciec",
     "pan", "pani", "panstwo"]
)  # fmt: skip
# family names too, and titles only with a dot: kanonik, proboszcz, brygady, mecenas
_DOTTED_TITLES = frozenset(
    ["kan", "prob", "pral", "wik", "dziek", "bryg", "dyw", "mec", "adm", "lic", "tech",
     "techn", "farm", "roln", "hum"]
)  # fmt: skip
# behind `n.`: of which sciences somebody is a doctor
_SCIENCES = frozenset(
    ["med", "hum", "tech", "techn", "praw", "ekon", "przyr", "roln", "wet", "farm", "chem", "mat", "fiz", "biol",
     "geogr", "spol", "teol", "lesn", "wojsk", "zdr", "pol", "sc"]
)  # fmt: skip
_SCIENCES_OF = frozenset(["zdr", "zdrowiu", "ziemi", "zarz", "zyw"])  # behind `n. o`
# of respect and of the dead, where a whole name stands beside them; retired officers
_PHRASES = re.compile(
    r"(?<![\w.])(?:(?:[śs]w?|sz|w)\.\s?p\.|r\.\s?pr\.|w\s+st(?:\.|anie)\s*spocz(?:\.|ynku)|nie\s+[żz]yje"
    r"|(?:masa\s+)?spadk\w*\.?\s+po|(?:primo|secundo|tertio|[123])\s+v(?:oto|\.)\s+[^\W\d_]+)(?=\s|$)",
    re.IGNORECASE,
)
_ORDERS = frozenset(["o", "s", "br", "p", "sz"])  # before a whole name and with a dot: ojciec, siostra, brat, pan
# what somebody is, where a whole name stands beside the word; alone beside a given name it is a family name
_ROLES = frozenset(
    ["notariusz", "geodeta", "rolnik", "lekarz", "emeryt", "emerytka", "rencista", "rencistka", "renc", "inwalida",
     "kombatant", "kombatantka", "wdowa", "niewidomy", "niewidoma", "wlasciciel", "wlascicielka", "wlasc",
     "dzierzawca", "kierownik", "prezes", "dyrektor", "komornik", "wp", "syn", "corka", "zona", "maz", "matka"]
)  # fmt: skip
_CHILD_OF = frozenset(["s", "c"])  # behind the name: `s. Stanisława` is whose son
_NOTES = frozenset(
    ["zm", "zmarl", "zmarla", "sp", "spadk", "spadkob", "spadkobierca", "spadkobiercy", "nieakt", "nieaktywny",
     "nieaktywna", "jr", "sr", "jun", "sen", "junior", "senior", "ml", "st", "dubel", "dupl", "nieznany", "likw",
     "wypow", "wypowiedziana", "rezygnacja", "windyk", "windykacja", "pelnomocnik", "pelnom", "uzytkownik", "lokator",
     "najemca", "abonent", "ii", "iii", "ofm", "ofmconv", "ofmcap", "sdb", "osb"]
)  # fmt: skip
_TAILS = ("zam", "c/o", "p.o", "po", "dla", "u", "ur")  # what follows them is no name either
_BORN = ("d", "domu")  # behind `z`: the maiden name
_FORMERLY = frozenset(["zd", "dawniej"])
# behind a whole name: whose relative, whose lodger, who acts for the subscriber; what belongs into other fields
_RELATIONS = frozenset(["u", "inw", "inwalida", "nr",
                        "syn", "corka", "zona", "wdowa", "pelnomocnik", "pelnom", "peln", "kurator", "opiekun",
                        "wd", "primo", "tel", "fax", "pesel", "nip", "regon", "krs", "ul"])  # fmt: skip
_LONGEST = 40  # letters of a name
_QUOTES = " \"„”“'`´‘’"
_JOINTS = ("/", "&")  # between two persons; `transforms.name_order` parts them
_WHOLE = 2  # words of a whole name
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_MARKS = re.compile(r"(?<![^\W\d_])[*#!?+]+|[*#!?+]+(?![^\W\d_])")  # within a word they stand for a lost letter
_FILLERS = frozenset(
    ["brak", "brak danych", "brak nazwiska", "brak imienia", "nn", "n n", "xx", "xxx", "xxxx", "nieznany", "nieznana",
     "nie podano", "bez nazwy", "puste", "bd", "b/d", "nd", "n/d", "n/n", "nn nn", "xx xx", "xxx xxx", "nieustalony",
     "nieustalona", "nie ustalono", "do ustalenia", "test", "test test", "abonent", "lokator", "nieznany abonent",
     "abonent nieznany", "pustostan", "rezerwa", "zastrzezony", "zastrzezone", "numer wolny", "wolny numer"]
)  # fmt: skip
_HYPHEN = re.compile(r"(\s*)[-–—]\s*(\w*)")
_TOGETHER = frozenset(["i", "oraz", "z", "ze"])
_GLUED = re.compile(r"(?<=[^\W\d_]\.)(?=[^\W\d_]{2})")  # DR.MED., J.M.ROKITA
_SEPARATORS = str.maketrans({";": ", "} | dict.fromkeys("_<>|{}~^=", " "))
_ODD = _TITLES | _ROLES | _NOTES | frozenset(_TAILS) | _FORMERLY | _RELATIONS | {"vel", "z", "zyje", "voto"}


def lift(text: str) -> tuple[str, tuple[str, ...]]:
    """Take titles and notes out; answer with the bare name and with them."""
    if all(map(is_name_only, text.split())):
        return text, ()
    notes: list[str] = []
    text = _GLUED.sub(" ", text.strip(_QUOTES).translate(_SEPARATORS)).strip(" ,")
    if "(" in text or "[" in text:
        notes += [a or b for a, b in _BRACKETS.findall(text)]
        text = _BRACKETS.sub(" ", text)
    if _MARKS.search(text):
        notes += _MARKS.findall(text)
        text = _MARKS.sub(" ", text)
    if "-" in text or "–" in text or "—" in text:
        text = _HYPHEN.sub(_joined, text).strip("-")
    if phrases := _PHRASES.findall(text):
        rest = squeeze(_PHRASES.sub(" ", text))
        if " " in rest or phrases[0][:2].lower() not in ("s.", "w."):  # S.P. KOWALSKI has two initials
            notes += phrases
            text = rest
    kept, more = _part(text.replace(",", ", ").split())  # NOWAK,ML.
    return " ".join(kept), (*notes, *more)


def bare(part: str) -> str:
    """Given names or a family name without the marks at their ends, which are no letters of them.

    >>> bare("'Jan"), bare("-Nowak"), bare("O'Hara")
    ('Jan', 'Nowak', "O'Hara")
    """
    return part.strip(f"{_QUOTES}-–—,")


def _joined(match: re.Match[str]) -> str:
    """The hyphen of a double name; between blanks it parts a note, or a brand from a whole name."""
    last = match.string[max(0, match.start() - _LONGEST) : match.start()].split()[-2:]
    parts = fold(match[2]) in _NOTES or (len(last) > 1 and is_given(last[1]) and not is_given(match[2]))
    return f"{' ' if match[1] and parts else '-'}{match[2]}"


def is_title(word: str) -> bool:
    """Whether a word is a title, with or without its dot."""
    return fold_word(word).strip(".") in _TITLES


@lru_cache(maxsize=65_536)
def is_filler(text: str) -> bool:
    """Whether a field's whole text stands for no name: `BRAK`, `N.N.`."""
    return " ".join(fold(text).replace(".", " ").split()) in _FILLERS


def _part(words: list[str]) -> tuple[list[str], list[str]]:
    """Words of the name, and what is lifted out of them."""
    kept: list[str] = []
    notes: list[str] = []
    folded = [fold_word(word).strip(".,:;") for word in words]
    behind, in_title = 0, False  # first word not yet read; whether the one before it was a title
    for i, word in enumerate(words):
        if i < behind:
            continue
        bare = folded[i]
        following = folded[i + 1] if i + 1 < len(words) else ""
        if _begins_tail(word, bare, following, kept):
            size = 3 if bare == "z" else 2
            born = bare == "z" or bare in _FORMERLY
            behind = i + size if born and _is_name_again(kept, words[i + size :]) else len(words)
            notes.append(" ".join(words[i:behind]).rstrip(","))
            continue
        pair = ((bare == "vel" or word in ("v.", "V.")) and kept) or (
            bare == "n" and following in _SCIENCES and (in_title or word[-1] == ".")
        )
        health = bare == "n" and following == "o" and fold(" ".join(words[i + 2 : i + 3])).strip(".") in _SCIENCES_OF
        if (pair and following) or health:
            behind = i + (3 if health else 2)
            notes.append(" ".join(words[i:behind]))
            continue
        spare = len(kept) + len(words) - i > _WHOLE  # a whole name is there without this word
        title = bare in _TITLES or _is_dotted_title(word, bare, behind_title=in_title and spare)
        order = word.endswith(".") and bare in _ORDERS and not kept and spare
        joint = word in _JOINTS and bool(kept and following)
        role = bare in _ROLES and spare and (any(map(is_given, words[i + 1 :])) or any(map(is_given, kept)))
        nothing = bare != "brak" and is_filler(word)  # XX beside a name; Brak is a family name, too
        if (role or nothing) and kept and fold_word(kept[-1]) in _TOGETHER:
            notes.append(f"{kept.pop()} {word}")  # JAN I ŻONA, JAN I NN
            continue
        note = title or role or nothing or bare in _NOTES or order or not (joint or _has_letter(bare))
        (notes if note else kept).append(word)
        in_title = title
    return _without_dots(kept, notes)


def _is_dotted_title(word: str, bare: str, *, behind_title: bool) -> bool:
    """Whether a word is a title because of its dot: `mec.`, or anything abbreviated behind another title."""
    return (
        word.endswith(".") and len(bare) > 1 and (bare in _DOTTED_TITLES or (behind_title and not _abbreviates(bare)))
    )


def _without_dots(kept: list[str], notes: list[str]) -> tuple[list[str], list[str]]:
    """No family name ends in a dot: such a word is a note where a whole name stands without it, else loses the dot."""
    if not any(w.endswith(".") for w in kept):
        return kept, notes
    dotted = [w for w in kept if w.endswith(".") and len(w.strip(".")) > 1 and not _abbreviates(fold(w).strip("."))]
    dotted = [w for w in dotted if "." not in w.rstrip(".")]  # J.A. are initials
    if not dotted:
        return kept, notes
    rest = [w for w in kept if w not in dotted]
    if len(rest) >= _WHOLE and any(len(w) > 1 and not is_given(w) for w in rest):
        return rest, [*notes, *dotted]
    return [w.rstrip(".") if w in dotted else w for w in kept], notes


@lru_cache(maxsize=65_536)
def _abbreviates(bare: str) -> bool:
    """Whether a word could stand for a given name: `Stan.`, `Wł.`."""
    return any(name.startswith(bare) for name in given_names())


def _is_name_again(kept: list[str], rest: list[str]) -> bool:
    """Whether the name goes on behind the maiden name: with given names, or with the family name if it is wanting."""
    return bool(rest) and (all(map(is_given, rest)) or (all(map(is_given, kept)) and all(map(is_name_only, rest))))


def _begins_tail(word: str, bare: str, following: str, kept: list[str]) -> bool:
    """Whether nothing behind a word belongs to the name: an address, whose child, the maiden name."""
    if bare in _TAILS and (word.endswith((".", ":")) or "/" in word):
        return bool(kept or following)
    if bare == "z":
        return bool(kept) and following in _BORN
    if bare in _FORMERLY:
        return bool(kept and following)
    if bare in _RELATIONS and len(kept) >= _WHOLE and following:
        return True
    if not (word.endswith(".") and bare in _CHILD_OF and following):
        return False
    return sum(len(name.strip(".")) > 1 for name in kept) >= _WHOLE  # JAN S. C. NOWAK has initials


@lru_cache(maxsize=65_536)
def is_name_only(word: str) -> bool:
    """Whether a word holds nothing to be lifted out or put right, and is no filler."""
    plain = word.replace("-", "").isalpha() and word[0] != "-" != word[-1]
    return plain and not is_filler(word) and fold(word) not in _ODD and not has_signs(word)


def _has_letter(word: str) -> bool:
    return word.isalpha() or (any(map(str.isalpha, word)) and not any(map(str.isdigit, word)))
