"""Addresses by the million: street, number and locality each once per distinct value.

Where a source delivers the number apart, the three parts do not touch each other and are read as columns of their
own.  Rows whose number stands in the street's field, or whose address is one text, are read whole
(`transforms.addresses`).

>>> read = addresses([pa.array([t], pa.string()) for t in ("UL. MICKIEWICZA", "12/4", None, "KRAKÓW", None)])
>>> [column.to_pylist()[0] for column in read]
['ul.', 'Mickiewicza', None, '12', '4', 'Kraków', 'ok', 'mickiewicza', 'krakow', 'house.slash', None]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms import unique
from transforms.addresses import Address, decide, read_address, read_foreign_address
from transforms.houses import House, read_house
from transforms.localities import read_locality
from transforms.rules import RULES
from transforms.streets import read_street


def addresses(delivered: Sequence[Any], abroad: Any = None) -> list[Any]:
    """Read a batch of addresses.

    Args:
        delivered: Text columns: street, house, flat, city, and the address as one text.
        abroad: Which addresses lie in another country; they are folded for matching but not taken apart.

    Returns:
        Text columns in the order of `transforms.addresses.Address`.
    """
    street, house, flat_no, city, _ = delivered
    columns = _part_by_part(street, house, flat_no, city)
    columns = _row_by_row(columns, delivered, pc.is_null(house), read_address)
    return columns if abroad is None else _row_by_row(columns, delivered, abroad, read_foreign_address)


def _row_by_row(columns: list[Any], delivered: Sequence[Any], rows: Any, rule: Callable[..., Address]) -> list[Any]:
    if not pc.any(rows).as_py():
        return columns
    read = unique.apply_rows(rule, [c.filter(rows) for c in delivered], len(Address._fields))
    return [pc.replace_with_mask(c, rows, r) for c, r in zip(columns, read, strict=True)]


def _part_by_part(street: Any, house: Any, flat_no: Any, city: Any) -> list[Any]:
    kind, name, rest, street_key = unique.apply(read_street, street, 4)
    if flat_no.null_count == len(flat_no):
        number = unique.apply(read_house, house, len(House._fields))
    else:
        number = unique.apply_rows(read_house, [house, flat_no], len(House._fields))
    building, flat, _, form, house_rule, *_ = number
    locality, locality_key, found, _, post_town = unique.apply(read_locality, city, 5)
    # a village that its form's street field repeats
    repeated = pc.and_(pc.is_null(kind), pc.or_(pc.equal(street_key, locality_key), pc.equal(street_key, "wies")))
    if pc.any(repeated).as_py():
        repeated, nothing = pc.fill_null(repeated, False), pa.scalar(None, pa.string())
        name, rest, street_key = (pc.if_else(repeated, nothing, c) for c in (name, rest, street_key))
    status, rule = unique.apply_rows(_decide, [house_rule, form, pc.fill_null(found, "missing")], 2)
    return [kind, name, rest, building, flat, locality, status, street_key, locality_key, rule, post_town]


def _decide(house_rule: str, form: str, place_status: str) -> tuple[str, str]:
    rule = decide(house_rule or "house.missing", form, place_status)
    return RULES[rule].status, rule
