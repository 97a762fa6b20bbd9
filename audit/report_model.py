"""What the auditor's report of a run is made of.

A plain JSON value, so that it can be kept beside the report (`run.json`), compared and read by other tools.  All
amounts are integers in hundredths of their currency (grosze), all times ISO 8601 with offset.

Nothing here identifies a person: records are named by their **source key** (the legacy system's own key, which the
auditor needs to find them there) and by file, record number and byte offset; values are masked before they come here,
and there is deliberately no field for names, PESEL, telephone or account numbers.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Verdict = Literal["balanced", "incomplete", "broken", "failed", "unchanged"]
"""`balanced`: every source is in and every applicable equation closed.  `incomplete`: the same for the sources that
are in, but others are lacking.  `broken`: an equation did not close, nothing was loaded.  `failed`: the run ended
before it could be judged, nothing was loaded.  `unchanged`: nothing new was delivered, the last load stands."""

Status = Literal["closed", "broken", "not_applicable"]

Money = dict[str, int]
"""Currency -> amount in hundredths."""


class LackingSource(TypedDict):
    """A declared source that the run is without."""

    source_id: str
    title: str
    reason: str  # why, for people: "stopped: the file ends inside record 4711", "no delivery"


class FileFacts(TypedDict):
    """A delivered file, as landed."""

    name: str
    sha256: str  # whole; the report shows its beginning
    size_bytes: int
    records: int | None  # counted while it was read
    declared_records: NotRequired[int | None]  # as its header or trailer states; absent where it states none
    declared_sum: NotRequired[int | None]  # the same for its control sum, in hundredths
    computed_sum: NotRequired[int | None]  # the control sum over the records that were read
    sequence: NotRequired[str | None]  # sequence number that the file states
    notes: NotRequired[list[str]]  # findings for people; shown where a stated total differs, which one of them explains
    repeated: NotRequired[bool]  # the same bytes were delivered before, under whatever name: read once only


class SourceFacts(TypedDict):
    """One source of the run; the record counts are those of its published tables' way from read to kept."""

    source_id: str
    title: str
    system: str
    region: str
    files: list[FileFacts]
    read: int
    kept: int
    rejected: int
    suspended: int
    flagged: int  # findings on attributes; their records are among the kept ones
    warnings: NotRequired[list[str]]  # on the delivery as a whole, such as a likely repeat


class GateFacts(TypedDict):
    """What one validation suite found."""

    gate: str  # raw, canonical, consolidated
    source_id: str  # "*" where all sources' rows were judged together
    table: str
    rows: int
    rejected: int
    flagged: int
    checks: int
    failed_stop: int  # checks of that severity that failed
    failed_reject: int
    failed_warn: int
    page: str  # link to the suite's page, relative to the report


class StageTotal(TypedDict):
    """Records and money of one entity of one source after one stage."""

    source_id: str
    stage: str  # one of `RunReport.stages`
    entity: str
    currency: str | None  # None where the entity carries no money
    records: int
    amount: int | None  # sum of the entity's control amount


class MoneyLine(TypedDict):
    """Where the control amounts of one entity of one source in one currency went, in hundredths."""

    source_id: str
    entity: str
    currency: str
    read: int
    loaded: int  # of a run that loaded nothing: what it would load
    rejected: int
    suspended: int


class Redenomination(TypedDict):
    """Rows of one entity of one source that came in old zloty, and what converting them one by one rounded."""

    source_id: str
    entity: str
    records: int
    delivered: int  # sum of the control amounts as delivered, in hundredths of PLZ
    booked: int  # the same rows' control amounts in grosze
    rounding: str  # booked less the exact value, in PLN with all its decimals


class RejectExample(TypedDict):
    """One record or attribute that was set aside."""

    source_id: str
    file: str
    record_no: int
    byte_offset: int
    source_key: str | None
    field: str | None
    value_masked: str | None
    message: str


class RejectGroup(TypedDict):
    """What was set aside for one reason."""

    disposition: str  # rejected, suspended, flagged
    reason: str  # a code of `billing.reasons`
    entity: str
    records: int
    amounts: Money
    unreadable: int  # records whose amount cannot be read
    examples: list[RejectExample]  # a few


class FillerLine(TypedDict):
    """A text that stood in a field and was taken for nothing."""

    source_id: str
    entity: str
    field: str
    text: str  # masked where it could pass for a value
    reason: str | None  # under which each of them is told, too; None where they are counted alone
    rows: int


class EdgeGroup(TypedDict):
    """Pairs of subscriber records, by what was decided on them."""

    outcome: str
    says: str  # for people
    pairs: int


class ReasonGroup(TypedDict):
    """Pairs by what decided on them."""

    outcome: str
    reason: str
    says: str  # for people
    pairs: int


class DecisionFacts(TypedDict):
    """A decision of a person that stood in this run."""

    number: int
    action: str  # merge, never, split
    records: list[str]  # source/key
    actor: str
    decided_at: str
    reason: str
    state: Literal["applied", "refused", "waiting"]
    why: str  # why it was not applied


class Churn(TypedDict):
    """What became of the ids of customers in a load."""

    before: int
    new: int  # customers of new records alone
    split: int  # customers whose records left another one
    returned: int  # of these, under an id that they had before
    merged: int  # customers that became part of another; their ids lead there
    kept: int
    after: int
    moved: int  # records that were given to another customer


class WaitingPair(TypedDict):
    """A pair that waits for a person."""

    left: str  # source/key
    right: str
    reason: str
    says: str
    weight: float  # bits of evidence, no money
    levels: str  # field=level, in one text


class Identity(TypedDict):
    """How subscribers became customers."""

    subscribers: int
    customers: int
    merged: int  # customers with more than one subscriber record
    across_sources: int  # of these, with records of more than one source
    largest: int  # records of the largest customer
    edges: list[EdgeGroup]
    reasons: list[ReasonGroup]
    review_queue: int  # pairs that wait for a person
    queue_page: str  # link to the list of them, relative to the report
    decisions: list[DecisionFacts]
    churn: Churn | None  # None where this run loaded nothing
    survivorship: dict[str, str]  # field -> rule, where it is not the catalogue's
    weights: str  # version of the weights file


class EquationResult(TypedDict):
    """One equation for one source, entity and currency."""

    equation: str  # a key of `billing.spec.EQUATIONS`
    source_id: str
    entity: str | None
    currency: str | None
    unit: Literal["records", "grosze"]
    left: int | None
    right: int | None
    difference: int | None
    checked: int  # records, accounts or documents that it was applied to
    status: Status
    note: NotRequired[str | None]  # what explains an allowed difference, or why it is not applicable


class Break(TypedDict):
    """A difference, with the first records that cause it."""

    equation: str
    source_id: str
    entity: str | None
    currency: str | None
    unit: Literal["records", "grosze"]
    left: int | None
    right: int | None
    difference: int
    broken: int  # how many records break it
    keys: list[str]  # source keys of the first of them
    note: str | None


class LoadedTable(TypedDict):
    """What the merge did to one table."""

    table: str
    inserted: int
    updated: int
    unchanged: int
    removed: int
    carried_over: int  # rows of sources that are not part of this run, left as they were


class Seal(TypedDict):
    """The seal of the batch in the chain of seals."""

    number: int
    seal: str
    previous: str
    sealed_at: str


class RunReport(TypedDict):
    """Everything the report says about one run."""

    run_id: str
    verdict: Verdict
    failure: str | None  # what ended the run, where it failed or the load was refused
    batch_id: int | None  # number of the load, None where there was none
    code_version: str
    published_from: str  # when the first of the sources published what this run consolidates, be it before this run
    published_until: str  # and the last
    finished_at: str
    cut_off: str | None  # latest cut-off date of the sources
    lacking: list[LackingSource]
    undeclared: list[LackingSource]  # published once and not declared any more: no part of the run, nor a fault of it
    sources: list[SourceFacts]
    gates: list[GateFacts]
    stages: list[str]  # in order: read, decoded, conformed, ... loaded
    totals: list[StageTotal]
    money: list[MoneyLine]  # read = loaded + rejected + suspended
    redenomination: list[Redenomination]  # empty where nothing was delivered in old zloty
    rejects: list[RejectGroup]
    fillers: list[FillerLine]
    identity: Identity | None
    equations: list[EquationResult]
    breaks: list[Break]
    load: list[LoadedTable]
    seal: Seal | None
    data_docs: str | None  # link to the Data Docs, relative to the report


def verdict_of(
    *, equations: list[EquationResult], lacking: list[LackingSource], failure: str | None, loaded: bool
) -> Verdict:
    """The verdict that the figures give.

    Args:
        equations: All results; none at all is no balance.
        lacking: Declared sources that the run is without.
        failure: What ended the run.
        loaded: Whether the load was committed.

    >>> verdict_of(equations=[], lacking=[], failure=None, loaded=False)
    'unchanged'
    """
    if any(e["status"] == "broken" for e in equations):
        return "broken"
    if failure is not None:
        return "failed"
    if not loaded:
        return "incomplete" if lacking else "unchanged"
    if not any(e["status"] == "closed" for e in equations):
        return "failed"
    return "incomplete" if lacking else "balanced"
