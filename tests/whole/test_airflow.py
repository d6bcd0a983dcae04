from contextlib import closing

import pytest
import requests

from iceberg.catalog import open_catalog
from iceberg.reader import ReleaseReader
from iceberg.releases import list_releases
from shoplake.core.settings import LOOPBACK, Settings
from shoplake.demo import INGESTION, TRANSFORMATION
from shoplake.stack.airflow_api import AirflowApi
from spark_jobs.tables import discover
from tests.whole.conftest import Demonstrated, Refused, await_release_of_everything

pytestmark = pytest.mark.integration


def test_the_edges_between_tables_are_what_their_transforms_read(airflow: AirflowApi, stack: Settings) -> None:
    edges, tables = airflow.edges(TRANSFORMATION), discover().selected(stack)
    for name, table in tables.by_name.items():
        waiting = {other for other, reader in tables.by_name.items() if name in reader.depends_on}
        assert edges[name] == waiting | {"publish"}, table.doc
    assert edges["begin"] >= set(tables.by_name)


def test_a_run_with_nothing_new_starts_no_transformation(airflow: AirflowApi, stack: Settings) -> None:
    airflow.await_run(INGESTION, airflow.trigger(INGESTION))
    await_release_of_everything(stack)
    before, releases = len(airflow.runs(TRANSFORMATION, 100)), len(list_releases(stack))
    run_id = airflow.trigger(INGESTION)
    assert airflow.await_run(INGESTION, run_id).state == "success"
    assert airflow.task_states(INGESTION, run_id) == {"ingest": "skipped"}
    assert (len(airflow.runs(TRANSFORMATION, 100)), len(list_releases(stack))) == (before, releases)


@pytest.mark.long
def test_a_failed_check_fails_the_run_shows_its_sentence_and_keeps_the_release(airflow: AirflowApi, refused: Refused) -> None:
    assert refused.run.state == "failed"
    assert refused.after == refused.before
    states = airflow.task_states(TRANSFORMATION, refused.run.run_id)
    task = next(name for name, state in states.items() if state == "failed" and name != "abandon")
    log = airflow.task_log(TRANSFORMATION, refused.run.run_id, task)
    assert f"check: {task} " in log
    assert f"Release {refused.before[0].release_id} stays current" in log
    told = airflow.failure(TRANSFORMATION, refused.run.run_id)
    assert task in told
    assert "(check: gold." in told


@pytest.mark.long
def test_the_next_run_after_a_failed_check_heals_the_lake(again: Demonstrated, refused: Refused) -> None:
    assert int(again.printed["release"]["release"]) > refused.before[0].release_id


@pytest.mark.long
def test_maintenance_runs_in_a_dag_of_its_own_and_changes_no_row(airflow: AirflowApi, stack: Settings) -> None:
    await_release_of_everything(stack)
    before = lake_rows(stack)
    run_id = airflow.trigger("03_maintenance")
    assert airflow.await_run("03_maintenance", run_id).state == "success"
    assert airflow.task_states("03_maintenance", run_id) == {"maintain": "success"}
    assert lake_rows(stack) == before


def lake_rows(settings: Settings) -> dict[str, list[str]]:
    """The rows of the current release, as a reader finds them."""
    with closing(open_catalog(settings)) as catalog:
        reader = ReleaseReader(catalog, settings.catalog_dsn)
        return {name: sorted(map(repr, reader.rows(name).to_table().to_pylist())) for name in reader.versions}


def test_every_job_of_spark_is_named_by_its_table_and_step(demonstrated: Demonstrated, stack: Settings) -> None:
    base = f"http://{LOOPBACK}:{stack.spark_ui_port}/api/v1/applications"
    application = requests.get(base, timeout=30).json()[0]["id"]
    jobs = requests.get(f"{base}/{application}/jobs", timeout=30).json()
    described = {job.get("description", "") for job in jobs}
    for table in demonstrated.column("gold", "table", "rows"):
        assert any(words.startswith(f"{table} ") for words in described), f"no job is named after {table}: {sorted(described)}"
    assert "silver.orders" in {words.split(" ")[0] for words in described}
