"""Two tiny sources whose books close, as canonical Parquet files, to be changed by a test before each load."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.equations import SourceTotals
from audit.totals import Totals
from billing.lineage import REJECTS
from billing.model import ENTITIES, normalised_schema
from loaders.load import Batch, DeliveredFile, Inputs, LoadedSource

SOURCES = ("lodz", "opole")
EQUATIONS = ("account", "invoice", "payment")
KEY = b"a key for tests"
DAY = dt.date(2003, 12, 1)
Row = dict[str, Any]

PROVENANCE = pa.schema(
    [
        *((name, pa.string()) for name in ("cluster_key", "field", "source_id", "subscriber_key", "rule", "value")),
        ("lost", pa.list_(pa.struct([(n, pa.string()) for n in ("source_id", "subscriber_key", "value")]))),
    ]
)
EDGES = pa.schema(
    [
        *((n, pa.string()) for n in ("left_source_id", "left_key", "right_source_id", "right_key")),
        ("match_weight", pa.float64()), ("match_probability", pa.float64()),
        *((n, pa.string()) for n in ("outcome", "reason", "rule", "levels")), ("weight_pesel", pa.float64()),
    ]
)  # fmt: skip
PARTIES = pa.schema(
    [
        *((n, pa.string()) for n in (
            "cluster_key", "kind", "display_name", "first_name", "last_name", "company_name", "pesel", "nip", "regon",
            "krs", "document", "document_kind",
        )),
        ("birth_date", pa.date32()), *((n, pa.string()) for n in ("sex", "phone", "email", "segment")),
        ("members", pa.int32()),
    ]
)  # fmt: skip
CLUSTERS = pa.schema([(n, pa.string()) for n in ("source_id", "subscriber_key", "cluster_key")])


def sha(source: str, file: str) -> str:
    return hashlib.sha256(f"{source}/{file}".encode()).hexdigest()


@dataclass
class World:
    """What two sources deliver, and who is who.

    Attributes:
        rows: Entity -> rows; lineage is added when they are written, but for `source_id`.
        clusters: (source, subscriber key) -> cluster.
        supports: Source -> equations that it supports.
        rejects: Rows of the reject store.
    """

    rows: dict[str, list[Row]]
    clusters: dict[tuple[str, str], str]
    supports: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(SOURCES, EQUATIONS))
    rejects: list[Row] = field(default_factory=list)
    edges: list[Row] = field(default_factory=list)
    provenance: list[Row] = field(default_factory=list)

    def copy(self) -> World:
        return copy.deepcopy(self)

    def find(self, entity: str, **values: Any) -> Row:
        (found,) = [r for r in self.rows[entity] if all(r[k] == v for k, v in values.items())]
        return found

    def drop(self, entity: str, **values: Any) -> None:
        self.rows[entity].remove(self.find(entity, **values))

    def join(self, *people: tuple[str, str]) -> None:
        """Put people into the first one's cluster."""
        for person in people[1:]:
            self.clusters[person] = self.clusters[people[0]]

    def bill(self, source: str, person: str, number: int, net: str) -> None:
        """One more invoice of one line; the account's balance follows."""
        amount = Decimal(net)
        vat = (amount * 22 / 100).quantize(Decimal("0.01"))
        key = f"I-{person}-{number}"
        common = {"source_id": source, "invoice_key": key, "currency": "PLN", "net": amount}
        self.rows["invoice"].append(
            {**common, "invoice_no": f"FV/{source}/{person}/{number}", "account_key": f"A-{person}", "kind": "invoice",
             "issued_on": DAY, "vat": vat, "gross": amount + vat}
        )  # fmt: skip
        self.rows["invoice_item"].append({**common, "item_no": 1, "vat_rate": "22", "line_key": f"L-{person}"})
        self.rows["tax_item"].append({**common, "vat_rate": "22", "vat": vat})
        self.find("account", source_id=source, account_key=f"A-{person}")["closing_balance"] += amount + vat

    def pay(self, source: str, person: str, number: int, amount: str, invoice: int | None = None) -> None:
        """One payment, allocated to one invoice or to none; the account's balance follows."""
        paid = Decimal(amount)
        key = f"P-{person}-{number}"
        common = {"source_id": source, "payment_key": key, "currency": "PLN", "amount": paid}
        self.rows["payment"].append(
            {**common, "account_key": f"A-{person}", "paid_on": DAY, "unallocated": Decimal(0) if invoice else paid}
        )
        if invoice is not None:
            self.rows["payment_allocation"].append({**common, "invoice_key": f"I-{person}-{invoice}"})
        self.find("account", source_id=source, account_key=f"A-{person}")["closing_balance"] -= paid

    def totals(self) -> list[SourceTotals]:
        found = []
        for source in sorted({r["source_id"] for r in self.rows["subscriber"]}):
            kept = Totals()
            for entity in ENTITIES:
                kept.add(entity, pa.Table.from_batches([_batch(entity, self._of(entity, source))]))
            read, rejected, suspended = Totals(), Totals(), Totals()
            read.merge(kept)
            for disposition, totals in (("rejected", rejected), ("suspended", suspended)):
                mine = [r for r in self.rejects if r["source_id"] == source and r["disposition"] == disposition]
                totals.add_rejects(pa.RecordBatch.from_pylist(mine, schema=REJECTS))
                read.merge(totals)
            found.append(SourceTotals(source, self.supports[source], read, kept, rejected, suspended))
        return found

    def batch(self, run_id: str = "run") -> Batch:
        sources = sorted({r["source_id"] for r in self.rows["subscriber"]})
        files = [
            DeliveredFile(s, sha(s, e), f"{e.upper()}.DAT", e, 1000, records=len(self._of(e, s)))
            for s in sources
            for e in ENTITIES
        ]
        return Batch(run_id, [LoadedSource(s, f"Region {s}", "test", s) for s in sources], files, "1.0")

    def inputs(self, folder: Path) -> Inputs:
        folder.mkdir(parents=True, exist_ok=True)
        entities: dict[str, list[str]] = defaultdict(list)
        for entity in ENTITIES:
            for source in sorted({r["source_id"] for r in self.rows[entity]}):
                path = folder / f"{entity}.{source}.parquet"
                pq.write_table(pa.Table.from_batches([_batch(entity, self._of(entity, source))]), path)
                entities[entity].append(str(path))
        sizes = Counter(self.clusters.values())
        people = {(r["source_id"], r["subscriber_key"]): r for r in self.rows["subscriber"]}
        parties: dict[str, Row] = {}
        for person, cluster in sorted(self.clusters.items()):
            if cluster not in parties:
                row = people[person]
                name = f"{row['first_name']} {row['last_name']}"
                parties[cluster] = {**row, "cluster_key": cluster, "display_name": name, "members": sizes[cluster]}
        clusters = [{"source_id": s, "subscriber_key": k, "cluster_key": c} for (s, k), c in self.clusters.items()]
        written = {
            "clusters": (clusters, CLUSTERS),
            "parties": (list(parties.values()), PARTIES),
            "edges": (self.edges, EDGES),
            "provenance": (self.provenance, PROVENANCE),
            "rejects": (self.rejects, REJECTS),
        }
        paths = {}
        for name, (rows, schema) in written.items():
            paths[name] = [str(folder / f"{name}.parquet")]
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), paths[name][0])
        return Inputs(dict(entities), **paths)

    def _of(self, entity: str, source: str) -> list[Row]:
        return [r for r in self.rows[entity] if r["source_id"] == source]


def _batch(entity: str, rows: list[Row]) -> pa.RecordBatch:
    written = [
        {
            **row,
            "file_sha256": sha(row["source_id"], entity),
            "record_no": number,
            "byte_offset": (number - 1) * 100,
            "byte_length": 100,
        }
        for number, row in enumerate(rows, 1)
    ]
    return pa.RecordBatch.from_pylist(written, schema=normalised_schema(entity))


def small_world(people: int = 3) -> World:
    """`people` subscribers a source, each with an account, a line, a plan, addresses, an invoice and a payment."""
    world = World({entity: [] for entity in ENTITIES}, {})
    for s, source in enumerate(SOURCES):
        for number in range(1, people + 1):
            person = str(number)
            world.clusters[source, person] = f"{source}|{person}"
            world.rows["subscriber"].append(
                {"source_id": source, "subscriber_key": person, "kind": "person", "first_name": "Łucja",
                 "last_name": f"Żak{number}", "pesel": f"4405140145{number}", "pesel_status": "ok",
                 "phone": f"+48774{s}0000{number}", "phone_status": "ok", "email": f"{source}{number}@example.pl",
                 "segment": "residential", "status": "active", "customer_since": DAY, "updated_on": DAY}
            )  # fmt: skip
            for role in ("installation", "correspondence"):
                world.rows["address"].append(
                    {"source_id": source, "address_key": f"{person}|{role}", "subscriber_key": person, "role": role,
                     "account_key": f"A-{person}", "line_key": f"L-{person}" if role == "installation" else None,
                     "street": f'ul. "Nowa", {number}\nm. 3', "city": "Łódź", "address_status": "ok"}
                )  # fmt: skip
            opening = Decimal(number * 10 - 20)
            world.rows["account"].append(
                {"source_id": source, "account_key": f"A-{person}", "account_no": f"{s}00{number}",
                 "subscriber_key": person, "currency": "PLN", "opening_balance": opening, "closing_balance": opening,
                 "balance_on": DAY, "status": "active"}
            )  # fmt: skip
            world.rows["line"].append(
                {"source_id": source, "line_key": f"L-{person}", "account_key": f"A-{person}",
                 "number": f"+48774{s}0000{number}", "number_status": "ok", "kind": "pstn", "status": "active"}
            )  # fmt: skip
            world.rows["subscription"].append(
                {"source_id": source, "subscription_key": f"S-{person}", "account_key": f"A-{person}",
                 "line_key": f"L-{person}", "plan_code": f"T{s}{number % 2}", "plan_name": f"Plan {number % 2}",
                 "monthly_fee": Decimal("35.00"), "valid_from": DAY}
            )  # fmt: skip
            world.bill(source, person, 1, f"{50 + number}.10")
            world.pay(source, person, 1, "25.00", invoice=1)
    for source in SOURCES:
        world.rows["adjustment"].append(
            {"source_id": source, "adjustment_key": "J-1", "account_key": "A-1", "kind": "interest",
             "booked_on": DAY, "currency": "PLN", "amount": Decimal("-1.05")}
        )  # fmt: skip
        world.find("account", source_id=source, account_key="A-1")["closing_balance"] -= Decimal("1.05")
    return world
