"""Pieces of SQL that the merge statements are built from; all names come from the catalogue, values are bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loaders.targets import Detail, Keyed, Parent

LINEAGE = ("file_id", "record_no", "byte_offset", "byte_length")


def listed(names: Iterable[str], prefix: str = "") -> str:
    """Column names for a list.

    >>> listed(["net", "vat"], "s.")
    's."net", s."vat"'
    """
    return ", ".join(f'{prefix}"{name}"' for name in names)


def assigned(names: Iterable[str]) -> str:
    """Assignments from a row called `d`.

    >>> assigned(["net"])
    '"net" = d."net"'
    """
    return ", ".join(f'"{name}" = d."{name}"' for name in names)


def equal(names: Iterable[str]) -> str:
    """The join of `t` and `d` over a key."""
    return " AND ".join(f't."{name}" = d."{name}"' for name in names)


def content_hash(expressions: Sequence[str]) -> str:
    """Hash of the values of some columns: 64 bits, equal for equal values of the same types.

    `hash_record_extended` hashes the values themselves, without turning them into text first: 12.30 and 12.3 are the
    same amount.  A change of the catalogue changes hashes; the next load then rewrites rows, to the same values.
    """
    return f"hash_record_extended(ROW({', '.join(expressions)}), 0)"


def hash_of(entity: Keyed | Detail) -> str:
    """Hash of a staged row's content, `s` being the row and `p0`, `p1` ... its parents.

    A party is left out: whose an account is follows from identity, and changes without the account changing; the
    owner's legacy key is among the carried columns.
    """
    extra = entity.extra.columns if isinstance(entity, Keyed) and entity.extra else ()
    columns = [f's."{c}"' for c in dict.fromkeys((*entity.columns, *extra))]
    parents = [f"p{i}.target_id" for i, p in enumerate(entity.parents) if p.entity != "subscriber"]
    return content_hash([*columns, *parents])


def parent_joins(parents: Sequence[Parent]) -> str:
    """Joins that turn legacy keys into ids."""
    return " ".join(
        f"{'LEFT JOIN' if p.optional else 'JOIN'} control.xref_{p.entity} p{i} "
        f'ON p{i}.source_id = s.source_id AND p{i}.source_key = s."{p.key}"'
        for i, p in enumerate(parents)
    )


def parent_ids(parents: Sequence[Parent]) -> list[str]:
    """What those joins found, under the target's column names."""
    return [f"p{i}.target_id AS {p.column}" for i, p in enumerate(parents)]
