"""One Airflow DAG for every declared source."""

from _factory import source_dag
from airflow.sdk import get_parsing_context

from billing.registry import load_registry
from billing.settings import load_settings

settings = load_settings()
wanted = get_parsing_context().dag_id  # a task needs its own DAG only
for source in load_registry(settings.sources).values():
    if wanted in (None, f"source_{source.id}"):
        globals()[f"source_{source.id}"] = source_dag(source, scheduled=settings.schedules)
