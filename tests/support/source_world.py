"""One declared source of accounts, its delivery folder, and its own steps run without a warehouse."""

from __future__ import annotations

from pathlib import Path

from billing.settings import Settings
from pipeline.context import Context
from pipeline.source_steps import STEPS, run_source_step
from pipeline.store import Manifest

_ACCOUNTS = """
id = "{id}"
title = "{title}"
system = "test"
[delivery]
extracted_on = 2003-12-31
{delivery}
[[files]]
name = "konta"
format = "delimited"
pattern = "{pattern}"
code_page = "cp1250"
[[entities]]
name = "subscriber"
from = "konta"
fields = {{ subscriber_key = "NR", name = {{ value = "Jan Nowak" }} }}
[[entities]]
name = "account"
from = "konta"
[entities.fields]
account_key = "NR"
account_no = "NR"
subscriber_key = "NR"
currency = {{ value = "PLN" }}
closing_balance = {{ column = "SALDO", decimal = "," }}
"""


def accounts(source_id: str = "probe", *, delivery: str = "", pattern: str = "konta*.csv") -> str:
    """The declaration of a source whose accounts stand in a delimited file, by NR and SALDO.

    Args:
        source_id: Its id.
        delivery: More lines of its `[delivery]`.
        pattern: Of the file.
    """
    return _ACCOUNTS.format(id=source_id, title=source_id.capitalize(), delivery=delivery, pattern=pattern)


def remote_accounts(url: str, *, pattern: str = "konta.csv") -> str:
    """The same of the source `torun`, fetched from a server by the connection `region_torun`."""
    return accounts("torun", delivery=f'url = "{url}"\nconnection = "region_torun"', pattern=pattern)


def declare_in(sources: Path, text: str, source_id: str = "probe") -> Path:
    """Write a declaration below a folder of sources."""
    path = sources / source_id / "source.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


class SourceWorld:
    """The source `probe`: what it declares, what it delivers, and its steps."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "deliveries" / "probe"
        self.folder.mkdir(parents=True)
        self.declare(accounts())

    def declare(self, text: str) -> None:
        """Put a declaration in place of the one before."""
        declare_in(self.home / "sources", text)

    def deliver(self, **files: str) -> None:
        """Put the delivery there in place of the one before; `konta_1` is konta_1.csv."""
        for path in self.folder.iterdir():
            path.unlink()
        for name, text in files.items():
            suffix = ".sta" if text.startswith(":20:") else ".xml" if text.startswith("<") else ".csv"
            (self.folder / f"{name}{suffix}").write_bytes(text.encode("cp1250"))

    def context(self) -> Context:
        """A context of a process of its own."""
        return Context(Settings(home=self.home, sources=self.home / "sources", log_level="ERROR"))

    def run(self, until: str = STEPS[-1]) -> tuple[Context, Manifest]:
        """The steps up to one of them, and what that one made."""
        ctx, ref = self.context(), None
        for step in STEPS[: STEPS.index(until) + 1]:
            manifest = run_source_step(ctx, step, ctx.source("probe"), ref)
            ref = manifest.ref
        return ctx, manifest

    def run_of(self, **files: str) -> tuple[Context, Manifest]:
        """All steps of a new delivery."""
        self.deliver(**files)
        return self.run()

    def warnings(self) -> list[str]:
        """What is told of the delivery."""
        ctx, _ = self.run()
        state = ctx.store.state("published/probe")
        assert state is not None
        return list(state["warnings"])
