"""New rows for PostgreSQL: columns to Arrow, Arrow to binary COPY."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pgpq
import psycopg
import pyarrow as pa
import sqlalchemy
from psycopg import sql

from gen_data.changes import NULL, Coded, Column, Columns
from gen_data.texts import Texts

# Untyped on purpose: the published stubs refuse valid calls.
_pa: Any = pa

_BYTES_PER_MESSAGE = 1 << 20
# Bounds the encoded bytes that are held at once.
_ROWS_PER_BATCH = 1 << 15


def copy_in(connection: psycopg.Connection, table: sqlalchemy.Table, columns: Columns, is_frozen: bool = False) -> int:
    """Add rows to a table; returns how many. Columns that are left out stay null.

    ``is_frozen`` spares the server a later visit of every row, and is possible
    only for a table that this transaction truncated.
    """
    batch = arrow(table, columns)
    if not batch.num_rows:
        return 0
    statement = sql.SQL("copy {} ({}) from stdin (format binary, freeze {})").format(
        identifier(table), sql.SQL(", ").join(map(sql.Identifier, batch.schema.names)), sql.Literal(is_frozen)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for message in _messages(batch):
            copy.write(message)
    return batch.num_rows


def identifier(table: sqlalchemy.Table) -> sql.Identifier:
    """The table's quoted name, schema included."""
    return sql.Identifier(table.schema or "public", table.name)


def arrow(table: sqlalchemy.Table, columns: Columns) -> pa.RecordBatch:
    """The columns, in the table's order, as PostgreSQL's binary formats need them."""
    given = [column for column in table.columns if column.name in columns]
    unknown = columns.keys() - {column.name for column in given}
    if unknown:
        raise KeyError(f"{table.name} has no column {min(unknown)}")
    made: pa.RecordBatch = _pa.record_batch([_arrow(column, columns[column.name]) for column in given], names=[c.name for c in given])
    return made


def _messages(batch: pa.RecordBatch) -> Iterator[memoryview]:
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    head = encoder.write_header()
    for start in range(0, batch.num_rows, _ROWS_PER_BATCH):
        data = memoryview(head + encoder.write_batch(batch.slice(start, _ROWS_PER_BATCH)))
        head = b""
        for first in range(0, len(data), _BYTES_PER_MESSAGE):
            yield data[first : first + _BYTES_PER_MESSAGE]
    yield memoryview(encoder.finish())


def _arrow(column: sqlalchemy.Column[Any], values: Column) -> Texts:
    if isinstance(values, Coded):
        return values.texts()
    if isinstance(values, pa.Array):
        return values
    if isinstance(column.type, sqlalchemy.Boolean):
        flags: Texts = _pa.array(values)
        return flags
    is_null = values == NULL if column.nullable else None
    if is_null is not None and not is_null.any():
        is_null = None
    kind = column.type
    made: Texts
    if isinstance(kind, sqlalchemy.Numeric):
        made = _decimals(values, kind, is_null)
    elif isinstance(kind, sqlalchemy.DateTime):
        made = _pa.array(values, pa.timestamp("us", "UTC"), mask=is_null)
    elif isinstance(kind, sqlalchemy.SmallInteger):
        made = _pa.array(_narrow(values, is_null, np.int16), mask=is_null)
    elif isinstance(kind, sqlalchemy.BigInteger):
        made = _pa.array(values, mask=is_null)
    else:
        made = _pa.array(_narrow(values, is_null, np.int32), mask=is_null)
    return made


def _narrow(values: npt.NDArray[Any], is_null: npt.NDArray[np.bool_] | None, kind: type[np.integer[Any]]) -> npt.NDArray[Any]:
    """Whole numbers as ``kind``. Raises OverflowError rather than cut one off."""
    held = values if is_null is None else np.where(is_null, 0, values)
    narrowed = held.astype(kind)
    if not np.array_equal(narrowed, held):
        raise OverflowError(f"a number does not fit into {np.dtype(kind).name}")
    return narrowed


def _decimals(scaled: npt.NDArray[np.int64], kind: sqlalchemy.Numeric[Any], is_null: npt.NDArray[np.bool_] | None) -> Texts:
    """Exact decimals from integers in units of the last digit: Arrow's 128 bits are the number and its sign."""
    words = np.empty((len(scaled), 2), dtype=np.int64)
    words[:, 0] = scaled
    words[:, 1] = scaled >> 63
    validity = None if is_null is None else pa.py_buffer(np.packbits(~is_null, bitorder="little").tobytes())
    decimals: Texts = _pa.Array.from_buffers(
        pa.decimal128(kind.precision or 38, kind.scale or 0), len(scaled), [validity, pa.py_buffer(words.tobytes())]
    )
    return decimals
