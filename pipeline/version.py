"""Which code made this: the version that every manifest and batch row carries.

The release number alone would let two different working trees share results, so a hash of the packages' own files
is added.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("billing", "extractors", "transforms", "expectations", "loaders", "audit", "pipeline", "migrations")


@cache
def code_version() -> str:
    """Release and content hash, such as `0.1.0+5f3a9c21d0b4`."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return f"{version('blueline-billing')}+{digest.hexdigest()[:12]}"
