"""How soon a commit of the shop is in gold, and how soon a question about it is answered."""

import os
import signal
import statistics
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

import duckdb
import psycopg

from iceberg.catalog import open_catalog
from iceberg.reader import ReleaseReader
from iceberg.releases import list_releases
from shoplake.ask import open_lake
from shoplake.bench.figures import Figure
from shoplake.core.errors import BuildError
from shoplake.core.settings import Settings
from shoplake.stack.airflow_api import AirflowApi

_PATIENCE_SECONDS = 600.0
_LIVE_SPEED = 20.0
"""A minute of trade each three seconds, so that something is committed nearly all the time."""

QUESTIONS = (
    "select order_date, sum(revenue) from gold.daily_sales group by order_date order by order_date desc limit 7",
    "select channel_code, sum(net_revenue) from gold.daily_sales group by channel_code",
    "select order_hour, sum(order_count) from gold.hourly_sales group by order_hour order by order_hour",
    "select * from gold.sales_by_channel order by channel_code",
    "select order_date, average_order_value from gold.daily_sales where channel_code = 'shopee' order by order_date desc limit 30",
)
_ASKED = 20


def trade_through_airflow(services: Settings, say: Callable[[str], None], times: int, trade: Callable[[], None]) -> list[Figure]:
    """From the trigger of an ingestion after a few minutes of trade to the release that has them; the median."""
    say("a few minutes of trade through Airflow")
    seconds = []
    with AirflowApi(services) as airflow:
        for dag_id in ("01_ingestion", "02_transformation"):
            airflow.await_dag(dag_id)
            airflow.pause(dag_id, False)
        # The first run finds whatever the scheduler has to catch up with.
        for _ in range(1 + times):
            trade()
            before, started = list_releases(services)[0], time.monotonic()
            airflow.trigger("01_ingestion")
            while list_releases(services)[0] == before:
                if time.monotonic() - started > _PATIENCE_SECONDS:
                    raise BuildError("bench: Airflow published no release in ten minutes. See its page for what failed.")
                time.sleep(0.2)
            seconds.append(time.monotonic() - started)
        for dag_id in ("01_ingestion", "02_transformation"):
            airflow.pause(dag_id, True)
    return [Figure(f"ingest and build after the same, through Airflow (median of {times})", statistics.median(seconds[1:]))]


def commits_to_gold(services: Settings, say: Callable[[str], None], seconds: float) -> list[Figure]:
    """How old a commit of a live shop is when gold has it, with `shoplake run --follow`: the 95th of 100, and the median."""
    say(f"follow a live shop for {seconds:,.0f} s")
    begun_at = _log_position(services)
    live = _start(services, "generate", "--live", "--speed", str(_LIVE_SPEED))
    follow = _start(services, "run", "--follow", "--pause", "0")
    time.sleep(seconds)
    for process in (live, follow):
        process.send_signal(signal.SIGINT)
    ended_well = [_ended_well(process) for process in (live, follow)]
    if not all(ended_well):
        raise BuildError("bench: the live shop or `shoplake run --follow` failed, or went on for ten minutes. Try them by hand.")
    releases = sorted(list_releases(services), key=lambda release: release.cut_end_lsn)
    cuts = [release.cut_end_lsn for release in releases]
    reader = ReleaseReader(open_catalog(services, reader=True), services.reader_catalog_dsn)
    with duckdb.connect() as engine:
        engine.register("changes", reader.changes("bronze.orders"))
        commits = engine.execute(
            "select distinct _end_lsn, epoch(_committed_at) from changes where _end_lsn > ? and _end_lsn <= ?", [begun_at, cuts[-1]]
        ).fetchall()
    ages = [releases[bisect_left(cuts, end_lsn)].published_at.timestamp() - committed_at for end_lsn, committed_at in commits]
    what = f"a commit is in gold, of {len(ages):,} commits in {seconds:,.0f} s"
    return [Figure(f"{what}: 95th of 100", statistics.quantiles(ages, n=20)[-1]), Figure(f"{what}: median", statistics.median(ages))]


def gold_questions(services: Settings, say: Callable[[str], None]) -> list[Figure]:
    """A question about gold in a notebook that has opened the lake: the 95th of 100, without Spark and with it."""
    say("questions about gold")
    lake = open_lake(None, services)
    spark = lake.spark(*(name for name in lake.tables() if name.startswith("gold.")))
    try:
        ways: dict[str, Callable[[str], object]] = {
            "without Spark": lambda question: lake.sql(question).fetchall(),
            "with Spark": lambda question: spark.sql(question.replace("gold.", "gold_")).collect(),
        }
        figures = []
        for way, ask in ways.items():
            took = []
            for number in range(1 + _ASKED):
                for question in QUESTIONS:
                    started = time.monotonic()
                    ask(question)
                    took += [time.monotonic() - started] if number else []
            figures.append(Figure(f"a question about gold, {way}: 95th of 100", statistics.quantiles(took, n=20)[-1]))
        return figures
    finally:
        spark.stop()


def _log_position(settings: Settings) -> int:
    with psycopg.connect(settings.shop_dsn) as shop:
        row = shop.execute("select pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else 0


def _ended_well(process: "subprocess.Popen[bytes]") -> bool:
    try:
        return process.wait(_PATIENCE_SECONDS) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        return False


def _start(settings: Settings, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [str(Path(sys.executable).parent / "shoplake"), *arguments]
    return subprocess.Popen(command, env=os.environ | settings.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
