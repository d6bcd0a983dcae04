"""A live tick: every business step is a transaction of its own, and a journal lets the next owner finish a tick that was cut short."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from gen_data.changes import Changes, Delete, Insert, Update
from gen_data.clock import to_datetime
from gen_data.schema import CUSTOMERS
from gen_data.write.batch import TABLES
from gen_data.write.journal import pack, unpack
from gen_data.write.wire import Parameters, Pipeline, Statement, parameters, statement_of

_RANKS = {table.fullname: rank for rank, table in enumerate(TABLES)}
_LOCK = "shop steps"
# A step that does not follow the last one fails: where a commit is refused, no transaction is left that would refuse what comes behind it.
_COUNT_STEP = Statement("update shop_control.tick_journal set steps_done = steps_done + 1 / (steps_done = $1::bigint)::int", (0,))
# The history of customers takes the time of a deletion from here.
_SET_NOW = Statement("select set_config('shop.now', $1, true)", (0,))


class StepWriter:
    """Writes ticks over one connection, whose statements stay prepared. ``step_count`` is how many steps it has written.

    The server goes on for a moment with what a killed writer had sent. So a
    writer locks the steps for as long as its connection lasts, and waits for
    one that is dying.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._prepared: dict[Statement, bytes] = {}
        self.step_count = 0
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (_LOCK,))

    def begin(self, tick: int, changes: Changes, clock: dict[str, int]) -> None:
        """Keep the tick's changes and the clock's row as it is after them, within the caller's transaction."""
        self._connection.execute(
            "insert into shop_control.tick_journal (tick, steps_done, changes) values (%b, 0, %b)", (tick, pack(changes, clock))
        )

    def finish(self, changes: Changes, clock: dict[str, int], steps_done: int = 0) -> None:
        """Write the steps of a begun tick that have not been done, then move the clock and forget the journal.

        Raises what PostgreSQL says of a step that it refuses; the steps before it stay, and those after it are not done.
        """
        with Pipeline(self._connection, self._prepared) as pipeline:
            for number, step in enumerate(_steps(self._connection, changes)):
                if number < steps_done:
                    continue
                if pipeline.is_refused:
                    break
                pipeline.send(_COUNT_STEP, (str(number).encode(),))
                for statement, row in step:
                    pipeline.send(statement, row)
                pipeline.commit()
                self.step_count += 1
        with self._connection.transaction():
            write_clock(self._connection, clock)
            self._connection.execute("delete from shop_control.tick_journal")


def finish_tick(connection: psycopg.Connection) -> bool:
    """Complete the tick that somebody else began and did not finish; returns whether there was one."""
    writer = StepWriter(connection)
    row = connection.execute("select steps_done, changes from shop_control.tick_journal").fetchone()
    if row is None:
        return False
    changes, clock = unpack(row[1])
    writer.finish(changes, clock, row[0])
    return True


def write_clock(connection: psycopg.Connection, clock: dict[str, int]) -> None:
    """Move the clock: its row's columns by name."""
    columns = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in clock)
    connection.execute(sql.SQL("update shop_control.clock set {}").format(columns), clock)


def next_open_tick(connection: psycopg.Connection) -> int:
    """The first tick of which nothing is decided yet. The clock's row is locked until the transaction ends."""
    # Two statements: what the lock waited for is seen only by a statement that begins after it.
    row = connection.execute("select next_tick from shop_control.clock for update").fetchone()
    is_begun = connection.execute("select exists (select from shop_control.tick_journal)").fetchone()
    assert row is not None and is_begun is not None  # noqa: S101, PT018 - an opened shop has a clock
    return int(row[0]) + int(is_begun[0])


class _Prepared(NamedTuple):
    statement: Statement
    rows: list[Parameters]
    # For a deletion of customers, when it happens.
    now: list[bytes] | None


def _steps(connection: psycopg.Connection, changes: Changes) -> Iterator[list[tuple[Statement, Parameters]]]:
    """The statements of each step, in the order of instants; within a step parents first, and deletions last, children first."""
    changes = [change for change in changes if len(change)]
    if not changes:
        return
    prepared = [_prepare(connection, change) for change in changes]
    counts = [len(change) for change in changes]
    at = np.concatenate([change.at for change in changes])
    step = np.concatenate([change.step for change in changes])
    of_change = np.repeat(np.arange(len(changes)), counts)
    rank = np.array([_rank(change) for change in changes])[of_change]
    row = np.concatenate([np.arange(count) for count in counts])
    order = np.lexsort((row, of_change, rank, step, at))
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (np.diff(at[order]) != 0) | (np.diff(step[order]) != 0)
    starts = np.flatnonzero(begins)
    of_change, row = of_change[order], row[order]
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        yield [statement for place in range(start, end) for statement in _of_row(prepared[of_change[place]], row[place])]


def _rank(change: Insert | Update | Delete) -> int:
    rank = _RANKS[change.table.fullname]
    return 2 * len(_RANKS) - rank if isinstance(change, Delete) else rank


def _prepare(connection: psycopg.Connection, change: Insert | Update | Delete) -> _Prepared:
    rows, formats = parameters(change.table, change.columns)
    now = None
    if isinstance(change, Delete) and change.table is CUSTOMERS:
        now = [to_datetime(at).isoformat().encode() for at in change.at.tolist()]
    return _Prepared(statement_of(connection, change, formats), rows, now)


def _of_row(prepared: _Prepared, row: int) -> list[tuple[Statement, Parameters]]:
    statement = (prepared.statement, prepared.rows[row])
    return [statement] if prepared.now is None else [(_SET_NOW, (prepared.now[row],)), statement]
