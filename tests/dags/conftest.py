"""The DAG folder, loaded once as Airflow's DAG processor would load it, with no database within reach."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "dags"


@pytest.fixture(scope="session")
def airflow_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which any use of a metadata database or of the warehouse fails."""
    home = tmp_path_factory.mktemp("airflow")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "BLUELINE"))}
    nowhere = "postgresql+psycopg://nobody@/nothing?host=/nonexistent"
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(DAGS / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": nowhere,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": nowhere,
        "BLUELINE_HOME": str(home / "blueline"),
        "BLUELINE_SOURCES": str(ROOT / "sources"),
        "BLUELINE_DATABASE_URL": nowhere,
    }


@pytest.fixture(scope="session")
def run_python(airflow_environment: dict[str, str]):
    """Run a script in a process of its own; Airflow reads its settings once, when it is imported."""

    def run(script: str, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**airflow_environment, **variables},
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
