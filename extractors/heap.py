"""Memory that is freed stays with the process, for the next batch to use.

The C library gives large blocks back to the kernel at once and asks for new ones, whose pages have to be cleared and
mapped again: a decoder, which needs the same dozens of megabytes for every batch, spends up to a third of its time on
that.  What is kept is bounded, and an idle process keeps no more than that.  Threads share one heap, so that what one
of them frees is there for the others.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

KEPT_BYTES = 192 << 20
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's malloc.h


@cache
def keep_freed() -> bool:
    """Tell the C library once; False where it is another one than glibc, and everything stays as it is."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    # blocks up to glibc's own limit for this setting come from the heap
    wanted = ((_MMAP_THRESHOLD, 32 << 20), (_TRIM_THRESHOLD, KEPT_BYTES), (_ARENA_MAX, 1))
    return sum(bool(mallopt(name, value)) for name, value in wanted) == len(wanted)
