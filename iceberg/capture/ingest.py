"""One ingest: everything that the source committed and bronze does not have yet, exactly once.

The order of steps is what makes a crash harmless. Each table commits its rows
with the END position that they reach; when all have, the cut is recorded; only
then the slot advances. A crash between any two repeats the peek, and each table
skips what its own position covers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from iceberg import bronze, cuts
from iceberg.capture import publication, slot
from iceberg.capture.decode import OPERATION_NAMES, Batch, Changes, Relation, decode
from iceberg.capture.first_load import read_table
from iceberg.capture.source import SourceTable, connect, described_types, tables_of
from iceberg.capture.types import from_text, iceberg_type
from iceberg.catalog import prepare_lake
from iceberg.failures import service_failures
from shoplake.core.errors import BusyError, CaptureError
from shoplake.core.lock import only_one
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings

CHANGES_A_BATCH = 250_000
_SECONDS_FOR_A_DYING_READER = 15


@dataclass
class IngestResult:
    """What one ingest did."""

    cut: int | None = None
    """Log position up to which every bronze table is complete."""
    first_loads: dict[str, int] = field(default_factory=dict)
    """Rows of each bronze table that was loaded for the first time, or anew."""
    changes: dict[str, int] = field(default_factory=dict)
    """Rows added from the log, by bronze table."""
    left_out: list[str] = field(default_factory=list)
    """Why a table of the source is not captured and what would admit it, a sentence each."""
    seconds: float = 0.0

    @property
    def row_count(self) -> int:
        """Rows written to bronze."""
        return sum(self.first_loads.values()) + sum(self.changes.values())


def ingest(
    settings: Settings, reload: bool = False, wait: bool = True, on_wait: Callable[[str], None] | None = None, progress: Progress = silent
) -> IngestResult:
    """Bring bronze up to what the source has committed by now.

    With ``reload`` every table is loaded anew behind a truncate, from a new
    slot. Raises CaptureError, ServiceError or BusyError; whatever was written
    by then is whole, and the next ingest goes on from there.
    """
    started = time.monotonic()
    result = IngestResult()
    with (
        service_failures("ingest"),
        only_one(settings.catalog_dsn, "ingest", wait, on_wait) as session,
        connect(settings.source_dsn, "shoplake ingest") as source,
    ):
        catalog = prepare_lake(settings)
        tables = tables_of(source, settings.source_schemas, settings.source_exclude)
        result.left_out = [table.refusal for table in tables if table.refusal]
        captured = [table for table in tables if table.refusal is None]
        if not captured:
            raise CaptureError(
                f"capture: schema {', '.join(settings.source_schemas)} of the source has no table that can be captured. "
                "Create the shop with `shoplake generate`, or set SHOPLAKE_SOURCE_SCHEMAS."
            )
        publication.ensure_publication(source, settings.source_owner_dsn, settings.source_name, captured)
        _load_new_tables(settings, catalog, source, captured, reload, result, progress)
        _follow_log(settings, catalog, source, session, captured, result, progress)
    result.seconds = time.monotonic() - started
    return result


def _load_new_tables(
    settings: Settings,
    catalog: SqlCatalog,
    source: psycopg.Connection[Any],
    captured: Sequence[SourceTable],
    reload: bool,
    result: IngestResult,
    progress: Progress,
) -> None:
    """Give every captured table its first load; each under its slot's own snapshot."""
    names = {table.full_name: bronze.bronze_name(table.schema, table.name) for table in captured}
    existing = {table.full_name: bronze.load(catalog, names[table.full_name]) for table in captured}
    complete = {name for name, table in existing.items() if table is not None and bronze.position_of(table) is not None}
    confirmed = slot.confirmed_position(source, settings.source_name)
    if reload and confirmed is not None:
        slot.drop(source, settings.source_name)
        confirmed = None
    if confirmed is None and complete and not reload:
        raise CaptureError(
            f"capture: bronze continues from slot {settings.source_name}, which the source does not have (any more). "
            "Point SHOPLAKE_SOURCE_URL at the database that was captured, or load every table anew with `shoplake ingest --reload`."
        )
    waiting = [table for table in captured if reload or table.full_name not in complete]
    if not waiting and confirmed is not None:
        return
    name = settings.source_name if confirmed is None else f"{settings.source_name}_first_load"
    with slot.new_slot(settings.source_dsn, name, temporary=confirmed is not None) as snapshot:
        for table in waiting:
            columns = [
                _bronze_column(column.name, column.type_oid, column.type_modifier, column.is_enum, column.doc) for column in table.columns
            ]
            target = bronze.ensure_table(
                catalog, (table.schema, table.name), columns, table.key, f"Every change of {table.full_name} at the source."
            )
            rows = read_table(source, table, snapshot, target, table.full_name in complete, progress)
            result.first_loads[names[table.full_name]] = bronze.append(catalog, target, rows, snapshot.position)


def _follow_log(
    settings: Settings,
    catalog: SqlCatalog,
    source: psycopg.Connection[Any],
    session: psycopg.Connection[Any],
    captured: Sequence[SourceTable],
    result: IngestResult,
    progress: Progress,
) -> None:
    """Batches of whole transactions from the log, until it is covered as far as it reached at the start."""
    up_to = slot.flush_position(source)
    keys = {table.full_name: table.key for table in captured}
    while True:
        batch = decode(_peek(source, settings.source_name, up_to))
        next_id = slot.next_transaction_id(source)
        is_last = batch.change_count < CHANGES_A_BATCH
        position = max(up_to, batch.end_lsn or 0) if is_last else batch.end_lsn or up_to
        written = _write_batch(catalog, source, batch, keys, position, next_id)
        for name, rows in written.items():
            result.changes[name] = result.changes.get(name, 0) + rows
        result.cut = cuts.latest_cut(session)
        if written or result.first_loads or result.cut is None:
            cuts.record_cut(session, position)
            result.cut = position
        slot.advance(source, settings.source_name, position)
        progress("changes", sum(result.changes.values()))
        if is_last:
            return


def _peek(source: psycopg.Connection[Any], name: str, up_to: int) -> bytes:
    """Peek, waiting out the backend of an ingest that was killed: its slot stays active for some seconds."""
    give_up_at = time.monotonic() + _SECONDS_FOR_A_DYING_READER
    while True:
        try:
            return slot.peek(source, name, name, up_to, CHANGES_A_BATCH)
        except psycopg.errors.ObjectInUse as problem:
            if time.monotonic() > give_up_at:
                raise BusyError(
                    f"capture: slot {name} is read by another program ({problem}). Stop it, or set SHOPLAKE_SOURCE_NAME."
                ) from problem
            time.sleep(0.2)


def _write_batch(
    catalog: SqlCatalog, source: psycopg.Connection[Any], batch: Batch, keys: dict[str, tuple[str, ...]], position: int, next_id: int
) -> dict[str, int]:
    """One commit for each table that the batch touches; gives the rows by bronze table."""
    shapes: dict[str, list[Changes]] = {}
    for changes in batch.changes(keys):
        shapes.setdefault(bronze.bronze_name(changes.relation.schema, changes.relation.name), []).append(changes)
    written = {}
    for name, parts in shapes.items():
        table = bronze.load(catalog, name)
        covered = bronze.position_of(table) if table is not None else None
        if table is None or covered is None:
            continue  # its first load, still to come, will see these changes
        for part in parts:
            relation = part.relation
            columns = _columns_of(source, relation)
            table = bronze.ensure_table(catalog, (relation.schema, relation.name), columns, keys.get(relation.full_name, ()), "")
        chunks = [chunk for part in parts if (chunk := _rows(part, table, covered, next_id)).num_rows]
        if chunks:
            written[name] = bronze.append(catalog, table, chunks, position)
    return written


def _columns_of(source: psycopg.Connection[Any], relation: Relation) -> list[bronze.BronzeColumn]:
    own = {column.type_oid for column in relation.columns if iceberg_type(column.type_oid, column.type_modifier) is None}
    described = described_types(source, own) if own else {}
    columns = []
    for column in relation.columns:
        type_oid, modifier, is_enum = described.get(column.type_oid, (column.type_oid, column.type_modifier, False))
        try:
            columns.append(_bronze_column(column.name, type_oid, modifier, is_enum, None))
        except CaptureError as problem:
            raise CaptureError(f"capture: table {relation.full_name}: {problem}") from problem
    return columns


def _bronze_column(name: str, type_oid: int, modifier: int, is_enum: bool, doc: str | None) -> bronze.BronzeColumn:
    kind = iceberg_type(type_oid, modifier, is_enum)
    if kind is None:
        raise CaptureError(
            f"column {name} has a type (OID {type_oid}) that Iceberg cannot hold. Leave the table out with SHOPLAKE_SOURCE_EXCLUDE. Nothing was written."
        )
    return bronze.BronzeColumn(name, kind, doc)


def _rows(changes: Changes, table: Table, covered: int, next_id: int) -> pa.Table:
    """The changes behind the position ``covered`` as rows of the bronze table."""
    schema = bronze.row_schema(table)
    columns = {
        column.name: from_text(values, schema.field(column.name).type, f"table {changes.relation.full_name} column {column.name}")
        for column, values in zip(changes.relation.columns, changes.columns, strict=True)
    }
    names = np.array([OPERATION_NAMES.get(code, "") for code in range(256)])
    rows = bronze.rows(
        schema,
        columns
        | bronze.metadata_columns(
            operation=pa.array(names[changes.operation]),
            # The log has the lower 32 bits; the transaction is older than next_id and younger than 2^32 before it.
            transaction_id=pa.array(next_id - (next_id - changes.transaction_id) % 2**32),
            commit_lsn=pa.array(changes.commit_lsn),
            end_lsn=pa.array(changes.end_lsn),
            sequence=pa.array(changes.sequence),
            committed_at=pa.array(changes.committed_at, pa.timestamp("us", "UTC")),
            unchanged=changes.unchanged,
        ),
    )
    is_new = changes.end_lsn > covered
    return rows if is_new.all() else rows.filter(pa.array(is_new))
