"""A small source of two tables, and what bronze must hold of it."""

from typing import Any

import psycopg

from iceberg.catalog import open_catalog
from shoplake.core.settings import Settings

TABLES = """
    create table people (id bigint primary key, name text, balance numeric(14,2));
    create table pets (id int primary key, owner_id bigint references people);
    insert into people select number, 'person ' || number, number * 1.25 from generate_series(1, 500) number;
    insert into pets select number, number from generate_series(1, 200) number;
"""

CHANGES = """
    begin;
    update people set balance = balance + 1 where id <= 50;
    insert into pets values (900, 7);
    commit;
    delete from pets where id between 1 and 20;
    update people set id = 100001 where id = 500;
    begin;
    delete from people where id > 400;
    rollback;
"""
CHANGE_ROWS = {"bronze.people": 50 + 2, "bronze.pets": 1 + 20}


def execute(settings: Settings, statements: str) -> None:
    """Run statements at the source as its owner, one transaction each unless they say otherwise."""
    with psycopg.connect(settings.shop_dsn, autocommit=True) as connection:
        for statement in statements.split(";"):
            if statement.strip():
                connection.execute(statement.encode())


def carried_columns(settings: Settings, table: str) -> list[str]:
    """The columns of a source table that the log carries, which are all but the generated ones, in their order."""
    with psycopg.connect(settings.shop_dsn) as connection:
        rows = connection.execute(
            "select attname from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
            (table,),
        ).fetchall()
    return [row[0] for row in rows]


def source_rows(settings: Settings, table: str) -> list[tuple[Any, ...]]:
    """The source table's rows in the columns that the log carries, sorted."""
    query = f"select {', '.join(carried_columns(settings, table))} from {table}"
    with psycopg.connect(settings.shop_dsn) as connection:
        return sorted(connection.execute(query.encode()).fetchall(), key=repr)


def bronze_rows(settings: Settings, table: str) -> list[dict[str, Any]]:
    """Every row of the bronze table in the order of the log."""
    rows: list[dict[str, Any]] = open_catalog(settings).load_table(f"bronze.{table}").scan().to_arrow().to_pylist()
    return sorted(rows, key=lambda row: (row["_end_lsn"], row["_sequence"]))


def folded(settings: Settings, table: str) -> list[tuple[Any, ...]]:
    """The source table's rows as bronze tells them: every change applied in its order, in the columns of :func:`source_rows`, sorted."""
    columns = carried_columns(settings, table)
    state: dict[Any, dict[str, Any]] = {}
    for row in bronze_rows(settings, table):
        if row["_operation"] == "truncate":
            state.clear()
        elif row["_operation"] == "delete":
            del state[row["id"]]
        else:
            kept = {name: state[row["id"]][name] for name in row["_unchanged_columns"] or ()}
            state[row["id"]] = row | kept
    return sorted((tuple(row.get(name) for name in columns) for row in state.values()), key=repr)
