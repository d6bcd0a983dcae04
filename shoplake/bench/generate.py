"""`shoplake bench generate`: how fast the shop is made, next to a plain COPY of the same rows, and how fast it lives."""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psycopg
from psycopg import sql

from gen_data.clock import TICKS_PER_DAY
from gen_data.generate import Generated, backfill, live_step, pass_time
from gen_data.schema.upgrade import migrate
from gen_data.shop import Wishes, own_shop
from gen_data.simulate.stretch import advance
from gen_data.write.batch import TABLES
from gen_data.write.bulk import analyze, strip_tables
from gen_data.write.encode import identifier
from gen_data.write.keys import make_guards
from gen_data.write.steps import StepWriter
from shoplake.bench.figures import Figure
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases

_BLOCK_BYTES = 1 << 20
_BATCH_DAYS = 2
_SLOWEST = 5
# 300 orders a second when a tick lasts a second.
_LIVE_ORDERS_PER_DAY = 300 * TICKS_PER_DAY


@dataclass(frozen=True)
class Sizes:
    """How much to make: days and orders per day of the first load, and ticks of the live shop."""

    days: int = 365
    orders_per_day: int = 2_740
    live_ticks: int = 10


@dataclass(frozen=True)
class Report:
    """What was measured.

    Attributes:
        figures: Each way to write, next to its limit.
        tables: Name, rows, and rows per second of COPY of each table in the first load.
        slowest: Which keys and triggers took longest to make, and which invariants to check: kind and name, and wall seconds.
        live_orders_per_second: Orders placed, paid, shipped and so on, each step a transaction, at the rate of steps that was measured.
    """

    figures: list[Figure]
    tables: list[tuple[str, int, int]]
    slowest: list[tuple[str, float]]
    live_orders_per_second: float


def measure_generate(services: Settings, say: Callable[[str], None], sizes: Sizes = Sizes()) -> Report:
    """Measure in databases of its own in the running PostgreSQL of ``services``."""
    with tempfile.TemporaryDirectory(prefix="shoplake-bench-") as folder:
        with fresh_databases(services) as settings:
            say(f"first load of {sizes.days} days of {sizes.orders_per_day:,} orders")
            once, peak_bytes = _load_in_a_process(settings, sizes.days, sizes.orders_per_day)
            files = copy_out(settings, Path(folder))
            say(f"{_BATCH_DAYS} days more, every key and rule on")
            further = _go_on(settings)
            say(f"{sizes.live_ticks} ticks live")
            live, orders_per_second = _live(settings, sizes.live_ticks)
        say("the same rows from ready files")
        limit = copy_ready_files(services, files)
    with fresh_databases(services) as settings:
        say(f"first load of {2 * sizes.days} days")
        twice, peak_of_twice = _load_in_a_process(settings, 2 * sizes.days, sizes.orders_per_day)
    loaded = once.first_load
    assert loaded is not None  # noqa: S101 - the database was empty
    rows = sum(loaded.rows.values())
    verify_seconds = sum(loaded.verify_seconds.values())
    what = f"{rows:,} rows of {sizes.days} days"
    twice_rows = sum(twice.first_load.rows.values()) if twice.first_load else None
    figures = [
        Figure(f"first load, {what}, until verified", once.seconds, rows, peak_bytes, "COPY of ready files, keys made the same way", limit),
        Figure(
            "the same without its verification",
            once.seconds - verify_seconds,
            rows,
            None,
            "COPY of ready files, keys made the same way",
            limit,
        ),
        Figure("first load, twice the days", twice.seconds, twice_rows, peak_of_twice, "once the days", once.seconds),
        *further,
        live,
    ]
    tables = [(name, count, round(count / loaded.copy_seconds[name])) for name, count in loaded.rows.most_common()]
    invariants = {f"invariant {name}": seconds for name, seconds in loaded.verify_seconds.items()}
    return Report(figures, tables, [*_slowest(loaded.key_seconds), *_slowest(invariants)], orders_per_second)


def _slowest(seconds: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda cost: -cost[1])[:_SLOWEST]


def _load_in_a_process(settings: Settings, days: int, orders_per_day: int) -> tuple[Generated, int]:
    """The first load in a process of its own, and the most memory that this held, in bytes."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_load, settings, days, orders_per_day).result()


def _load(settings: Settings, days: int, orders_per_day: int) -> tuple[Generated, int]:
    made = backfill(settings, days, "normal_day", orders_per_day)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return made, int(peak.split()[1]) * 1024


def _go_on(settings: Settings) -> list[Figure]:
    """A few more days in a shop that is there: what it takes to know it again, and to write with everything on."""
    started = time.monotonic()
    with own_shop(settings, Wishes()) as shop:
        owned = time.monotonic()
        rows = pass_time(shop, shop.state.counters.next_tick + _BATCH_DAYS * TICKS_PER_DAY)
        written = time.monotonic()
    return [
        Figure("rebuild the shop's state from its database", owned - started),
        Figure(f"{_BATCH_DAYS} days more, every key and rule on", written - owned, sum(rows.values())),
    ]


def copy_out(settings: Settings, folder: Path) -> dict[str, Path]:
    """All rows of the shop in files of COPY's binary format, by the table's full name."""
    files = {}
    with psycopg.connect(settings.shop_dsn) as shop:
        for table in TABLES:
            path = files[table.fullname] = folder / table.fullname
            with (
                path.open("wb") as file,
                shop.cursor().copy(sql.SQL("copy {} to stdout (format binary)").format(identifier(table))) as copy,
            ):
                for block in copy:
                    file.write(block)
    return files


def copy_ready_files(services: Settings, files: dict[str, Path]) -> float:
    """Wall seconds of COPY from the files into the same tables of an empty database, keys and triggers made after it as the first load makes them."""
    with fresh_databases(services) as settings:
        migrate(settings.shop_dsn)
        started = time.monotonic()
        with psycopg.connect(settings.shop_dsn) as shop:
            guards = strip_tables(shop)
            for table in TABLES:
                statement = sql.SQL("copy {} from stdin (format binary, freeze)").format(identifier(table))
                with files[table.fullname].open("rb") as file, shop.cursor().copy(statement) as copy:
                    while block := file.read(_BLOCK_BYTES):
                        copy.write(block)
            analyze(shop)
            make_guards(shop, guards)
        return time.monotonic() - started


def _live(settings: Settings, ticks: int) -> tuple[Figure, float]:
    """Ticks of many orders, one after the other without a pause; and the orders a second that the rate of steps is enough for.

    It is noon in the shop, when a tick has about its share of a day's orders.
    They are young, and most of their steps are to come. So the rate counts
    steps, and divides by the steps that an order of this shop takes, with all
    the visits around it.
    """
    with own_shop(settings, Wishes()) as shop:
        pass_time(shop, shop.state.clock.day_end(shop.state.counters.next_tick) + TICKS_PER_DAY // 2)
        changes = advance(shop.state, shop.state.counters.next_tick + TICKS_PER_DAY)
        steps = np.concatenate([np.stack([change.at, change.step]) for change in changes if len(change)], axis=1)
        orders = sum(len(change) for change in changes if change.table.name == "orders" and "ordered_at" in change.columns)
        steps_per_order = np.unique(steps, axis=1).shape[1] / orders
    with own_shop(settings, Wishes(orders_per_day=_LIVE_ORDERS_PER_DAY)) as shop:
        shop.connection.execute("set synchronous_commit = off")
        writer = StepWriter(shop.connection)
        rows = 0
        live_step(shop, writer)
        steps_before, started = writer.step_count, time.monotonic()
        for _ in range(ticks):
            rows += live_step(shop, writer).total()
        seconds = time.monotonic() - started
        steps_done = writer.step_count - steps_before
        step = f"live, {ticks} ticks, {steps_done / seconds:,.0f} transactions a second"
        return Figure(step, seconds, rows), steps_done / seconds / steps_per_order
