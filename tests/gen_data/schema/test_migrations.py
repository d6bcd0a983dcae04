import psycopg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gen_data.schema import METADATA
from gen_data.shop import migrate

pytestmark = pytest.mark.integration


def test_the_migrations_make_the_declared_tables(fresh):
    migrate(fresh.shop_dsn)
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(fresh.shop_dsn), poolclass=sqlalchemy.NullPool
    )
    options = {"include_schemas": True, "version_table_schema": "shop_control", "compare_type": True}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
        # Alembic does not compare checks and storage options.
        made = connection.execute(sqlalchemy.text("select conname from pg_constraint where contype = 'c'")).scalars().all()
        with_options = connection.execute(sqlalchemy.text("select reloptions from pg_class where relname = 'orders'")).scalar_one()
    declared = [
        constraint.name
        for table in METADATA.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sqlalchemy.CheckConstraint)
    ]
    assert set(declared) <= set(made)
    assert with_options == ["fillfactor=70"]


def test_migrating_twice_changes_nothing(fresh):
    migrate(fresh.shop_dsn)
    migrate(fresh.shop_dsn)
    with psycopg.connect(fresh.shop_dsn) as connection:
        assert connection.execute("select version_num from shop_control.alembic_version").fetchall() == [("0001",)]
