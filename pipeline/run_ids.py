"""The id of a run, for reports, batches and logs: it sorts by time and fits into a file name.

>>> run_id_for("manual__2026-03-01T10:00:00+00:00", dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC))
'20260301T100000Z-44c0'
"""

from __future__ import annotations

import datetime as dt
import hashlib


def run_id_for(airflow_run_id: str, run_after: dt.datetime) -> str:
    """The id of an Airflow run; every task of the run gets the same one.

    Args:
        airflow_run_id: Airflow's own id, unique in its DAG; it has characters that no file name likes.
        run_after: When the run was due, with a time zone.
    """
    digest = hashlib.sha256(airflow_run_id.encode()).hexdigest()[:4]
    return f"{run_after.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{digest}"
