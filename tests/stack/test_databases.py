import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from shoplake.core.settings import ANALYST, SHOP_CAPTURE, Settings

pytestmark = pytest.mark.integration


def _database(dsn: str) -> str:
    return dsn.rsplit("/", 1)[1]


def test_a_table_made_later_is_readable_at_once_by_capture_and_analyst(fresh: Settings) -> None:
    with psycopg.connect(fresh.shop_dsn, autocommit=True) as owner:
        owner.execute("create table public.things (thing_id bigint primary key)")
        owner.execute("insert into public.things values (1)")
    for role in (SHOP_CAPTURE, ANALYST):
        with psycopg.connect(fresh.postgres_url(role, _database(fresh.shop_dsn))) as reader:
            assert reader.execute("select thing_id from public.things").fetchone() == (1,)


def test_capture_cannot_read_the_shop_s_own_bookkeeping(fresh: Settings) -> None:
    with psycopg.connect(fresh.shop_dsn, autocommit=True) as owner:
        owner.execute("create schema shop_control")
        owner.execute("create table shop_control.clock (at timestamptz)")
    with psycopg.connect(fresh.source_dsn) as capture, pytest.raises(InsufficientPrivilege):
        capture.execute("select * from shop_control.clock")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into public.things values (2)",
        "delete from public.things",
        "create table public.mine (x int)",
        "create temporary table mine (x int)",
        "create schema mine",
    ],
)
@pytest.mark.parametrize("which", ["shop", "catalog"])
def test_the_analyst_writes_nowhere(fresh: Settings, statement: str, which: str) -> None:
    owner_dsn = fresh.shop_dsn if which == "shop" else fresh.catalog_dsn
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("create table public.things (thing_id bigint primary key)")
    with psycopg.connect(fresh.postgres_url(ANALYST, _database(owner_dsn))) as analyst, pytest.raises(InsufficientPrivilege):
        analyst.execute(statement)


def test_the_analyst_reads_every_schema_of_the_catalog_made_later(fresh: Settings) -> None:
    with psycopg.connect(fresh.catalog_dsn, autocommit=True) as writer:
        writer.execute("create schema bookkeeping")
        writer.execute("create table bookkeeping.notes (note text)")
    with psycopg.connect(fresh.reader_catalog_dsn) as analyst:
        assert analyst.execute("select count(*) from bookkeeping.notes").fetchone() == (0,)


def test_roles_reach_only_their_own_databases(fresh: Settings) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(fresh.postgres_url(SHOP_CAPTURE, _database(fresh.catalog_dsn)))


def test_the_capture_role_makes_a_slot_and_the_owner_a_publication(fresh: Settings) -> None:
    with psycopg.connect(fresh.source_owner_dsn, autocommit=True) as owner:
        owner.execute("create publication everything")
    with psycopg.connect(fresh.source_dsn, autocommit=True) as capture:
        capture.execute("select pg_create_logical_replication_slot('slot_' || %s, 'pgoutput')", (fresh.source_name,))
        row = capture.execute("select database from pg_replication_slots where slot_name = 'slot_' || %s", (fresh.source_name,)).fetchone()
    assert row == (_database(fresh.source_dsn),)
