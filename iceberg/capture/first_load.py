"""The first load: a table's rows by COPY, under the snapshot from which the log continues."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv as csv
from psycopg import sql
from pyiceberg.table import Table

from iceberg import bronze
from iceberg.capture.slot import ExportedSnapshot
from iceberg.capture.source import SourceTable, copy_out
from iceberg.capture.types import from_text
from shoplake.core.progress import Progress, silent


def read_table(
    connection: psycopg.Connection[Any],
    source: SourceTable,
    snapshot: ExportedSnapshot,
    table: Table,
    replaces_rows: bool = False,
    progress: Progress = silent,
) -> Iterator[pa.Table]:
    """The rows that ``snapshot`` sees, as rows of the bronze ``table``, about 32 MiB of text at a time.

    With ``replaces_rows`` a truncate comes first, so that what bronze held
    before no longer counts. The connection is busy until the iterator ends.
    """
    schema = bronze.row_schema(table)
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute(sql.SQL("set transaction snapshot {}").format(sql.Literal(snapshot.name)))
        facts = connection.execute(
            "select now(), greatest(reltuples, 0)::bigint from pg_class where oid = %s::regclass", (_regclass(source),)
        ).fetchone()
        started_at, estimate = facts if facts else (None, 0)
        if replaces_rows:
            yield _rows(schema, {}, 1, snapshot.position, started_at, -1, "truncate")
        done = 0
        for block in copy_out(connection, _copy(source)):
            columns = _read_block(block, source, schema)
            size = len(next(iter(columns.values())))
            yield _rows(schema, columns, size, snapshot.position, started_at, done, bronze.SNAPSHOT_OPERATION)
            done += size
            progress(f"first load {source.name}", done, max(estimate, done))


def _regclass(source: SourceTable) -> str:
    return source.identifier.as_string(None)


def _copy(source: SourceTable) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in source.columns)
    only = sql.SQL("") if source.is_partitioned else sql.SQL("only ")
    return sql.SQL("copy (select {} from {}{}) to stdout (format csv)").format(columns, only, source.identifier)


def _read_block(block: bytes, source: SourceTable, schema: pa.Schema) -> dict[str, pa.Array[Any]]:
    names = [column.name for column in source.columns]
    text = csv.read_csv(
        io.BytesIO(block),
        read_options=csv.ReadOptions(column_names=names, block_size=len(block)),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        # An unquoted empty field is null, a quoted one is the empty string: PostgreSQL's own convention.
        convert_options=csv.ConvertOptions(
            column_types={name: pa.large_string() for name in names},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    return {
        name: from_text(text[name].combine_chunks(), schema.field(name).type, f"table {source.full_name} column {name}") for name in names
    }


def _rows(schema: pa.Schema, columns: dict[str, pa.Array[Any]], size: int, position: int, at: Any, first: int, operation: str) -> pa.Table:
    same = pa.repeat(pa.scalar(position, pa.int64()), size)
    return bronze.rows(
        schema,
        columns
        | bronze.metadata_columns(
            operation=pa.repeat(pa.scalar(operation), size),
            transaction_id=pa.nulls(size, pa.int64()),
            commit_lsn=same,
            end_lsn=same,
            sequence=pa.array(range(first, first + size), pa.int64()),
            committed_at=pa.repeat(pa.scalar(at, pa.timestamp("us", "UTC")), size),
            unchanged=pa.nulls(size, pa.list_(pa.string())),
        ),
    )
