"""The same code on every kind of Spark: the stack's Connect server, one inside the process, and a cluster."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
import requests

from gen_data.generate import backfill
from iceberg.capture.ingest import ingest
from shoplake.core.settings import LOOPBACK, Settings
from shoplake.stack.local import spark
from shoplake.stack.private import free_ports, fresh_databases
from spark_jobs.run import build
from tests.spark_jobs.fixtures import copied
from tests.spark_jobs.lake_rows import whole_lake

# All tables five times, twice of it over a cluster of two cores.
pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(3600)]

DAYS, ORDERS_PER_DAY, SCENARIO = 6, 60, "flash_sale+fraud_attack+dirty_data"


@pytest.fixture
def cluster(spark_services: Settings, tmp_path: Path) -> Iterator[str]:
    """A standalone cluster: one master and two workers of a core each. Gives its address."""
    port, page = free_ports(2)
    address = f"spark://{LOOPBACK}:{port}"
    environment = (
        os.environ | spark.environment(spark_services) | {"SPARK_DAEMON_MEMORY": "256m", "SPARK_WORKER_DIR": str(tmp_path / "work")}
    )
    spark_class = f"{environment['SPARK_HOME']}/bin/spark-class"
    master = [spark_class, "org.apache.spark.deploy.master.Master", "--host", LOOPBACK, "--port", str(port), "--webui-port", str(page)]
    worker = [
        spark_class,
        "org.apache.spark.deploy.worker.Worker",
        "--host",
        LOOPBACK,
        "--cores",
        "1",
        "--memory",
        "1g",
        "--webui-port",
        "0",
    ]
    with ExitStack() as running:
        running.enter_context(_process(master, environment, tmp_path / "master.log"))
        for number in (1, 2):
            running.enter_context(_process([*worker, address], environment, tmp_path / f"worker{number}.log"))
        deadline = time.monotonic() + 60
        while _workers(page) < 2:
            assert time.monotonic() < deadline, (tmp_path / "master.log").read_text()
            time.sleep(0.2)
        yield address


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _workers(page: int) -> int:
    try:
        return int(requests.get(f"http://{LOOPBACK}:{page}/json/", timeout=5).json()["aliveworkers"])
    except requests.RequestException:
        return 0


def _build(settings: Settings, remote: str, *options: str) -> None:
    """A build in a process of its own, as from the command line."""
    command = [sys.executable, "-c", "from shoplake.cli.main import main; main()", "build", *options]
    environment = os.environ | settings.changed(spark=remote).environment()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert ended.returncode == 0, ended.stderr


def test_every_kind_of_spark_builds_the_same_rows_from_changes_and_from_scratch(spark_services: Settings, cluster: str) -> None:
    with ExitStack() as lakes:
        original = lakes.enter_context(fresh_databases(spark_services)).changed(tables=("*",))
        backfill(original, DAYS, SCENARIO, ORDERS_PER_DAY, seed=12)
        ingest(original)
        build(original)
        before = whole_lake(original)
        backfill(original, 1, "normal_day", ORDERS_PER_DAY)
        ingest(original)
        with psycopg.connect(original.catalog_dsn) as catalog:
            end = catalog.execute("select max(end_lsn) from shoplake.cuts").fetchone()
        assert end is not None
        copies = {
            remote: copied((original, end[0]), lakes.enter_context(fresh_databases(spark_services))).settings.changed(tables=("*",))
            for remote in ("local[*]", cluster)
        }
        build(original)
        incremental = whole_lake(original)
        assert incremental != before
        for remote, lake in copies.items():
            assert whole_lake(lake) == before
            _build(lake, remote)
            _assert_same(whole_lake(lake), incremental, remote)
        for remote, lake in copies.items():
            _build(lake, remote, "--full")
            _assert_same(whole_lake(lake), incremental, f"{remote}, in full")


def _assert_same(found: dict[str, list[tuple[object, ...]]], expected: dict[str, list[tuple[object, ...]]], where: str) -> None:
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == [], where
