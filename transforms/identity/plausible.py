"""Whether trained weights make sense: the last look before a file is written.

Training can go wrong quietly.  Weights under which two equal identity numbers speak *against* one customer, or two
different surnames speak for it, describe no data that we want to link by.
"""

from __future__ import annotations

from billing.errors import ContractError
from transforms.identity.comparisons import COMPARISONS, SINGLE_FREQUENCIES
from transforms.identity.weights import Weights


def implausible(weights: Weights) -> list[str]:
    """What makes no sense, in words; empty where everything does.

    >>> from transforms.identity.weights import read_weights
    >>> implausible(read_weights())
    []
    """
    found = []
    for comparison in COMPARISONS:
        levels = comparison.level_names
        chances = weights.chances[comparison.name]
        strongest, different = (chances[level] for level in (levels[0], levels[-1]))
        if strongest[0] <= strongest[1]:
            found.append(f"{comparison.name}={levels[0]} would speak against one customer")
        if different[0] >= different[1]:
            found.append(f"{comparison.name}={levels[-1]} would speak for one customer")
        for side, name in enumerate(("m", "u")):
            total = sum(chance[side] for chance in chances.values())
            if abs(total - 1) > 1e-3:
                found.append(f"the {name} of {comparison.name} add up to {total:.4f}")
    for column in SINGLE_FREQUENCIES:  # a record may have several places, but one name
        if sum(weights.frequencies[column].values()) > 1 + 1e-3:
            found.append(f"the frequencies of {column} add up to more than one")
    return found


def refuse_implausible(weights: Weights) -> None:
    """Stop where something makes no sense.

    Raises:
        ContractError: It names every finding.
    """
    if found := implausible(weights):
        raise ContractError("; ".join(found), remedy="train on more records, or with a truth; nothing was written")
