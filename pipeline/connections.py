"""Where a source's connection comes from when there is no Airflow: `AIRFLOW_CONN_<ID>`, as Airflow itself defines it.

Under Airflow, `dags/_connections.py` asks Airflow, which keeps them in its database, a vault or the same variables.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from billing.connection import Connection, parse_connection
from billing.errors import ContractError

Resolver = Callable[[str], Connection]
"""Id of a connection -> the connection."""


def from_environment(connection_id: str) -> Connection:
    """The connection that the environment holds.

    Raises:
        ContractError: The variable is not set, or has neither of Airflow's forms.
    """
    name = f"AIRFLOW_CONN_{connection_id.upper()}"
    text = os.environ.get(name)
    if not text:
        raise ContractError(
            f"there is no connection {connection_id!r}",
            remedy=f"set {name} to its URI or JSON, or run the source's DAG where Airflow knows it",
        )
    return parse_connection(connection_id, text)
