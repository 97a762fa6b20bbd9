"""The Airflow DAG that consolidates what all declared sources have published."""

from _factory import consolidation_dag

from billing.registry import load_registry
from billing.settings import load_settings

consolidate = consolidation_dag(load_registry(load_settings().sources))
