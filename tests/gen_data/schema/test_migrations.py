import psycopg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql

from gen_data.schema import GROUND_TRUTH_TABLES, METADATA, SHOP_TABLES
from gen_data.schema.upgrade import known_versions, migrate, upgrade
from shoplake.core.errors import ShopError
from tests.gen_data.schema.statements import SMALL_SHOP

pytestmark = pytest.mark.integration


def rows_of_every_table(dsn):
    """Each table's rows with where they lie and which transaction wrote them."""
    with psycopg.connect(dsn) as connection:
        return {
            table.fullname: connection.execute(
                sql.SQL("select ctid::text, xmin::text, held::text from {} held order by ctid").format(
                    sql.Identifier(table.schema or "public", table.name)
                )
            ).fetchall()
            for table in METADATA.tables.values()
        }


def version(dsn):
    with psycopg.connect(dsn) as connection:
        return connection.execute("select version_num from shop_control.alembic_version").fetchall()


def test_the_migrations_make_the_declared_tables(fresh):
    migrate(fresh.shop_dsn)
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(fresh.shop_dsn), poolclass=sqlalchemy.NullPool
    )
    options = {"include_schemas": True, "version_table_schema": "shop_control", "compare_type": True}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
        # Alembic compares comments too, but not checks, conditions of indexes and storage options.
        made = (
            connection.execute(sqlalchemy.text("select conname from pg_constraint where contype = 'c' and conrelid <> 0")).scalars().all()
        )
        conditions = dict(
            connection.execute(
                sqlalchemy.text("select indexrelid::regclass::text, pg_get_expr(indpred, indrelid) from pg_index where indpred is not null")
            ).all()
        )
        storage = dict(
            connection.execute(
                sqlalchemy.text("select oid::regclass::text, reloptions from pg_class where reloptions is not null and relkind = 'r'")
            ).all()
        )
    tables = METADATA.tables.values()
    checks = [one.name for table in tables for one in table.constraints if isinstance(one, sqlalchemy.CheckConstraint)]
    assert set(checks) == set(made)
    partial = {
        index.name: str(index.dialect_options["postgresql"]["where"])
        for table in tables
        for index in table.indexes
        if index.dialect_options["postgresql"]["where"] is not None
    }
    assert {name: condition.lower().replace("::text", "").strip("()") for name, condition in conditions.items()} == partial
    fillfactors = {table.name: table.dialect_options["postgresql"]["with"] for table in tables}
    assert storage == {name: [f"fillfactor={options['fillfactor']}"] for name, options in fillfactors.items() if options}


def test_postgresql_says_what_every_table_and_column_is(fresh):
    migrate(fresh.shop_dsn)
    with psycopg.connect(fresh.shop_dsn) as connection:
        said = connection.execute(
            """
            select table_schema, table_name, column_name,
                   obj_description(format('%I.%I', table_schema, table_name)::regclass, 'pg_class'),
                   col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position::int)
            from information_schema.columns where table_schema in ('public', 'ground_truth')
            """
        ).fetchall()
    assert {row[:2] for row in said} == {(table.schema or "public", table.name) for table in (*SHOP_TABLES, *GROUND_TRUTH_TABLES)}
    assert [row[:3] for row in said if not (row[3] and row[4])] == []


def test_migrating_twice_changes_nothing(fresh):
    migrate(fresh.shop_dsn)
    migrate(fresh.shop_dsn)
    assert version(fresh.shop_dsn) == [(known_versions()[-1],)]


def test_a_running_shop_takes_a_later_migration_with_its_rows_untouched(fresh):
    upgrade(fresh.shop_dsn, "0002")
    with psycopg.connect(fresh.shop_dsn) as connection:
        connection.execute(SMALL_SHOP)
        connection.execute("update support_tickets set updated_at = opened_at where status = 'open'")
    before = rows_of_every_table(fresh.shop_dsn)
    assert all(before.values())
    migrate(fresh.shop_dsn)
    assert version(fresh.shop_dsn) == [(known_versions()[-1],)]
    assert rows_of_every_table(fresh.shop_dsn) == before
    with psycopg.connect(fresh.shop_dsn) as connection, pytest.raises(psycopg.errors.CheckViolation) as refused:
        connection.execute("update support_tickets set updated_at = opened_at - interval '1 s'")
    assert refused.value.diag.constraint_name == "support_tickets_updated_at_is_not_before_opened_at"


def test_a_migration_that_the_rows_do_not_allow_leaves_the_shop_as_it_was(fresh):
    upgrade(fresh.shop_dsn, "0002")
    with psycopg.connect(fresh.shop_dsn) as connection:
        connection.execute(SMALL_SHOP)
        connection.execute("update support_tickets set updated_at = opened_at - interval '1 s' where status = 'open'")
    before = rows_of_every_table(fresh.shop_dsn)
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="support_tickets_updated_at_is_not_before_opened_at"):
        migrate(fresh.shop_dsn)
    assert version(fresh.shop_dsn) == [("0002",)]
    assert rows_of_every_table(fresh.shop_dsn) == before


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("0001", r"of version 0001, which cannot be upgraded to \d+\. Open a new shop in an empty database\.$"),
        ("9999", r"of version 9999, and this Shoplake knows \d+ at most\. Use a newer Shoplake\.$"),
    ],
)
def test_a_version_from_which_no_migration_leads_here_is_refused(fresh, number, sentence):
    migrate(fresh.shop_dsn)
    with psycopg.connect(fresh.shop_dsn) as connection:
        connection.execute("update shop_control.alembic_version set version_num = %s", (number,))
    with pytest.raises(ShopError, match=sentence):
        migrate(fresh.shop_dsn)
    assert version(fresh.shop_dsn) == [(number,)]


def test_a_database_with_other_tables_is_refused(fresh):
    with psycopg.connect(fresh.shop_dsn) as connection:
        connection.execute("create table someone_elses (id int)")
    with pytest.raises(ShopError, match=r"is not a shop of ours: it has a table public\.someone_elses\. Point SHOPLAKE_SHOP_URL"):
        migrate(fresh.shop_dsn)
