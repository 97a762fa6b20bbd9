"""Where commands print to."""

from __future__ import annotations

import os
import sys

from rich.console import Console

WIDTH = 140  # of a file or a pipe, which has no width of its own


def make_console(*, stderr: bool = False) -> Console:
    """Standard output (or error) as wide as the terminal, or wide enough for every table where it is none.

    Args:
        stderr: Print to standard error.
    """
    stream = sys.stderr if stderr else sys.stdout
    wide = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stderr, width=None if wide else WIDTH)
