"""The rules of normalisation by name: what each one found or did, and which verdict follows.

What stays without a value, or with a doubted one, is told in the reject store under its reason; so are repairs of
numbers that say who somebody is.  Other repairs are noted beside the value alone.

Every normaliser answers with one rule id: the rule that repaired, doubted or refused its value, or the plain one that
read it as written.  Status, reason code and message follow from the id, so that they cannot contradict each other,
and so that a column of verdicts is a column of small numbers.  An id is stable, like a reason code: tables, tests and
dashboards name it; its text may be improved.

>>> RULES["pesel.zero"].status, RULES["pesel.zero"].reason
('repaired', 'ID-PESEL')
>>> noted("pesel.zero"), noted("pesel.plain"), noted("phone.carrier")
(True, False, True)
>>> RULES["house.slash"].confidence, RULES["house.flat"].confidence
('low', 'high')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Rule(NamedTuple):
    """A rule of normalisation.

    Attributes:
        status: One of `billing.model.STATUSES`.
        text: What it found or did, without the value.
        reason: Code of the reject store; None where nothing has to be set aside or told.
        confidence: How sure the reading is: high, low, or none where there is no value.
    """

    status: str
    text: str
    reason: str | None = None
    confidence: str = "high"


def _of(
    kind: str,
    *,
    ok: dict[str, str] | None = None,
    repaired: dict[str, str] | None = None,
    suspect: dict[str, str] | None = None,
    none: dict[str, str] | None = None,
    reason: str | None = None,
    **others: tuple[str, str, str],
) -> dict[str, Rule]:
    """Rules of one kind of value.

    Args:
        kind: First part of their ids.
        ok: Rules that leave a good value: name -> text.
        repaired: Rules that leave a repaired one; they are told under the reason.
        suspect: Rules that leave a doubted one; they are told under the reason.
        none: Rules that leave none, with the status `unparsed`.
        reason: Reason code of all but the ok ones.
        others: Name -> (status, reason or "", text); a name's underscores are hyphens.
    """
    rules = {f"{kind}.missing": Rule("missing", "nothing was delivered, or a word that means nothing", None, "none")}
    rules |= {f"{kind}.{n}": Rule("ok", t) for n, t in (ok or {}).items()}
    rules |= {f"{kind}.{n}": Rule("repaired", t, reason) for n, t in (repaired or {}).items()}
    rules |= {f"{kind}.{n}": Rule("suspect", t, reason, "low") for n, t in (suspect or {}).items()}
    rules |= {f"{kind}.{n}": Rule("unparsed", t, reason, "none") for n, t in (none or {}).items()}
    for name, (status, code, text) in others.items():
        confidence = {"filler": "none", "unparsed": "none", "suspect": "low"}.get(status, "high")
        rules[f"{kind}.{name.replace('_', '-')}"] = Rule(status, text, code or None, confidence)
    return rules


RULES: dict[str, Rule] = {
    **_of(
        "pesel", reason="ID-PESEL",
        ok={"plain": "eleven digits with a date and a check digit",
            "name-sex": "its sex is not that of the given name (a warning only)"},
        repaired={"zero": "the leading zero was lost and is restored",
                  "alike": "letters typed for digits were read as digits; the check digit proves it",
                  "swap": "two neighbouring digits were exchanged; the birth date says which"},
        none={"nip": "a NIP stands in its place", "regon": "a REGON stands in its place", "length": "not eleven digits",
              "date": "its date does not exist", "future": "its date lies after the extract",
              "check": "the check digit is wrong"},
        zeros=("filler", "ID-PESEL-FILLER", "zeros or nines stand for no PESEL"),
        filler=("filler", "ID-PESEL-FILLER", "a well-known filler"),
        minor=("suspect", "ID-PESEL-DOUBT", "its holder was under 18 at the extract: a minor holds no contract"),
        aged=("suspect", "ID-PESEL-DOUBT", "its holder would be over 115 years old"),
        sex=("suspect", "ID-PESEL-DOUBT", "its sex is not the delivered one"),
        zero_or_nip=("suspect", "ID-PESEL-DOUBT",
                     "a PESEL that lost its leading zero, or a NIP: the ten digits are valid as both"),
        birth=("suspect", "ID-PESEL-BIRTH", "it contradicts the birth date"),
        birth_swap=("suspect", "ID-PESEL-BIRTH", "two neighbouring digits seem to be exchanged"),
    ),
    **_of(
        "nip", reason="ID-NIP", ok={"plain": "ten digits, a tax office's number and a check digit"},
        repaired={"alike": "letters typed for digits were read as digits; the check digit proves it"},
        none={"length": "not ten digits", "pesel": "a PESEL stands in its place",
              "office": "no tax office has this number", "check": "the check digit is wrong"},
        zeros=("filler", "ID-NIP-FILLER", "zeros stand for no NIP"),
        filler=("filler", "ID-NIP-FILLER", "a well-known filler"),
    ),
    **_of(
        "regon", reason="ID-REGON", ok={"plain": "nine digits, or fourteen of a local unit, with check digits"},
        repaired={"head-office": "a head office needs no five zeros",
                  "zero": "leading zeros were lost and are restored",
                  "alike": "letters typed for digits were read as digits; the check digit proves it"},
        none={"letters": "not digits only", "length": "not 7, 9 or 14 digits", "check": "the check digit is wrong"},
        filler=("filler", "ID-REGON", "zeros or nines stand for no REGON"),
    ),
    **_of(
        "krs", reason="ID-KRS", ok={"plain": "ten digits; a KRS number has no check digit"},
        repaired={"zero": "leading zeros were lost and are restored"},
        none={"rhb": "a number of the register before 2001, which only its court knows",
              "length": "not up to ten digits"},
        filler=("filler", "ID-KRS", "zeros or nines stand for no KRS number"),
    ),
    **_of(
        "document", reason="ID-DOCUMENT",
        ok={"card": "an identity card: three letters and six digits that check",
            "booklet": "two letters and seven digits: an old booklet, or the passport that was declared",
            "other": "of a kind that has no rule"},
        repaired={"letters": "letters and digits that look alike were exchanged; the check digit proves it"},
        suspect={"check": "the check digit of the identity card is wrong",
                 "shape": "the declared kind of document has another shape"},
        none={"empty": "neither letters nor digits"},
        filler=("filler", "ID-DOCUMENT", "one sign repeated stands for no document"),
    ),
    **_of(
        "nrb", reason="ID-NRB", ok={"plain": "26 digits that check, of a bank whose number checks"},
        suspect={"bank": "the check digits are right, the bank's sort number is not"},
        none={"length": "not 26 digits", "check": "the check digits are wrong", "foreign": "an account abroad",
              "old-form": "a bank's own form from before the NRB: only that bank can convert it"},
        filler=("filler", "ID-NRB", "one digit repeated stands for no account"),
    ),
    **_of(
        "phone", reason="TEL-INVALID",
        ok={"plain": "nine digits, with or without the country's code and the trunk zero",
            "carrier": "the carrier's prefix was dropped", "extension": "the extension was cut off",
            "range": "behind the slash stand other lines of the same subscriber",
            "own-zone": "a line of the source without its zone: it has the source's",
            "foreign": "a number abroad"},
        none={"script": "digits of another script", "words": "not a number", "length": "not nine digits",
              "short-code": "a short code, no subscriber's number", "no-network": "no such zone or network",
              "foreign-form": "no international number"},
        zone=("repaired", "", "seven digits got the source's zone"),
        letters=("repaired", "", "letters typed for digits were read as digits"),
        renumbered=("repaired", "", "a number of the old length, by the source's renumbering table"),
        groups=("suspect", "TEL-DOUBT", "nine digits in groups like a mobile's, or seven and the end of a range"),
        closed_plan=("suspect", "TEL-DOUBT", "0, 1 or 9 at its beginning, as no number had before December 2005"),
        other_zone=("suspect", "TEL-DOUBT", "a line of the source that is not in its zone"),
        several=("suspect", "TEL-DOUBT", "the first usable of several numbers"),
        no_zone=("unparsed", "TEL-NOZONE", "seven digits and no zone"),
        old_length=("unparsed", "TEL-SHORT", "a number of the old length"),
        filler=("filler", "TEL-FILLER", "a filler"),
    ),
    **_of(
        "name", reason="NAME-UNPARSED",
        ok={"plain": "given names and family name, told apart by the dictionary", "fields": "delivered in two fields",
            "comma": "the family name stands before the comma", "ending": "told apart by the family name's ending",
            "capitals": "the family name stands in capitals",
            "pet-name": "told apart by a family name that is a pet name elsewhere",
            "notes": "titles or notes were lifted out", "company": "a firm or an institution",
            "trader": "a sole trader: the person behind a trade name", "both": "a firm and a person beside it"},
        none={"notes-only": "nothing but titles, notes or signs"},
        exchanged=("repaired", "", "the two fields were exchanged"),
        repeated=("repaired", "", "the family name stood in both fields"),
        misplaced=("repaired", "", "a firm stood in the field of the family name"),
        mojibake=("repaired", "", "letters of a wrong code page were put right"),
        two_given=("suspect", "NAME-DOUBT", "all words are given names: the source's order was taken"),
        unknown=("suspect", "NAME-DOUBT", "no word is a known given name: the source's order was taken"),
        around=("suspect", "NAME-DOUBT", "an unknown word on either side of a given name"),
        half=("suspect", "NAME-DOUBT", "the given name or the family name is missing"),
        filler=("filler", "NAME-UNPARSED", "a filler stands for no name"),
        couple=("suspect", "NAME-DOUBT", "two persons: the first one is the subscriber"),
        signs=("suspect", "NAME-DOUBT", "it holds signs that no name has: the code page may be wrong"),
    ),
    **_of(
        "email", reason="MAIL-INVALID", ok={"plain": "of the form name@domain"},
        none={"form": "not of the form name@domain"},
        tidied=("repaired", "", "blanks, commas or a written-out @ were put right, or the first of several"),
        filler=("filler", "MAIL-INVALID", "a filler"),
    ),
    **_of(
        "house", reason="ADR-DOUBT",
        ok={"plain": "one number", "flat": "building and flat, told apart by a word or a field",
                     "block": "a block of an estate", "range": "a building with a range of numbers",
                     "box": "a post-office box"},
        suspect={"corner": "building and flat, or one corner building with two numbers",
                 "twice": "two different flats", "plot": "a plot, no building"},
        unparsed=("unparsed", "ADR-UNPARSED", "not understood"),
    ),
    "house.slash": Rule("ok", "building and flat, told apart by a slash alone", None, "low"),
    **_of(
        "address", reason="ADR-UNPARSED",
        ok={"plain": "street, number and locality", "foreign": "in another country: folded, not taken apart"},
        none={"no-number": "there is no number", "number": "the number was not understood"},
        place=("repaired", "", "the locality was put right"),
        no_place=("suspect", "ADR-DOUBT", "there is no locality"),
        foreign_part=("suspect", "ADR-DOUBT", "in another country, without street or locality"),
    ),
    **_of("street", ok={"plain": "type, main word and the rest"}),
    **_of(
        "place", ok={"plain": "as written"},
        repaired={"list": "a town of the list: abbreviation, hyphen or lost diacritics put right",
                  "office": "the number of the post office was cut off",
                  "near": "what stands behind the name was cut off",
                  "spelling": "blanks, hyphens or an abbreviation were put right"},
    ),
    **_of(
        "postal", reason="ADR-POSTCODE",
        ok={"plain": "of the form NN-NNN", "city": "another district than the town's (a warning only)",
            "foreign": "in another country"},
        none={"form": "not of the form NN-NNN"},
        hyphen=("repaired", "", "the hyphen was put right"),
        letters=("repaired", "", "letters typed for digits were read as digits"),
        zero=("repaired", "", "the leading zero was lost and is restored"),
        filler=("filler", "ADR-POSTCODE", "a filler"),
    ),
    **_of(
        "voivodeship",
        ok={"before": "a voivodeship of 1975-1998", "since": "a voivodeship since 1999",
            "city": "of 1975-1998; since 1999 that of its capital, which is the locality"},
        both=("suspect", "", "a name that both divisions of the country have"),
        unknown=("unparsed", "ADR-REGION", "no voivodeship is called so"),
    ),
    **_of(
        "date", reason="DATE-RANGE",
        ok={"plain": "a day of the calendar", "pivot": "a two-digit year, completed by the field's pivot"},
        suspect={"form": "several forms are possible: the source has to declare one"},
        none={"calendar": "no day of the calendar, or not of the declared form",
              "start": "the first day of a system's calendar means no date"},
        sentinel=("filler", "", "zeros or nines mean no date"),
        bios=("filler", "DATE-RANGE", "1980-01-01 is what an unset clock writes"),
    ),
    **_of(
        "amount", reason="NUM-TEXT",
        ok={"plain": "a number", "sign": "a sign behind the number (-, CR, DB), or parentheses",
            "implied": "implied decimals",
            "old-zloty": "old zloty, divided by 10,000 and rounded half up to the grosz"},
        none={"form": "not a number of the declared form, or with more decimals than money has"},
        grouped=("suspect", "NUM-TEXT", "three digits behind its only separator: thousands, unless declared"),
        overflow=("unparsed", "NUM-OVERFLOW", "asterisks: the number did not fit its field"),
    ),
}  # fmt: skip

_PLAIN = frozenset(
    ("name.fields", "name.company", "house.flat", "house.block", "house.box", "place.plain", "document.card",
     "document.booklet", "phone.own-zone", "postal.foreign", "address.foreign")
)  # fmt: skip


def noted(rule: str) -> bool:
    """Whether a rule is worth a word beside the value: it repaired, doubted or refused it, or changed what is read."""
    return not (rule.endswith((".plain", ".missing")) or rule in _PLAIN)


@dataclass(frozen=True)
class Verdict:
    """What a text is worth: the clean value and the rule that decided.

    Attributes:
        value: The clean value; None where it cannot be used.
        rule: Id of the rule.
    """

    value: str | None
    rule: str

    @property
    def status(self) -> str:
        """One of `billing.model.STATUSES`."""
        return RULES[self.rule].status

    @property
    def reason(self) -> str | None:
        """Reason code of the reject store, None where nothing is to be said."""
        return RULES[self.rule].reason

    @property
    def message(self) -> str:
        """What the rule found, without the value; empty where nothing is to be said."""
        return RULES[self.rule].text if self.reason else ""
