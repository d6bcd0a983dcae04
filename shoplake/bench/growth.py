"""What must not grow: memory with a table's size, the cost of a batch with the batches before it."""

import statistics
import time
from collections.abc import Callable

import psycopg
from psycopg import sql

from iceberg.capture.ingest import ingest
from iceberg.capture.source import copy_out
from shoplake.bench.figures import Figure
from shoplake.bench.processes import run
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases

LARGE_TABLE_ROWS = 10_000_000
BATCHES = 1_000
_COMPARED = 50


def large_first_load(services: Settings, say: Callable[[str], None]) -> list[Figure]:
    """The first load of one table of 10,000,000 rows, with its peak memory."""
    say(f"load a table of {LARGE_TABLE_ROWS:,} rows")
    with fresh_databases(services) as settings:
        with psycopg.connect(settings.shop_dsn) as shop:
            shop.execute(
                "create table events (id bigint primary key, kind int, body text, amount numeric(14,2), at timestamptz, day date, tag text, owner bigint)"
            )
            shop.execute(
                """
                insert into events
                select i, i %% 1000, 'event ' || i, i * 1.25, timestamptz '2026-01-01 00:00Z' + i * interval '1 s', '2026-01-01', 'x', i
                from generate_series(1, %s) i
                """,
                (LARGE_TABLE_ROWS,),
            )
        started = time.monotonic()
        with psycopg.connect(settings.shop_dsn) as shop:
            for _ in copy_out(shop, sql.SQL("copy {} to stdout (format csv)").format(sql.Identifier("events"))):
                pass
        limit = time.monotonic() - started
        loaded = run(settings, "ingest")
        step = f"first load of {LARGE_TABLE_ROWS:,} rows of 8 columns"
        return [Figure(step, loaded.seconds, LARGE_TABLE_ROWS, loaded.peak_bytes, "COPY out to nowhere", limit)]


def many_small_batches(services: Settings, say: Callable[[str], None]) -> list[Figure]:
    """1,000 ingests of one row each into one table: the median of the last 50 next to that of the first 50."""
    say(f"ingest {BATCHES:,} small batches")
    seconds = []
    with fresh_databases(services) as settings, psycopg.connect(settings.shop_dsn, autocommit=True) as shop:
        shop.execute("create table events (id bigint primary key, body text)")
        ingest(settings)
        for number in range(BATCHES):
            shop.execute("insert into events values (%s, 'x')", (number,))
            started = time.monotonic()
            ingest(settings)
            seconds.append(time.monotonic() - started)
    first, last = (statistics.median(part) for part in (seconds[:_COMPARED], seconds[-_COMPARED:]))
    return [
        Figure(f"an ingest of one row, the last {_COMPARED} of {BATCHES:,} (median)", last, None, None, f"the first {_COMPARED}", first)
    ]
