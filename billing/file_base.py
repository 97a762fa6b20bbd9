"""What every kind of delivered file has in common, whatever its format."""

from __future__ import annotations

from billing.strict import Name, Strict


class FileSpec(Strict):
    """What every kind of file has in common.

    Attributes:
        name: Name of the file in this spec; also its raw table's name where it holds one table.
        pattern: Glob below the delivery folder; every match is read, in name order.
        optional: A delivery without it is complete all the same.
        member: Glob of the files wanted from a zip archive; absent where it holds one file.  What ends in `.gz`, `.zst`
            or `.zip` is unpacked while it is landed.
    """

    name: Name
    pattern: str
    optional: bool = False
    member: str | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """Raw tables that this file yields."""
        return (self.name,)
