"""One ingest: everything that the source committed and bronze does not have yet, exactly once.

The order of steps is what makes a crash harmless. Each table commits its rows
with the END position that they reach; when all have, the cut is recorded; only
then the slot advances. A crash between any two repeats the peek, and each table
skips what its own position covers.

What a new definition of a table did to its rows is not in the log. It is
noticed by the table's fingerprint, which is read before anything else is, so
that a change is seen now or by the next ingest, and never by none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from iceberg import bronze, cuts
from iceberg.capture import claim, publication, slot
from iceberg.capture.decode import OPERATION_NAMES, Batch, Changes, Relation, decode
from iceberg.capture.fingerprint import Fingerprint, fingerprints, unlogged_change
from iceberg.capture.first_load import read_table
from iceberg.capture.source import SourceTable, connect, described_types, tables_of
from iceberg.capture.types import from_text, iceberg_type
from iceberg.catalog import prepare_lake
from iceberg.failures import service_failures
from iceberg.runs import resolved_inputs
from shoplake.core.errors import BusyError, CaptureError, DefinitionChangedError, NothingToCaptureError
from shoplake.core.lock import only_one
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings

MESSAGES_A_PEEK = 250_000
# Tables that are written side by side.
_WRITERS = 4
_SECONDS_FOR_A_DYING_READER = 15
_ATTEMPTS = 3


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
    reloads: list[str] = field(default_factory=list)
    """Why a table was loaded anew though the log has no gap, a sentence each."""
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
    with (
        service_failures("ingest"),
        only_one(settings.catalog_dsn, bronze.INGEST_LOCK, wait, on_wait) as session,
        connect(settings.source_dsn, "shoplake ingest") as source,
    ):
        catalog = prepare_lake(settings)
        result = IngestResult()
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                _Ingest(settings, catalog, source, session, progress, result).run(reload)
                break
            except DefinitionChangedError:
                if not attempts_left:
                    raise
                # Every load of a reload was done by then; the table that changed is found as by the next ingest.
                reload = False
    result.seconds = time.monotonic() - started
    return result


class _Ingest:
    """The steps of one ingest, in their order."""

    def __init__(
        self,
        settings: Settings,
        catalog: SqlCatalog,
        source: psycopg.Connection[Any],
        session: psycopg.Connection[Any],
        progress: Progress,
        result: IngestResult,
    ) -> None:
        self.settings, self.catalog, self.source, self.session = settings, catalog, source, session
        self.progress, self.result = progress, result
        self.captured: Sequence[SourceTable] = ()
        self.prints: Mapping[str, Fingerprint] = {}
        """What the tables were like before anything else was read, by ``schema.table``."""
        self.bronze: dict[SourceTable, Table | None] = {}
        """The bronze table of each captured table, None where it is still to come."""
        self.left_out: dict[str, str] = {}
        """Why a table is not captured, by ``schema.table``."""
        self.positions: dict[str, int] = {}
        """Log position that each captured bronze table has reached."""

    def run(self, reload: bool) -> None:
        """All steps, once. Raises DefinitionChangedError when what they stand on changed meanwhile."""
        confirmed = slot.confirmed_position(self.source, self.settings.source_name)
        if not (reload and confirmed is not None):
            claim.require(self.session, self.source, self.settings.source_name, confirmed)
        self._read_definitions()
        self._mark_left_out()
        self._publish(reload)
        self._load_new_tables(confirmed, reload)
        self._follow_log()

    def _read_definitions(self) -> None:
        settings = self.settings
        # Before the columns are: what changes in between differs from this later.
        self.prints = fingerprints(self.source, settings.source_schemas)
        tables = tables_of(self.source, settings.source_schemas, settings.source_exclude)
        self.captured = [table for table in tables if table.refusal is None]
        if not self.captured:
            raise NothingToCaptureError(
                f"capture: schema {', '.join(settings.source_schemas)} of the source has no table that can be captured. "
                "Create the shop with `shoplake generate`, or set SHOPLAKE_SOURCE_SCHEMAS."
            )
        self.bronze = {table: bronze.load(self.catalog, bronze.bronze_name(table.schema, table.name)) for table in self.captured}
        self.result.left_out = [table.refusal for table in tables if table.refusal]
        self.left_out = {table.full_name: table.refusal for table in tables if table.refusal}
        self.left_out |= {name: f"{name} is named in SHOPLAKE_SOURCE_EXCLUDE" for name in settings.source_exclude}

    def _mark_left_out(self) -> None:
        """Mark the bronze tables that are not captured any more, before their tables leave the publication: no cut completes them."""
        captured = {bronze.bronze_name(table.schema, table.name) for table in self.captured}
        for identifier in self.catalog.list_tables("bronze"):
            name = ".".join(identifier)
            held = bronze.load(self.catalog, name) if name not in captured else None
            source_table = held.properties.get(bronze.SOURCE_TABLE) if held is not None else None
            if held is not None and source_table is not None:
                bronze.leave_out(
                    held, self.left_out.get(source_table, f"{source_table} is not in the captured schemas of the source any more")
                )

    def _publish(self, reload: bool) -> None:
        """Have the captured tables in the publication.

        Of a table that was not in it changes may have been missed, and of one
        with a new definition too: its position is forgotten first, so that it is
        loaded anew also if this is killed.
        """
        name = self.settings.source_name
        published = publication.published_tables(self.source, name)
        for table, held in self.bronze.items():
            if held is None or bronze.position_of(held) is None:
                continue
            if reload or table.full_name not in (published or ()):
                bronze.forget_position(held)
            else:
                self._notice_changes(table, held)
        publication.ensure_publication(self.settings.source_owner_dsn, name, published, self.captured)

    def _notice_changes(self, table: SourceTable, held: Table) -> None:
        """Have a table loaded anew if its definition may have changed rows since its position was reached."""
        before, now = held.properties.get(bronze.FINGERPRINT), self.prints.get(table.full_name)
        if now is None or before == now.stored():
            return
        change = (
            unlogged_change(self.source, Fingerprint.of(json.loads(before)), now) if before else "nothing tells what it was like before"
        )
        if change is None:
            bronze.record_fingerprint(held, now.stored())
            return
        bronze.forget_position(held)
        self.result.reloads.append(f"{table.full_name} is loaded anew: {change}, and the log does not tell what that did to its rows")

    def _load_new_tables(self, confirmed: int | None, reload: bool) -> None:
        """Give every table that has no position its load; all under one slot's snapshot."""
        name = self.settings.source_name
        if reload and confirmed is not None:
            slot.drop(self.source, name)
            confirmed = None
            claim.require(self.session, self.source, name, None)
        reached = {
            bronze.bronze_name(table.schema, table.name): position
            for table, held in self.bronze.items()
            if held is not None and (position := bronze.position_of(held)) is not None
        }
        self.positions.update(reached)
        if confirmed is None and reached:
            raise CaptureError(
                f"capture: bronze continues from slot {name}, which the source does not have (any more). "
                "Load every table anew with `shoplake ingest --reload`."
            )
        waiting = [table for table in self.captured if bronze.bronze_name(table.schema, table.name) not in reached]
        if not waiting and confirmed is not None:
            return
        if confirmed is None:
            claim.advancing(self.session, None)
        with slot.new_slot(
            self.settings.source_dsn, f"{name}_first_load" if confirmed is not None else name, temporary=confirmed is not None
        ) as snapshot:
            self._require_later(snapshot.position)
            for table in waiting:
                self._load(table, snapshot)

    def _load(self, table: SourceTable, snapshot: slot.ExportedSnapshot) -> None:
        columns = [
            _bronze_column(column.name, column.type_oid, column.type_modifier, column.is_enum, column.doc) for column in table.columns
        ]
        target = bronze.ensure_table(self.catalog, (table.schema, table.name), columns, table.key, _doc(table))
        replaces_rows = target.current_snapshot() is not None
        rows = read_table(self.source, table, snapshot, target, replaces_rows, self.progress)
        name = bronze.bronze_name(table.schema, table.name)
        now = self.prints.get(table.full_name)
        self.result.first_loads[name] = bronze.append(
            self.catalog, target, rows, snapshot.position, resolved_inputs(self.session), now.stored() if now else None
        )
        self.positions[name] = snapshot.position

    def _require_later(self, position: int) -> None:
        """Refuse a source whose log lies before what bronze holds already, as after a restore from a backup."""
        cut = cuts.latest_cut(self.session)
        if cut is not None and position < cut:
            raise CaptureError(
                "capture: the source's log is behind what this lake holds of it, as after a restore from a backup. "
                "Start a new lake for it: another SHOPLAKE_HOME, or other SHOPLAKE_CATALOG_URI and SHOPLAKE_WAREHOUSE."
            )

    def _follow_log(self) -> None:
        """Batches of whole transactions from the log, until it is covered as far as it reached at the start."""
        name = self.settings.source_name
        read_at = self.session.execute("select clock_timestamp()").fetchone()
        up_to = slot.flush_position(self.source)
        # Below the newest load some table would be seen before its first row.
        floor = max(self.positions.values(), default=0)
        while True:
            batch = decode(_peek(self.source, name, up_to))
            self._require_same_definitions()
            is_last = batch.message_count < MESSAGES_A_PEEK or (batch.end_lsn or 0) >= up_to
            position = max(up_to, batch.end_lsn or 0) if is_last else batch.end_lsn or up_to
            self._write(batch, position)
            self.result.cut = cuts.latest_cut(self.session)
            # Also what a killed ingest wrote before it came to its cut.
            if position >= floor and (self.result.cut is None or self.result.cut < max(self.positions.values(), default=0)):
                cuts.record_cut(self.session, position)
                self.result.cut = position
            claim.advancing(self.session, position)
            slot.advance(self.source, name, position)
            self.progress("changes", sum(self.result.changes.values()))
            if is_last:
                if read_at is not None and position >= floor:
                    cuts.record_reading(self.session, read_at[0])
                return

    def _require_same_definitions(self) -> None:
        """Refuse to go on where a definition changed rows since this ingest began: a cut would have some of the change only."""
        later = fingerprints(self.source, self.settings.source_schemas)
        for table in self.captured:
            before, now = self.prints.get(table.full_name), later.get(table.full_name)
            change = "it is gone" if now is None else unlogged_change(self.source, before, now) if before else "it has just come"
            if change is not None:
                raise DefinitionChangedError(
                    f"capture: the definition of {table.full_name} changed while it was read ({change}). Repeat the ingest; nothing is lost."
                )

    def _write(self, batch: Batch, position: int) -> None:
        """One commit for each table that the batch touches."""
        next_id = slot.next_transaction_id(self.source)
        captured = {table.full_name: table for table in self.captured}
        keys = {name: table.key for name, table in captured.items()}
        shapes: dict[str, list[Changes]] = {}
        for changes in batch.changes(keys, self.left_out):
            shapes.setdefault(bronze.bronze_name(changes.relation.schema, changes.relation.name), []).append(changes)
        # All is read before any is written: a value that cannot be held stops the batch whole.
        prepared: list[tuple[str, Table, list[pa.Table]]] = []
        for name, parts in shapes.items():
            table = bronze.load(self.catalog, name)
            covered = bronze.position_of(table) if table is not None else None
            if table is None or covered is None:
                continue  # its load, still to come, will see these changes
            # A load that came since may be of columns that those of before it do not fit.
            parts = [part for part in parts if part.end_lsn.max() > covered]
            for part in parts:
                relation = part.relation
                described = captured.get(relation.full_name)
                table = bronze.ensure_table(
                    self.catalog,
                    (relation.schema, relation.name),
                    _columns_of(self.source, relation, described),
                    described.key if described else (),
                    _doc(described) if described else "",
                )
            chunks = [chunk for part in parts if (chunk := _rows(part, table, covered, next_id)).num_rows]
            if chunks:
                prepared.append((name, table, chunks))

        def append(one: tuple[str, Table, list[pa.Table]]) -> tuple[str, int]:
            name, table, chunks = one
            return name, bronze.append(self.catalog, table, chunks, position, resolved_inputs(self.session))

        # A commit is mostly waiting. Where one fails the others are whole, and their own positions say so.
        with ThreadPoolExecutor(_WRITERS) as writers:
            for name, rows in writers.map(append, prepared):
                self.result.changes[name] = self.result.changes.get(name, 0) + rows
                self.positions[name] = position


def _peek(source: psycopg.Connection[Any], name: str, up_to: int) -> bytes:
    """Peek, waiting out the backend of an ingest that was killed: its slot stays active for some seconds."""
    give_up_at = time.monotonic() + _SECONDS_FOR_A_DYING_READER
    while True:
        try:
            return slot.peek(source, name, name, up_to, MESSAGES_A_PEEK)
        except psycopg.errors.ObjectInUse as problem:
            if time.monotonic() > give_up_at:
                raise BusyError(
                    f"capture: slot {name} is read by another program ({problem}). Stop it, or set SHOPLAKE_SOURCE_NAME."
                ) from problem
            time.sleep(0.2)


def _doc(table: SourceTable) -> str:
    doc = f"Every change of {table.full_name} at the source."
    return f"{doc} There: {table.doc}" if table.doc else doc


def _columns_of(source: psycopg.Connection[Any], relation: Relation, described: SourceTable | None) -> list[bronze.BronzeColumn]:
    """The columns of a relation of the log, with what the source says of them now."""
    docs = {column.name: column.doc for column in described.columns} if described else {}
    own = {column.type_oid for column in relation.columns if iceberg_type(column.type_oid, column.type_modifier) is None}
    types = described_types(source, own) if own else {}
    columns = []
    for column in relation.columns:
        type_oid, modifier, is_enum = types.get(column.type_oid, (column.type_oid, column.type_modifier, False))
        try:
            columns.append(_bronze_column(column.name, type_oid, modifier, is_enum, docs.get(column.name)))
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
