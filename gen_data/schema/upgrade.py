"""Brings a database to the version of the schema that this code knows."""

from pathlib import Path

import psycopg

from shoplake.core.errors import ShopError

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"
SQL_FOLDER = Path(__file__).parent / "sql"


def known_versions() -> list[str]:
    """The versions that there are migrations for, oldest first."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS_FOLDER / "versions").glob("[0-9]*.py"))


def version_of(connection: psycopg.Connection) -> str | None:
    """The version of the shop in a database, None for a database without tables.

    Raises ShopError when the database holds tables that are not ours, is of a
    later version, or of one from which no migration leads to this one.
    """
    row = connection.execute("select to_regclass('shop_control.alembic_version') is not null").fetchone()
    if row and row[0]:
        version = connection.execute("select version_num from shop_control.alembic_version").fetchone()
        return _known(str(version[0])) if version else None
    foreign = connection.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'f', 'v', 'm') order by relname limit 1"
    ).fetchone()
    if foreign:
        raise ShopError(
            f"shop: the database {connection.info.dbname} is not a shop of ours: it has a table public.{foreign[0]}. Point SHOPLAKE_SHOP_URL to an empty database."
        )
    return None


def migrate(dsn: str) -> None:
    """Bring the shop's database to this version's schema; a new one gets all of it. Its rows stay as they are.

    Raises ShopError as :func:`version_of` does.
    """
    with psycopg.connect(dsn) as connection:
        version = version_of(connection)
    if version != known_versions()[-1]:
        upgrade(dsn)


def _known(version: str) -> str:
    versions = known_versions()
    if version > versions[-1]:
        raise ShopError(
            f"shop: the database is of version {version}, and this Shoplake knows {versions[-1]} at most. Use a newer Shoplake."
        )
    if version not in versions:
        raise ShopError(
            f"shop: the database is of version {version}, which cannot be upgraded to {versions[-1]}. Open a new shop in an empty database."
        )
    return version


def upgrade(dsn: str, version: str = "head") -> None:
    """Run the migrations up to ``version`` that the database at ``dsn`` has not seen, all in one transaction."""
    # Alembic takes a third of a second to import, and is needed once.
    import sqlalchemy
    from alembic import command
    from alembic.config import Config

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=sqlalchemy.NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
