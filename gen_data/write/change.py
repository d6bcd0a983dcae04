"""Changes of rows that are there: one statement for all rows of a table, its values bound as arrays."""

from typing import Any

import numpy as np
import psycopg
import sqlalchemy
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy.dialects import postgresql

from gen_data.changes import NULL, Coded, Column
from gen_data.write.encode import identifier
from gen_data.write.fold import Rows, Updated, key_of
from shoplake.core.errors import ShopError

_BIGINT_OID, _BIGINT_ARRAY_OID = 20, 1016


def change_rows(connection: psycopg.Connection, table: sqlalchemy.Table, updates: Updated) -> None:
    """Change rows, each once at most. Raises ShopError when one is not there."""
    if not len(updates):
        return
    key = key_of(table)
    given = {f"has {name}": mask for name, mask in updates.given.items()}
    assignments = [
        sql.SQL(
            "{name} = case when change.{has} then change.{name} else target.{name} end"
            if name in updates.given
            else "{name} = change.{name}"
        ).format(name=sql.Identifier(name), has=sql.Identifier(f"has {name}"))
        for name in updates.columns
        if name not in key
    ]
    source, values = _source(table, {**updates.columns, **given})
    statement = sql.SQL("update {table} as target set {assignments} from {source} where {same}").format(
        table=identifier(table), assignments=sql.SQL(", ").join(assignments), source=source, same=_same_key(key)
    )
    _execute(connection, table, statement, values, len(updates))


def delete_rows(connection: psycopg.Connection, table: sqlalchemy.Table, keys: Rows) -> None:
    """Delete the rows with these keys. Raises ShopError when one is not there."""
    if len(keys):
        source, values = _source(table, keys.columns)
        statement = sql.SQL("delete from {table} as target using {source} where {same}").format(
            table=identifier(table), source=source, same=_same_key(key_of(table))
        )
        _execute(connection, table, statement, values, len(keys))


def check_found(table: sqlalchemy.Table, found: int, wanted: int) -> None:
    """Raise ShopError when not all rows that were to change were there."""
    if found != wanted:
        raise ShopError(
            f"shop: {wanted - found} of {wanted} rows of {table.name} that should change are not in the database. Something else changed "
            "or deleted them; nothing of this step was kept. Begin again in an empty database."
        )


def _same_key(key: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(" and ").join(sql.SQL("target.{name} = change.{name}").format(name=sql.Identifier(name)) for name in key)


def _source(table: sqlalchemy.Table, columns: dict[str, Column]) -> tuple[sql.Composed, dict[str, Any]]:
    """A derived table ``change`` with these columns, and the values to bind."""
    values: dict[str, Any] = {}
    arrays, expressions = [], []
    for number, (name, column) in enumerate(columns.items()):
        bound, element = f"column {number}", sql.Identifier("given", name)
        kind = table.columns[name].type if name in table.columns else sqlalchemy.Boolean()
        if isinstance(column, Coded):
            values[bound], values[f"{bound} texts"] = column.codes, list(column.values)
            # A code of -1 looks at element 0, which is null.
            expression = sql.SQL("({}::text[])[{} + 1]").format(sql.Placeholder(f"{bound} texts"), element)
            array = sql.SQL("{}::bigint[]")
        elif isinstance(column, np.ndarray):
            values[bound] = column
            expression = _from_integer(kind).format(element, scale=sql.Literal(getattr(kind, "scale", None)), null=sql.Literal(NULL))
            array = sql.SQL("{}::bigint[]")
        else:
            values[bound] = column.to_pylist()
            expression, array = sql.SQL("{}").format(element), sql.SQL("{}::" + kind.compile(postgresql.dialect()) + "[]")  # type: ignore[no-untyped-call]
        arrays.append(array.format(sql.Placeholder(bound)))
        expressions.append(sql.SQL("{} as {}").format(expression, sql.Identifier(name)))
    source = sql.SQL("(select {} from unnest({}) as given ({})) as change").format(
        sql.SQL(", ").join(expressions), sql.SQL(", ").join(arrays), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    return source, values


def _from_integer(kind: sqlalchemy.types.TypeEngine[Any]) -> sql.SQL:
    """How a column of this type is made from whole numbers."""
    if isinstance(kind, sqlalchemy.Boolean):
        return sql.SQL("{} <> 0")
    if isinstance(kind, sqlalchemy.Numeric):
        return sql.SQL("nullif({}, {null}) * (10::numeric ^ -{scale})")
    if isinstance(kind, sqlalchemy.DateTime):
        return sql.SQL("timestamptz 'epoch' + nullif({}, {null}) * interval '1 microsecond'")
    return sql.SQL("nullif({}, {null})")


def _execute(connection: psycopg.Connection, table: sqlalchemy.Table, statement: sql.Composed, values: dict[str, Any], rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.adapters.register_dumper(np.ndarray, _BigintsDumper)
        cursor.execute(statement, values)
        check_found(table, cursor.rowcount, rows)


class _BigintsDumper(Dumper):
    """Binds an array of whole numbers, or of truths as 0 and 1, as bigint[]."""

    oid = _BIGINT_ARRAY_OID
    format = Format.BINARY

    def dump(self, obj: Any) -> Buffer:
        """PostgreSQL's array: dimensions, no nulls, the type, length and lower bound, then length and value of each element."""
        elements = np.empty(len(obj), dtype=[("length", ">i4"), ("value", ">i8")])
        elements["length"], elements["value"] = 8, obj
        return np.array([1, 0, _BIGINT_OID, len(obj), 1], dtype=">i4").tobytes() + elements.tobytes()
