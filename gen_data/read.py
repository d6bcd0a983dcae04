"""Reading many whole numbers out of PostgreSQL at once."""

import numpy as np
import psycopg
from psycopg import sql

from gen_data.randomness import IntArray

_HEADER_BYTES = 19


def read_integers(connection: psycopg.Connection, columns: int, query: sql.SQL | sql.Composed) -> IntArray:
    """The result of a query of ``columns`` columns, all bigint and not null, shaped (rows, columns)."""
    with connection.cursor() as cursor, cursor.copy(sql.SQL("copy ({}) to stdout (format binary)").format(query)) as copy:
        data = b"".join(copy)
    # Each field of the binary format is a 4-byte length (8) and the number; each row starts with 2 bytes, its number of fields.
    field = np.dtype([("length", ">i4"), ("value", ">i8")])
    row = np.dtype([("count", ">i2"), ("fields", field, (columns,))])
    rows = np.frombuffer(data, dtype=row, offset=_HEADER_BYTES, count=(len(data) - _HEADER_BYTES) // row.itemsize)
    return rows["fields"]["value"].astype(np.int64)
