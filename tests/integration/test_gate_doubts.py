"""A value that the raw gate and conform both found at fault is told once."""

import pytest
from source_world import SourceWorld, accounts

from pipeline.figures import source_figures
from pipeline.landed import chain
from pipeline.store import read_batches

STATUS = '\nstatus = { column = "STAN", map = { czynne = "active" } }'


@pytest.fixture
def world(tmp_path):
    return SourceWorld(tmp_path)


def told(world, text):
    """Step, reason, field and record of everything that the load would be given."""
    world.deliver(konta=text)
    ctx, manifest = world.run(until="balance")
    figures = source_figures(ctx, manifest)
    steps = [m for m in chain(ctx, manifest).values() if m.rejects]
    paths = {str(ctx.store.local_path(m.rejects.path)): m for m in steps}
    rows = [
        row
        for path in figures.rejects
        for batch in read_batches(ctx.store, paths[path].rejects, 2)
        for row in batch.to_pylist()
    ]
    gate = sum(result["flagged"] for result in figures.gates if result["gate"] == "raw")
    return sorted((r["record_no"], r["reason"], r["field"]) for r in rows), gate, figures


def test_a_rejected_record_answers_for_all_its_values(world):
    world.declare(accounts() + STATUS)
    found, gate, figures = told(world, "NR;SALDO;STAN\n1;1,50;czynne\n2;x;zawieszone\n")
    assert found == [(3, "NUM-TEXT", "closing_balance")]
    assert gate == 2  # and the suite's own page still shows them
    assert figures.flagged == {}


def test_a_flagged_value_is_told_by_its_field(world):
    world.declare(accounts() + STATUS)
    found, gate, figures = told(world, "NR;SALDO;STAN\n1;1,50;czynne\n2;2,00;zawieszone\n3;3,00;inne\n4;4,00;czynne\n")
    assert found == [(3, "CODE-UNMAPPED", "status"), (4, "CODE-UNMAPPED", "status")]
    assert gate == 2
    assert figures.flagged == {"CODE-UNMAPPED": 2}


def test_what_the_gate_alone_finds_odd_stays(world):
    """Conform reads an amount in parentheses as a negative one; the declared form has none."""
    found, gate, figures = told(world, "NR;SALDO\n1;(1,50)\n2;x\n3;(2,00)\n")
    assert gate == 3
    assert found == [(2, "GATE", "SALDO"), (3, "NUM-TEXT", "closing_balance"), (4, "GATE", "SALDO")]
    assert figures.flagged == {"GATE": 2}
    assert figures.kept["account", "PLN"].amount == -350
