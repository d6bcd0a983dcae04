"""Brings a database to the version of the schema that this code knows."""

from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy.pool import NullPool

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"
SQL_FOLDER = Path(__file__).parent / "sql"


def upgrade(dsn: str) -> None:
    """Run the migrations that the database at ``dsn`` has not seen, all in one transaction."""
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
