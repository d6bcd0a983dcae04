"""The stack killed, and stopped, with everything in it: the last module, since little runs after it."""

import contextlib
import os
import time
from typing import Any

import psutil
import psycopg
import pytest
import requests

from iceberg.catalog import open_catalog
from iceberg.releases import list_releases
from shoplake.core.settings import LOOPBACK, Settings
from shoplake.demo import INGESTION, TRANSFORMATION
from shoplake.stack.airflow_api import AirflowApi
from shoplake.stack.local import processes
from shoplake.stack.local.runner import down, log_file, pid_file, status, up
from shoplake.stack.services import BY_NAME, SERVICES
from tests.whole.conftest import Demonstrated, await_release_of_everything, ingest_through, run_cli
from tests.whole.processes import family

pytestmark = [pytest.mark.integration, pytest.mark.long]

# Not the shop's orders: the live shop, once it is up again, goes on.
KEPT = ("lake", "releases", "runs")


def inventory(settings: Settings) -> dict[str, Any]:
    """All that must be there again: rows of every table, releases, DAG runs."""
    catalog = open_catalog(settings)
    tables = [table for namespace in catalog.list_namespaces() for table in catalog.list_tables(namespace)]
    with AirflowApi(settings) as airflow, psycopg.connect(settings.shop_dsn) as shop:
        return {
            "lake": {table: catalog.load_table(table).scan().count() for table in tables},
            "releases": list_releases(settings),
            "runs": {dag: [run.run_id for run in airflow.runs(dag, 100)] for dag in (INGESTION, TRANSFORMATION)},
            "orders": shop.execute("select count(*), sum(total_amount) from orders").fetchone(),
        }


def test_a_spark_that_is_killed_in_a_transformation_is_started_anew_and_the_run_ends_well(stack: Settings, airflow: AirflowApi) -> None:
    await_release_of_everything(stack)
    before = list_releases(stack)[0].release_id
    assert run_cli(stack, "generate", "--orders", "100").returncode == 0
    run = ingest_through(airflow)
    while "running" not in airflow.task_states(TRANSFORMATION, run.run_id).values():
        time.sleep(0.1)
    killed = processes.find(pid_file(stack, BY_NAME["spark"]))
    assert killed is not None
    os.kill(killed.pid, 9)
    airflow.await_run(TRANSFORMATION, run.run_id)
    assert list_releases(stack)[0].release_id > before
    assert "spark had ended by itself" in log_file(stack, BY_NAME["keeper"]).read_text()


@pytest.mark.usefixtures("demonstrated")
def test_killed_and_stopped_it_comes_back_with_all_tables_releases_and_dag_runs(stack: Settings) -> None:
    down(stack, ["shop"])
    before = inventory(stack)
    for process in family(stack):
        with contextlib.suppress(psutil.NoSuchProcess):
            os.kill(process.pid, 9)
    up(stack)
    assert {state.name for state in status(stack) if state.state == "running"} == {service.name for service in SERVICES}
    down(stack, ["shop"])
    after = inventory(stack)
    assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}
    assert len(down(stack)) == len(SERVICES) - 1
    assert family(stack) == []
    # All that holds data; that the others start is seen above.
    up(stack, ["airflow-api", "minio", "history"])
    assert inventory(stack) == after


def test_the_history_server_keeps_the_names_of_jobs_of_a_spark_that_is_gone(demonstrated: Demonstrated, stack: Settings) -> None:
    history = f"http://{LOOPBACK}:{stack.history_port}/api/v1/applications"
    deadline = time.monotonic() + 60
    kept: set[str] = set()
    while time.monotonic() < deadline and not any(words.startswith("gold.daily_sales ") for words in kept):
        # Also of one that was killed, whose log has no end.
        for application in requests.get(history, timeout=30).json():
            jobs = requests.get(f"{history}/{application['id']}/jobs", timeout=30).json()
            kept |= {job.get("description", "") for job in jobs}
        time.sleep(1)
    assert any(words.startswith("gold.daily_sales ") for words in kept)
