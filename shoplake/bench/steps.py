"""The steps of one shop day of 20,000 orders: generate, ingest, build, and an Airflow run with nothing to do."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from gen_data.generate import backfill
from gen_data.schema import SHOP_TABLES
from iceberg.catalog import open_catalog
from shoplake.bench.figures import Figure
from shoplake.bench.generate import copy_out, copy_ready_files
from shoplake.bench.processes import run
from shoplake.core.settings import Settings
from shoplake.stack.airflow_api import AirflowApi
from shoplake.stack.private import fresh_databases
from spark_jobs.session import spark_session
from spark_jobs.tables import discover

ORDERS = 20_000
_DAY = ("--scenario", "normal_day", "--days", "1", "--orders-per-day", str(ORDERS))
_TABLES = [table.name for table in SHOP_TABLES]


def one_day(services: Settings, say: Callable[[str], None]) -> list[Figure]:
    """Generate, first load, full build; then another day through the log and an incremental build, and a run with nothing new."""
    with fresh_databases(services) as warm:
        say("warm up on a small day")
        backfill(warm, 1, "normal_day", 200)
        run(warm, "ingest")
        run(warm, "build")
    with fresh_databases(services) as settings:
        say(f"generate, ingest and build {ORDERS:,} orders")
        generated = run(settings, "generate", *_DAY)
        rows = _row_count(settings)
        with tempfile.TemporaryDirectory(prefix="shoplake-bench-") as folder:
            limit = copy_ready_files(services, copy_out(settings, Path(folder)))
        figures = [
            Figure(
                f"generate {ORDERS:,} orders",
                generated.seconds,
                rows,
                generated.peak_bytes,
                "COPY of ready files, keys made after it",
                limit,
            )
        ]
        first = run(settings, "ingest")
        figures.append(
            Figure(
                f"ingest {rows:,} rows, first load", first.seconds, rows, first.peak_bytes, "COPY out to nowhere", _read_seconds(settings)
            )
        )
        built = run(settings, "build")
        figures.append(
            Figure(
                f"build of {len(discover().selected(settings).by_name)} tables, in full",
                built.seconds,
                rows,
                built.peak_bytes,
                "Spark reading bronze to nowhere",
                _scan_seconds(settings),
            )
        )
        say("another day through the log")
        run(settings, "generate", *_DAY)
        changes, peeked = _peek_seconds(settings)
        followed = run(settings, "ingest")
        figures.append(
            Figure(
                f"ingest {changes:,} changes from the log",
                followed.seconds,
                changes,
                followed.peak_bytes,
                "the server decoding them",
                peeked,
            )
        )
        again = run(settings, "build")
        figures.append(Figure("build after that day, incremental", again.seconds, changes, again.peak_bytes))
        for command in ("ingest", "build"):
            idle = run(settings, command)
            figures.append(Figure(f"{command} with nothing new", idle.seconds, None, idle.peak_bytes))
    return figures


def idle_airflow_run(services: Settings, say: Callable[[str], None]) -> list[Figure]:
    """A run of the ingestion DAG that finds nothing new, from its trigger to its end."""
    say("run Airflow with nothing to do")
    backfill(services, 1, "normal_day", 200)
    run(services, "ingest")
    run(services, "build")
    with AirflowApi(services) as airflow:
        airflow.await_dag("01_ingestion")
        airflow.await_run("01_ingestion", airflow.trigger("01_ingestion"))
        started = time.monotonic()
        airflow.await_run("01_ingestion", airflow.trigger("01_ingestion"))
        return [Figure("Airflow run with nothing to do", time.monotonic() - started)]


def _row_count(settings: Settings) -> int:
    with psycopg.connect(settings.shop_dsn) as shop:
        counts = [shop.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(name))).fetchone() for name in _TABLES]
    return sum(int(count[0]) for count in counts if count)


def _read_seconds(settings: Settings) -> float:
    with _stopwatch() as seconds, psycopg.connect(settings.shop_dsn) as shop:
        for name in _TABLES:
            for _ in _copy_out(shop, name):
                pass
    return seconds[0]


def _scan_seconds(settings: Settings) -> float:
    names = [".".join(name) for name in open_catalog(settings).list_tables("bronze")]
    with spark_session(settings) as session, _stopwatch() as seconds:
        for name in names:
            session.table(f"lake.{name}").write.format("noop").mode("overwrite").save()
    return seconds[0]


def _peek_seconds(settings: Settings) -> tuple[int, float]:
    query = "select count(*) from pg_logical_slot_peek_binary_changes(%s, null, null, 'proto_version', '1', 'publication_names', %s)"
    with _stopwatch() as seconds, psycopg.connect(settings.source_dsn) as source:
        row = source.execute(query, (settings.source_name, settings.source_name)).fetchone()
    return int(row[0]) if row else 0, seconds[0]


def _copy_out(shop: psycopg.Connection[tuple[object, ...]], name: str) -> Iterator[bytes]:
    with shop.cursor().copy(sql.SQL("copy {} to stdout (format binary)").format(sql.Identifier(name))) as copy:
        for block in copy:
            yield bytes(block)


@contextmanager
def _stopwatch() -> Iterator[list[float]]:
    """Yields a list that holds the body's wall seconds once it has ended."""
    seconds: list[float] = []
    started = time.monotonic()
    yield seconds
    seconds.append(time.monotonic() - started)
