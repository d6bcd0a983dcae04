import psycopg
import pytest
from psycopg import sql

from gen_data.schema import GROUND_TRUTH_TABLES, METADATA, SHOP_TABLES
from gen_data.schema.upgrade import migrate
from iceberg.capture.publication import ensure_publication
from iceberg.capture.source import tables_of
from shoplake.core.settings import ANALYST, GROUND_TRUTH_SCHEMA, LAKE_WRITER, SHOP_CAPTURE, SHOP_SCORING
from shoplake.stack.private import fresh_databases

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shop(services):
    """A shop without rows."""
    with fresh_databases(services) as settings:
        migrate(settings.shop_dsn)
        yield settings


def session(shop, role):
    return psycopg.connect(shop.postgres_url(role, shop.shop_dsn.rsplit("/", 1)[1]), autocommit=True)


def can_read(connection, schema, table):
    try:
        connection.execute(sql.SQL("select * from {} limit 1").format(sql.Identifier(schema, table)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@pytest.mark.parametrize("role", [SHOP_CAPTURE, ANALYST])
def test_who_reads_the_shop_reads_neither_the_ground_truth_nor_the_bookkeeping(shop, role):
    with session(shop, role) as reader:
        readable = {table.fullname for table in METADATA.tables.values() if can_read(reader, table.schema or "public", table.name)}
        assert readable == {table.name for table in SHOP_TABLES}
        assert not can_read(reader, "shop_control", "alembic_version")


def test_the_lake_s_writer_does_not_even_reach_the_shop(shop):
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        session(shop, LAKE_WRITER)


def test_the_scoring_role_reads_the_ground_truth_alone_and_writes_nothing(shop):
    with psycopg.connect(shop.scoring_dsn, autocommit=True) as reader:
        assert reader.info.user == SHOP_SCORING
        readable = {table.fullname for table in METADATA.tables.values() if can_read(reader, table.schema or "public", table.name)}
        assert readable == {f"{GROUND_TRUTH_SCHEMA}.{table.name}" for table in GROUND_TRUTH_TABLES}
        for statement in (
            "insert into ground_truth.caused_orders values (1, 'flash_sale', null)",
            "delete from ground_truth.caused_orders",
            "create table ground_truth.mine (a int)",
            "create table public.mine (a int)",
            "create temporary table mine (a int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


def test_the_capture_publishes_every_table_of_the_shop_and_nothing_else(shop):
    with psycopg.connect(shop.source_dsn, autocommit=True) as source:
        tables = tables_of(source, shop.source_schemas, shop.source_exclude)
        assert [table.refusal for table in tables if table.refusal] == []
        ensure_publication(shop.source_owner_dsn, shop.source_name, None, tables)
        published = source.execute(
            "select schemaname, tablename from pg_publication_tables where pubname = %s", (shop.source_name,)
        ).fetchall()
    assert set(published) == {("public", table.name) for table in SHOP_TABLES}
