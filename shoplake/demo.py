"""The main job from end to end: two shop days, ingested and transformed by Airflow, read back from the published release."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from gen_data.generate import backfill, finish_day
from gen_data.schema import SHOP_TABLES
from gen_data.shop import switch_scenario
from iceberg.catalog import open_catalog
from iceberg.failures import service_failures
from iceberg.releases import list_releases, show_release
from shoplake.core.errors import BuildError, ServiceError
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings
from shoplake.stack import access
from shoplake.stack.airflow_api import AirflowApi
from shoplake.stack.local.runner import down, up
from shoplake.stack.services import SERVICES

INGESTION, TRANSFORMATION = "01_ingestion", "02_transformation"
ORDERS_PER_DAY = 2000
_DAYS = (("normal day", "normal_day"), ("flash sale", "flash_sale"))
_MOST_SECONDS = 900


@dataclass
class Demo:
    """What the demo did and found.

    Attributes:
        seconds: Of each step, by its name, in order.
        source_rows: Source table name to rows in PostgreSQL, bronze (every change) and silver, None for tables that no release holds.
        gold_rows: Gold table name to rows.
        checks_passed: Checks of the release's run that passed.
        checks: All of them.
        release_id: The release that holds both days.
        kpis: KPI name to its value on the normal day and on the day of the flash sale.
        days: The two days, in the shop's time zone.
        pages: Every page with its login.
        unanswered: Names of the pages that do not answer.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    source_rows: dict[str, tuple[int, int, int | None]] = field(default_factory=dict)
    gold_rows: dict[str, int] = field(default_factory=dict)
    checks_passed: int = 0
    checks: int = 0
    release_id: int = 0
    kpis: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    days: tuple[date, date] = (date.min, date.min)
    pages: list[access.Address] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


def run_demo(settings: Settings, say: Callable[[str], None], progress: Progress = silent) -> Demo:
    """Run it; the stack stays up, with the live shop going on. ``say`` gets a sentence as each step begins.

    Raises what the steps raise; repeating it is safe, the shop's clock goes on.
    """
    demo = Demo()
    with service_failures("demo"):
        _run(demo, settings, say, progress)
    return demo


def _run(demo: Demo, settings: Settings, say: Callable[[str], None], progress: Progress) -> None:
    with _step(demo, "start the stack", say):
        # The scheduler comes last, so that its first ingestion finds a shop; the live shop would hold the clock.
        early = [service.name for service in SERVICES if service.name not in ("shop", "airflow-scheduler")]
        started = up(settings, early, progress)
        settings = started.settings
        for sentence in started.moved:
            say(sentence)
        down(settings, ["shop"])
    with _step(demo, "finish the shop's day", say):
        finish_day(settings, "normal_day", progress, say)
    dates = []
    for title, scenario in _DAYS:
        with _step(demo, f"generate a {title}", say):
            made = backfill(settings, 1, scenario, ORDERS_PER_DAY, progress=progress, on_wait=say)
            dates.append(made.clock_from.astimezone(ZoneInfo(settings.time_zone)).date())
    demo.days = (dates[0], dates[1])
    committed = _log_position(settings)
    with _step(demo, "start the scheduler", say):
        up(settings, ["airflow-scheduler"], progress)
    with AirflowApi(settings) as airflow:
        for dag_id in (INGESTION, TRANSFORMATION):
            airflow.await_dag(dag_id)
            airflow.pause(dag_id, False)
        failed_before = {run.run_id for run in airflow.runs(TRANSFORMATION) if run.state == "failed"}
        with _step(demo, "ingest through Airflow", say):
            airflow.await_run(INGESTION, airflow.trigger(INGESTION), _MOST_SECONDS)
        with _step(demo, "transform and publish through Airflow", say):
            demo.release_id = _await_release(settings, airflow, committed, failed_before)
    with _step(demo, "read the release", say):
        _read(settings, demo)
    with _step(demo, "start the live shop", say):
        switch_scenario(settings, "normal_day")
        up(settings, ["shop"], progress)
    demo.pages = access.addresses(settings)
    demo.unanswered = [page.name for page, is_up in zip(demo.pages, access.answering(demo.pages), strict=True) if not is_up]


@contextmanager
def _step(demo: Demo, name: str, say: Callable[[str], None]) -> Iterator[None]:
    say(f"{name} ...")
    started = time.monotonic()
    yield
    demo.seconds[name] = time.monotonic() - started


def _log_position(settings: Settings) -> int:
    with psycopg.connect(settings.source_dsn) as connection:
        row = connection.execute("select (pg_current_wal_flush_lsn() - '0/0')::bigint").fetchone()
    return int(row[0]) if row else 0


def _await_release(settings: Settings, airflow: AirflowApi, position: int, failed_before: set[str]) -> int:
    """Wait for a release that covers the log up to ``position``; gives its number. Raises BuildError when a transformation fails before."""
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        current = next((release for release in list_releases(settings) if release.is_current), None)
        if current is not None and current.cut_end_lsn >= position:
            return current.release_id
        failed = [run for run in airflow.runs(TRANSFORMATION) if run.state == "failed" and run.run_id not in failed_before]
        if failed:
            what = airflow.failure(TRANSFORMATION, failed[0].run_id)
            raise BuildError(f"demo: the DAG {TRANSFORMATION} {what} Its log in Airflow says more; `shoplake urls` gives the address.")
        time.sleep(0.5)
    raise ServiceError(
        f"demo: no release covered the new days within {_MOST_SECONDS} s. Look at the DAGs in Airflow; `shoplake urls` gives the address."
    )


def _read(settings: Settings, demo: Demo) -> None:
    catalog = open_catalog(settings, reader=True)
    detail = show_release(settings, demo.release_id)
    names = [table.table_name for table in detail.tables]
    sources = [table.name for table in SHOP_TABLES]
    lake = [*names, *(f"bronze.{name}" for name in sources)]
    with ThreadPoolExecutor(4) as pool:
        counts = dict(zip(lake, pool.map(lambda name: catalog.load_table(name).scan().count(), lake), strict=True))
    with psycopg.connect(settings.source_dsn) as connection:
        for name in sources:
            row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(name))).fetchone()
            demo.source_rows[name] = (int(row[0]) if row else 0, counts[f"bronze.{name}"], counts.get(f"silver.{name}"))
    demo.gold_rows = {name: count for name, count in counts.items() if name.startswith("gold.")}
    demo.checks = len(detail.checks)
    demo.checks_passed = sum(check.passed for check in detail.checks)
    sales = catalog.load_table("gold.daily_sales").scan(row_filter=f"order_date in ('{demo.days[0]}', '{demo.days[1]}')").to_arrow()
    measures = ("order_count", "unit_count", "gross_merchandise_value", "discount_amount", "revenue", "net_revenue", "paid_order_count")
    sums = [{name: _sum(sales, day, name) for name in measures} for day in demo.days]
    for day in sums:
        day["average_order_value"] = round(day["revenue"] / day["paid_order_count"], 2) if day["paid_order_count"] else Decimal(0)
    demo.kpis = {name: (sums[0][name], sums[1][name]) for name in (*measures, "average_order_value")}


def _sum(sales: pa.Table, day: date, measure: str) -> Decimal:
    rows = sales.filter(pc.field("order_date") == day)
    return Decimal(pc.sum(rows[measure]).as_py() or 0)
