from decimal import Decimal

import psycopg
import pytest

from iceberg.bronze import position_of
from iceberg.capture.ingest import ingest
from iceberg.catalog import open_catalog
from iceberg.cuts import latest_cut, source_read_at
from shoplake.core.errors import BusyError, CaptureError
from shoplake.core.lock import only_one
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from tests.iceberg.capture.source_tables import CHANGE_ROWS, CHANGES, TABLES, bronze_rows, execute, folded, source_rows

pytestmark = pytest.mark.integration


@pytest.fixture
def source(fresh: Settings) -> Settings:
    execute(fresh, TABLES)
    return fresh


def snapshots(settings: Settings) -> dict[str, int]:
    catalog = open_catalog(settings)
    return {table[-1]: len(catalog.load_table(table).metadata.snapshots) for table in catalog.list_tables("bronze")}


def test_the_first_load_has_every_row_once(source: Settings) -> None:
    result = ingest(source)
    assert result.first_loads == {"bronze.people": 500, "bronze.pets": 200}
    assert folded(source, "people") == source_rows(source, "people")
    assert {row["_operation"] for row in bronze_rows(source, "people")} == {"snapshot"}


def test_the_log_adds_each_committed_change_once_and_none_that_was_rolled_back(source: Settings) -> None:
    ingest(source)
    execute(source, CHANGES)
    assert ingest(source).changes == CHANGE_ROWS
    for table in ("people", "pets"):
        assert folded(source, table) == source_rows(source, table)


def test_a_run_with_nothing_new_writes_nothing(source: Settings) -> None:
    first = ingest(source)
    before = snapshots(source)
    for _ in range(2):
        again = ingest(source)
        assert again.row_count == 0
        assert again.cut == first.cut
    assert snapshots(source) == before


def test_a_run_with_nothing_new_says_that_bronze_is_as_new_as_the_source(source: Settings) -> None:
    ingest(source)
    with psycopg.connect(source.catalog_dsn) as connection:
        connection.execute("update shoplake.cuts set read_at = read_at - interval '1 day'")
        row = connection.execute("select now()").fetchone()
    assert row is not None
    ingest(source)
    with psycopg.connect(source.catalog_dsn) as connection:
        read_at = source_read_at(connection)
    assert read_at is not None
    assert read_at > row[0]


def test_an_idle_publication_does_not_pin_the_sources_log(source: Settings) -> None:
    ingest(source)
    execute(source, "create table elsewhere (a int); insert into elsewhere select generate_series(1, 10000)")
    ingest(source)
    with psycopg.connect(source.shop_dsn) as connection:
        row = connection.execute(
            "select pg_current_wal_lsn() - confirmed_flush_lsn from pg_replication_slots where slot_name = %s", (source.source_name,)
        ).fetchone()
    assert row is not None
    assert row[0] < 100_000


def test_each_change_carries_its_place_in_the_log(source: Settings) -> None:
    ingest(source)
    with psycopg.connect(source.shop_dsn) as connection:
        connection.execute("insert into people values (1000, 'new', 1.50)")
        row = connection.execute("select pg_current_xact_id()::text::bigint").fetchone()
        assert row is not None
    result = ingest(source)
    change = bronze_rows(source, "people")[-1]
    assert change["_operation"] == "insert"
    assert change["_transaction_id"] == row[0]
    assert change["_commit_lsn"] < change["_end_lsn"] <= (result.cut or 0)
    assert change["balance"] == Decimal("1.50")


def test_the_cut_is_a_position_that_every_table_has_reached(source: Settings) -> None:
    ingest(source)
    execute(source, CHANGES)
    result = ingest(source)
    catalog = open_catalog(source)
    for name in ("bronze.people", "bronze.pets"):
        assert position_of(catalog.load_table(name)) == result.cut
    with psycopg.connect(source.catalog_dsn) as connection:
        assert latest_cut(connection) == result.cut


def test_a_table_without_key_is_left_out_in_words_and_its_updates_still_work(source: Settings) -> None:
    execute(source, "create table notes (body text); insert into notes values ('a')")
    result = ingest(source)
    assert [sentence for sentence in result.left_out if "public.notes has no key" in sentence and "alter table" in sentence]
    assert "bronze.notes" not in result.first_loads
    execute(source, "update notes set body = 'b'")
    execute(source, "delete from notes")


def test_a_table_that_loses_its_key_leaves_the_publication(source: Settings) -> None:
    ingest(source)
    execute(source, "alter table pets drop constraint pets_pkey")
    assert any("public.pets" in sentence for sentence in ingest(source).left_out)
    execute(source, "update pets set owner_id = 2 where id = 1")


def test_a_new_table_gets_its_own_first_load(source: Settings) -> None:
    ingest(source)
    execute(source, "create table toys (id int primary key, pet_id int); insert into toys values (1, 1), (2, 1)")
    execute(source, "update people set name = 'changed' where id = 3")
    result = ingest(source)
    assert result.first_loads == {"bronze.toys": 2}
    assert result.changes == {"bronze.people": 1}
    execute(source, "insert into toys values (3, 3)")
    ingest(source)
    assert folded(source, "toys") == source_rows(source, "toys")


def test_an_added_column_appears_by_itself(source: Settings) -> None:
    ingest(source)
    execute(source, "alter table people add column city text; update people set city = 'Hue' where id = 1")
    ingest(source)
    change = bronze_rows(source, "people")[-1]
    assert (change["id"], change["city"]) == (1, "Hue")


def test_bronze_says_what_the_source_says_of_its_tables_and_columns(source: Settings) -> None:
    execute(source, "comment on table people is 'Everybody.'; comment on column people.name is 'how they are called'")
    ingest(source)
    table = open_catalog(source).load_table("bronze.people")
    assert table.properties["comment"] == "Every change of public.people at the source. There: Everybody."
    assert {name: table.schema().find_field(name).doc for name in ("name", "balance")} == {"name": "how they are called", "balance": None}
    assert open_catalog(source).load_table("bronze.pets").properties["comment"] == "Every change of public.pets at the source."


def test_what_the_source_says_later_comes_with_the_table_s_next_change(source: Settings) -> None:
    execute(source, "comment on column people.id is 'a number'; comment on column people.name is 'how they are called'")
    ingest(source)
    execute(
        source,
        "comment on table people is 'Everybody.'; comment on column people.name is 'first name'; comment on column people.id is null",
    )
    execute(source, "alter table people add column city text; comment on column people.city is 'where they live'")
    execute(source, "update people set city = 'Hue' where id = 1")
    ingest(source)
    table = open_catalog(source).load_table("bronze.people")
    assert table.properties["comment"] == "Every change of public.people at the source. There: Everybody."
    docs = {name: table.schema().find_field(name).doc for name in ("id", "name", "city")}
    assert docs == {"id": "a number", "name": "first name", "city": "where they live"}
    assert bronze_rows(source, "people")[-1]["city"] == "Hue"


def test_a_widened_column_evolves(source: Settings) -> None:
    ingest(source)
    execute(source, "alter table pets alter column id type bigint; insert into pets values (5000000000, 3)")
    ingest(source)
    assert bronze_rows(source, "pets")[-1]["id"] == 5_000_000_000


@pytest.mark.parametrize("identity", ["default", "full"])
def test_updates_of_a_row_whose_key_is_stored_out_of_line_are_not_lost(source: Settings, identity: str) -> None:
    # A text of 2 kB that does not compress. PostgreSQL sends it with the old key, and leaves it out of the new row.
    key = "(select string_agg(md5(number::text), '') from generate_series(1, 62) number)"
    execute(source, "create table pages (id text, part int, body text, hits int, primary key (id, part))")
    execute(source, f"alter table pages replica identity {identity}; alter table pages alter column id set storage external")
    execute(source, f"insert into pages select {key}, 1, repeat('x', 200), 0; insert into pages select 'short', 1, 'y', 0")
    ingest(source)
    execute(source, "update pages set hits = 1; update pages set hits = 2 where part = 1; update pages set part = 2")
    assert ingest(source).changes == {"bronze.pages": 8}
    changes = [row for row in bronze_rows(source, "pages") if row["_operation"] != "snapshot"]
    assert [row["hits"] for row in changes if row["_operation"] == "update"] == [1, 1, 2, 2]
    assert all(row["id"] for row in changes)
    assert folded(source, "pages") == source_rows(source, "pages")


def test_a_narrowed_column_stops_with_a_sentence_and_writes_nothing(source: Settings) -> None:
    ingest(source)
    before = snapshots(source)
    execute(source, "alter table people alter column balance type text; insert into people values (7777, 'x', 'much')")
    with pytest.raises(CaptureError, match=r"columns of public\.people changed"):
        ingest(source)
    assert snapshots(source) == before


def test_a_type_that_iceberg_cannot_hold_leaves_the_table_out_by_name(source: Settings) -> None:
    execute(source, "create table places (id int primary key, geo point)")
    result = ingest(source)
    assert any("public.places column geo has type point" in sentence for sentence in result.left_out)


def test_a_value_that_iceberg_cannot_hold_is_refused_with_its_column(source: Settings) -> None:
    execute(source, "create table spans (id int primary key, ends_at timestamptz); insert into spans values (1, 'infinity')")
    with pytest.raises(CaptureError, match=r"public\.spans column ends_at holds 'infinity'"):
        ingest(source)


def test_a_lost_slot_is_refused_and_reload_mends_it(source: Settings) -> None:
    ingest(source)
    execute(source, "delete from pets where id < 100")
    with psycopg.connect(source.source_dsn, autocommit=True) as connection:
        connection.execute("select pg_drop_replication_slot(%s)", (source.source_name,))
    with pytest.raises(CaptureError, match="ingest --reload"):
        ingest(source)
    ingest(source, reload=True)
    assert folded(source, "pets") == source_rows(source, "pets")


def test_a_backlog_longer_than_one_peek_is_read_to_its_end(source: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(source)
    for number in range(40):
        execute(source, f"insert into pets values ({1000 + number}, 1)")
    monkeypatch.setattr("iceberg.capture.ingest.MESSAGES_A_PEEK", 10)
    assert ingest(source).changes == {"bronze.pets": 40}
    assert folded(source, "pets") == source_rows(source, "pets")


def test_a_table_that_was_left_out_for_a_while_is_loaded_anew(source: Settings) -> None:
    ingest(source)
    ingest(source.changed(source_exclude=("public.pets",)))
    execute(source, "delete from pets where id < 50; insert into pets values (800, 1)")
    ingest(source.changed(source_exclude=("public.pets",)))
    assert "bronze.pets" in ingest(source).first_loads
    assert folded(source, "pets") == source_rows(source, "pets")


def test_a_table_that_was_dropped_and_made_again_is_loaded_anew(source: Settings) -> None:
    ingest(source)
    execute(source, "drop table pets; create table pets (id int primary key, owner_id bigint); insert into pets values (1, 2), (3, 4)")
    ingest(source)
    assert folded(source, "pets") == source_rows(source, "pets")


def test_a_value_in_the_log_that_iceberg_cannot_hold_stops_until_its_table_is_left_out(source: Settings) -> None:
    execute(source, "create table spans (id int primary key, ends_at timestamptz)")
    ingest(source)
    execute(source, "insert into spans values (1, 'infinity'); update people set name = 'x' where id = 1")
    before = snapshots(source)
    with pytest.raises(CaptureError, match=r"public\.spans column ends_at holds 'infinity'.*Nothing was written"):
        ingest(source)
    assert snapshots(source) == before
    assert ingest(source.changed(source_exclude=("public.spans",))).changes == {"bronze.people": 1}


def test_children_by_inheritance_are_not_published_and_their_updates_work(source: Settings) -> None:
    execute(source, "create table puppies (toy text) inherits (pets); insert into puppies values (1000, 1, 'ball')")
    ingest(source)
    execute(source, "update puppies set toy = 'bone'")
    assert len(bronze_rows(source, "pets")) == 200


def test_a_partition_without_key_leaves_its_table_out_and_its_updates_work(source: Settings) -> None:
    execute(source, "create table days (id int, day int) partition by list (day); create table days_1 partition of days for values in (1)")
    execute(source, "alter table days replica identity full; insert into days values (1, 1)")
    assert any("public.days has the partition days_1 without a key" in sentence for sentence in ingest(source).left_out)
    execute(source, "update days set id = 2")
    execute(source, "alter table days_1 replica identity full")
    assert ingest(source).first_loads == {"bronze.days": 1}
    execute(source, "update days set id = 3")
    assert ingest(source).changes == {"bronze.days": 2}


def test_a_slot_that_somebody_else_moved_is_noticed(source: Settings) -> None:
    ingest(source)
    execute(source, "insert into pets values (1000, 1)")
    with psycopg.connect(source.source_dsn, autocommit=True) as connection:
        connection.execute("select pg_replication_slot_advance(%s, pg_current_wal_flush_lsn())", (source.source_name,))
    with pytest.raises(CaptureError, match="somebody else read on"):
        ingest(source)
    ingest(source, reload=True)
    assert folded(source, "pets") == source_rows(source, "pets")


def test_a_second_lake_on_the_same_slot_is_refused(source: Settings, services: Settings) -> None:
    ingest(source)
    with fresh_databases(services) as other:
        same = other.changed(
            source_url=source.source_url, source_owner_url=source.source_owner_url, shop_url=source.shop_url, source_name=source.source_name
        )
        with pytest.raises(CaptureError, match="this lake did not make"):
            ingest(same)


def test_a_lake_refuses_another_source(source: Settings, services: Settings) -> None:
    ingest(source)
    with fresh_databases(services) as other:
        execute(other, TABLES)
        moved = source.changed(source_url=other.source_url, source_owner_url=other.source_owner_url, source_name=other.source_name)
        with pytest.raises(CaptureError, match="holds the changes of database"):
            ingest(moved)


def test_a_schema_without_tables_is_refused_with_what_to_do(fresh: Settings) -> None:
    with pytest.raises(CaptureError, match="shoplake generate"):
        ingest(fresh)


def test_a_second_ingest_that_may_not_wait_says_who_is_at_it(source: Settings) -> None:
    with only_one(source.catalog_dsn, "ingest"), pytest.raises(BusyError, match="shoplake ingest pid"):
        ingest(source, wait=False)


@pytest.mark.long
def test_old_snapshots_are_dropped_and_no_row_with_them(source: Settings) -> None:
    ingest(source)
    for number in range(45):
        execute(source, f"insert into people values ({2000 + number}, 'late', 1)")
        ingest(source)
    table = open_catalog(source).load_table("bronze.people")
    assert len(table.metadata.snapshots) < 45
    assert folded(source, "people") == source_rows(source, "people")
