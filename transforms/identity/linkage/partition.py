"""From chances of pairs to people: records are joined while, on average, they fit.

A record is held against all members of a group, not against one: two groups are joined by the mean evidence of all
pairs between them, the best-fitting groups first, until no two fit well enough.  A pair that was never compared speaks
against.  So one strong pair does not chain two people together, and one weak pair does not part what the others hold.

What may never meet (two records of a source where nobody stands twice, two different valid identity numbers) is told by
the same judge that guards the consolidation's clusters.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.identity.cluster import Facts, Judge, components

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FactsOf = Callable[[int], Facts | None]

STRONGEST = 8.0  # natural logarithm of odds; what one pair may say at most, for or against
JUDGE = Judge((), ())


def evidence(chance: Floats) -> Floats:
    """Bounded log odds of chances, rounded so that they do not depend on the order of summation.

    >>> [float(x) for x in evidence(np.array([0.0, 0.5, 1.0]))]
    [-8.0, 0.0, 8.0]
    """
    low = np.exp(-STRONGEST) / 2
    bounded = np.clip(chance, low, 1 - low)
    return np.round(np.clip(np.log(bounded / (1 - bounded)), -STRONGEST, STRONGEST), 6)


@dataclass
class Groups:
    """Groups of records of one component, and the evidence between them.

    Attributes:
        between: Group -> other group -> summed evidence above the floor.
        size: Group -> records.
        facts: Group -> what may contradict; groups without an entry contradict nobody.
    """

    between: dict[int, dict[int, float]]
    size: dict[int, int]
    facts: dict[int, Facts]

    def mean(self, a: int, b: int) -> float:
        """Mean evidence of all pairs between two groups."""
        return self.between[a][b] / (self.size[a] * self.size[b]) - STRONGEST

    def sound(self, a: int, b: int) -> bool:
        """Whether the two groups may be one."""
        return a not in self.facts or b not in self.facts or JUDGE.sound(self.facts[a], self.facts[b])

    def join(self, a: int, b: int) -> None:
        """Make `b` a part of `a`."""
        for other, weight in self.between.pop(b).items():
            if other != a:
                del self.between[other][b]
                total = self.between[a].get(other, 0.0) + weight
                self.between[a][other] = self.between[other][a] = total
        del self.between[a][b]
        self.size[a] += self.size.pop(b)
        if b in self.facts:
            mine, other_facts = self.facts.get(a), self.facts.pop(b)
            self.facts[a] = other_facts if mine is None else mine.joined(other_facts)


def partition(records: int, left: Ints, right: Ints, weight: Floats, least: float, facts: FactsOf) -> NDArray[np.int64]:
    """The smallest record of each record's group.

    Args:
        records: Number of records.
        left: One record of each pair.
        right: The other, which does not contradict it.
        weight: Evidence of each pair.
        least: Mean evidence that joins two groups.
        facts: What may contradict of a record; None where it contradicts nobody.
    """
    root = np.arange(records)
    strong = weight >= least
    if not strong.any():
        return root
    members, roots = components(left[strong], right[strong])
    root[members] = roots
    size = np.bincount(root, minlength=records)
    inside = (size[root[left]] > 1) & (root[left] == root[right])
    left, right, weight = left[inside], right[inside], weight[inside]
    # most groups are two records, and done
    more = size[root[left]] > 2
    left, right, weight = left[more], right[more], weight[more]
    ordered = np.lexsort((right, left, root[left]))
    left, right, weight = left[ordered], right[ordered], weight[ordered]
    ends = np.append(np.flatnonzero(np.diff(root[left])) + 1, len(left))
    begin = 0
    for end in ends.tolist():
        if end > begin:
            part = slice(begin, end)
            pairs = list(zip(left[part].tolist(), right[part].tolist(), weight[part].tolist(), strict=True))
            for record, group in _join(pairs, least, facts).items():
                root[record] = group
        begin = end
    return root


def _join(pairs: list[tuple[int, int, float]], least: float, facts: FactsOf) -> dict[int, int]:
    """Record -> smallest record of its group, for the records of one component."""
    between: dict[int, dict[int, float]] = {}
    for a, b, weight in pairs:
        between.setdefault(a, {})[b] = weight + STRONGEST
        between.setdefault(b, {})[a] = weight + STRONGEST
    told = {record: found for record in between if (found := facts(record))}
    groups = Groups(between, dict.fromkeys(between, 1), told)
    parent = {record: record for record in between}
    queue = [(-weight, a, b, 1, 1) for a, b, weight in pairs if weight >= least]
    heapq.heapify(queue)
    while queue:
        _, a, b, size_a, size_b = heapq.heappop(queue)
        # an entry of sizes that have changed since is an old one
        if groups.size.get(a) != size_a or groups.size.get(b) != size_b or not groups.sound(a, b):
            continue
        groups.join(a, b)
        parent[b] = a
        for other in groups.between[a]:
            mean = groups.mean(a, other)
            if mean >= least:
                low, high = min(a, other), max(a, other)
                heapq.heappush(queue, (-mean, low, high, groups.size[low], groups.size[high]))

    def top(record: int) -> int:
        while parent[record] != record:
            record = parent[record]
        return record

    return {record: top(record) for record in parent}
