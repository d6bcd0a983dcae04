"""`shoplake bench build`: what numbers cost, from a full build of a large history to a question about yesterday."""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg

from gen_data.generate import backfill, pass_time
from gen_data.shop import Wishes, own_shop
from iceberg.releases import find_release
from iceberg.runs import catalog_database, load_run
from shoplake.bench.figures import Figure, FurtherTable
from shoplake.bench.freshness import commits_to_gold, gold_questions, trade_through_airflow
from shoplake.bench.peer import Made, hand_over, make_with_duckdb
from shoplake.bench.processes import run
from shoplake.core.errors import BuildError
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases

CHANGED_ROWS = 10_000
_TIMES = 3
_TRADE_MINUTES = 3
_NEWEST, _ALL_DAYS = "the newest orders", "orders of all days"

_PEER_COLUMNS = ("table", "spark_seconds", "duckdb_seconds", "ratio", "rows")
_PEER_NOTE = (
    "Where DuckDB's rows are others, it is not the lake that errs: DuckDB divides amounts as floating-point numbers, so that half a cent may go the\n"
    "other way, and sqlframe, which says the transforms in DuckDB's SQL, joins and collects missing values otherwise than Spark, or lacks a function."
)
_CHANGE_COLUMNS = (
    "changed",
    "orders",
    "days_restated",
    "ingest_seconds",
    "build_seconds",
    "build_next_to_the_shortest_history",
    "first_build_in_full_seconds",
)
_CHANGE_NOTE = (
    "A change to an order restates its day, in each table that is kept by day. The newest orders lie on as many days however long the history is,\n"
    "so their build does not grow with it. Orders of all days touch every day that there is: all orders are read and added up anew,\n"
    "and that build grows as the history does. The last column says what reading everything costs anyway."
)


@dataclass(frozen=True)
class Sizes:
    """How much to build: orders per day, days of history from the shortest to the longest, and for how long releases are followed."""

    orders_per_day: int = 2_740
    days: Sequence[int] = (23, 91, 365)
    follow_seconds: float = 300.0


@dataclass(frozen=True)
class _Change:
    """What a change of :data:`CHANGED_ROWS` cost.

    Attributes:
        days: The days of gold.daily_sales that it restated; None where all were computed anew.
        ingest_seconds: From the source to bronze.
        build_seconds: From bronze to the release that has it.
    """

    days: int | None
    ingest_seconds: float
    build_seconds: float


def measure_build(
    services: Settings, say: Callable[[str], None], sizes: Sizes = Sizes()
) -> Iterator[tuple[list[Figure], list[FurtherTable]]]:
    """Measure in a running stack of PostgreSQL, MinIO, Spark and Airflow; the longest history in its own databases, which Airflow knows.

    Each of the three reports has all that is known by then: an hour's figures are not lost with the last of them.
    """
    figures: list[Figure] = []
    changes: list[Sequence[str | float | None]] = []
    shortest: dict[str, float] = {}
    with fresh_databases(services) as warm:
        say("warm up on a small day")
        backfill(warm, 1, "normal_day", 200)
        run(warm, "run")
    for days in sizes.days:
        orders, is_longest = days * sizes.orders_per_day, days == sizes.days[-1]
        databases: AbstractContextManager[Settings] = nullcontext(services) if is_longest else fresh_databases(services)
        with databases as settings:
            say(f"{orders:,} orders: generate, ingest, build")
            backfill(settings, days, "normal_day", sizes.orders_per_day)
            ingested = run(settings, "ingest")
            built = run(settings, "build")
            if is_longest:
                say(f"{orders:,} orders: the same in DuckDB")
                figures = [
                    Figure(f"first load of {orders:,} orders", ingested.seconds, None, ingested.peak_bytes),
                    _next_to_duckdb(settings, built.seconds)[0],
                ]
            for where in (_NEWEST, _ALL_DAYS):
                say(f"{orders:,} orders: {CHANGED_ROWS:,} rows change, {where}")
                times = sorted((_change(settings, where, turn) for turn in range(_TIMES)), key=lambda change: change.build_seconds)
                median, ingest_seconds = times[_TIMES // 2], statistics.median(change.ingest_seconds for change in times)
                growth_factor = median.build_seconds / shortest.setdefault(where, median.build_seconds)
                seconds = (round(ingest_seconds, 2), round(median.build_seconds, 2), round(growth_factor, 2), round(built.seconds, 2))
                changes.append((where, orders, median.days, *seconds))
    growth = FurtherTable(f"{CHANGED_ROWS:,} rows change (median of {_TIMES})", _CHANGE_COLUMNS, changes, _CHANGE_NOTE)
    yield figures, [growth]
    say(f"{_TRADE_MINUTES} minutes of trade")
    rounds = [_trade_and_run(services) for _ in range(_TIMES)]
    figures.append(Figure(f"ingest and build after {_TRADE_MINUTES} minutes of trade (median of {_TIMES})", statistics.median(rounds)))
    figures += trade_through_airflow(services, say, _TIMES, lambda: _trade(services))
    figures += commits_to_gold(services, say, sizes.follow_seconds)
    figures += gold_questions(services, say)
    yield figures, [growth]
    say("every table in full, and the same in DuckDB")
    everything = services.changed(tables=("*",))
    figure, peer = _next_to_duckdb(everything, run(everything, "build", "--full").seconds)
    figures.append(figure)
    each = FurtherTable("Each table, seconds: three side by side in Spark, one after the other in DuckDB", _PEER_COLUMNS, peer, _PEER_NOTE)
    yield figures, [each, growth]


def _next_to_duckdb(settings: Settings, seconds: float) -> tuple[Figure, list[Sequence[str | float | None]]]:
    """The newest build, which took ``seconds``, against DuckDB's seconds for what it can make of it; and each table here and there."""
    with catalog_database(settings.catalog_dsn) as connection:
        release, tables = find_release(connection)
        if release.run_id is None:
            raise BuildError("bench: the newest release is a rollback, of which there is nothing to compare. Build first.")
        built = load_run(connection, release.run_id)
    versions = {name: tables[name].snapshot_id for name in built.tables}
    versions |= {name: read.snapshot_id for name, read in built.inputs.items() if name not in versions}
    with tempfile.TemporaryDirectory(prefix="shoplake-bench-") as folder:
        hand_over(settings, versions, release.cut_end_lsn, Path(folder))
        there = {made.table: made for made in make_with_duckdb(Path(folder))}
    rows = [_compared(name, built.tables[name].seconds or 0.0, there.get(name)) for name in built.tables]
    in_duckdb = [made.seconds for made in there.values() if made.seconds is not None]
    limit = "DuckDB" if len(in_duckdb) == len(rows) else f"DuckDB, {len(in_duckdb)} of them"
    return Figure(f"build of {len(rows)} tables in full", seconds, None, None, limit, sum(in_duckdb)), rows


def _compared(name: str, seconds: float, made: Made | None) -> Sequence[str | float | None]:
    if made is None or made.seconds is None:
        return (name, seconds, None, None, made.problem if made else "not made")
    rows = "the same" if made.is_same else f"{made.other_rows:,} of {made.rows:,} are others"
    return (name, seconds, round(made.seconds, 2), round(seconds / made.seconds, 1), rows)


def _change(settings: Settings, where: str, turn: int) -> _Change:
    """Change the fixed number of orders in the shop, and bring that to gold."""
    with psycopg.connect(settings.shop_dsn) as shop:
        shop.execute(
            """
            with numbered as (
                select order_id, row_number() over (order by ordered_at desc, order_id) as number, greatest(1, count(*) over () / %(wanted)s) as step
                from orders
            )
            update orders set updated_at = updated_at + interval '1 microsecond'
            where order_id in (
                select order_id from numbered
                where case when %(newest)s then number <= %(wanted)s else number %% step = %(turn)s %% step and number <= step * %(wanted)s end
            )
            """,
            {"wanted": CHANGED_ROWS, "newest": where == _NEWEST, "turn": turn},
        )
    ingest_seconds, build_seconds = run(settings, "ingest").seconds, run(settings, "build").seconds
    with catalog_database(settings.catalog_dsn) as connection:
        run_id = find_release(connection)[0].run_id
        touched = load_run(connection, run_id).tables["gold.daily_sales"].touched if run_id is not None else None
    return _Change(len(touched["groups"]) if touched else None, ingest_seconds, build_seconds)


def _trade(settings: Settings) -> None:
    with own_shop(settings, Wishes()) as shop:
        pass_time(shop, shop.state.counters.next_tick + _TRADE_MINUTES)


def _trade_and_run(settings: Settings) -> float:
    _trade(settings)
    return run(settings, "run").seconds
