"""One long-lived Airflow process: `python -m pipeline.airflow_component scheduler [arguments]`.

The scheduler's executor forks a process a task, and a fork inherits what its parent has imported.  So the scheduler
imports the heavy libraries once, before Airflow begins, instead of every task anew (seconds each).  The product's
own packages are left out: tasks are to run the code as it stands now, not as it stood when the scheduler started.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

HEAVY = (
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pandas",
    "duckdb",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "adbc_driver_postgresql.dbapi",
    "great_expectations",
    "jinja2",
    "lxml.etree",
    "phonenumbers",
    "rapidfuzz",
    "splink",
)


def main(arguments: Sequence[str]) -> None:
    """Become the Airflow component that `arguments` name, as the `airflow` command would."""
    if arguments[0] == "scheduler":
        for name in HEAVY:
            importlib.import_module(name)
    from airflow.__main__ import main as airflow

    sys.argv = ["airflow", *arguments]
    airflow()


if __name__ == "__main__":
    main(sys.argv[1:])
