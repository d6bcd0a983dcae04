"""Bronze: every change of a source table, append-only, each with its place in the source's log.

A table's last covered log position is kept in a table property and in the
summary of each snapshot, written by the same commit as the rows, so that a
repeated batch can be told from a new one. What the source table was like is
kept beside it (see :mod:`iceberg.capture.fingerprint`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import TruncateTransform
from pyiceberg.types import IcebergType, ListType, LongType, NestedField, StringType, TimestamptzType
from sqlalchemy.exc import SQLAlchemyError

from iceberg.properties import EVERY_TABLE
from shoplake.core.errors import CaptureError

POSITION = "shoplake.end-lsn"
KEY = "shoplake.key"
SOURCE_TABLE = "shoplake.source-table"
FINGERPRINT = "shoplake.source-fingerprint"
LEFT_OUT = "shoplake.left-out"
"""Why the table is not captured any more, so that it lacks what the source has had since; gone with its next load."""

SNAPSHOT_OPERATION = "snapshot"

_LOG_BYTES_A_PARTITION = 2**30
INGEST_LOCK = "ingest"
"""Held by who writes bronze."""
_SNAPSHOTS_KEPT = 10
_EXPIRE_EVERY = 5

# Field ids of the metadata columns lie far above those of source columns, which grow by evolution.
METADATA_FIELDS = (
    NestedField(9001, "_operation", StringType(), True, doc="snapshot (first load), insert, update, delete or truncate"),
    NestedField(9002, "_transaction_id", LongType(), False, doc="64-bit transaction id at the source, null for the first load"),
    NestedField(9003, "_commit_lsn", LongType(), True, doc="position of the transaction's commit record in the source's log, in bytes"),
    NestedField(9004, "_end_lsn", LongType(), True, doc="position behind the transaction's commit record, in bytes"),
    NestedField(9005, "_sequence", LongType(), True, doc="order of the change within its transaction; unique with _end_lsn"),
    NestedField(9006, "_committed_at", TimestamptzType(), True, doc="when the transaction committed at the source; the first load's own time"),
    NestedField(
        9007, "_unchanged_columns", ListType(9008, StringType(), False), False,
        doc="columns that the update left as they were and the log did not carry",
    ),
)  # fmt: skip
METADATA_COLUMNS = tuple(field.name for field in METADATA_FIELDS)


@dataclass(frozen=True)
class BronzeColumn:
    """A source column as bronze holds it."""

    name: str
    type: IcebergType
    doc: str | None = None


def bronze_name(schema: str, table: str) -> str:
    """Name of the bronze table of a source table: its own in schema public, else with the schema before it."""
    return f"bronze.{table}" if schema == "public" else f"bronze.{schema}__{table}"


def position_of(table: Table) -> int | None:
    """Log position up to which the table holds every change, None before its first load is complete."""
    recorded = table.properties.get(POSITION)
    return int(recorded) if recorded is not None else None


def forget_position(table: Table) -> None:
    """Have the table loaded anew by the next ingest, because changes of it were or will be missed."""
    if position_of(table) is not None:
        with table.transaction() as transaction:
            transaction.remove_properties(POSITION)


def leave_out(table: Table, reason: str) -> None:
    """Mark a table that is not captured any more, and have it loaded anew when it is captured again."""
    if table.properties.get(LEFT_OUT) == reason and position_of(table) is None:
        return
    with table.transaction() as transaction:
        if position_of(table) is not None:
            transaction.remove_properties(POSITION)
        transaction.set_properties({LEFT_OUT: reason})


def record_fingerprint(table: Table, fingerprint: str) -> None:
    """Keep what the source table is like now, where every row that it may have changed is in bronze or in the log to come."""
    with table.transaction() as transaction:
        transaction.set_properties({FINGERPRINT: fingerprint})


def load(catalog: SqlCatalog, name: str) -> Table | None:
    """The bronze table, None when there is none yet."""
    try:
        return catalog.load_table(name)
    except NoSuchTableError:
        return None


def ensure_table(
    catalog: SqlCatalog, source_table: tuple[str, str], columns: Sequence[BronzeColumn], key: Sequence[str], doc: str
) -> Table:
    """Create the bronze table of ``(schema, table)``, or add and widen columns so that it holds ``columns``, described as given.

    Columns that the source no longer has stay and become null; an empty
    description leaves the one that is there. Raises
    CaptureError when a column's type changed to one that the table cannot take.
    """
    name = bronze_name(*source_table)
    table = load(catalog, name)
    if table is None:
        fields = [
            NestedField(position, column.name, column.type, False, doc=column.doc) for position, column in enumerate(columns, start=1)
        ]
        return catalog.create_table(
            name,
            Schema(*fields, *METADATA_FIELDS),
            partition_spec=PartitionSpec(
                PartitionField(source_id=9004, field_id=1000, transform=TruncateTransform(_LOG_BYTES_A_PARTITION), name="log_gibibyte")
            ),
            properties={
                **EVERY_TABLE,
                "comment": doc,
                SOURCE_TABLE: ".".join(source_table),
                KEY: ",".join(key),
            },
        )
    _evolve(table, columns)
    wanted = {**EVERY_TABLE, "comment": doc or table.properties.get("comment", "")}
    stale = {name: value for name, value in wanted.items() if table.properties.get(name, "") != value and name != "format-version"}
    if stale:
        with table.transaction() as transaction:
            transaction.set_properties(stale)
    return table


def _evolve(table: Table, columns: Sequence[BronzeColumn]) -> None:
    held = {field.name: field for field in table.schema().fields}
    changed = [column for column in columns if not _is_as_held(column, held.get(column.name))]
    if not changed:
        return
    try:
        with table.update_schema() as update:
            for column in changed:
                field = held.get(column.name)
                if field is not None:
                    kind = field.field_type if _holds(field.field_type, column.type) else column.type
                    update.update_column(column.name, field_type=kind, doc=column.doc or field.doc)
                else:
                    update.add_column(column.name, column.type, doc=column.doc)
    except Exception as problem:
        raise CaptureError(
            f"capture: the columns of {table.properties.get(SOURCE_TABLE)} changed in a way that {'.'.join(table.name())} cannot take ({problem}). "
            "Rename the column at the source, so that it comes as a new one, then run `shoplake ingest --reload`; "
            "or leave the table out with SHOPLAKE_SOURCE_EXCLUDE. Nothing was written."
        ) from problem


def _is_as_held(column: BronzeColumn, field: NestedField | None) -> bool:
    return field is not None and _holds(field.field_type, column.type) and (not column.doc or column.doc == field.doc)


def _holds(held: IcebergType, wanted: IcebergType) -> bool:
    """Whether a column of type ``held`` takes the values of ``wanted``: it is the same, or was widened before."""
    return held == wanted or (isinstance(held, LongType) and str(wanted) == "int")


def row_schema(table: Table) -> pa.Schema:
    """The Arrow schema that rows for :func:`append` must have."""
    return schema_to_pyarrow(table.schema(), include_field_ids=False)


def append(
    catalog: SqlCatalog,
    table: Table,
    chunks: Iterable[pa.Table],
    position: int,
    keep: Collection[int] = (),
    fingerprint: str | None = None,
) -> int:
    """Append rows in one commit that also records ``position``; gives the number of rows.

    Old snapshots go from the metadata, but for those in ``keep``. A whole load
    gives the ``fingerprint`` that its source table had before it.

    ``chunks`` have the table's :func:`row_schema`; memory holds one at a time.
    The table must be as it was loaded: when somebody else committed since,
    nothing is written and CaptureError is raised. A commit whose answer was
    lost is looked up, never repeated blindly.
    """
    # A retried append would skip validation and could land twice. Only this copy in memory is changed.
    table.metadata.properties["commit.retry.num-retries"] = "0"
    rows = 0
    try:
        with table.transaction() as transaction:
            for chunk in chunks:
                transaction.append(chunk, snapshot_properties={POSITION: str(position)})
                rows += chunk.num_rows
            if LEFT_OUT in table.properties:
                transaction.remove_properties(LEFT_OUT)
            transaction.set_properties({POSITION: str(position)} | ({FINGERPRINT: fingerprint} if fingerprint is not None else {}))
    except (CommitFailedException, SQLAlchemyError) as problem:
        written = load(catalog, ".".join(table.name()))
        if written is None or position_of(written) != position:
            raise CaptureError(
                f"capture: {'.'.join(table.name())} was not written, because the catalog refused ({type(problem).__name__}). Repeat the ingest."
            ) from problem
    if len(table.metadata.snapshots) >= _SNAPSHOTS_KEPT + _EXPIRE_EVERY:
        expire(table, keep)
    return rows


def outlived(table: Table, keep: Collection[int]) -> list[int]:
    """The snapshots but for the newest ten, those in ``keep``, and those that a tag or branch names."""
    snapshots = sorted(table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    named = {reference.snapshot_id for reference in table.metadata.refs.values()} | set(keep)
    return [snapshot.snapshot_id for snapshot in snapshots[:-_SNAPSHOTS_KEPT] if snapshot.snapshot_id not in named]


def expire(table: Table, keep: Collection[int]) -> None:
    """Drop :func:`outlived` snapshots from the metadata, which every commit rewrites; files go in maintenance."""
    old = outlived(table, keep)
    if old:
        table.maintenance.expire_snapshots().by_ids(old).commit()


def metadata_columns(
    operation: pa.Array[Any],
    transaction_id: pa.Array[Any],
    commit_lsn: pa.Array[Any],
    end_lsn: pa.Array[Any],
    sequence: pa.Array[Any],
    committed_at: pa.Array[Any],
    unchanged: pa.Array[Any],
) -> dict[str, pa.Array[Any]]:
    """The metadata columns by name, each of one entry a row."""
    values = (operation, transaction_id, commit_lsn, end_lsn, sequence, committed_at, unchanged)
    return dict(zip(METADATA_COLUMNS, values, strict=True))


def rows(schema: pa.Schema, columns: dict[str, pa.Array[Any]]) -> pa.Table:
    """A table of ``schema``; columns that are not given are null."""
    size = len(columns[METADATA_COLUMNS[0]])
    return pa.table([columns.get(field.name, pa.nulls(size, field.type)).cast(field.type) for field in schema], schema=schema)
