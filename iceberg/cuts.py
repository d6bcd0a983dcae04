"""Cuts: positions in the source's log up to which every bronze table is complete.

A build reads bronze up to a cut and so sees one consistent state of all tables.
"""

from datetime import datetime
from typing import Any

import psycopg


def latest_cut(connection: psycopg.Connection[Any]) -> int | None:
    """End LSN of the newest cut in the catalog's database, None before the first."""
    row = connection.execute("select max(end_lsn) from shoplake.cuts").fetchone()
    return row[0] if row else None


def source_read_at(connection: psycopg.Connection[Any]) -> datetime | None:
    """When the source was last read: what it had committed by then is in bronze. None before the first cut."""
    row = connection.execute("select read_at from shoplake.cuts order by end_lsn desc limit 1").fetchone()
    return row[0] if row else None


def record_cut(connection: psycopg.Connection[Any], end_lsn: int) -> None:
    """Say that every bronze table is complete up to ``end_lsn``; repeating a cut changes nothing."""
    connection.execute("insert into shoplake.cuts (end_lsn) values (%s) on conflict (end_lsn) do nothing", (end_lsn,))


def record_reading(connection: psycopg.Connection[Any], read_at: datetime) -> None:
    """Say that nothing which the source had committed by ``read_at`` lies behind the newest cut."""
    connection.execute(
        "update shoplake.cuts set read_at = greatest(read_at, %s) where end_lsn = (select max(end_lsn) from shoplake.cuts)", (read_at,)
    )
