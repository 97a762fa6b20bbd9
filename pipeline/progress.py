"""What is shown while a run goes on: a live table on a terminal, plain lines in a file or a pipe."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

CONSOLIDATION = "consolidate"  # as its DAG is called, so that a line leads to the page in Airflow
ENDED = {"published": "green", "absent": "yellow", "failed": "bold red"}


class View(Protocol):
    """Told again and again where everything stands; shows what is new."""

    def source(self, name: str, step: str, status: str) -> None:
        """`status` is running | published | absent | failed."""

    def consolidation(self, step: str, state: str) -> None:
        """`state` is Airflow's: queued, running, success, failed, ..."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Lines:
    """One line whenever something changes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.began = time.monotonic()
        self.known: dict[str, tuple[str, str]] = {}

    def source(self, name: str, step: str, status: str) -> None:
        """See `View`."""
        self._tell(name, name, step, status)

    def consolidation(self, step: str, state: str) -> None:
        """See `View`."""
        if state in ("running", "success", "failed", "up_for_retry"):
            self._tell(f"{CONSOLIDATION} {step}", CONSOLIDATION, step, "done" if state == "success" else state)

    def _tell(self, key: str, who: str, step: str, status: str) -> None:
        if self.known.get(key) != (step, status):
            self.known[key] = (step, status)
            line = f"{time.monotonic() - self.began:6.1f} s  {who:<14} {step:<16} {status}"
            self.console.print(line, markup=False, highlight=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Board(Lines):
    """A table that stays in its place: a row a source, a dot a step."""

    def __init__(
        self, console: Console, titles: Mapping[str, str], steps: Sequence[str], consolidation: Sequence[str]
    ) -> None:
        super().__init__(console)
        self.titles = titles
        self.steps = steps
        self.states = dict.fromkeys(consolidation, "")
        self.at: dict[str, tuple[str, str]] = {}
        self.live = Live(self._draw(), console=console, refresh_per_second=4)

    def source(self, name: str, step: str, status: str) -> None:
        """See `View`."""
        self.at[name] = (step, status)
        self.live.update(self._draw())

    def consolidation(self, step: str, state: str) -> None:
        """See `View`."""
        self.states[step] = state
        self.live.update(self._draw())

    def _draw(self) -> Group:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("Source", "Region", "Steps", ""):
            table.add_column(heading, header_style="bold")
        for name, title in self.titles.items():
            step, status = self.at.get(name, ("", "waiting"))
            done = self.steps.index(step) if step in self.steps else 0
            ended = status in ("published", "absent")
            dots = Text("●" * (len(self.steps) if ended else done), style="green")
            dots.append("" if ended else "●" if step else "○", style="red" if status == "failed" else "cyan")
            dots.append("○" * (len(self.steps) - len(dots)), style="dim")
            words = Text(status if status != "running" else step, style=ENDED.get(status, ""))
            if status == "failed":
                words.append(f" in {step}")
            table.add_row(name, title, dots, words)
        line = Text(f"{CONSOLIDATION}  ", style="bold")
        for step, state in self.states.items():
            style = {"success": "green", "failed": "bold red", "running": "cyan", "upstream_failed": "red"}.get(
                state, "dim"
            )
            line.append(f"{step}  ", style=style)
        elapsed = Text(f"{time.monotonic() - self.began:.0f} s", style="dim")
        return Group(table, line, elapsed)

    def __enter__(self) -> Self:
        self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.update(self._draw())
        self.live.__exit__(kind, error, trace)


def make_view(
    console: Console, titles: Mapping[str, str], steps: Sequence[str], consolidation: Sequence[str]
) -> Board | Lines:
    """The view that fits where the output goes."""
    return Board(console, titles, steps, consolidation) if console.is_terminal else Lines(console)
