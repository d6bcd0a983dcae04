"""Checks a shop from end to end: every invariant, over every row, by SQL."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql

from gen_data.invariants import INVARIANTS, Invariant
from gen_data.shop import connect, existing_identity, explained
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings

# Room for the sorts and joins of millions of orders, one query at a time. A loop in a loop never ends where a guess of rows is wrong, and sums
# by hash take twice the room that they are given. Rows in the order of an index that is not theirs are read again and again once they are more
# than the cache holds: sorting grows with the rows, and a second core helps with it.
_PLANNING = {
    "work_mem": "256MB",
    "hash_mem_multiplier": "2",
    "enable_nestloop": "off",
    "enable_hashagg": "off",
    "effective_cache_size": "256MB",
    "parallel_setup_cost": "100",
    "parallel_tuple_cost": "0.02",
    "jit": "off",
}

# Of a tick that is being written step by step, everything may be there already. What is broken is materialized, or the planner would take
# a way that finds a first row soon and all of them never: there is none as a rule.
_FIRST_OFFENDER = """
    with shop_time as (
        select shop.opened_at + interval '1 minute' * greatest(clock.next_tick, (select tick + 1 from shop_control.tick_journal)) as instant
        from shop_control.shop cross join shop_control.clock
    ),
    broken as materialized ({})
    select to_jsonb(broken), (select count(*) from broken) from broken order by broken limit 1
"""


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold: the keys of the first row that breaks it, and how many do."""

    invariant: Invariant
    first_row: dict[str, Any]
    row_count: int

    @property
    def first_row_text(self) -> str:
        """The keys of the first row, for people."""
        return ", ".join(f"{name} {value}" for name, value in self.first_row.items())

    def __str__(self) -> str:
        others = f" and {self.row_count - 1:,} more" if self.row_count > 1 else ""
        return f"{self.invariant.name} ({self.first_row_text}{others})"


@dataclass(frozen=True)
class Verified:
    """What a check found: what was checked and what of it is broken, up to which shop time (UTC), and what each invariant took, in wall seconds."""

    invariants: tuple[Invariant, ...]
    broken: tuple[Broken, ...]
    shop_time: datetime
    seconds: dict[str, float]


def verify(
    connection: psycopg.Connection, progress: Progress = silent, invariants: Sequence[Invariant] = INVARIANTS
) -> tuple[list[Broken], dict[str, float]]:
    """Check the invariants within the caller's transaction, its own rows included: what is broken, and the seconds that each took.

    After a large load, ANALYZE first: without statistics the plans are bad.
    """
    broken, seconds = [], {}
    with _settings(connection, _PLANNING):
        for number, invariant in enumerate(invariants):
            progress("invariants", number, len(invariants))
            started = time.monotonic()
            row = connection.execute(sql.SQL(_FIRST_OFFENDER).format(sql.SQL(invariant.broken))).fetchone()
            seconds[invariant.name] = time.monotonic() - started
            if row is not None:
                broken.append(Broken(invariant, row[0], row[1]))
        progress("invariants", len(invariants), len(invariants))
    return broken, seconds


def verify_shop(settings: Settings, progress: Progress = silent) -> Verified:
    """Check the shop at ``settings.shop_dsn`` in one snapshot, while it may go on.

    Raises ShopError when there is no shop, ServiceError when PostgreSQL does not answer.
    """
    with explained(), connect(settings.shop_dsn) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            identity = existing_identity(connection)
            row = connection.execute("select next_tick from shop_control.clock").fetchone()
            broken, seconds = verify(connection, progress)
    shop_time = identity.clock.local(row[0] if row else 0).astimezone(UTC)
    return Verified(INVARIANTS, tuple(broken), shop_time, seconds)


@contextmanager
def _settings(connection: psycopg.Connection, wanted: Mapping[str, str]) -> Iterator[None]:
    """Settings of the server for the body, within the caller's transaction."""
    before = {name: connection.execute("select current_setting(%s)", (name,)).fetchone() for name in wanted}
    for name, value in wanted.items():
        connection.execute("select set_config(%s, %s, true)", (name, value))
    yield
    for name, held in before.items():
        connection.execute("select set_config(%s, %s, true)", (name, *(held or ())))
