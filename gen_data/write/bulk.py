"""The first load: rows that will not change any more, into tables without keys and triggers, which come back at its end."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

import psycopg
import sqlalchemy
from psycopg import sql

from gen_data.changes import Changes
from gen_data.schema import CUSTOMER_HISTORY, CUSTOMERS
from gen_data.write.batch import TABLES
from gen_data.write.change import change_rows, delete_rows
from gen_data.write.encode import copy_in, identifier
from gen_data.write.fold import Rows, by_table
from gen_data.write.keys import Guard, check_guards, drop_guards, find_guards, make_guards
from gen_data.write.stored import read_rows
from gen_data.write.waiting import WaitingCustomers, WaitingRows
from shoplake.core.progress import Progress, silent

# How many stretches the simulation may be ahead of the writer.
_STRETCHES_AHEAD = 4
# Room to sort the keys of millions of rows, on both of the cores that a small machine has.
_SETTINGS = {"maintenance_work_mem": "256MB", "max_parallel_maintenance_workers": "2"}
_NAMES = [f"{table.schema or 'public'}.{table.name}" for table in TABLES]
_ALL = sql.SQL(", ").join(map(identifier, TABLES))


@dataclass
class Loaded:
    """What a first load was and cost.

    Attributes:
        rows: Rows copied, by table, those of the opening included.
        copy_seconds: Wall seconds of COPY, encoding included, by table; most of it passes while time is simulated.
        late_seconds: What changed after its row was copied.
        analyze_seconds: Statistics for the planner.
        key_seconds: Each key, index and trigger, by its kind and name.
        verify_seconds: Each invariant, by its name.
    """

    rows: Counter[str] = field(default_factory=Counter)
    copy_seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    late_seconds: float = 0.0
    analyze_seconds: float = 0.0
    key_seconds: dict[str, float] = field(default_factory=dict)
    verify_seconds: dict[str, float] = field(default_factory=dict)


def strip_tables(connection: psycopg.Connection) -> list[Guard]:
    """Empty the shop's tables and take keys and triggers off them, within the caller's transaction; returns what was taken off."""
    for name, value in _SETTINGS.items():
        connection.execute("select set_config(%s, %s, true)", (name, value))
    guards = find_guards(connection, _NAMES)
    drop_guards(connection, guards)
    # Rows may be written as frozen only into tables that this transaction emptied.
    connection.execute(sql.SQL("truncate {}").format(_ALL))
    return guards


def analyze(connection: psycopg.Connection) -> None:
    """Let the planner know how much there is."""
    connection.execute(sql.SQL("analyze {}").format(_ALL))


class FirstLoad:
    """Loads a shop at its opening within the caller's transaction, which must use the connection for nothing else meanwhile.

    Stretches are given to :meth:`write` one after the other; a thread folds,
    encodes and copies them while the next is simulated. :meth:`finish` writes
    what is still held and puts keys and triggers back.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._customers = WaitingCustomers()
        self._tables = {table.fullname: WaitingRows(table) for table in TABLES if table is not CUSTOMERS}
        self._queue: Queue[Changes | None] = Queue(_STRETCHES_AHEAD)
        self._problem: BaseException | None = None
        self._thread = Thread(target=self._work, name="first load", daemon=True)
        self._guards: list[Guard] = []
        self.loaded = Loaded()

    def __enter__(self) -> Self:
        """Take keys and triggers off and hold the rows that the shop opened with."""
        self._customers.hold(read_rows(self._connection, CUSTOMERS))
        for waiting in self._tables.values():
            # The history of the first customers is made anew with that of the others.
            if waiting.table is not CUSTOMER_HISTORY:
                waiting.hold(read_rows(self._connection, waiting.table))
        self._guards = strip_tables(self._connection)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """End the thread; what it was doing is rolled back with the caller's transaction."""
        if self._thread.is_alive():
            self._problem = self._problem or value or RuntimeError("the first load was left before its end")
            self._queue.put(None)
            self._thread.join()

    def write(self, changes: Changes) -> None:
        """Hand over a stretch; waits while the writer is some stretches behind. Raises what the writer ran into."""
        self._queue.put(changes)
        if self._problem is not None:
            raise self._problem

    def finish(self, progress: Progress = silent) -> Loaded:
        """Write the rest, then make the keys and triggers anew. Raises what PostgreSQL says of rows that break a rule."""
        self._queue.put(None)
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        for waiting in self._tables.values():
            self._copy(waiting.table, waiting.rest())
        for customers, versions in self._customers.rest():
            self._copy(CUSTOMERS, customers)
            self._copy(CUSTOMER_HISTORY, versions)
        started = time.monotonic()
        analyze(self._connection)
        self.loaded.analyze_seconds = time.monotonic() - started
        # What changed late finds its rows by their keys, and may have to make room before other rules hold.
        keys = [guard for guard in self._guards if guard.kind == "primary key"]
        self.loaded.key_seconds = make_guards(self._connection, keys, progress)
        started = time.monotonic()
        for waiting in self._tables.values():
            updates = waiting.late_updates()
            if updates is not None:
                change_rows(self._connection, waiting.table, updates)
        for waiting in reversed(self._tables.values()):
            keys_of_gone = waiting.late_deletes()
            if keys_of_gone is not None:
                delete_rows(self._connection, waiting.table, keys_of_gone)
        self.loaded.late_seconds = time.monotonic() - started
        self.loaded.key_seconds |= make_guards(self._connection, self._guards[len(keys) :], progress)
        check_guards(self._connection, self._guards, _NAMES)
        return self.loaded

    def _work(self) -> None:
        while (changes := self._queue.get()) is not None:
            if self._problem is not None:
                continue
            try:
                for name, of_table in by_table(changes).items():
                    if of_table.table is CUSTOMERS:
                        self._customers.add(of_table)
                    else:
                        self._copy(of_table.table, self._tables[name].add(of_table))
            except BaseException as problem:
                self._problem = problem

    def _copy(self, table: sqlalchemy.Table, rows: Rows | None) -> None:
        if rows is None or not len(rows):
            return
        started = time.monotonic()
        self.loaded.rows[table.name] += copy_in(self._connection, table, rows.columns, is_frozen=True)
        self.loaded.copy_seconds[table.name] += time.monotonic() - started
