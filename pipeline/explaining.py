"""Prints why records are one customer or not, and how a customer was put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from audit.customer import Customer
from audit.customer import customer as gather
from audit.explain import IDENTIFIERS, Explanation, explain
from audit.pairs import Pair
from audit.subjects import find_subject
from billing.decisions import Decision, RecordRef, standing
from billing.wording import counted
from loaders.decisions import read_decisions
from loaders.warehouse import connect
from pipeline.context import Context
from pipeline.people import files_of, loaded_tables, loaded_weights, record_values, shared_fields, uncompared
from pipeline.reconciliation import plain_table
from pipeline.tracing import note_revealed

BAR = 24  # characters of the longest bar
_NAMED = 5  # records named of many
_VERBS = {"merge": "one customer", "keep_apart": "kept apart", "review": "waits for a person"}


def says(reason: str) -> str:
    """What a reason code means, for people; the code itself where this version does not know it."""
    from transforms.identity.constrain import REASONS

    return REASONS.get(reason, reason)


def print_pair(console: Console, pair: Pair, values: Mapping[RecordRef, Mapping[str, str]]) -> None:
    """A pair side by side: each record's values, whether they agree, and what that weighs.

    Args:
        console: Where to print.
        pair: The pair.
        values: Values of its records, as they may be shown.
    """
    chance = "" if pair.probability is None else f", probability {pair.probability:.1%}"
    weight = "" if pair.weight is None else f", {pair.weight:+.1f} bits{chance}"
    console.print(f"\n[bold]{pair.reason}[/] {escape(says(pair.reason))}{weight}", highlight=False, soft_wrap=True)
    left, right = (values.get(ref, {}) for ref in (pair.left, pair.right))
    table = plain_table("", "field", escape(str(pair.left)), escape(str(pair.right)), "agreement", bits="right")
    table.title = None
    for name in shared_fields(left, right):
        field = "address" if name.endswith(" address") else name
        level = pair.levels.get(field, "")
        bits = pair.weights.get(field)
        table.add_row(
            name,
            escape(left.get(name, "–")),
            escape(right.get(name, "–")),
            level,
            "" if bits is None else f"{bits:+.1f}",
        )
    if not (left or right):
        for name, level in pair.levels.items():
            bits = pair.weights.get(name)
            table.add_row(name, "", "", level, "" if bits is None else f"{bits:+.1f}")
    console.print(table)


def show_explanation(ctx: Context, url: str, one: str, other: str, console: Console, *, reveal: bool) -> None:
    """Print why two subjects are one customer, or why not.

    Args:
        ctx: The process's context.
        url: The warehouse.
        one: `source/key`, account number or customer id.
        other: The same.
        console: Where to print.
        reveal: Show personal values in clear; its use is noted.
    """
    with connect(url) as connection:
        subjects = find_subject(connection, one), find_subject(connection, other)
        found = explain(connection, *subjects, decisions=standing(read_decisions(connection)))
    if reveal:
        note_revealed(ctx, f"explain {one} {other}")
    for subject in subjects:
        if subject.note:
            console.print(f"{escape(subject.text)}: {escape(subject.note)}", highlight=False, soft_wrap=True)
    _print_verdict(console, found)
    pair = found.direct[0] if found.direct else None
    ends = (pair.left, pair.right) if pair else (found.one.looked_at[0], found.other.looked_at[0])
    if ends[0] == ends[1]:
        return
    values = record_values(ctx, ends, reveal=reveal)
    if pair is not None:
        print_pair(console, pair, values)
        if pair.weight is not None:
            _print_weights(console, loaded_weights(ctx) or "not known here, another store loaded these pairs")
        _print_waterfall(console, pair)
    else:
        _print_computed(ctx, console, ends, values)
    _print_uncompared(console, uncompared(ctx, ends))
    if len(found.chain) > 1 or (found.chain and pair is None):
        _print_chain(console, found.chain)
    _print_decisions(console, found.decisions)


def _print_verdict(console: Console, found: Explanation) -> None:
    left, right = (escape(str(s.record)) if s.record else f"customer {s.party_id}" for s in (found.one, found.other))
    if found.together:
        console.print(f"[bold]{left} and {right} are one customer: {found.one.party_id}[/]", highlight=False)
    else:
        console.print(
            f"[bold]{left} and {right} are two customers: {found.one.party_id} and {found.other.party_id}[/]",
            highlight=False,
        )
    for kind, (a, b) in found.differing.items():
        console.print(
            f"Two different valid {kind.upper()}s: {a} and {b}. They can never be one customer, whoever decides.",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    for pair in found.direct:
        if pair.reason.startswith("DECIDED-") or pair.outcome == "keep_apart":
            console.print(
                f"{pair.left} and {pair.right}: {_VERBS[pair.outcome]}, {pair.reason}: {says(pair.reason)}",
                highlight=False, soft_wrap=True, markup=False,
            )  # fmt: skip


def _print_computed(
    ctx: Context, console: Console, ends: tuple[RecordRef, RecordRef], values: Mapping[RecordRef, Mapping[str, str]]
) -> None:
    """The score of a pair that the warehouse does not keep."""
    from transforms.identity.pair import compare

    tables = loaded_tables(ctx)
    found = None
    if tables:
        files = files_of(ctx, tables, "subscriber"), files_of(ctx, tables, "address")
        found = compare(*files, *ends, weights=ctx.settings.identity_weights)
    if found is None:
        console.print(
            f"{ends[0]} and {ends[1]} are not a pair that is kept, and their values are not in this store.",
            highlight=False, soft_wrap=True, markup=False,
        )  # fmt: skip
        return
    if found.keys:
        console.print(
            f"Compared because of {', '.join(found.keys)}, and not kept: too little agrees. "
            "(A key that too many records share is set aside; the report names those.)",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    else:
        console.print(
            "Never compared: the two have no blocking key in common. This is the score if they were:",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    used = loaded_weights(ctx)
    changed = f" (the run used {used})" if used not in (None, found.version) else ""
    pair = Pair(*ends, found.outcome, found.reason, found.weight, None, "", found.levels, found.weights)
    print_pair(console, pair, values)
    _print_weights(console, found.version + changed)
    _print_waterfall(console, pair)


def _print_weights(console: Console, version: str) -> None:
    console.print(f"Weights and frequencies: {version}", highlight=False, soft_wrap=True, markup=False)


def _print_waterfall(console: Console, pair: Pair) -> None:
    """How the weight came about, field by field, from how rare it is that any two are one.

    What the fields do not say is that start: so a kept pair adds up, whatever weights the settings name today.
    """
    if pair.weight is None:
        return
    start = pair.weight - sum(pair.weights.values())
    steps = [("before any evidence", "", start), *((n, pair.levels.get(n, ""), b) for n, b in pair.weights.items())]
    ends, total = [], 0.0
    for _, _, bits in steps:
        ends.append((total, total + bits))
        total += bits
    low = min(0.0, *(min(pair_) for pair_ in ends))
    high = max(0.0, *(max(pair_) for pair_ in ends))
    scale = BAR / ((high - low) or 1.0)
    table = plain_table("Evidence, in bits: each doubles the odds of one customer", "field", "agreement", "")
    table.add_column("bits", justify="right")
    table.add_column("sum", justify="right")
    for (name, level, bits), (begin, end) in zip(steps, ends, strict=True):
        table.add_row(name, level, _bar(begin, end, low, scale), f"{bits:+.1f}", f"{end:+.1f}")
    table.add_row("[bold]weight[/]", "", "", "", f"[bold]{pair.weight:+.1f}[/]")
    console.print(table)


def _bar(begin: float, end: float, low: float, scale: float) -> str:
    left = round((min(begin, end) - low) * scale)
    width = max(1, round(abs(end - begin) * scale))
    colour = "green" if end >= begin else "red"
    return " " * left + f"[{colour}]{'█' * width}[/]"


def _print_uncompared(console: Console, found: Mapping[RecordRef, Mapping[str, str]]) -> None:
    """Values that a record has and that were not held against the other's, and why."""
    from transforms.rules import RULES

    for record, fields in found.items():
        for name, rule in fields.items():
            known = RULES.get(rule)
            doubted = known is not None and known.status == "suspect"
            state, why = "doubted" if doubted else "not used", f"{known.text} ({rule})" if known else rule
            label = name.upper() if name in IDENTIFIERS else name
            console.print(
                f"{record}: its {label} is {state} and therefore not compared: {why}",
                highlight=False, soft_wrap=True, markup=False,
            )  # fmt: skip


def _print_chain(console: Console, chain: tuple[Pair, ...]) -> None:
    console.print(f"\n[bold]The chain between them, {len(chain)} links[/]", highlight=False)
    for link in chain:
        weight = "" if link.weight is None else f", {link.weight:+.1f} bits"
        by = f" ({link.rule})" if link.weight is None and link.rule else ""
        console.print(
            f"  {link.left} – {link.right}: {link.reason}{by}, {says(link.reason)}{weight}",
            highlight=False, soft_wrap=True, markup=False,
        )  # fmt: skip


def _print_decisions(console: Console, decisions: tuple[Decision, ...]) -> None:
    if decisions:
        console.print("\n[bold]Decisions of people that stand[/]", highlight=False)
    for made in decisions:
        console.print(
            f"  {made.number} {made.action} {' '.join(map(str, made.records))}, by {made.actor} on "
            f"{made.decided_at:%Y-%m-%d %H:%M}: {made.reason}",
            highlight=False, soft_wrap=True, markup=False,
        )  # fmt: skip


def show_customer(ctx: Context, url: str, text: str, console: Console, *, reveal: bool) -> None:
    """Print a customer.

    Args:
        ctx: The process's context.
        url: The warehouse.
        text: Customer id, account number or `source/key`.
        console: Where to print.
        reveal: Show personal values in clear; its use is noted.
    """
    with connect(url) as connection:
        subject = find_subject(connection, text)
        found = gather(connection, subject, standing(read_decisions(connection)), reveal=reveal)
    if reveal:
        note_revealed(ctx, f"customer {text}")
    if subject.note:
        console.print(escape(subject.note), highlight=False)
    console.print(_golden(found, record_values(ctx, found.records, more=("segment",))))
    console.print(_contacts(found))
    if found.aliases:
        console.print(f"Ids that lead here: {', '.join(map(str, found.aliases))}", highlight=False)
    table = plain_table(counted(len(found.accounts), "account"), "account", "source", "state", balance="right")
    for account in found.accounts:
        balance = "–" if account["closing_balance"] is None else f"{account['closing_balance']} {account['currency']}"
        table.add_row(escape(account["account_no"]), account["source"], account["status"] or "–", balance)
    console.print(table)
    _print_decisions(console, found.decisions)
    if found.moves:
        console.print("\n[bold]Records that came or left[/]", highlight=False)
    for at, record, former, now in found.moves:
        console.print(f"  {at:%Y-%m-%d %H:%M} {record}: from customer {former} to {now}", highlight=False)


def _golden(found: Customer, values: Mapping[RecordRef, Mapping[str, str]]) -> Table:
    title = f"Customer {found.party_id}, {counted(len(found.records), 'record')}: {', '.join(map(str, found.records))}"
    table = plain_table(escape(title), "field", "value", "rule", "from", "chosen over")
    for name, value in found.values.items():
        origin = found.origins.get(name)
        if origin is None:
            rule, source = _agreed(name, found.records, values)
            table.add_row(name, escape(value), rule, escape(source), "")
        else:
            lost = "\n".join(escape(f"{record}: {text}") for record, text in origin.lost.items())
            table.add_row(name, escape(value), origin.rule.replace("_", " "), escape(str(origin.record)), lost)
    return table


def _contacts(found: Customer) -> Table:
    """Addresses, numbers and e-mail addresses: every one stays, so that none has a rule."""
    table = plain_table(counted(len(found.contacts), "contact"), "contact", "for", "value", "from")
    for contact in found.contacts:
        table.add_row(contact.medium, contact.role, escape(contact.value), escape(_named(contact.records)))
    return table


def _agreed(name: str, records: Sequence[RecordRef], values: Mapping[RecordRef, Mapping[str, str]]) -> tuple[str, str]:
    """How a value came about that no other record contradicts, and which records give it.

    >>> two = RecordRef("lodz", "1"), RecordRef("opole", "2")
    >>> _agreed("pesel", two, {two[0]: {"pesel": "64*******"}, two[1]: {"kind": "person"}})
    ('only value', 'lodz/1')
    >>> _agreed("birth_date", two, {two[0]: {"pesel": "64*******"}, two[1]: {"kind": "person"}})
    ('by PESEL', 'lodz/1')
    >>> _agreed("kind", two, dict.fromkeys(two, {"kind": "person"}))
    ('all alike', 'lodz/1, opole/2')
    >>> _agreed("last_name", two[:1], {}), _agreed("display_name", two, {})
    (('only record', 'lodz/1'), ('composed', 'of the names above'))
    """
    if name == "display_name":
        return "composed", "of the names above"
    if len(records) == 1:
        return "only record", _named(records)
    if name == "status":
        return "best of all", _named(records)  # active before suspended before closed
    if holders := [ref for ref in records if name in values.get(ref, {})]:
        return "all alike" if len(holders) == len(records) else "only value", _named(holders)
    if name in ("birth_date", "sex") and (holders := [ref for ref in records if "pesel" in values.get(ref, {})]):
        return "by PESEL", _named(holders)
    # the record's file is in another store, or it was delivered with no value of its own
    return "no contradiction", _named(records)


def _named(records: Sequence[RecordRef]) -> str:
    """Records by name; of many the first."""
    more = f" and {len(records) - _NAMED} more" if len(records) > _NAMED else ""
    return ", ".join(map(str, records[:_NAMED])) + more
