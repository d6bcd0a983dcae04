"""One command at a time: a named advisory lock in PostgreSQL, which dies with its holder."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from shoplake.core.errors import BusyError


@contextmanager
def only_one(dsn: str, work: str, wait: bool = True, on_wait: Callable[[str], None] | None = None) -> Iterator[psycopg.Connection]:
    """Hold the lock of ``work`` in the database at ``dsn`` while the body runs.

    The lock belongs to a database session, so a killed holder frees it. The
    holder is named by its session's ``application_name``. Yields that session,
    in autocommit. When somebody else holds it: ``on_wait`` gets a sentence that
    names the holder, then this waits; without ``wait`` raises BusyError.
    """
    name = f"shoplake {work} pid {os.getpid()} on {socket.gethostname()}"
    with psycopg.connect(dsn, autocommit=True, application_name=name[:63]) as session:
        if not _try(session, work):
            holder = _holder(session, work)
            if not wait:
                raise BusyError(f"{work}: {holder} is at it. Wait for it to end, or run without --no-wait to queue behind it.")
            if on_wait is not None:
                on_wait(f"{work}: waiting for {holder}")
            session.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (work,))
        yield session


def _try(session: psycopg.Connection, work: str) -> bool:
    row = session.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (work,)).fetchone()
    return bool(row and row[0])


def _holder(session: psycopg.Connection, work: str) -> str:
    row = session.execute(
        """
        select activity.application_name
        from pg_locks lock join pg_stat_activity activity using (pid)
        where lock.locktype = 'advisory' and lock.granted and lock.objsubid = 1
          and lock.database = (select oid from pg_database where datname = current_database())
          and (lock.classid::bigint << 32) | lock.objid::bigint = hashtextextended(%s, 0)
        """,
        (work,),
    ).fetchone()
    return str(row[0]) if row else "another command"
