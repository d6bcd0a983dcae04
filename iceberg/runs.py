"""Runs: what a build read, from which version it started each table, and what it made of it.

A run is shared by the processes that build its tables, through the catalog's database.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from iceberg.failures import database_failure
from shoplake.core.errors import BuildError

Status = Literal["waiting", "kept", "unchanged", "built"]
RunStatus = Literal["running", "published", "nothing_new", "previewed", "failed"]


@dataclass(frozen=True)
class TableRun:
    """One table in a run.

    Attributes:
        table_name: With its layer.
        status: waiting to be built, kept without a look since no input moved, unchanged after a look, or built.
        definition: What the table's code was (see ``LakeTable.definition``).
        strategy: How it was built, in words; None before.
        base_snapshot_id: The version that the last release names; None before the first.
        snapshot_id: The version that the run leaves: the base's unless built.
        cut_end_lsn: The cut up to which that version has consumed bronze.
        inputs: The snapshot of each input that it has consumed.
        touched: What differs between base and version (see ``spark_jobs.touched``); None: anything may.
        changed_row_count: Rows inserted, updated or deleted.
        seconds: How long it took.
    """

    table_name: str
    status: Status
    definition: str
    strategy: str | None = None
    base_snapshot_id: int | None = None
    snapshot_id: int | None = None
    cut_end_lsn: int | None = None
    inputs: Mapping[str, int] = field(default_factory=dict)
    touched: dict[str, Any] | None = None
    changed_row_count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class RunInput:
    """A bronze table as a run reads it.

    Attributes:
        table_name: With its layer.
        snapshot_id: The snapshot that is read; ``NO_SNAPSHOT`` for a table without any.
        position_end_lsn: No row of that snapshot lies behind this position of the log; None where it is not known.
        metadata_location: Where the table's metadata was, to know again a table that did not change.
    """

    table_name: str
    snapshot_id: int
    position_end_lsn: int | None
    metadata_location: str


NO_SNAPSHOT = 0


@dataclass(frozen=True)
class Run:
    """A run and its tables, in build order."""

    run_id: int
    status: RunStatus
    base_release_id: int | None
    cut_end_lsn: int
    is_full: bool
    inputs: Mapping[str, RunInput]
    tables: Mapping[str, TableRun]
    message: str | None = None

    @property
    def branch(self) -> str:
        """The branch that its tables are written to."""
        return f"run_{self.run_id}"

    @property
    def waiting(self) -> list[str]:
        """The tables that are still to be built."""
        return [name for name, table in self.tables.items() if table.status == "waiting"]


@contextmanager
def catalog_database(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction in the catalog's database: committed when the body ends well.

    Raises ServiceError when the database does not answer, StorageError when its disk is full.
    """
    try:
        with psycopg.connect(dsn) as connection:
            yield connection
    except psycopg.OperationalError as problem:
        raise database_failure("catalog", problem) from problem


def start_run(
    connection: psycopg.Connection[Any],
    base_release_id: int | None,
    cut_end_lsn: int,
    is_full: bool,
    inputs: Mapping[str, RunInput],
    tables: Sequence[TableRun],
    is_limited: bool = False,
) -> Run:
    """Record a new run with everything that it resolved; one with no table waiting has nothing new.

    ``is_limited`` says that it was asked for some tables only.
    """
    status: RunStatus = "running" if any(table.status == "waiting" for table in tables) else "nothing_new"
    row = connection.execute(
        """
        insert into shoplake.runs (base_release_id, cut_end_lsn, is_full, is_limited, status, ended_at)
        values (%s, %s, %s, %s, %s, case when %s = 'nothing_new' then now() end) returning run_id
        """,
        (base_release_id, cut_end_lsn, is_full, is_limited, status, status),
    ).fetchone()
    if row is None:
        raise BuildError("build: the catalog's database gave no run number. Repeat the build.")
    run_id = int(row[0])
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into shoplake.run_inputs (run_id, table_name, snapshot_id, position_end_lsn, metadata_location)
            values (%s, %s, %s, %s, %s)
            """,
            [(run_id, i.table_name, i.snapshot_id, i.position_end_lsn, i.metadata_location) for i in inputs.values()],
        )
    for table in tables:
        save_table(connection, run_id, table)
    return Run(run_id, status, base_release_id, cut_end_lsn, is_full, dict(inputs), {table.table_name: table for table in tables})


def save_table(connection: psycopg.Connection[Any], run_id: int, table: TableRun) -> None:
    """Record where a table of the run stands, in place of what was known before."""
    values = {
        **vars(table),
        "run_id": run_id,
        "inputs": Jsonb(dict(table.inputs)),
        "touched": Jsonb(table.touched) if table.touched is not None else None,
    }
    connection.execute(
        """
        insert into shoplake.run_tables (run_id, table_name, status, strategy, definition, base_snapshot_id, snapshot_id, cut_end_lsn,
                                         inputs, touched, changed_row_count, seconds)
        values (%(run_id)s, %(table_name)s, %(status)s, %(strategy)s, %(definition)s, %(base_snapshot_id)s, %(snapshot_id)s,
                %(cut_end_lsn)s, %(inputs)s, %(touched)s, %(changed_row_count)s, %(seconds)s)
        on conflict (run_id, table_name) do update set
            status = excluded.status, strategy = excluded.strategy, snapshot_id = excluded.snapshot_id, cut_end_lsn = excluded.cut_end_lsn,
            inputs = excluded.inputs, touched = excluded.touched, changed_row_count = excluded.changed_row_count, seconds = excluded.seconds
        """,
        values,
    )


def load_run(connection: psycopg.Connection[Any], run_id: int) -> Run:
    """The run as it stands now. Raises BuildError when there is none of that number."""
    with connection.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute("select * from shoplake.runs where run_id = %s", (run_id,)).fetchone()
        if run is None:
            raise BuildError(f"build: there is no run {run_id}. Begin one with `shoplake build`.")
    with connection.cursor(row_factory=class_row(TableRun)) as cursor:
        tables = cursor.execute(f"select {_TABLE_COLUMNS} from shoplake.run_tables where run_id = %s", (run_id,)).fetchall()  # noqa: S608
    return Run(
        run_id, run["status"], run["base_release_id"], run["cut_end_lsn"], run["is_full"],
        _inputs(connection, "where run_id = %s", run_id), {table.table_name: table for table in tables}, run["message"],
    )  # fmt: skip


def known_inputs(connection: psycopg.Connection[Any]) -> dict[str, RunInput]:
    """The bronze tables as the newest run that resolved any read them."""
    return _inputs(connection, "where run_id = (select max(run_id) from shoplake.run_inputs)")


def under_way(connection: psycopg.Connection[Any]) -> list[int]:
    """The runs that may still be built: those that run and began within three hours, longer than any build may take."""
    rows = connection.execute(
        "select run_id from shoplake.runs where status = 'running' and started_at > now() - interval '3 hours'"
    ).fetchall()
    return [row[0] for row in rows]


def resolved_inputs(connection: psycopg.Connection[Any]) -> list[int]:
    """Snapshots of bronze that a run under way has resolved."""
    rows = connection.execute("select snapshot_id from shoplake.run_inputs where run_id = any(%s)", (under_way(connection),)).fetchall()
    return [row[0] for row in rows]


def _inputs(connection: psycopg.Connection[Any], which: str, *values: Any) -> dict[str, RunInput]:
    with connection.cursor(row_factory=class_row(RunInput)) as cursor:
        rows = cursor.execute(
            f"select table_name, snapshot_id, position_end_lsn, metadata_location from shoplake.run_inputs {which}".encode(),  # noqa: S608
            values,
        ).fetchall()
    return {row.table_name: row for row in rows}


def end_run(connection: psycopg.Connection[Any], run_id: int, status: RunStatus, message: str | None = None) -> None:
    """Record how a running run ended; one that has ended already stays as it is."""
    connection.execute(
        "update shoplake.runs set status = %s, message = %s, ended_at = now() where run_id = %s and status = 'running'",
        (status, message, run_id),
    )


def versions_between(connection: psycopg.Connection[Any], table_name: str, older: int, newer: int) -> list[TableRun] | None:
    """The runs that led a table from snapshot ``older`` to ``newer``, newest first; None when the one does not stand on the other."""
    with connection.cursor(row_factory=class_row(TableRun)) as cursor:
        chain = cursor.execute(
            f"""
            with recursive chain as (
                select 1 as depth, version.* from shoplake.run_tables version
                where table_name = %(table)s and snapshot_id = %(newer)s and status = 'built'
                union all
                select chain.depth + 1, version.* from shoplake.run_tables version join chain
                  on version.table_name = chain.table_name and version.snapshot_id = chain.base_snapshot_id and version.status = 'built'
                where chain.snapshot_id <> %(older)s and chain.base_snapshot_id <> %(older)s and chain.depth < 1000
            )
            select {_TABLE_COLUMNS} from chain order by depth
            """,  # noqa: S608
            {"table": table_name, "newer": newer, "older": older},
        ).fetchall()
    return chain if chain and chain[-1].base_snapshot_id == older else None


_TABLE_COLUMNS = (
    "table_name, status, definition, strategy, base_snapshot_id, snapshot_id, cut_end_lsn, inputs, touched, changed_row_count, seconds"
)
