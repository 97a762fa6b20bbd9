"""A realistic run for the report's tests: eight regions, one of them lacking, one equation that can be broken."""

from __future__ import annotations

from typing import Any

from audit.report_model import EquationResult, GateFacts, MoneyLine, RunReport, SourceFacts, StageTotal

STAGES = ["read", "decoded", "conformed", "normalised", "checked", "published", "loaded"]
REGIONS = [
    ("bialystok", "Białystok", "IBM mainframe, CP870 fixed records"),
    ("bydgoszcz", "Bydgoszcz", "Clipper, DBF in Mazovia"),
    ("gdansk", "Gdańsk", "UNIX, delimited CP1250"),
    ("katowice", "Katowice", "IBM mainframe, RDW records"),
    ("krakow", "Kraków", "UNIX, fixed width ISO 8859-2"),
    ("lodz", "Łódź", "XML export"),
    ("poznan", "Poznań", "FoxPro, DBF in CP852"),
]
PER_ENTITY = {
    "subscriber": 3_120, "address": 5_480, "account": 3_300, "line": 3_410, "subscription": 4_050, "invoice": 9_900,
    "invoice_item": 31_700, "tax_item": 11_200, "payment": 8_840, "payment_allocation": 8_910, "adjustment": 410,
}  # fmt: skip
MONEY_OF = {
    "account": 21_877_10, "invoice": 412_345_67, "invoice_item": 338_004_10, "tax_item": 74_341_57,
    "payment": 398_711_02, "payment_allocation": 390_100_99, "adjustment": -2_210_05,
}  # fmt: skip


def example_run(*, broken: bool = False, lacking: bool = True) -> RunReport:
    """A run of seven regions.

    Args:
        broken: One account equation does not close, so nothing was loaded.
        lacking: An eighth region was stopped.
    """
    return {
        "run_id": "2003-12-31T060000",
        "verdict": "broken" if broken else "incomplete" if lacking else "balanced",
        "failure": None,
        "batch_id": None if broken else 12,
        "code_version": "0.1.0+g1a2b3c4",
        "published_from": "2003-12-31T06:00:00+01:00",
        "published_until": "2003-12-31T06:01:10+01:00",
        "finished_at": "2003-12-31T06:02:41+01:00",
        "cut_off": "2003-12-31",
        "lacking": [
            {
                "source_id": "warszawa",
                "title": "Warszawa",
                "reason": "stopped: ABONENCI.DAT ends inside record 4711",
            }
        ]
        if lacking
        else [],
        "undeclared": [],
        "sources": [_source(n, *region) for n, region in enumerate(REGIONS)],
        "gates": [gate for n, region in enumerate(REGIONS) for gate in _gates(n, region[0])]
        + [_gate("consolidated", "*", entity, rows * 7) for entity, rows in PER_ENTITY.items()],
        "stages": STAGES[:-1] if broken else STAGES,
        "totals": [t for n, region in enumerate(REGIONS) for t in _totals(n, region[0])],
        "money": [line for n, region in enumerate(REGIONS) for line in _money(n, region[0])],
        "redenomination": [
            {"source_id": "lodz", "entity": "payment", "records": 212, "delivered": 2_438_511_00, "booked": 243_90,
             "rounding": "0.048900"},
        ],
        "rejects": _rejects(),
        "fillers": [
            {"source_id": "krakow", "entity": "subscriber", "field": "pesel", "text": "BRAK", "reason": None,
             "rows": 1_204},
            {"source_id": "lodz", "entity": "subscriber", "field": "birth_date", "text": "19<b>",
             "reason": "DATE-RANGE", "rows": 7},
        ],
        "identity": {
            "subscribers": 21_840, "customers": 20_977, "merged": 806, "across_sources": 231, "largest": 4,
            "edges": [
                {"outcome": "merge", "says": "one customer", "pairs": 871},
                {"outcome": "review", "says": "not decided: a person has to look", "pairs": 38},
                {"outcome": "keep_apart", "says": "different customers", "pairs": 5_353},
            ],
            "reasons": [
                {"outcome": "merge", "reason": "PESEL-NAME", "says": "the same PESEL and name", "pairs": 870},
                {"outcome": "merge", "reason": "DECIDED-MERGE",
                 "says": "a person decided that they are one customer", "pairs": 1},
                {"outcome": "review", "reason": "NAME-BIRTH",
                 "says": "the same name and birth date, nothing else agrees", "pairs": 38},
                {"outcome": "keep_apart", "reason": "WEAK", "says": "too little agrees", "pairs": 5_210},
                {"outcome": "keep_apart", "reason": "PESEL-DIFFER", "says": "two different valid PESELs", "pairs": 143},
            ],
            "review_queue": 37,
            "queue_page": "review.html",
            "decisions": [
                {"number": 812, "action": "merge", "records": ["lodz/77120", "krakow/KRK-0001742"], "actor": "anna",
                 "decided_at": "2003-12-30T14:05:00+01:00", "reason": "the office saw the papers", "state": "applied",
                 "why": ""},
                {"number": 815, "action": "merge", "records": ["lodz/77121", "poznan/000005"], "actor": "jan",
                 "decided_at": "2003-12-30T15:11:00+01:00", "reason": "one household", "state": "refused",
                 "why": "they hold two different valid PESELs, which no decision overrides"},
            ],
            "churn": None if broken else {"before": 20_700, "new": 290, "split": 2, "returned": 1, "merged": 15,
                                          "kept": 20_685, "after": 20_977, "moved": 17},
            "survivorship": {"phone": "most_trusted"},
            "weights": "2026-11-20 1a2b3c4d5e6f",
        },
        "equations": _equations(broken),
        "breaks": [
            {
                "equation": "account", "source_id": "krakow", "entity": "account", "currency": "PLN",
                "unit": "grosze", "left": 21_877_11, "right": 21_877_10, "difference": 1, "broken": 1,
                "keys": ["KRK-0001742"], "note": None,
            },
            {
                "equation": "amounts", "source_id": "krakow", "entity": "payment", "currency": "PLN",
                "unit": "grosze", "left": 398_711_02, "right": 398_693_02, "difference": 18_00, "broken": 9,
                "keys": ["P-90017", "P-90018", "P-90044"],
                "note": "divisible by 9: two digits may have changed places",
            },
        ]
        if broken
        else [],
        "load": []
        if broken
        else [
            {"table": "billing.party", "inserted": 20_977, "updated": 0, "unchanged": 0, "removed": 0,
             "carried_over": 2_871},
            {"table": "billing.billing_account", "inserted": 120, "updated": 310, "unchanged": 22_650, "removed": 3,
             "carried_over": 3_090},
            {"table": "billing.invoice", "inserted": 9_900, "updated": 0, "unchanged": 59_400, "removed": 0,
             "carried_over": 9_812},
        ],
        "seal": None
        if broken
        else {
            "number": 12,
            "seal": "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab",
            "previous": "2c624232cdd221771294dfbb310aca000a0df6ac8b66b696d90ef06fdefb64a3",
            "sealed_at": "2003-12-31T06:02:40+01:00",
        },
        "data_docs": "data_docs/index.html",
    }  # fmt: skip


def _source(n: int, source_id: str, title: str, system: str) -> SourceFacts:
    files: list[Any] = [
        {"name": "ABONENCI.DAT", "sha256": f"{n + 1}f" * 32, "size_bytes": 1_871_232 + n, "records": 8_600 + n},
        {
            "name": "FAKTURY.DAT", "sha256": f"{n + 1}a" * 32, "size_bytes": 7_340_032 + n, "records": 52_800 + n,
            "declared_records": 52_800 + n, "declared_sum": MONEY_OF["invoice"], "computed_sum": MONEY_OF["invoice"],
            "sequence": "0012",
        },
    ]  # fmt: skip
    if n == 2:
        files.append({**files[1], "name": "FAKTURY (kopia).DAT", "repeated": True})
    return {
        "source_id": source_id, "title": title, "system": system, "region": title, "files": files,
        "read": 90_320 + n, "kept": 90_281 + n, "rejected": 21, "suspended": 18, "flagged": 312 + n,
    }  # fmt: skip


def _gate(gate: str, source_id: str, table: str, rows: int, **found: int) -> GateFacts:
    return {
        "gate": gate, "source_id": source_id, "table": table, "rows": rows, "rejected": found.get("rejected", 0),
        "flagged": found.get("flagged", 0), "checks": 34, "failed_stop": 0,
        "failed_reject": 1 if found.get("rejected") else 0, "failed_warn": 1 if found.get("flagged") else 0,
        "page": f"data_docs/{source_id}.{gate}.{table}.html",
    }  # fmt: skip


def _gates(n: int, source_id: str) -> list[GateFacts]:
    raw = [_gate("raw", source_id, table, 8_600) for table in ("ABONENCI", "FAKTURY")]
    return raw + [
        _gate("canonical", source_id, entity, rows, rejected=2 if entity == "invoice" and n % 3 == 0 else 0,
              flagged=41 if entity == "subscriber" else 0)
        for entity, rows in PER_ENTITY.items()
    ]  # fmt: skip


def _totals(n: int, source_id: str) -> list[StageTotal]:
    totals: list[StageTotal] = []
    for entity, records in PER_ENTITY.items():
        money = MONEY_OF.get(entity)
        for place, stage in enumerate(STAGES):
            lost = min(place, 5) if entity in ("invoice", "payment", "account") else 0
            totals.append(
                {
                    "source_id": source_id,
                    "stage": stage,
                    "entity": entity,
                    "currency": "PLN" if money is not None else None,
                    "records": records + n - lost,
                    "amount": None if money is None else money * 100 + n - lost * 45_17,
                }
            )
    return totals


def _money(n: int, source_id: str) -> list[MoneyLine]:
    """Two records of a payment are held back in every source, and one is rejected."""
    lines: list[MoneyLine] = []
    for entity, money in MONEY_OF.items():
        aside = (45_17, 90_34) if entity == "payment" else (0, 0)
        read = money * 100 + n
        lines.append(
            {"source_id": source_id, "entity": entity, "currency": "PLN", "read": read,
             "loaded": read - sum(aside), "rejected": aside[0], "suspended": aside[1]}
        )  # fmt: skip
    return lines


def _rejects() -> list[Any]:
    def example(source: str, file: str, record: int, **more: Any) -> dict[str, Any]:
        return {
            "source_id": source, "file": file, "record_no": record, "byte_offset": record * 400, "source_key": None,
            "field": None, "value_masked": None, "message": "", **more,
        }  # fmt: skip

    return [
        {
            "disposition": "rejected", "reason": "NUM-PACKED", "entity": "PLATNOSCI", "records": 3, "amounts": {},
            "unreadable": 3,
            "examples": [
                example("bialystok", "PLATNOSCI.DAT", 118, field="KWOTA", value_masked="00*******",
                        message="digit F in a packed decimal"),
            ],
        },
        {
            "disposition": "rejected", "reason": "DUP-KEY", "entity": "invoice", "records": 14,
            "amounts": {"PLN": 1_240_17, "EUR": 12_00}, "unreadable": 0,
            "examples": [
                example("gdansk", "FAKTURY.CSV", 7_204, source_key="FV/2003/11/00812",
                        message="the key occurs 2 times; the first record stands"),
                example("lodz", "REGION.XML", 9_911, source_key="LDZ-77120", message="the key occurs 3 times"),
            ],
        },
        {
            "disposition": "suspended", "reason": "ORPHAN-PAYMENT", "entity": "payment", "records": 9,
            "amounts": {"PLN": 811_50}, "unreadable": 0,
            "examples": [
                example("krakow", "WPLATY.TXT", 31, source_key="P-90017", field="account_key",
                        message="account KRK-9999 is not there: not delivered, or set aside itself"),
            ],
        },
        {
            "disposition": "flagged", "reason": "ID-PESEL", "entity": "subscriber", "records": 812, "amounts": {},
            "unreadable": 0,
            "examples": [
                example("poznan", "ABONENT.DBF", 5, source_key="000005", field="pesel", value_masked="44*******",
                        message="the check digit is wrong"),
            ],
        },
    ]  # fmt: skip


def _equations(broken: bool) -> list[EquationResult]:
    results: list[EquationResult] = []
    for n, (source_id, _, _) in enumerate(REGIONS):
        for equation in ("records", "amounts", "account", "invoice", "payment", "debtors_creditors", "merge"):
            records = equation == "records"
            left: int = PER_ENTITY["account"] if records else MONEY_OF["account"]
            result: EquationResult = {
                "equation": equation, "source_id": source_id, "entity": "account",
                "currency": None if records else "PLN", "unit": "records" if records else "grosze", "left": left,
                "right": left, "difference": 0, "checked": 3_300 + n, "status": "closed", "note": None,
            }  # fmt: skip
            if equation == "payment" and source_id in ("bydgoszcz", "lodz"):
                result.update(status="not_applicable", checked=0, left=None, right=None, difference=None,
                              note="the source delivers no allocations")  # fmt: skip
            if broken and source_id == "krakow" and equation in ("account", "amounts"):
                difference = 1 if equation == "account" else 18_00
                result.update(status="broken", left=left + difference, difference=difference)
            results.append(result)
    return results
