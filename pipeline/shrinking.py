"""A delivery that has lost most of what stood in the published one: cut off, of another region, or a header alone.

Documents come and go from delivery to delivery; subscribers, accounts, lines and subscriptions stand.  What the new
delivery does not have is withdrawn by the load, so a loss of most of it stops the source unless it is declared.
"""

from __future__ import annotations

from collections.abc import Mapping

from billing.errors import SourceError
from billing.registry import Source

STANDING = ("subscriber", "account", "line", "subscription")


def check_shrinking(source: Source, rows: Mapping[str, int], published: Mapping[str, int]) -> None:
    """Refuse a delivery that lost more than the source declares.

    Args:
        source: The declared source.
        rows: Entity -> rows of this delivery.
        published: The same of the delivery that is published now; empty where there is none.

    Raises:
        SourceError: An entity lost a larger share of its rows than `thresholds.max_shrunk`.
    """
    limits = source.spec.thresholds
    shrunk = []
    for entity in STANDING:
        before, now = published.get(entity, 0), rows.get(entity, 0)
        lost = before - now
        if lost > limits.always_allowed and lost > limits.max_shrunk * before:
            shrunk.append(f"{entity} {now:,} of {before:,}")
    if shrunk:
        raise SourceError(
            f"the delivery has lost most of what is published: {', '.join(shrunk)}",
            source_id=source.id,
            remedy="ask the sender whether it is whole; if it is, set max_shrunk = 1 in [thresholds] of source.toml "
            "until it is published",
        )
