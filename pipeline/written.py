"""Files and folders that a person names to be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing.errors import ContractError


@contextmanager
def written(path: Path, *, remedy: str = "name another place") -> Iterator[None]:
    """A block that writes a path; what the operating system refuses is told in one piece.

    Args:
        path: A file, or a folder with all that it is to hold.
        remedy: What to do where it cannot be written.

    Raises:
        ContractError: The path, or what lies below it, cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise ContractError(
            f"cannot be written: {error.strerror or error}",
            file=str(error.filename or path),
            remedy=remedy,
        ) from None
