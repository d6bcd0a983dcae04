"""The whole stack, brought up once by the demo itself, as a newcomer would."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from iceberg.releases import Release, is_behind, list_releases
from shoplake.core.settings import Settings, load_settings
from shoplake.demo import INGESTION, TRANSFORMATION
from shoplake.stack.airflow_api import AirflowApi, DagRun
from shoplake.stack.local.runner import down, log_file, up
from shoplake.stack.private import private_settings, temporary_home
from shoplake.stack.services import BY_NAME
from tests.conftest import ended_services, last_words


@dataclass(frozen=True)
class Demonstrated:
    """What `shoplake demo --json` printed, and the settings of the stack that it left running."""

    settings: Settings
    printed: dict[str, Any]

    def column(self, table: str, key: str, value: str) -> dict[str, Any]:
        """Two columns of a printed table as a dictionary."""
        return {row[key]: row[value] for row in self.printed[table]}


def run_cli(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `shoplake` as its users do, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "AWS_", "PYICEBERG_", "SPARK_"))}
    return subprocess.run(
        [str(Path(sys.executable).parent / "shoplake"), *arguments],
        env=environment | settings.environment(), capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip


def _said(settings: Settings) -> str:
    """What the keeper said, and last the services that ended though nobody stopped them, those that it started anew included."""
    kept = log_file(settings, BY_NAME["keeper"]).read_text()
    restarted = {name for name in BY_NAME if f" {name} had ended" in kept}
    return f"{kept}\n{last_words(settings, ended_services(settings) | restarted)}"


@pytest.fixture(scope="session")
def demonstrated() -> Iterator[Demonstrated]:
    """A stack in a temporary folder after one demo."""
    with temporary_home() as home:
        # Scheduled once a year: the tests say when the DAGs run. Two small days need less of a heap than a user's shop.
        settings = private_settings(home, pipeline_schedule="0 0 1 1 *", maintenance_schedule="0 0 1 1 *", spark_memory="1200m")
        ended = run_cli(settings, "demo", "--json")
        assert ended.returncode == 0, ended.stderr + _said(settings)
        yield Demonstrated(settings.changed(secrets=load_settings(home=home).secrets), json.loads(ended.stdout))


@pytest.fixture(scope="session")
def stack(demonstrated: Demonstrated) -> Settings:
    """The settings of that stack."""
    return demonstrated.settings


@pytest.fixture
def airflow(stack: Settings) -> Iterator[AirflowApi]:
    """Its Airflow, with the live shop stopped meanwhile, which would have something new at any moment."""
    down(stack, ["shop"])
    try:
        with AirflowApi(stack) as api:
            yield api
    finally:
        up(stack, ["shop"])


@dataclass(frozen=True)
class Refused:
    """A transformation that a failed check ended, with the releases before it and after it, newest first."""

    run: DagRun
    before: list[Release]
    after: list[Release]


@pytest.fixture(scope="session")
def refused(stack: Settings) -> Refused:
    """An order that contradicts its lines was ingested and transformed; the source is corrected since, the lake not yet."""
    down(stack, ["shop"])
    await_release_of_everything(stack)
    before = list_releases(stack)
    _change_an_order(stack, 1)
    try:
        with AirflowApi(stack) as airflow:
            run = _ingest_and_transform(airflow)
    finally:
        _change_an_order(stack, -1)
    return Refused(run, before, list_releases(stack))


@pytest.fixture(scope="session")
def again(stack: Settings, refused: Refused) -> Demonstrated:
    """The demo once more, after the refused run."""
    ended = run_cli(stack, "demo", "--json")
    assert ended.returncode == 0, ended.stderr + _said(stack)
    return Demonstrated(stack, json.loads(ended.stdout))


def _change_an_order(settings: Settings, amount: int) -> None:
    """Change what an order says of its lines, which no rule of the shop's database compares with them."""
    with psycopg.connect(settings.shop_dsn) as owner:
        owner.execute(
            """
            update orders set items_amount = items_amount + %(a)s, total_amount = total_amount + %(a)s
            where order_id = (select min(order_id) from orders)
            """,
            {"a": amount},
        )


def _ingest_and_transform(airflow: AirflowApi) -> DagRun:
    """One ingestion and the transformation that its event starts, ended well or not."""
    started = ingest_through(airflow)
    deadline = time.monotonic() + 240
    while (run := airflow.run(TRANSFORMATION, started.run_id)).state not in ("success", "failed"):
        assert time.monotonic() < deadline, "the transformation does not end"
        time.sleep(0.5)
    return run


def ingest_through(airflow: AirflowApi) -> DagRun:
    """One ingestion. Returns the transformation that its event started."""
    known = {run.run_id for run in airflow.runs(TRANSFORMATION, 100)}
    airflow.await_run(INGESTION, airflow.trigger(INGESTION))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        new = [run for run in airflow.runs(TRANSFORMATION, 100) if run.run_id not in known]
        if new:
            return new[0]
        time.sleep(0.2)
    raise AssertionError("no transformation followed the ingestion")


def await_release_of_everything(settings: Settings) -> None:
    """Wait until nothing in bronze is without a release."""
    deadline = time.monotonic() + 240
    while is_behind(settings):
        assert time.monotonic() < deadline, "no transformation brings the release up to bronze"
        time.sleep(0.5)
