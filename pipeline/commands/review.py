"""`blueline review` and `blueline decide`: pairs that wait for a person, and what people decide."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from billing.decisions import Action, Decision, RecordRef
from billing.errors import ContractError
from billing.wording import counted
from pipeline.console import make_console
from pipeline.context import Context, context
from pipeline.reconciliation import plain_table

review = typer.Typer(
    help="Pairs of records that wait for a person: are they one customer?", invoke_without_command=True
)
decide = typer.Typer(
    help="Say who is one customer and who is not; the next run applies it, and it can be taken back.",
    no_args_is_help=True,
)

Reason = Annotated[str | None, typer.Option("--reason", "-r", help="Only pairs of this reason code.")]
Source = Annotated[str | None, typer.Option("--source", "-s", help="Only pairs with a record of this source.")]
Why = Annotated[str, typer.Option("--reason", "-r", help="Why; kept with the decision.")]
Actor = Annotated[str | None, typer.Option("--actor", help="Who decides; default is the user of this session.")]
One = Annotated[str, typer.Argument(help="source/key, an account's number or a customer's id.", metavar="A")]
Other = Annotated[str, typer.Argument(help="The other one, named in the same way.", metavar="B")]


@review.callback()
def queue(
    ctx: typer.Context,
    reason: Reason = None,
    source: Source = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Pairs shown.", min=1)] = 10,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show personal values in clear; who did is kept in revealed.jsonl.")
    ] = False,
) -> None:
    """Show the pairs that wait, side by side, with what speaks for and against one customer.

    Those with the most evidence come first.  Values are masked; whether they agree is shown for every field.

    Examples: `blueline review -r NAME-HOME` · `blueline review -s krakow -n 3 --reveal` ·
    `blueline review export queue.csv`
    """
    if ctx.invoked_subcommand is not None:
        return
    reason = reason and reason.upper()
    from audit.pairs import count_waiting, waiting
    from loaders.warehouse import connect
    from pipeline.explaining import print_pair, says
    from pipeline.people import record_values
    from pipeline.tracing import note_revealed

    here = context()
    console = make_console()
    with here.warehouse() as url, connect(url) as connection:
        _refuse_unknown(here, connection, reason, source)
        counts = count_waiting(connection, reason=reason, source=source)
        pairs = waiting(connection, reason=reason, source=source, limit=limit)
    if not pairs:
        console.print("no pair waits for a person")
        return
    if reveal:
        note_revealed(here, f"review {' '.join(f'{p.left} {p.right}' for p in pairs)}")
    total = sum(counts.values())
    table = plain_table(f"{counted(total, 'pair')} {'waits' if total == 1 else 'wait'}", "reason", pairs="right")
    table.add_column("meaning", overflow="fold")
    for code, number in counts.items():
        table.add_row(code, str(number), says(code))
    console.print(table)
    values = record_values(here, (ref for pair in pairs for ref in (pair.left, pair.right)), reveal=reveal)
    for pair in pairs:
        print_pair(console, pair, values)
    console.print(
        "\nDecide with `blueline decide merge A B --reason ...` or `never`; `blueline review export` writes a file.",
        highlight=False,
    )


@review.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="CSV file to write.")], reason: Reason = None, source: Source = None
) -> None:
    """Write the pairs that wait to a file; fill in `decision` and `why`, and give it to `blueline decide file`.

    The file names records only; personal values are not written.
    """
    from audit.pairs import waiting
    from loaders.warehouse import connect
    from pipeline.deciding import write_queue

    here = context()
    reason = reason and reason.upper()
    with here.warehouse() as url, connect(url) as connection:
        _refuse_unknown(here, connection, reason, source)
        number = write_queue(file, waiting(connection, reason=reason, source=source))
    typer.echo(f"{counted(number, 'pair')} written to {file}")


@decide.command("merge")
def merge(one: One, other: Other, reason: Why, actor: Actor = None) -> None:
    """Say that two are one customer, whatever the score says.

    Refused where the two have different valid PESELs (organisations: NIPs or REGONs): no decision overrides that.
    """
    _decide("merge", [one, other], reason, actor)


@decide.command("never")
def never(one: One, other: Other, reason: Why, actor: Actor = None) -> None:
    """Say that two records are never one customer, not through a chain of others either."""
    _decide("never", [one, other], reason, actor)


@decide.command("split")
def split(one: One, reason: Why, actor: Actor = None) -> None:
    """Take a record out of its customer; it stays alone until it is merged by a person or this is taken back."""
    _decide("split", [one], reason, actor)


@decide.command("undo")
def undo(
    number: Annotated[int, typer.Argument(help="Number of the decision, as `blueline decide list` shows it.")],
    reason: Why,
    actor: Actor = None,
) -> None:
    """Take a decision back: the next run gives every record, account and id back to where it was without it."""
    from loaders.decisions import undo as take_back
    from loaders.warehouse import connect

    with context().warehouse() as url, connect(url, autocommit=True) as connection:
        made = take_back(connection, number, actor=actor or getpass.getuser(), reason=reason)
    _tell([made])


@decide.command("file")
def file(
    path: Annotated[Path, typer.Argument(help="CSV with the columns left, right, decision and why.", metavar="FILE")],
    actor: Actor = None,
) -> None:
    """Take decisions from a file: all of them, or none where one cannot be made.

    Lines without a decision are passed over, and so are decisions that stand already: a file may be given twice.
    Commas, semicolons or tabs; UTF-8, UTF-16 or Windows-1250.  A line that is refused is named.
    """
    from pipeline.deciding import decide_all, read_file

    wishes = read_file(path)
    with context().warehouse() as url:
        made = decide_all(url, wishes, actor=actor or getpass.getuser())
    _tell(made)
    if len(made) < len(wishes):
        typer.echo(f"{len(wishes) - len(made)} stood already")


@decide.command("list")
def listed(
    everything: Annotated[bool, typer.Option("--all", help="Show what was taken back, too.")] = False,
    out: Annotated[
        Path | None, typer.Option("--csv", help="Write them to this file instead, for `blueline decide file`.")
    ] = None,
) -> None:
    """List the decisions that stand: who, when, what and why."""
    from billing.decisions import standing
    from loaders.decisions import read_decisions
    from loaders.warehouse import connect
    from pipeline.deciding import write_decisions

    with context().warehouse() as url, connect(url) as connection:
        made = read_decisions(connection)
    stand = standing(made)
    if out is not None:
        typer.echo(f"{counted(write_decisions(out, stand), 'decision')} written to {out}")
        return
    console = make_console()
    shown = made if everything else stand
    if not shown:
        console.print("nobody has decided anything")
        return
    undone = {d.supersedes: d.number for d in made}
    table = plain_table(
        f"{counted(len(stand), 'decision')} {'stands' if len(stand) == 1 else 'stand'}",
        "no.",
        "decision",
        "records",
        "by",
        "when",
        "why",
    )
    for one in shown:
        state = f" (taken back by {undone[one.number]})" if one.number in undone else ""
        action = f"undo of {one.supersedes}" if one.action == "undo" else one.action
        table.add_row(
            str(one.number), action + state, escape(" ".join(map(str, one.records))), escape(one.actor),
            f"{one.decided_at:%Y-%m-%d %H:%M}", escape(one.reason),
        )  # fmt: skip
    console.print(table)


def _refuse_unknown(ctx: Context, connection: Any, reason: str | None, source: str | None) -> None:
    from transforms.identity.constrain import REASONS

    if reason is not None and reason not in REASONS:
        raise ContractError(f"unknown reason code {reason!r}", remedy=f"one of {', '.join(REASONS)}")
    loaded = {code for (code,) in connection.execute("SELECT code FROM control.source")}
    if source is not None and source not in loaded:
        ctx.require_source(source)


def _decide(action: Action, names: list[str], reason: str, actor: str | None) -> None:
    from audit.subjects import find_subject
    from loaders.decisions import Wish
    from loaders.warehouse import connect
    from pipeline.deciding import decide_all

    with context().warehouse() as url:
        with connect(url) as connection:
            refs = [_one_record(find_subject(connection, name), action) for name in names]
        wish = Wish(action, refs[0], refs[1] if len(refs) > 1 else None, reason)
        made = decide_all(url, [wish], actor=actor or getpass.getuser())
    if made:
        _tell(made)
    else:
        typer.echo("that was decided already")


def _one_record(subject: Any, action: Action) -> RecordRef:
    """The record that a text names; a merge is about whole customers, so that any record of one will do."""
    found: tuple[RecordRef, ...] = subject.looked_at
    if len(found) > 1 and action != "merge":
        raise ContractError(
            f"customer {subject.party_id} has {len(found)} records: {', '.join(map(str, found))}",
            remedy=f"say which one: blueline decide {action} {found[0]} ...",
        )
    return found[0]


def _tell(made: list[Decision]) -> None:
    for one in made:
        what = f"undo of {one.supersedes}" if one.action == "undo" else one.action
        typer.echo(f"decision {one.number}: {what} {' '.join(map(str, one.records))}, by {one.actor}")
    if made:
        typer.echo("the next run applies it: blueline run, or the DAG consolidate")
