"""Takes foreign keys, indexes, unique keys and triggers off tables for a load, and puts back what was there."""

import time
from typing import NamedTuple

import psycopg
from psycopg import sql

from shoplake.core.errors import ShopError
from shoplake.core.progress import Progress, silent


class Guard(NamedTuple):
    """Something that keeps a table's rows right, or finds them: its kind, table, name, and the definition that makes it again."""

    kind: str
    schema: str
    table: str
    name: str
    definition: str
    is_enabled: str


# In the order in which they are made; they are dropped in the opposite one.
_KINDS = ("primary key", "unique", "index", "foreign key", "trigger")

_FIND = """
    with held as (select unnest(%(tables)s::regclass[])::oid as id)
    select case contype when 'f' then 'foreign key' when 'p' then 'primary key' else 'unique' end as kind, n.nspname, c.relname, k.conname,
           pg_get_constraintdef(k.oid), 'O'
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where (contype in ('p', 'u', 'x') and conrelid in (select id from held))
       or (contype = 'f' and (conrelid in (select id from held) or confrelid in (select id from held)))
    union all
    select 'index', n.nspname, c.relname, i.relname, pg_get_indexdef(x.indexrelid), 'O'
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace
    where x.indrelid in (select id from held)
      and not exists (select from pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x'))
    union all
    select 'trigger', n.nspname, c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgrelid in (select id from held) and not t.tgisinternal
"""

_DROP = {
    "primary key": "alter table {table} drop constraint {name}",
    "unique": "alter table {table} drop constraint {name}",
    "foreign key": "alter table {table} drop constraint {name}",
    "index": "drop index {index}",
    "trigger": "drop trigger {name} on {table}",
}


def find_guards(connection: psycopg.Connection, tables: list[str]) -> list[Guard]:
    """All foreign keys from and to the tables (qualified names), and their unique keys, other indexes and triggers; in the order to make them."""
    found = [Guard(*row) for row in connection.execute(_FIND, {"tables": tables})]
    return sorted(found, key=lambda guard: (_KINDS.index(guard.kind), guard.schema, guard.table, guard.name))


def drop_guards(connection: psycopg.Connection, guards: list[Guard]) -> None:
    """Take them off, within the caller's transaction."""
    for guard in reversed(guards):
        connection.execute(_named(_DROP[guard.kind], guard))


def make_guards(connection: psycopg.Connection, guards: list[Guard], progress: Progress = silent) -> dict[str, float]:
    """Put back what was taken off, which PostgreSQL checks against every row; returns the seconds that each took, by its name."""
    seconds: dict[str, float] = {}
    for number, guard in enumerate(guards):
        started = time.monotonic()
        connection.execute(_make(guard))
        seconds[f"{guard.kind} {guard.name}"] = time.monotonic() - started
        progress("keys and triggers", number + 1, len(guards))
    return seconds


def check_guards(connection: psycopg.Connection, guards: list[Guard], tables: list[str]) -> None:
    """Raise ShopError unless all that guarded the tables before guards them now."""
    # Not by their definitions: PostgreSQL may word one otherwise when it is made from its own words.
    missing = {guard._replace(definition="") for guard in guards} - {
        guard._replace(definition="") for guard in find_guards(connection, tables)
    }
    if missing:
        raise ShopError(
            f"shop: {min(missing).name} of {min(missing).table} did not come back as it was. Nothing was kept; run the command again."
        )


def _make(guard: Guard) -> sql.Composed:
    # A definition is PostgreSQL's own text of what it holds.
    definition = sql.SQL(guard.definition)
    if guard.kind in ("index", "trigger"):
        made = sql.Composed([definition])
        if guard.is_enabled != "O":
            how = {"D": "disable trigger", "R": "enable replica trigger", "A": "enable always trigger"}[guard.is_enabled]
            made += _named("; alter table {table} " + how + " {name}", guard)
        return made
    return _named("alter table {table} add constraint {name} ", guard) + definition


def _named(statement: str, guard: Guard) -> sql.Composed:
    return sql.SQL(statement).format(
        table=sql.Identifier(guard.schema, guard.table), name=sql.Identifier(guard.name), index=sql.Identifier(guard.schema, guard.name)
    )
