"""Roles, databases and grants of the stack's PostgreSQL. Everything here may be repeated."""

import psycopg
from psycopg import sql

from shoplake.core.errors import ServiceError, StorageError, first_line, postgres_disk_is_full
from shoplake.core.settings import (
    AIRFLOW_DATABASE,
    AIRFLOW_ROLE,
    ANALYST,
    CATALOG_DATABASE,
    GROUND_TRUTH_SCHEMA,
    LAKE_WRITER,
    POSTGRES_ADMIN,
    SHOP_CAPTURE,
    SHOP_DATABASE,
    SHOP_OWNER,
    SHOP_SCORING,
    Settings,
)

_ROLES = {
    SHOP_OWNER: "login nosuperuser nocreatedb nocreaterole noreplication",
    SHOP_CAPTURE: "login nosuperuser nocreatedb nocreaterole replication",
    SHOP_SCORING: "login nosuperuser nocreatedb nocreaterole noreplication",
    LAKE_WRITER: "login nosuperuser nocreatedb nocreaterole noreplication",
    ANALYST: "login nosuperuser nocreatedb nocreaterole noreplication",
    AIRFLOW_ROLE: "login nosuperuser nocreatedb nocreaterole noreplication",
}
_SHOP_READERS = (SHOP_CAPTURE, ANALYST, SHOP_SCORING)


def bootstrap(settings: Settings) -> None:
    """Make the roles, the three databases and who may do what in them.

    Raises StorageError when PostgreSQL's disk is full, ServiceError when it refuses or stops.
    """
    try:
        with _as_admin(settings, "postgres") as connection:
            for role, attributes in _ROLES.items():
                _ensure_role(connection, role, attributes, settings.secret(role))
            _ensure_database(connection, AIRFLOW_DATABASE, AIRFLOW_ROLE)
        create_shop_and_catalog(settings, SHOP_DATABASE, CATALOG_DATABASE)
    except psycopg.Error as problem:
        if postgres_disk_is_full(problem):
            raise StorageError(
                f"postgres: its disk is full ({first_line(problem)}). Free space, or set SHOPLAKE_HOME to a folder on another disk."
            ) from problem
        raise ServiceError(
            f"postgres: its roles and databases could not be made ({first_line(problem)}). Put that right in it, then repeat `shoplake up`."
        ) from problem


def create_shop_and_catalog(settings: Settings, shop_database: str, catalog_database: str) -> None:
    """Make a pair of databases, for a shop and for a lake's catalog, with the grants that their roles need.

    Tables made later by the owner (the shop) and by the lake's writer (the
    catalog) are readable at once, by default privileges.
    """
    create_shop(settings, shop_database)
    with _as_admin(settings, "postgres") as connection:
        _ensure_database(connection, catalog_database, LAKE_WRITER, (ANALYST,))
    with _as_admin(settings, catalog_database) as connection, connection.transaction():
        # The lake's writer keeps schemas of its own beside public, so this holds in all of them.
        _grant(connection, "alter default privileges for role {owner} grant usage on schemas to {reader}", LAKE_WRITER, ANALYST)
        _grant(connection, "alter default privileges for role {owner} grant select on tables to {reader}", LAKE_WRITER, ANALYST)


def create_shop(settings: Settings, database: str) -> None:
    """Make a database for a shop, with the grants that its roles need."""
    with _as_admin(settings, "postgres") as connection:
        _ensure_database(connection, database, SHOP_OWNER, _SHOP_READERS)
    with _as_admin(settings, database) as connection, connection.transaction():
        connection.execute(
            sql.SQL("create schema if not exists {} authorization {}").format(
                sql.Identifier(GROUND_TRUTH_SCHEMA), sql.Identifier(SHOP_OWNER)
            )
        )
        for schema, reader in (("public", SHOP_CAPTURE), ("public", ANALYST), (GROUND_TRUTH_SCHEMA, SHOP_SCORING)):
            _let_read(connection, schema, reader)


def copy_shop(settings: Settings, shop_database: str, database: str) -> None:
    """Make a database that holds what a shop's holds, to which nobody may be connected meanwhile."""
    with _as_admin(settings, "postgres") as connection:
        _ensure_database(connection, database, SHOP_OWNER, _SHOP_READERS, like=shop_database)


def database_names(settings: Settings, prefix: str) -> list[str]:
    """The databases whose names begin so."""
    with _as_admin(settings, "postgres") as connection:
        rows = connection.execute("select datname from pg_database where starts_with(datname, %s) order by 1", (prefix,)).fetchall()
    return [row[0] for row in rows]


def drop_databases(settings: Settings, *databases: str) -> None:
    """Remove databases with all that is in them: replication slots are dropped and sessions ended first."""
    with _as_admin(settings, "postgres") as connection:
        for database in databases:
            connection.execute(
                "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where database = %s and active", (database,)
            )
            connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = %s", (database,))
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))


def _as_admin(settings: Settings, database: str) -> psycopg.Connection:
    return psycopg.connect(settings.postgres_url(POSTGRES_ADMIN, database), autocommit=True)


def _grant(connection: psycopg.Connection, statement: str, owner: str, reader: str) -> None:
    connection.execute(sql.SQL(statement).format(owner=sql.Identifier(owner), reader=sql.Identifier(reader)))


def _let_read(connection: psycopg.Connection, schema: str, reader: str) -> None:
    """Let a role read the tables that the shop's owner has, or will have, in a schema."""
    for statement in (
        "grant usage on schema {schema} to {reader}",
        "grant select on all tables in schema {schema} to {reader}",
        "alter default privileges for role {owner} in schema {schema} grant select on tables to {reader}",
    ):
        names = {"schema": sql.Identifier(schema), "owner": sql.Identifier(SHOP_OWNER), "reader": sql.Identifier(reader)}
        connection.execute(sql.SQL(statement).format(**names))


def _ensure_role(connection: psycopg.Connection, role: str, attributes: str, password: str) -> None:
    exists = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    # Only the verifier travels, so that the server's log can never show a password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("{verb} role {role} with {attributes} password {verifier}").format(
            verb=sql.SQL("alter" if exists else "create"),
            role=sql.Identifier(role),
            attributes=sql.SQL(attributes),
            verifier=sql.Literal(verifier),
        )
    )


def _ensure_database(
    connection: psycopg.Connection, database: str, owner: str, readers: tuple[str, ...] = (), like: str = "template1"
) -> None:
    name = sql.Identifier(database)
    if connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone() is None:
        connection.execute(sql.SQL("create database {} owner {} template {}").format(name, sql.Identifier(owner), sql.Identifier(like)))
    connection.execute(sql.SQL("revoke connect, temporary on database {} from public").format(name))
    for reader in readers:
        connection.execute(sql.SQL("grant connect on database {} to {}").format(name, sql.Identifier(reader)))
