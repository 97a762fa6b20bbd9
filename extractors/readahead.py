"""Pieces of a file are worked on in threads, a few ahead of the one that is looked at, and come out in order.

What decoders do with a piece is mostly arithmetic in NumPy and Arrow, which runs beside other Python code.  So while
the caller has one piece, the next one is worked on, and while it waits, two are; never more, so that memory stays
bounded.  The work must not change anything that pieces share: whatever depends on the pieces before is the caller's, in
order.

>>> with ThreadPoolExecutor(2) as pool:
...     list(in_order(pool, iter([3, 1, 2]), lambda piece: piece * 10))
[(3, 30), (1, 10), (2, 20)]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

WORKERS = 2
AHEAD = 1
"""Pieces that are worked on while the caller has one; when it asks for the next, one more is begun."""

Piece = TypeVar("Piece")
Done = TypeVar("Done")


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """The threads of one file; at the end, whatever ended it, work that has not begun is dropped."""
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="read-ahead")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def in_order(
    pool: ThreadPoolExecutor, pieces: Iterator[Piece], work: Callable[[Piece], Done]
) -> Generator[tuple[Piece, Done], None, None]:
    """Every piece with what became of it.

    Args:
        pool: As from `workers`.
        pieces: Taken in the caller's thread, before they are due.
        work: Done in a thread.

    Raises:
        Exception: What `pieces` or `work` raised, when the piece that it is about is due.
    """
    under_way: deque[tuple[Piece, Future[Done]]] = deque()
    fault: Exception | None = None
    try:
        while True:
            try:
                while fault is None and len(under_way) <= AHEAD and (piece := next(pieces, None)) is not None:
                    under_way.append((piece, pool.submit(work, piece)))
            except Exception as error:  # the pieces before it are still to come
                fault = error
            if not under_way:
                if fault is not None:
                    raise fault
                return
            piece, done = under_way.popleft()
            yield piece, done.result()
    finally:
        for _, done in under_way:
            done.cancel()
