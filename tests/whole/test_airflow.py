import time

import psycopg
import pytest
import requests

from iceberg.releases import list_releases
from shoplake.core.settings import LOOPBACK, Settings
from shoplake.demo import INGESTION, TRANSFORMATION
from shoplake.stack.airflow_api import AirflowApi, DagRun
from shoplake.stack.local.runner import down
from spark_jobs.tables import discover
from tests.whole.conftest import Demonstrated

pytestmark = pytest.mark.integration


@pytest.fixture
def airflow(demonstrated: Demonstrated) -> AirflowApi:
    # The live shop would have something new at any moment.
    down(demonstrated.settings, ["shop"])
    return AirflowApi(demonstrated.settings)


def ingest_and_transform(airflow: AirflowApi) -> DagRun:
    """One ingestion and the transformation that its event starts, ended well or not."""
    before = {run.run_id for run in airflow.runs(TRANSFORMATION, 100)}
    airflow.await_run(INGESTION, airflow.trigger(INGESTION))
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        new = [run for run in airflow.runs(TRANSFORMATION, 100) if run.run_id not in before]
        if new and all(run.state in ("success", "failed") for run in new):
            return new[0]
        time.sleep(0.5)
    raise AssertionError("no transformation followed the ingestion")


def change_an_order(settings: Settings, amount: int) -> None:
    """Change what an order says of its lines, which no rule of the shop's database compares with them."""
    with psycopg.connect(settings.shop_dsn) as owner:
        owner.execute(
            "update orders set items_amount = items_amount + %(a)s, total_amount = total_amount + %(a)s where order_id = 1", {"a": amount}
        )


def test_the_edges_between_tables_are_what_their_transforms_read(airflow: AirflowApi) -> None:
    edges, tables = airflow.edges(TRANSFORMATION), discover()
    for name, table in tables.by_name.items():
        waiting = {other for other, reader in tables.by_name.items() if name in reader.depends_on}
        assert edges[name] == waiting | {"publish"}, table.doc
    assert edges["begin"] >= set(tables.by_name)


def test_a_run_with_nothing_new_starts_no_transformation(airflow: AirflowApi, stack: Settings) -> None:
    airflow.await_run(INGESTION, airflow.trigger(INGESTION))
    before, releases = len(airflow.runs(TRANSFORMATION, 100)), len(list_releases(stack))
    run_id = airflow.trigger(INGESTION)
    assert airflow.await_run(INGESTION, run_id).state == "success"
    assert airflow.task_states(INGESTION, run_id) == {"ingest": "skipped"}
    assert (len(airflow.runs(TRANSFORMATION, 100)), len(list_releases(stack))) == (before, releases)


def test_a_failed_check_fails_the_run_shows_its_sentence_and_keeps_the_release(airflow: AirflowApi, stack: Settings) -> None:
    change_an_order(stack, 1)
    current = list_releases(stack)[0]
    try:
        failed = ingest_and_transform(airflow)
    finally:
        change_an_order(stack, -1)
    assert failed.state == "failed"
    states = airflow.task_states(TRANSFORMATION, failed.run_id)
    task = next(name for name, state in states.items() if state == "failed" and name != "abandon")
    log = airflow.task_log(TRANSFORMATION, failed.run_id, task)
    assert f"check: {task} " in log
    assert f"Release {current.release_id} stays current" in log
    assert list_releases(stack)[0] == current
    healed = ingest_and_transform(airflow)
    assert healed.state == "success"
    assert list_releases(stack)[0].release_id == current.release_id + 1


def test_every_job_of_spark_is_named_by_its_table_and_step(demonstrated: Demonstrated, stack: Settings) -> None:
    base = f"http://{LOOPBACK}:{stack.spark_ui_port}/api/v1/applications"
    application = requests.get(base, timeout=30).json()[0]["id"]
    jobs = requests.get(f"{base}/{application}/jobs", timeout=30).json()
    described = {job.get("description", "") for job in jobs}
    for table in demonstrated.column("gold", "table", "rows"):
        assert any(words.startswith(f"{table} ") for words in described), f"no job is named after {table}: {sorted(described)}"
    assert "silver.orders" in {words.split(" ")[0] for words in described}
