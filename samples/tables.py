"""Tables: dicts of columns of the same length, one row a record.

Keys in them are whole numbers; each legacy system writes them in its own form.
"""

from __future__ import annotations

import numpy as np

from samples.draw import Array

Table = dict[str, Array]


def pick(table: Table, rows: Array) -> Table:
    """Some rows of a table, by position or by mask."""
    return {name: column[rows] for name, column in table.items()}


def append(table: Table, more: Table) -> Table:
    """A table with the rows of another behind its own."""
    return {name: np.concatenate([column, more[name]]) for name, column in table.items()}
