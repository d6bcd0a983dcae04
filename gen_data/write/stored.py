"""Rows that are in the database, as columns."""

from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import sqlalchemy
from psycopg import sql

from gen_data.changes import NULL, Coded, Column
from gen_data.write.encode import identifier
from gen_data.write.fold import Rows

# Untyped on purpose: the published stubs refuse valid calls.
_pa: Any = pa

_MOST_CODES = 256


def read_rows(connection: psycopg.Connection, table: sqlalchemy.Table) -> Rows:
    """All rows of a small table, as rows that were there before any stretch."""
    query = sql.SQL("select {} from {} order by {}").format(
        sql.SQL(", ").join(map(_selected, table.columns)),
        identifier(table),
        sql.SQL(", ").join(sql.Identifier(column.name) for column in table.primary_key.columns),
    )
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(query).fetchall()
    values = zip(*rows, strict=True) if rows else ((),) * len(table.columns)
    columns = {column.name: _column(column, list(held)) for column, held in zip(table.columns, values, strict=True)}
    return Rows(columns, np.zeros(len(rows), dtype=np.int64))


def _selected(column: sqlalchemy.Column[Any]) -> sql.Composed:
    """A column as text, a date, a truth, or a whole number in the generator's units."""
    kind, name = column.type, sql.Identifier(column.name)
    if isinstance(kind, sqlalchemy.Boolean | sqlalchemy.Date):
        return sql.Composed([name])
    if isinstance(kind, sqlalchemy.String):
        return sql.SQL("{}::text").format(name)
    number = sql.SQL("{}")
    if isinstance(kind, sqlalchemy.Numeric):
        number = sql.SQL("{} * 10 ^ {scale}")
    elif isinstance(kind, sqlalchemy.DateTime):
        number = sql.SQL("extract(epoch from {}) * 1000000")
    whole = number.format(name, scale=sql.Literal(getattr(kind, "scale", None)))
    return sql.SQL("coalesce(({})::bigint, {}::bigint)").format(whole, sql.Literal(str(NULL)))


def _column(column: sqlalchemy.Column[Any], values: list[Any]) -> Column:
    if isinstance(column.type, sqlalchemy.Boolean):
        return np.array(values, dtype=np.bool_)
    if isinstance(column.type, sqlalchemy.Date):
        dates: Column = _pa.array(values, pa.date32())
        return dates
    if isinstance(column.type, sqlalchemy.String):
        texts = _pa.array(values, pa.string())
        coded = texts.dictionary_encode()
        if len(coded.dictionary) > _MOST_CODES:
            return texts  # type: ignore[no-any-return]
        return Coded(tuple(coded.dictionary.to_pylist()), np.asarray(coded.indices.fill_null(-1), dtype=np.int64))
    return np.array(values, dtype=np.int64)
