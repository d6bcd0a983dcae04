"""The Iceberg catalog: one SQL database that PyIceberg and Spark share under one name."""

from importlib.resources import files
from typing import Any

import psycopg
from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy.exc import DBAPIError

from iceberg.failures import database_failure
from shoplake.core.errors import SettingsError, does_not_answer
from shoplake.core.settings import CATALOG_NAME, Settings

NAMESPACES = ("bronze", "silver", "gold")
_BOOKKEEPING = ("capture/claim.sql", "cuts.sql", "releases.sql")


def catalog_properties(settings: Settings, reader: bool = False) -> dict[str, str]:
    """What ``pyiceberg.catalog.load_catalog("lake", **properties)`` needs.

    With ``reader`` the identities may only read (of the local stack alone: of a
    catalog elsewhere the project holds one identity).
    """
    dsn = settings.reader_catalog_dsn if reader else settings.catalog_dsn
    access_key, secret_key = settings.s3_read_keys if reader else settings.s3_write_keys
    return {
        "type": "sql",
        "uri": dsn.replace("postgresql://", "postgresql+psycopg2://", 1),
        "warehouse": settings.warehouse,
        "s3.endpoint": settings.s3_url,
        "s3.access-key-id": access_key,
        "s3.secret-access-key": secret_key,
        "s3.region": settings.s3_region,
        "s3.force-virtual-addressing": "false",
        "s3.connect-timeout": "5",
        "s3.request-timeout": "60",
        "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
        # A pooled connection that the server closed is replaced instead of failing the next command.
        "pool_pre_ping": "true",
        # A reader could not make the catalog's tables, and has nothing to read before a writer did.
        "init_catalog_tables": "false" if reader else "true",
    }


def open_catalog(settings: Settings, reader: bool = False) -> SqlCatalog:
    """The lake's catalog, as its writer unless ``reader``.

    Raises ServiceError when its database does not answer, StorageError when that one's disk is full.
    """
    try:
        catalog = load_catalog(CATALOG_NAME, **catalog_properties(settings, reader))
    except DBAPIError as problem:
        raise database_failure("catalog", problem) from problem
    except Exception as problem:
        raise does_not_answer("catalog: its database", problem) from problem
    if not isinstance(catalog, SqlCatalog):
        raise SettingsError(f"catalog: {type(catalog).__name__} is not a SQL catalog. Set SHOPLAKE_CATALOG_URI to a PostgreSQL database.")
    return catalog


def gone_from_catalog(table_name: str) -> str:
    """The sentence about a table that a release has and the catalog does not."""
    return (
        f"{table_name} is gone from the catalog. Give it back its name if it was renamed, "
        f"or make it anew with `shoplake build --full --table {table_name}`."
    )


def metadata_locations(connection: psycopg.Connection[Any], catalog_name: str) -> dict[str, str]:
    """Where the metadata of every table in a catalog's database is, by the table's name with its namespace; views are none."""
    rows = connection.execute(
        """
        select table_namespace || '.' || table_name, metadata_location from iceberg_tables
        where catalog_name = %s and (iceberg_type is null or iceberg_type = 'TABLE')
        """,
        (catalog_name,),
    ).fetchall()
    return dict(rows)


def prepare_lake(settings: Settings) -> SqlCatalog:
    """Make what every lake command stands on, where it is missing: namespaces and bookkeeping tables.

    Safe to call by several commands at once. Returns the catalog.
    """
    catalog = open_catalog(settings)
    with psycopg.connect(settings.catalog_dsn) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended('prepare lake', 0))")
        connection.execute("create schema if not exists shoplake")
        for script in _BOOKKEEPING:
            connection.execute(files("iceberg").joinpath(script).read_text().encode())
        for namespace in NAMESPACES:
            catalog.create_namespace_if_not_exists(namespace)
    return catalog
