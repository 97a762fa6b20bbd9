"""Which code page a declaration names for a file, and what a person has to be told about it.

Where the page is not decided, `ascii` is declared: letters beyond ASCII are then set aside with their bytes, and
nothing is misread.  Where other files of the same source speak clearly, and this one does not contradict them, it is
theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractors.profiling.evidence import MARGIN_BITS
from extractors.profiling.profile import Profile
from extractors.profiling.readings import FAMILY_ASCII, VARIANTS


def shared_page(profiles: Sequence[Profile]) -> str | None:
    """The page of the files whose own letters decide it: what the others of the same source are likely in."""
    own = [p for p in profiles if p.page and p.shape.format != "sql" and not p.shape.ebcdic and not p.shape.utf16]
    decided = [p.page for p in own if p.page]
    firm = [p.page for p in own if p.page and not p.judgement.alike]
    pool = firm or decided
    return max(sorted(set(pool)), key=pool.count) if pool else None


def declare_page(profile: Profile, comments: dict[str, str], shared: str | None) -> str:
    """The page to declare for a file.

    Args:
        profile: Of the file.
        comments: Gets what has to be said about the page, under `code_page`.
        shared: Page of the source's other files.
    """
    if profile.shape.utf16:
        return "utf-16"
    if profile.verdict == "decided" and profile.page:
        return _decided_page(profile, profile.page, comments, shared)
    if profile.verdict == "mixed":
        comments["code_page"] = f"{profile.says}: the source will stop until it is delivered in one page"
        return profile.judgement.page or "ascii"
    return _open_page(profile, comments, shared)


def _open_page(profile: Profile, comments: dict[str, str], shared: str | None) -> str:
    judgement = profile.judgement
    scores = ", ".join(f"{page} {bits:+.0f}" for page, bits in list(judgement.scores.items())[:4])
    open_ = f"NOT DECIDED ({scores} bits)" if profile.verdict == "undecided" else "no letter beyond ASCII decides it"
    if profile.shape.ebcdic:
        comments["code_page"] = f"{open_}; cp870 is Polish EBCDIC: ask the region"
        return "cp870"
    if profile.verdict == "undecided":
        if shared and judgement.scores.get(shared, MARGIN_BITS) < MARGIN_BITS:
            comments["code_page"] = f"{open_}; other files of the source are in {shared}"
            return shared
        comments["code_page"] = f"{open_}: ascii sets such letters aside; ask the region"
        return "ascii"
    return _page_of_ascii(profile, comments, shared)


def _decided_page(profile: Profile, page: str, comments: dict[str, str], shared: str | None) -> str:
    judgement = profile.judgement
    if page in VARIANTS:
        comments["code_page"] = f"it is in {page}, which has no decoder: have it converted"
        return "mazovia"
    if shared and shared != page and judgement.accepts(shared):
        return shared
    if judgement.alike and shared != page:
        comments["code_page"] = f"{', '.join(judgement.alike)} would read it just the same: ask the region"
    return page


def _page_of_ascii(profile: Profile, comments: dict[str, str], shared: str | None) -> str:
    """What to declare for text in which no letter beyond ASCII occurs: it may in the next delivery."""
    if profile.verdict == "any" and profile.shape.encoding.startswith("UTF-8"):
        return "utf-8"
    if profile.verdict == "any" and shared:
        comments["code_page"] = f"no letter beyond ASCII decides it; other files of the source are in {shared}"
        return shared
    if profile.verdict == "any" and profile.shape.encoding in FAMILY_ASCII:
        comments["code_page"] = "no letter beyond ASCII decides it; the file itself states this page"
        return profile.shape.encoding
    comments["code_page"] = "no letter beyond ASCII occurs; a later one is set aside instead of misread"
    return "ascii"
