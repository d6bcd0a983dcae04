"""A small client of Airflow's REST API: start a DAG and wait for what it does."""

import time
from dataclasses import dataclass
from typing import Any

import requests

from shoplake.core.errors import BuildError, ServiceError
from shoplake.core.settings import Settings
from shoplake.stack.local.airflow import USER, url

_FINISHED = ("success", "failed")


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG as Airflow tells it; ``state`` is queued, running, success or failed."""

    dag_id: str
    run_id: str
    run_type: str
    state: str
    queued_at: str | None
    ended_at: str | None


class AirflowApi:
    """The stack's Airflow, as its administrator. Every method raises ServiceError when it does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._url = url(settings)
        self._session = requests.Session()
        answer = self._ask("POST", "/auth/token", json={"username": USER, "password": settings.secret("airflow_admin")})
        self._session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def __enter__(self) -> "AirflowApi":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def dag_ids(self) -> list[str]:
        """The DAGs that Airflow knows by now."""
        return [dag["dag_id"] for dag in self._ask("GET", "/api/v2/dags", params={"limit": 100})["dags"]]

    def import_errors(self) -> list[str]:
        """For each DAG file that cannot be read, the end of its traceback."""
        return [error["stack_trace"].strip().splitlines()[-1] for error in self._ask("GET", "/api/v2/importErrors")["import_errors"]]

    def await_dag(self, dag_id: str, seconds: float = 60) -> None:
        """Wait until Airflow has read the DAG's file. Raises ServiceError when it has not in time."""
        deadline = time.monotonic() + seconds
        while dag_id not in self.dag_ids():
            if time.monotonic() > deadline:
                told = "; ".join(self.import_errors()) or "its file was not read"
                raise ServiceError(f"airflow: the DAG {dag_id} is not there after {seconds:.0f} s ({told}). Correct the file, then repeat.")
            time.sleep(0.5)

    def pause(self, dag_id: str, is_paused: bool) -> None:
        """Pause a DAG's schedule, or let it go on."""
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": is_paused})

    def trigger(self, dag_id: str) -> str:
        """Start a run now. Returns its id."""
        return str(self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None})["dag_run_id"])

    def runs(self, dag_id: str, limit: int = 10) -> list[DagRun]:
        """The latest runs of a DAG, newest first."""
        path, order = f"/api/v2/dags/{dag_id}/dagRuns", {"limit": limit, "order_by": "-run_after"}
        return [_dag_run(run) for run in self._ask("GET", path, params=order)["dag_runs"]]

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """One run as it is now."""
        return _dag_run(self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"))

    def await_run(self, dag_id: str, run_id: str, seconds: float = 600) -> DagRun:
        """Wait until a run has ended well.

        Raises BuildError naming its failed tasks when it failed, ServiceError when it takes longer.
        """
        deadline = time.monotonic() + seconds
        while (found := self.run(dag_id, run_id)).state not in _FINISHED:
            if time.monotonic() > deadline:
                raise ServiceError(f"airflow: the run {run_id} of {dag_id} is still {found.state} after {seconds:.0f} s. See {self._url}.")
            time.sleep(0.5)
        if found.state == "failed":
            raise BuildError(f"airflow: the run {run_id} of {dag_id} {self.failure(dag_id, run_id)} Its log is at {self._url}.")
        return found

    def failure(self, dag_id: str, run_id: str) -> str:
        """The rest of a sentence that begins with a run: in which tasks it failed, and what the last attempt of the first one raised."""
        failed = sorted(
            (task for task in self._tasks(dag_id, run_id) if task["state"] == "failed"), key=lambda task: task["end_date"] or ""
        )
        if not failed:
            return "failed in no task."
        events = self._log(dag_id, run_id, failed[0]["task_id"], failed[0]["try_number"])
        reasons = [event["error_detail"][0]["exc_value"] for event in events if isinstance(event, dict) and event.get("error_detail")]
        reason = reasons[-1] if reasons else "its log names no reason"
        return f"failed in {', '.join(task['task_id'] for task in failed)} ({reason.rstrip('.')})."

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """The state of every task of a run, by task id."""
        return {task["task_id"]: task["state"] for task in self._tasks(dag_id, run_id)}

    def edges(self, dag_id: str) -> dict[str, set[str]]:
        """Every task of a DAG with the tasks that wait for it."""
        answer = self._ask("GET", f"/api/v2/dags/{dag_id}/tasks")
        return {task["task_id"]: set(task["downstream_task_ids"]) for task in answer["tasks"]}

    def task_log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """What a task wrote in one attempt, as the web page shows it: an event a line."""
        return "\n".join(map(str, self._log(dag_id, run_id, task_id, attempt)))

    def _tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        answer = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 200})
        tasks: list[dict[str, Any]] = answer["task_instances"]
        return tasks

    def _log(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> list[Any]:
        answer = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}")
        events: list[Any] = answer["content"]
        return events

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = self._session.request(method, self._url + path, timeout=30, **options)
            answer.raise_for_status()
        except requests.RequestException as problem:
            raise ServiceError(
                f"airflow: {method} {self._url}{path} failed ({problem}). Look at `shoplake status`, then repeat."
            ) from problem
        result: dict[str, Any] = answer.json()
        return result


def _dag_run(run: dict[str, Any]) -> DagRun:
    return DagRun(run["dag_id"], run["dag_run_id"], run["run_type"], run["state"], run["queued_at"], run["end_date"])
