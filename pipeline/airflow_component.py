"""One long-lived Airflow process: `python -m pipeline.airflow_component [--preload-product] scheduler [arguments]`.

The scheduler's executor forks a process a task, and a fork inherits what its parent has imported.  So the scheduler
imports the heavy libraries once, before Airflow begins, instead of every task anew (seconds each).

The product's own packages are imported too only where that is asked for: a scheduler that stays (`make up`) has to run
the code as it stands now, not as it stood when it was started.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence

LIBRARIES = (
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pandas",
    "duckdb",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "great_expectations",
    "jinja2.ext",
    "pydantic_settings",
    "splink",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.python",
    "airflow.sdk.execution_time.task_runner",
)
PRODUCT = ("billing", "extractors", "transforms", "expectations", "loaders", "audit", "pipeline")
PRELOAD_PRODUCT = "--preload-product"


def main(arguments: Sequence[str]) -> None:
    """Become the Airflow component that `arguments` name, as the `airflow` command would."""
    with_product = arguments[0] == PRELOAD_PRODUCT
    command = list(arguments[with_product:])
    if command[0] == "scheduler":
        for name in (*LIBRARIES, *(_product() if with_product else ())):
            importlib.import_module(name)
    from airflow.__main__ import main as airflow

    sys.argv = ["airflow", *command]
    airflow()


def _product() -> Iterator[str]:
    """Every module of the product."""
    for package in PRODUCT:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            if not found.name.endswith(".__main__"):
                yield found.name


if __name__ == "__main__":
    main(sys.argv[1:])
