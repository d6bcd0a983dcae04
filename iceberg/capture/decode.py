"""PostgreSQL's logical replication messages (pgoutput, protocol 1) into Arrow, column by column.

The input is what ``COPY (select data from pg_logical_slot_peek_binary_changes(...)) TO STDOUT (FORMAT binary)``
sends: a file header, then one row of one bytea field a message. One compiled
pass notes where every message lies; a second one, for each shape of a table,
notes where every value lies; then whole columns are gathered at once.

Formats: PostgreSQL documentation, "Logical Replication Message Formats" and
"COPY: Binary Format".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from iceberg.capture import passes
from shoplake.core.errors import CaptureError

INSERT, UPDATE, DELETE, TRUNCATE = (ord(letter) for letter in "IUDT")
OPERATION_NAMES = {INSERT: "insert", UPDATE: "update", DELETE: "delete", TRUNCATE: "truncate"}

_POSTGRES_EPOCH_MICROSECONDS = 946_684_800_000_000

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RelationColumn:
    """A column as a Relation message names it."""

    name: str
    type_oid: int
    type_modifier: int


@dataclass(frozen=True)
class Relation:
    """The shape of a table from one Relation message on, until another comes for the same table."""

    oid: int
    schema: str
    name: str
    columns: tuple[RelationColumn, ...]

    @property
    def full_name(self) -> str:
        """``schema.table``."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Changes:
    """Changes of one table in one shape, in the order of the log; all arrays have one entry a row.

    A change of a row's key takes two rows: the delete of the old key, then the
    insert of the new. A delete carries the key columns only, a truncate none.
    """

    relation: Relation
    operation: Bytes
    """One of INSERT, UPDATE, DELETE, TRUNCATE."""
    transaction_id: Longs
    """The 32-bit transaction id, as the log has it."""
    commit_lsn: Longs
    end_lsn: Longs
    committed_at: Longs
    """Microseconds since 1970-01-01 UTC."""
    sequence: Longs
    """Order within the transaction, over all tables."""
    columns: tuple[pa.Array[Any], ...]
    """The values as PostgreSQL's text, null where there is none or it was not sent."""
    unchanged: pa.Array[Any]
    """List of the names of columns that an update left as they were and the log did not send; null for none."""


@dataclass(frozen=True)
class Batch:
    """What one peek at the log gave: whole transactions."""

    buffer: Bytes
    message_count: int
    """Messages of every kind, which is what a peek's limit counts."""
    kinds: Bytes
    offsets: Longs
    transactions: Longs
    shapes: Longs
    orders: Longs
    facts: Longs
    relations: tuple[Relation, ...]

    @property
    def change_count(self) -> int:
        """Changes in all tables."""
        return len(self.kinds)

    @property
    def end_lsn(self) -> int | None:
        """END position of the last transaction, None when there was none."""
        return int(self.facts[-1, 2]) if len(self.facts) else None

    def changes(self, keys: Mapping[str, tuple[str, ...]], left_out: Collection[str] = ()) -> Iterator[Changes]:
        """The changes of each table, a shape at a time, tables by name and shapes in the order of the log.

        ``keys`` gives the key columns by ``schema.table``; a table without key
        has none. The tables in ``left_out`` are passed over.
        """
        for shape in sorted(range(len(self.relations)), key=lambda position: self.relations[position].full_name):
            name = self.relations[shape].full_name
            chosen = np.flatnonzero(self.shapes == shape)
            if len(chosen) and name not in left_out:
                yield self._changes(self.relations[shape], chosen, keys.get(name, ()))

    def _changes(self, relation: Relation, chosen: Longs, key: tuple[str, ...]) -> Changes:
        is_key = np.array([column.name in key for column in relation.columns], np.bool_)
        rows, operation, change_of, starts, sizes = passes.locate(self.buffer, self.kinds[chosen], self.offsets[chosen], is_key, bool(key))
        facts = self.facts[self.transactions[chosen[change_of]]]
        is_second = np.concatenate(([False], change_of[1:] == change_of[:-1]))
        return Changes(
            relation=relation,
            operation=operation,
            transaction_id=facts[:, 0],
            commit_lsn=facts[:, 1],
            end_lsn=facts[:, 2],
            committed_at=facts[:, 3] + _POSTGRES_EPOCH_MICROSECONDS,
            sequence=2 * self.orders[chosen[change_of]] + is_second,
            columns=tuple(_text_array(self.buffer, starts[column], sizes[column], rows) for column in range(len(relation.columns))),
            unchanged=_unchanged(relation, sizes, operation, is_key),
        )


def decode(buffer: bytes) -> Batch:
    """Read one COPY of pgoutput messages.

    Raises CaptureError when the log names a table without having described it,
    or ends within a transaction: both would be a fault of the server's.
    """
    data = np.frombuffer(buffer, np.uint8)
    messages, changes, transactions, relations = passes.count(data)
    kinds, offsets, transaction_of, shapes, orders, facts, relation_offsets, is_whole = passes.scan(data, changes, transactions, relations)
    if not is_whole or (len(shapes) and shapes.min() < 0):
        raise CaptureError("capture: the log ended within a transaction or named an unknown table. Nothing was written; repeat.")
    described = tuple(_relation(buffer, int(offset)) for offset in relation_offsets)
    return Batch(data, messages, kinds, offsets, transaction_of, shapes, orders, facts, described)


def _relation(buffer: bytes, position: int) -> Relation:
    oid = int.from_bytes(buffer[position : position + 4], "big")
    schema, position = _text(buffer, position + 4)
    name, position = _text(buffer, position)
    count = int.from_bytes(buffer[position + 1 : position + 3], "big")
    position += 3
    columns = []
    for _ in range(count):
        column, position = _text(buffer, position + 1)
        type_oid = int.from_bytes(buffer[position : position + 4], "big")
        modifier = int.from_bytes(buffer[position + 4 : position + 8], "big", signed=True)
        columns.append(RelationColumn(column, type_oid, modifier))
        position += 8
    return Relation(oid, schema or "pg_catalog", name, tuple(columns))


def _text(buffer: bytes, position: int) -> tuple[str, int]:
    end = buffer.index(0, position)
    return buffer[position:end].decode(), end + 1


def _text_array(buffer: Bytes, starts: Longs, sizes: Longs, rows: int) -> pa.Array[Any]:
    offsets, data, validity = passes.gather(buffer, starts, sizes)
    return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data), pa.py_buffer(validity))


def _unchanged(relation: Relation, sizes: Longs, operation: Bytes, is_key: npt.NDArray[np.bool_]) -> pa.Array[Any]:
    kind = pa.list_(pa.string())
    left_out = sizes == passes.UNCHANGED
    rows = np.flatnonzero(left_out.any(axis=0))
    if not len(rows):
        return pa.nulls(sizes.shape[1], kind)
    remedy = f"Run `alter table {relation.full_name} replica identity full`, so that it will, then `shoplake ingest --reload`. Nothing was written."
    if left_out[is_key].any():
        raise CaptureError(f"capture: the log does not carry the key of a row of {relation.full_name} that an update changed. {remedy}")
    if (operation[rows] != UPDATE).any():
        raise CaptureError(
            f"capture: an update changed the key of a row of {relation.full_name} whose large values the log does not carry. {remedy}"
        )
    names: list[list[str] | None] = [None] * sizes.shape[1]
    for row in rows:
        names[row] = [column.name for column, is_left_out in zip(relation.columns, left_out[:, row], strict=True) if is_left_out]
    return pa.array(names, kind)
