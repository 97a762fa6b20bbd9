"""Prints what Airflow reads out of the DAG folder, as JSON (run in a process of its own by the tests)."""

import json
import os
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

sys.path.append(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])  # as the DAG processor does for a bundle
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
described = {
    dag.dag_id: {
        "file": Path(dag.fileloc).name,
        "title": dag.dag_display_name,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "schedule": type(dag.timetable).__name__,
        "condition": type(condition).__name__,
        "assets": sorted(asset.uri for asset in condition.objects) if condition else [],
        "tasks": {
            task.task_id: {
                "owner": task.owner,
                "retries": task.retries,
                "pool": task.pool,
                "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                "group": task.task_group.group_id,
                "rule": str(task.trigger_rule.value),
                "doc": task.doc_md,
                "downstream": sorted(task.downstream_task_ids),
                "outlets": [outlet.uri for outlet in task.outlets],
            }
            for task in dag.tasks
        },
    }
    for dag in bag.dags.values()
    for condition in [getattr(dag.timetable, "asset_condition", None)]
}
print("\n" + json.dumps({"errors": {k: str(v) for k, v in bag.import_errors.items()}, "dags": described}))
