"""A client of Airflow's REST API, as small as the demo and the service need.

Documented in Airflow's "Stable REST API"; every path below is of its version 2.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from billing.errors import BillingError

TIMEOUT_SECONDS = 60  # a busy machine is no broken one
TRIES = 3


class ApiError(BillingError):
    """Airflow refused a request."""


@dataclass(frozen=True)
class AirflowApi:
    """A signed-in client.

    Attributes:
        url: Address of the API server, without a path.
        token: Its bearer token.
    """

    url: str
    token: str

    @classmethod
    def sign_in(cls, url: str, user: str, password: str) -> Self:
        """A client of that user.

        Raises:
            ApiError: The user or the password is wrong.
        """
        answer = _send("POST", f"{url}/auth/token", {"username": user, "password": password})
        return cls(url, str(answer["access_token"]))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to `/api/v2` + `path`.

        Raises:
            ApiError: Airflow refused it, or does not answer.
        """
        for _ in range(TRIES - 1 if method == "GET" else 0):  # a question may be asked again, an order may not
            try:
                return _send(method, f"{self.url}/api/v2{path}", body, token=self.token)
            except ApiError as error:
                if "status" in error.where:  # it did answer
                    raise
        return _send(method, f"{self.url}/api/v2{path}", body, token=self.token)

    def import_errors(self) -> list[str]:
        """Texts of the errors that kept DAG files from being read."""
        found = self.call("GET", "/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in found]

    def dags(self) -> set[str]:
        """Ids of the DAGs that Airflow knows."""
        return {dag["dag_id"] for dag in self.call("GET", "/dags?limit=1000&exclude_stale=true")["dags"]}

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Create a pool; one that exists keeps the size that an operator may have given it."""
        if name not in {pool["name"] for pool in self.call("GET", "/pools?limit=1000")["pools"]}:
            body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            self.call("POST", "/pools", body)

    def unpause(self, pattern: str) -> None:
        """Let the DAGs run whose id is like `pattern` (`~` for every one)."""
        self.call("PATCH", f"/dags?dag_id_pattern={pattern}&limit=1000&exclude_stale=true", {"is_paused": False})

    def trigger(self, dag_id: str) -> dict[str, Any]:
        """Start a run and return it."""
        return dict(self.call("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None}))

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run."""
        return dict(self.call("GET", f"/dags/{dag_id}/dagRuns/{quote(run_id)}"))

    def give_up(self, dag_id: str, run_id: str) -> None:
        """End a run that nobody carries on, as failed."""
        self.call("PATCH", f"/dags/{dag_id}/dagRuns/{quote(run_id)}", {"state": "failed"})

    def forget_events(self, dag_id: str) -> None:
        """Drop the asset events that a DAG has collected while it still waits for others."""
        try:
            self.call("DELETE", f"/dags/{dag_id}/assets/queuedEvents")
        except ApiError as error:
            if error.where.get("status") != 404:  # there are none
                raise

    def states(self, dag_ids: list[str]) -> dict[tuple[str, str], str]:
        """State of the newest runs of some DAGs, by DAG and run, in one request."""
        body = {"dag_ids": dag_ids, "order_by": "-run_after", "page_limit": 100}
        runs = self.call("POST", "/dags/~/dagRuns/list", body)["dag_runs"]
        return {(run["dag_id"], run["dag_run_id"]): run["state"] for run in runs}

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The DAG's newest runs, the newest first."""
        return list(self.call("GET", f"/dags/{dag_id}/dagRuns?order_by=-run_after&limit=50")["dag_runs"])

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Task instances of a run."""
        return list(self.call("GET", f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances")["task_instances"])

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What a task returned."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/xcomEntries/return_value"
        value = self.call("GET", path)["value"]
        return json.loads(value) if isinstance(value, str) and value[:1] in '"[{' else value

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> str:
        """Why a task failed: the exceptions in its log, or the log's last lines."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/logs/{try_number}"
        entries = [e for e in self.call("GET", path)["content"] if isinstance(e, dict)]
        errors = [str(item.get("exc_value", "")) for entry in entries for item in entry.get("error_detail") or []]
        return "\n".join(errors[:1] or [str(entry["event"]) for entry in entries[-5:]])


def _send(method: str, url: str, body: object = None, token: str | None = None) -> Any:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - always the loopback address
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    data = None if body is None else json.dumps(body).encode()
    # Loopback never goes through a proxy, whatever the environment says
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, data, timeout=TIMEOUT_SECONDS) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        words = error.read().decode(errors="replace")[:500]
        raise ApiError(f"{method} {url} was refused ({error.code}): {words}", status=error.code) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise ApiError(
            f"{method} {url} got no answer: {error}", remedy="see whether Airflow runs: make status"
        ) from error
