"""PESEL, NIP and REGON by the published rules: weights, century digits, check digits.

Each is a one-to-one function of the person's number, so two never agree by accident.
"""

from __future__ import annotations

import numpy as np

from samples.draw import Array, Bools, Ints
from samples.plan import MAX_SUBSCRIBERS, zones
from samples.text import NO_DATE, calendar, cat, digit_matrix, digits


def person_number(zone: Ints, index: Ints) -> Ints:
    """A number of its own for every person of every zone."""
    order = np.zeros(100, dtype=np.int64)
    for place, known in enumerate(zones()):
        order[known.number] = place
    return order[zone] * MAX_SUBSCRIBERS + index % MAX_SUBSCRIBERS


def _weigh(matrix: Array, weights: list[int]) -> Ints:
    return np.asarray(matrix.astype(np.int64) @ np.array(weights, dtype=np.int64))


def make_pesel(birth: Ints, serial: Ints, male: Bools) -> Array:
    """A PESEL: date with the century in the month, three digits, one digit of the sex, check digit.

    >>> born = np.array(["1944-05-14"], dtype="datetime64[D]").astype(np.int64)
    >>> make_pesel(born, np.array([14 * 5 + 2]), np.array([True])).tolist()
    ['44051401458']
    """
    year, month, of_month = calendar(np.where(birth == NO_DATE, 0, birth))
    month = month + np.where(year >= 2000, 20, np.where(year < 1900, 80, 0))
    body = cat(digits(year % 100, 2), digits(month, 2), digits(of_month, 2), digits(serial // 5, 3),
               digits(serial % 5 * 2 + male, 1))  # fmt: skip
    figures = body.view(np.uint32).reshape(len(birth), 10) - 48
    return cat(body, digits((10 - _weigh(figures, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10, 1))


_OFFICE_CODES = np.array([code for code in range(101, 1000) if code % 100 != 0], dtype=np.int64)


def make_nip(zone: Ints, index: Ints) -> Array:
    """A NIP: office, five digits and one that makes the check digit possible, check digit."""
    place = person_number(zone, index) * 7_654_321 % (len(_OFFICE_CODES) * 100_000)
    stem = _OFFICE_CODES[place // 100_000] * 100_000 + place % 100_000
    weights = [6, 5, 7, 2, 3, 4, 5, 6, 7]
    nought = _weigh(digit_matrix(stem * 10, 9), weights) % 11
    ninth = np.where(nought == 10, 1, 0)  # a remainder of 10 has no digit: another ninth digit is taken then
    body = stem * 10 + ninth
    return cat(digits(body, 9), digits(_weigh(digit_matrix(body, 9), weights) % 11, 1))


def make_regon(zone: Ints, index: Ints) -> Array:
    """A nine-digit REGON with the old code of the zone's voivodeship in front."""
    codes = np.zeros(100, dtype=np.int64)
    for known in zones():
        codes[known.number] = int(known.old_code)
    body = codes[zone] * 1_000_000 + index % MAX_SUBSCRIBERS * 48_271 % 999_983
    check = _weigh(digit_matrix(body, 8), [8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10
    return cat(digits(body, 8), digits(check, 1))
