"""The captured database: how to connect to it, and which of its tables can be captured."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import pq, sql
from pyiceberg.types import IcebergType

from iceberg.capture.types import iceberg_type
from shoplake.core.errors import CaptureError, does_not_answer

_NO_TIMEOUTS = "-c lock_timeout=0 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
# Everything that decides how a value looks as text is pinned, for COPY and for the log alike.
_TEXT_FORM = (
    "-c TimeZone=UTC -c DateStyle=ISO,MDY -c IntervalStyle=iso_8601 -c extra_float_digits=1 -c bytea_output=hex "
    "-c client_encoding=UTF8 -c row_security=off " + _NO_TIMEOUTS
)
_BLOCK_BYTES = 32 * 2**20
_MINIMUM_SERVER_VERSION = 140000


@dataclass(frozen=True)
class SourceColumn:
    """A column that the log carries (generated columns are not among them)."""

    name: str
    type_oid: int
    type_modifier: int
    type_name: str
    is_enum: bool
    doc: str | None

    @property
    def iceberg_type(self) -> IcebergType | None:
        """The type of the column in bronze, None when Iceberg has none for it."""
        return iceberg_type(self.type_oid, self.type_modifier, self.is_enum)


@dataclass(frozen=True)
class SourceTable:
    """A table of the captured database, as it is now."""

    schema: str
    name: str
    is_partitioned: bool
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    doc: str | None
    refusal: str | None
    """Why the table cannot be captured and what would admit it, None when it can."""

    @property
    def full_name(self) -> str:
        """``schema.table``."""
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted name."""
        return sql.Identifier(self.schema, self.name)


def connect(dsn: str, name: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A session in autocommit whose values come out in the pinned text form.

    ``name`` is shown in ``pg_stat_activity``. Raises ServiceError when the
    source does not answer, StorageError when its disk is full, CaptureError
    when it is older than PostgreSQL 14.
    """
    try:
        connection = psycopg.connect(dsn, autocommit=True, options=_TEXT_FORM, application_name=name, connect_timeout=10)
    except psycopg.OperationalError as problem:
        raise does_not_answer("capture: the source", problem) from problem
    if connection.info.server_version < _MINIMUM_SERVER_VERSION:
        raise CaptureError(
            f"capture: the source is PostgreSQL {connection.info.server_version // 10000}, and 14 is the oldest that works. Upgrade it."
        )
    return connection


def tables_of(connection: psycopg.Connection[Any], schemas: tuple[str, ...], exclude: tuple[str, ...] = ()) -> list[SourceTable]:
    """Every table of ``schemas`` but the excluded ``schema.table`` names, with what stands against capturing it."""
    rows = connection.execute(
        """
        select namespace.nspname, class.relname, class.relkind = 'p', class.relreplident::text, class.relpersistence::text,
               obj_description(class.oid, 'pg_class'),
               coalesce((
                   select array_agg(attribute.attname::text order by position.ordinal)
                   from pg_index index, unnest(index.indkey::int2[]) with ordinality position(attnum, ordinal)
                        join pg_attribute attribute on attribute.attnum = position.attnum
                   where index.indrelid = class.oid and attribute.attrelid = class.oid and position.ordinal <= index.indnkeyatts
                     and case class.relreplident when 'i' then index.indisreplident else index.indisprimary end
                     and index.indimmediate and index.indisvalid
               ), '{}'),
               (
                   select array_agg(jsonb_build_array(
                              attribute.attname, coalesce(nullif(type.typbasetype, 0), type.oid)::bigint,
                              case when type.typtype = 'd' then type.typtypmod else attribute.atttypmod end,
                              format_type(attribute.atttypid, attribute.atttypmod), type.typtype = 'e',
                              col_description(class.oid, attribute.attnum)) order by attribute.attnum)
                   from pg_attribute attribute join pg_type type on type.oid = attribute.atttypid
                   where attribute.attrelid = class.oid and attribute.attnum > 0
                     and not attribute.attisdropped and attribute.attgenerated = ''
               ),
               (
                   select min(leaf.oid::regclass::text)
                   from pg_partition_tree(class.oid) tree join pg_class leaf on leaf.oid = tree.relid
                   where class.relkind = 'p' and tree.isleaf and leaf.relreplident not in ('f', 'i')
                     and (leaf.relreplident = 'n' or not exists (select from pg_index where indrelid = leaf.oid and indisprimary and indimmediate))
               )
        from pg_class class join pg_namespace namespace on namespace.oid = class.relnamespace
        where namespace.nspname = any(%s) and class.relkind in ('r', 'p') and not class.relispartition
        order by 1, 2
        """,
        (list(schemas),),
    ).fetchall()
    tables = []
    for schema, name, is_partitioned, identity, persistence, doc, key, column_rows, bare_partition in rows:
        if f"{schema}.{name}" in exclude:
            continue
        columns = tuple(SourceColumn(*values) for values in column_rows or ())
        refusal = _refusal(f"{schema}.{name}", identity, persistence, key, columns, bare_partition)
        tables.append(SourceTable(schema, name, is_partitioned, columns, tuple(key), doc, refusal))
    return tables


def _refusal(
    full_name: str, identity: str, persistence: str, key: list[str], columns: tuple[SourceColumn, ...], bare_partition: str | None
) -> str | None:
    if persistence != "p":
        return f"{full_name} is unlogged, so its changes are not in the log; `alter table {full_name} set logged` would admit it"
    if identity == "n" or (not key and identity != "f"):
        return (
            f"{full_name} has no key to tell its rows apart, and publishing it would make its updates fail; "
            f"`alter table {full_name} add primary key (...)` or `alter table {full_name} replica identity full` would admit it"
        )
    if bare_partition is not None:
        # The replica identity of a partitioned table does not reach its partitions, and PostgreSQL looks at theirs.
        return (
            f"{full_name} has the partition {bare_partition} without a key, and publishing it would make that one's updates fail; "
            f"`alter table {bare_partition} replica identity full` would admit it"
        )
    for column in columns:
        if column.iceberg_type is None:
            return (
                f"{full_name} column {column.name} has type {column.type_name}, which Iceberg cannot hold; "
                f"a text column in its place would admit it"
            )
    return None


def copy_out(connection: psycopg.Connection[Any], query: sql.Composed) -> Iterator[bytes]:
    """What ``COPY ... TO STDOUT`` sends, in blocks of about 32 MiB that end with a row.

    Reads from libpq directly, which is six times faster than a row at a time
    through psycopg's copy object. The connection is busy until the iterator ends.
    """
    link = connection.pgconn
    result = link.exec_(query.as_bytes(connection))
    if result.status != pq.ExecStatus.COPY_OUT:
        raise _failure(result)
    block = bytearray()
    while True:
        size, row = link.get_copy_data(0)
        if size <= 0:
            break
        block += row
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    failure = None
    while (ending := link.get_result()) is not None:
        if ending.status != pq.ExecStatus.COMMAND_OK:
            failure = _failure(ending)
    if failure is not None:
        raise failure
    if block:
        yield bytes(block)


def described_types(connection: psycopg.Connection[Any], oids: set[int]) -> dict[int, tuple[int, int, bool]]:
    """Base type, modifier (of a domain) and whether it is an enum, by type OID, for the types that the source still has."""
    rows = connection.execute(
        "select oid::bigint, coalesce(nullif(typbasetype, 0), oid)::bigint, typtypmod, typtype = 'e' from pg_type where oid = any(%s)",
        (list(oids),),
    )
    return {oid: (base, modifier, is_enum) for oid, base, modifier, is_enum in rows}


def _failure(result: "pq.abc.PGresult") -> psycopg.Error:
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = (result.error_message or b"the connection was lost").decode(errors="replace")
    kind = psycopg.errors.lookup(state) if state else psycopg.OperationalError
    return kind(message)


def replication_command(dsn: str, name: str, command: LiteralString | sql.Composed) -> tuple[psycopg.Connection[Any], dict[str, str]]:
    """Run one command of the replication protocol; gives the open session and the row it answered.

    The session must stay open as long as a snapshot that the command exported is used.
    """
    connection = psycopg.connect(
        dsn, autocommit=True, replication="database", application_name=name, connect_timeout=10, options=_NO_TIMEOUTS
    )
    text = command.as_bytes(connection) if isinstance(command, sql.Composed) else command.encode()
    result = connection.pgconn.exec_(text)
    if result.status != pq.ExecStatus.TUPLES_OK:
        connection.close()
        raise _failure(result)
    names = [(result.fname(position) or b"").decode() for position in range(result.nfields)]
    return connection, {name: (result.get_value(0, position) or b"").decode() for position, name in enumerate(names)}
