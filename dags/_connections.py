"""Airflow's connections, asked for when a task runs; parsing a DAG never reads one."""

from __future__ import annotations

from billing.connection import Connection, read_extra
from billing.errors import ContractError


def from_airflow(connection_id: str) -> Connection:
    """A connection as Airflow keeps it, which also masks its secrets in the task's log.

    Args:
        connection_id: Its id.

    Raises:
        ContractError: Airflow does not know it, or its extra is no JSON object.
    """
    from airflow.sdk import Connection as AirflowConnection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = AirflowConnection.get(connection_id)
    except AirflowNotFoundException:
        raise ContractError(
            f"Airflow has no connection {connection_id!r}",
            remedy="add it: Admin, Connections, or `airflow connections`",
        ) from None
    try:
        extra = read_extra(found.extra)
    except ValueError:
        raise ContractError(
            f"the extra of the connection {connection_id!r} is no JSON object", remedy="correct it in Airflow"
        ) from None
    return Connection(connection_id, found.host or None, found.port, found.login or None, found.password or None, extra)
