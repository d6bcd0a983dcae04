"""Roles, databases and grants of the stack's PostgreSQL. Everything here may be repeated."""

import psycopg
from psycopg import sql

from shoplake.core.settings import (
    AIRFLOW_DATABASE,
    AIRFLOW_ROLE,
    ANALYST,
    CATALOG_DATABASE,
    LAKE_WRITER,
    POSTGRES_ADMIN,
    SHOP_CAPTURE,
    SHOP_DATABASE,
    SHOP_OWNER,
    Settings,
)

_ROLES = {
    SHOP_OWNER: "login nosuperuser nocreatedb nocreaterole noreplication",
    SHOP_CAPTURE: "login nosuperuser nocreatedb nocreaterole replication",
    LAKE_WRITER: "login nosuperuser nocreatedb nocreaterole noreplication",
    ANALYST: "login nosuperuser nocreatedb nocreaterole noreplication",
    AIRFLOW_ROLE: "login nosuperuser nocreatedb nocreaterole noreplication",
}


def bootstrap(settings: Settings) -> None:
    """Make the roles, the three databases and who may do what in them."""
    with _as_admin(settings, "postgres") as connection:
        for role, attributes in _ROLES.items():
            _ensure_role(connection, role, attributes, settings.secret(role))
        _ensure_database(connection, AIRFLOW_DATABASE, AIRFLOW_ROLE)
    create_shop_and_catalog(settings, SHOP_DATABASE, CATALOG_DATABASE)


def create_shop_and_catalog(settings: Settings, shop_database: str, catalog_database: str) -> None:
    """Make a pair of databases, for a shop and for a lake's catalog, with the grants that their roles need.

    Tables made later by the owner (the shop) and by the lake's writer (the
    catalog) are readable at once, by default privileges.
    """
    with _as_admin(settings, "postgres") as connection:
        _ensure_database(connection, shop_database, SHOP_OWNER)
        _ensure_database(connection, catalog_database, LAKE_WRITER)
        for database, readers in ((shop_database, (SHOP_CAPTURE, ANALYST)), (catalog_database, (ANALYST,))):
            for reader in readers:
                connection.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(database), sql.Identifier(reader)))
    with _as_admin(settings, shop_database) as connection, connection.transaction():
        for reader in (SHOP_CAPTURE, ANALYST):
            _grant(connection, "grant usage on schema public to {reader}", SHOP_OWNER, reader)
            _grant(connection, "grant select on all tables in schema public to {reader}", SHOP_OWNER, reader)
            _grant(
                connection,
                "alter default privileges for role {owner} in schema public grant select on tables to {reader}",
                SHOP_OWNER,
                reader,
            )
    with _as_admin(settings, catalog_database) as connection, connection.transaction():
        # The lake's writer keeps schemas of its own beside public, so this holds in all of them.
        _grant(connection, "alter default privileges for role {owner} grant usage on schemas to {reader}", LAKE_WRITER, ANALYST)
        _grant(connection, "alter default privileges for role {owner} grant select on tables to {reader}", LAKE_WRITER, ANALYST)


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


def _ensure_database(connection: psycopg.Connection, database: str, owner: str) -> None:
    if connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone() is None:
        connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(database), sql.Identifier(owner)))
    connection.execute(sql.SQL("revoke connect, temporary on database {} from public").format(sql.Identifier(database)))
