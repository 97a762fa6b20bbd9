"""Names of firms and institutions."""

from __future__ import annotations

import numpy as np

from samples import lists
from samples.draw import Array, Draw, Ints
from samples.text import cat, choose, number

PERSON, FIRM, INSTITUTION = 0, 1, 2

_PREFIXES = ["P.H.U.", "F.H.", "F.H.U.", "P.P.H.U.", "Z.P.H.", "Firma Handlowa", "Zakład Usługowy", "P.W."]
_ROOTS = ["Bud", "Agro", "Elektro", "Meblo", "Drew", "Instal", "Termo", "Auto", "Pol", "Hydro", "Tele", "Euro",
          "Inter", "Metal", "Stal", "Chem", "Plast", "Skór", "Gastro", "Farm"]  # fmt: skip
_TAILS = ["pol", "max", "bud", "mex", "tech", "trans", "serwis", "rol", "hurt", "ex", "system", "-Śląsk", "mix", "styl"]
_FORMS = ["Sp. z o.o.", "SP. Z O.O.", "Sp.z o.o.", "S.A.", "s.c.", "Sp. j.",
          "Spółka z ograniczoną odpowiedzialnością"]  # fmt: skip
_OFFICES = ["Szkoła Podstawowa nr", "Przedszkole Miejskie nr", "Gimnazjum nr", "Przychodnia Rejonowa nr",
            "Zespół Szkół nr", "Dom Pomocy Społecznej nr", "Komisariat Policji nr"]  # fmt: skip
_BODIES = ["Urząd Gminy", "Ochotnicza Straż Pożarna", "Parafia Rzymskokatolicka", "Spółdzielnia Mieszkaniowa",
           "Nadleśnictwo", "Bank Spółdzielczy", "Gminny Ośrodek Kultury"]  # fmt: skip


def company_name(draw: Draw, zone: Ints, kind: Ints, first: Array, last: Array) -> Array:
    """Names as signboards have them: a sole trader's, a fancy name, a company with its form; offices and bodies.

    Args:
        draw: Of the firms.
        zone: Zone whose towns institutions are called after.
        kind: `FIRM` or `INSTITUTION`.
        first: Given name of the owner.
        last: Family name of the owner.
    """
    prefix = choose(_PREFIXES, draw.below("prefix", len(_PREFIXES)))
    trade = lists.given_name_samples()[draw.below("trade", len(lists.given_name_samples()))]
    rooted = cat(
        choose(_ROOTS, draw.below("root", len(_ROOTS))), choose(_TAILS, draw.below("tail", len(_TAILS))),
        " ", choose(_FORMS, draw.below("form", len(_FORMS))),
    )  # fmt: skip
    how = draw.below("firm", 10)
    firm = np.where(how < 4, cat(prefix, " ", first, " ", last),
                    np.where(how < 6, cat(prefix, ' "', trade, '"'), rooted))  # fmt: skip
    town = _town(draw, zone)
    body = np.where(
        draw.chance("office", 500),
        cat(choose(_OFFICES, draw.below("office kind", len(_OFFICES))), " ", number(1 + draw.below("office no", 60))),
        cat(choose(_BODIES, draw.below("body", len(_BODIES))), " ", town),
    )
    return np.where(kind == FIRM, firm, body)


def _town(draw: Draw, zone: Ints) -> Array:
    town = np.full(len(zone), "", dtype="U30")
    for one in np.unique(zone):
        places = lists.localities(int(one))
        rows = zone == one
        town[rows] = places["locality"][draw.weighted("town", places.cumulative)[rows]]
    return town
