"""Random numbers that depend on nothing but what they are for.

A draw is a hash of (seed, stream, index, purpose), so record 4,711 of a region can be made without the 4,710 before
it: files are written in chunks of any size, another region can re-create the same person, and the same seed gives
the same bytes on every machine.  The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).

>>> draw = Draw(2003, 12, np.arange(3))
>>> bool((draw.below("phone", 100) == Draw(2003, 12, np.arange(3)).below("phone", 100)).all())
True
>>> int(Draw(2003, 12, np.array([1])).below("age", 10)[0]) == int(draw.below("age", 10)[1])
True
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scatter 64-bit values so that neighbours have nothing in common."""
    values = values + _STEP
    values = (values ^ (values >> np.uint64(30))) * _M1
    values = (values ^ (values >> np.uint64(27))) * _M2
    return values ^ (values >> np.uint64(31))


@cache
def _purpose(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


class Draw:
    """Draws for an array of things.

    Args:
        seed: Seed of the whole data set.
        stream: What tells this kind of thing apart from others with the same index (one number, or one each).
        index: Number of each thing within its stream.
    """

    def __init__(self, seed: int, stream: int | Ints, index: Ints) -> None:
        salt = np.uint64(seed * int(_M1) & 0xFFFF_FFFF_FFFF_FFFF)
        streams = np.broadcast_to(np.asarray(stream, dtype=np.uint64), index.shape)
        self._base = mix(mix(streams + salt) + index.astype(np.uint64))

    def take(self, rows: Ints) -> Draw:
        """The draws of some of the things, in another order or repeated; each keeps its own."""
        part = Draw.__new__(Draw)
        part._base = self._base[rows]
        return part

    def bits(self, purpose: str) -> npt.NDArray[np.uint64]:
        """64 random bits each."""
        return mix(self._base ^ _purpose(purpose))

    def below(self, purpose: str, limit: int | Ints) -> Ints:
        """Whole numbers from 0 to `limit` - 1 (the remainder's bias is far below what a sample shows)."""
        bits = (self.bits(purpose) >> np.uint64(11)).astype(np.int64)
        return bits % limit

    def chance(self, purpose: str, per_mille: float) -> Bools:
        """True for about `per_mille` of 1,000."""
        return self.below(purpose, 1_000_000) < round(per_mille * 1000)

    def weighted(self, purpose: str, cumulative: Ints) -> Ints:
        """Positions in a list of cumulated weights, each as often as its weight."""
        return np.searchsorted(cumulative, self.below(purpose, int(cumulative[-1])), side="right").astype(np.int64)
