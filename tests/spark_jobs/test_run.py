from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import requests
from pyiceberg.types import StringType
from pyspark.sql import DataFrame

import spark_jobs.audit
import spark_jobs.compact
import spark_jobs.run
from iceberg.catalog import open_catalog
from iceberg.quality.checks import ReferenceCheck
from iceberg.releases import is_behind, rollback
from shoplake.core.errors import BuildError, BusyError, CheckFailedError, ReleaseError, TableError
from shoplake.core.lock import only_one
from shoplake.core.settings import Settings
from spark_jobs.lake import Lake
from spark_jobs.maintain import maintain
from spark_jobs.run import abandon_run, begin_run, build, build_table, publish_run
from spark_jobs.session import spark_session
from spark_jobs.tables import LakeTable, Tables, discover
from tests.spark_jobs.bronze_rows import START, Bronze, Row, channel, customer, line, order, payment, place, product
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import SALES, assert_incremental_equals_full, outcomes, rows_of, whole_lake

pytestmark = pytest.mark.integration

DAY_1, DAY_2 = date(2026, 1, 5), date(2026, 1, 6)
LATER = START + timedelta(days=1)


def sales(settings: Settings) -> list[tuple[object, ...]]:
    return rows_of(settings, "gold.daily_sales", "order_date", "channel_code", "gross_merchandise_value", "net_revenue")


def test_a_build_before_any_ingest_says_what_to_do(bronze: Bronze, fresh: Settings) -> None:
    with pytest.raises(BuildError, match=r"nothing was ingested yet\. Run `shoplake ingest` first"):
        build(fresh)


def test_a_table_is_not_built_by_other_code_than_its_run_began_with(traded: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    traded.bronze.change("update", "orders", [order(1, status="cancelled")])
    traded.bronze.commit()
    run, tables = begin_run(traded.settings), discover()
    edited = replace(tables["silver.orders"], logic="of a file that was edited meanwhile")
    monkeypatch.setattr(spark_jobs.run, "discover", lambda: Tables({**tables.by_name, "silver.orders": edited}))
    with pytest.raises(BuildError, match=rf"code or the settings of silver\.orders changed since run {run.run_id} began\. Begin another"):
        build_table(traded.settings, run.run_id, "silver.orders")
    assert sales(traded.settings)[0][3] == Decimal("100.00")


@pytest.mark.long
def test_changes_restate_only_what_they_touch_however_late(traded: Traded) -> None:
    settings, bronze = traded.settings, traded.bronze
    hundred, nothing = Decimal("100.00"), Decimal("0.00")
    assert sales(settings) == [(DAY_1, "shopee", hundred, hundred), (DAY_2, "shopee", hundred, hundred), (DAY_2, "tiki", hundred, hundred)]

    # Nothing new: nothing is written, no release is made.
    idle = build(settings, tables=SALES)
    assert idle.release is None
    assert outcomes(idle) == {}

    # An old order is cancelled: its day alone is computed anew.
    bronze.change("update", "orders", [order(1, status="cancelled")])
    bronze.commit()
    late = build(settings, tables=SALES)
    assert outcomes(late) == {
        "silver.orders": "merge", "gold.daily_sales": "recompute", "gold.sales_by_channel": "recompute",
    }  # fmt: skip
    assert late.run.tables["gold.daily_sales"].touched == {"groups": [["2026-01-05"]]}
    assert sales(settings)[0] == (DAY_1, "shopee", hundred, nothing)

    # An order moves to another day and channel: the old and the new day are restated, and a group that is empty is gone.
    bronze.change("update", "orders", [order(3, at=START)])
    bronze.commit()
    moved = build(settings, tables=SALES)
    assert moved.run.tables["gold.daily_sales"].touched == {"groups": [["2026-01-05"], ["2026-01-06"]]}
    assert moved.run.tables["gold.sales_by_channel"].touched == {"groups": [["shopee"], ["tiki"]]}
    assert sales(settings) == [(DAY_1, "shopee", Decimal("200.00"), hundred), (DAY_2, "shopee", hundred, hundred)]
    assert rows_of(settings, "gold.sales_by_channel", "channel_code", "order_count") == [("shopee", 3)]

    # A payment is refunded: found through the order that it belongs to.
    bronze.change("insert", "payments", [payment(4, 2, "refunded")])
    bronze.commit()
    assert build(settings, tables=SALES).run.tables["gold.daily_sales"].touched == {"groups": [["2026-01-06"]]}
    assert sales(settings)[1] == (DAY_2, "shopee", hundred, nothing)

    # A payment takes the place of another order's: the one it left and the one it came to.
    bronze.change("update", "payments", [payment(3, 2)])
    bronze.change("delete", "payments", [{"payment_id": 2}])
    bronze.commit()
    assert build(settings, tables=SALES).run.tables["gold.daily_sales"].touched == {"groups": [["2026-01-05"], ["2026-01-06"]]}
    assert sales(settings) == [(DAY_1, "shopee", Decimal("200.00"), nothing), (DAY_2, "shopee", hundred, nothing)]
    assert_incremental_equals_full(settings)


def test_deletes_key_changes_truncates_and_unsent_values_reach_silver(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    bronze.change("delete", "customers", [{"customer_id": 4}, {"customer_id": 5}])
    bronze.change("insert", "customers", [customer(50, "gold")])
    bronze.change("update", "customers", [{**customer(2, "silver"), "full_name": None}], unchanged=["full_name"])
    bronze.change("truncate", "customer_history", [{}])
    bronze.change("insert", "customer_history", [{"customer_id": 2, "version": 1, "operation": "insert", "changed_at": START}])
    bronze.commit()
    built = build(fresh, tables=["silver.customers", "silver.customer_history"])
    assert outcomes(built) == {"silver.customers": "merge", "silver.customer_history": "full"}
    assert rows_of(fresh, "silver.customers", "customer_id", "full_name", "tier") == [
        (1, "Customer 1", "bronze"), (2, "Customer 2", "silver"), (3, "Customer 3", "bronze"), (50, "Customer 50", "gold"),
    ]  # fmt: skip
    assert rows_of(fresh, "silver.customer_history", "customer_id") == [(2,)]
    assert_incremental_equals_full(fresh, ("silver.customers", "silver.customer_history"))


def test_rows_behind_the_cut_wait_for_the_next_one(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    place(bronze, 4)
    bronze.commit()
    place(bronze, 5)
    bronze.commit(cut=False)
    assert outcomes(build(fresh, tables=["silver.orders"]))["silver.orders"] == "append"
    assert rows_of(fresh, "silver.orders", "order_id") == [(1,), (2,), (3,), (4,)]
    # The same snapshot of bronze is read further once the next cut covers it.
    bronze.commit()
    assert outcomes(build(fresh, tables=["silver.orders"]))["silver.orders"] == "append"
    assert rows_of(fresh, "silver.orders", "order_id") == [(1,), (2,), (3,), (4,), (5,)]


@pytest.mark.long
def test_a_limited_build_leaves_the_others_and_a_later_one_catches_up(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    before = sales(fresh)
    place(bronze, 4, at=LATER + timedelta(days=1))
    bronze.commit()
    assert set(outcomes(build(fresh, tables=["silver.orders"]))) == {"silver.orders"}
    assert sales(fresh) == before
    place(bronze, 5, at=LATER + timedelta(days=2))
    bronze.commit()
    caught_up = build(fresh)
    assert caught_up.run.tables["gold.daily_sales"].touched == {"groups": [["2026-01-07"], ["2026-01-08"]]}
    assert [row[0] for row in sales(fresh)] == [DAY_1, DAY_2, DAY_2, DAY_2 + timedelta(days=1), DAY_2 + timedelta(days=2)]


@pytest.mark.long
def test_a_table_that_the_settings_do_not_name_is_built_once_and_nobody_waits_for_it(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    once = "silver.shipments"
    assert set(outcomes(build(lake, tables=[once]))) >= {once}
    place(bronze, 4, at=LATER)
    bronze.commit()
    assert is_behind(lake)
    assert set(outcomes(build(lake, tables=["silver.orders"]))) == {"silver.orders"}
    assert is_behind(lake), "a build of some tables does not speak for the others"
    built = build(lake)
    assert built.run.tables[once].status == "kept"
    assert (built.run.tables[once].cut_end_lsn or 0) < built.run.cut_end_lsn
    assert not is_behind(lake)


def test_a_failed_check_stops_the_release_and_a_corrected_input_heals(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    before = whole_lake(fresh)
    bronze.change("insert", "orders", [order(4, status="lost"), order(5, status="lost")])
    bronze.commit()
    with pytest.raises(CheckFailedError) as failure:
        build(fresh, tables=["silver.orders"])
    assert str(failure.value) == (
        "check: silver.orders status must be one of pending, paid, packed, shipped, delivered, cancelled, returned, "
        "but 2 rows are not, first (4). Release 1 stays current; correct the input and run the build again."
    )
    assert whole_lake(fresh) == before
    with psycopg.connect(fresh.catalog_dsn) as connection:
        kept = connection.execute("select table_name, failing_count, examples from shoplake.check_results where not passed").fetchall()
    assert kept == [("silver.orders", 2, [["4"], ["5"]])]
    bronze.change("delete", "orders", [{"order_id": 4}, {"order_id": 5}])
    bronze.commit()
    healed = build(fresh, tables=["silver.orders"])
    assert healed.release is not None
    assert whole_lake(fresh) == before


@pytest.mark.parametrize(
    ("table", "row", "sentence"),
    [
        (
            "channels",
            channel("tiki"),
            r"silver\.channels key \(channel_code\) must be unique, but 1 row repeats one, first \(tiki\)\. Release 1 stays",
        ),
        ("customers", customer(None), r"silver\.customers must have a value in each of \(customer_id\), but a row has none"),
        (
            "products",
            {**product(9), "category_id": 7},
            r"silver\.products category_id must be in silver\.categories, but 1 row is not, first \(9\)\.",
        ),
    ],
)
def test_keys_and_references_are_checked(traded: Traded, table: str, row: Row, sentence: str) -> None:
    traded.bronze.change("insert", table, [row])
    traded.bronze.commit()
    with pytest.raises(CheckFailedError, match=sentence):
        build(traded.settings)


def test_a_reference_into_many_rows_is_held_against_those_near_it_alone(traded: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    held_against: list[tuple[str, str, int]] = []
    referred_to = spark_jobs.audit._referred_to

    def noted(lake: Lake, table: LakeTable, check: ReferenceCheck, *others: Any) -> DataFrame:
        rows = referred_to(lake, table, check, *others)
        held_against.append((table.name, check.column, rows.count()))
        return rows

    monkeypatch.setattr(spark_jobs.audit, "MOST_FEW_ROWS", -1)
    monkeypatch.setattr(spark_jobs.audit, "_referred_to", noted)
    place(traded.bronze, 4)
    place(traded.bronze, 5, at=LATER)
    traded.bronze.commit()
    build(traded.settings, tables=SALES)
    assert ("silver.payments", "order_id", 2) in held_against, "of five orders"
    traded.bronze.change("insert", "payments", [payment(6, 5), payment(7, 99)])
    traded.bronze.commit()
    with pytest.raises(CheckFailedError, match=r"silver\.payments order_id must be in silver\.orders, but 1 row is not, first \(7\)\."):
        build(traded.settings, tables=SALES)


def test_lines_that_do_not_add_up_to_their_order_stop_the_release(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    bronze.change("insert", "order_items", [line(1, number=2)])
    bronze.commit()
    with pytest.raises(
        CheckFailedError,
        match=r"orders must have the amounts of their lines, but 1 row does not, first \(1\) with items_amount 100\.00 and line_items_amount 200\.00",
    ):
        build(fresh)


def test_tasks_of_other_processes_share_a_run_by_its_number(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    place(bronze, 4)
    bronze.change("update", "customers", [customer(1, "gold")])
    bronze.commit()
    run = begin_run(fresh, ["silver.orders"])
    assert run.waiting == ["silver.customers", "silver.orders"]
    with pytest.raises(BuildError, match=r"silver\.orders needs silver\.customers, which run 2 has not built yet"):
        build_table(fresh, run.run_id, "silver.orders")
    with pytest.raises(ReleaseError, match=r"of run 2 is not built yet"):
        publish_run(fresh, run.run_id)
    place(bronze, 5)
    bronze.commit()
    for name in run.waiting:
        assert build_table(fresh, run.run_id, name).status == "built"
    again = build_table(fresh, run.run_id, "silver.orders")
    assert (again.status, again.changed_row_count) == ("built", 1)
    release = publish_run(fresh, run.run_id)
    assert release is not None
    assert publish_run(fresh, run.run_id) == release, "a task that is tried again finds the release"
    assert rows_of(fresh, "silver.orders", "order_id") == [(1,), (2,), (3,), (4,)], "every table of a run reads the same cut"


def test_a_run_that_another_release_overtook_is_not_published(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    bronze.change("update", "customers", [customer(1, "gold")])
    bronze.commit()
    slow = begin_run(fresh, ["silver.customers"])
    build_table(fresh, slow.run_id, "silver.customers")
    build(fresh)
    with pytest.raises(ReleaseError, match="another release was published since run 2 began"):
        publish_run(fresh, slow.run_id)
    abandon_run(fresh, slow.run_id, "overtaken")
    with pytest.raises(ReleaseError, match="run 2 is failed"):
        publish_run(fresh, slow.run_id)


def test_a_main_that_somebody_else_moved_is_refused_and_put_back_by_a_rollback(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    before = whole_lake(fresh)
    table = open_catalog(fresh).load_table("silver.channels")
    table.append(table.scan().to_arrow())
    bronze.change("update", "customers", [customer(1, "gold")])
    bronze.commit()
    with pytest.raises(ReleaseError, match=r"main of silver\.channels is not what release 1 published.*rollback 1"):
        build(fresh)
    rollback(fresh, 1)
    assert whole_lake(fresh) == before
    build(fresh)
    assert (1, "gold") in rows_of(fresh, "silver.customers", "customer_id", "tier")


def test_after_a_rollback_the_next_build_takes_in_again_what_came_since(traded: Traded) -> None:
    bronze, fresh = traded.bronze, traded.settings
    old = whole_lake(fresh)
    place(bronze, 4, at=LATER)
    bronze.commit()
    build(fresh, tables=["silver.orders"])
    new = whole_lake(fresh)
    restored = rollback(fresh, 1).release
    assert (restored.release_id, restored.rolled_back_to) == (3, 1)
    assert whole_lake(fresh) == old
    assert build(fresh, tables=["silver.orders"]).release is not None
    assert whole_lake(fresh) == new


def test_a_table_younger_than_the_release_rolled_back_to_has_no_rows_until_it_is_built_again(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    once, old = "gold.sales_by_payment_method", whole_lake(traded.settings)
    build(lake, tables=[once])
    rows = rows_of(lake, once)
    assert rows
    assert once in rollback(lake, 1, discover().by_name).withdrawn
    assert whole_lake(lake) == old
    with spark_session(lake) as session:
        assert session.table(f"lake.{once}").count() == len(rows_of(lake, once)) == 0
    place(bronze, 4, at=LATER)
    bronze.commit()
    assert once not in build(lake).run.tables
    assert rows_of(lake, once) == []
    assert outcomes(build(lake, tables=[once]))[once] == "full"
    assert rows_of(lake, once) != rows, "of today, not of then"
    assert_incremental_equals_full(lake, (once,))
    assert rollback(lake, 2).withdrawn == []
    assert rows_of(lake, once) == rows


@pytest.mark.parametrize("how", ["build", "compaction"])
def test_a_column_that_a_preview_adds_meanwhile_is_not_published(traded: Traded, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    lake, name = traded.settings, "silver.orders"
    catalog = open_catalog(lake)
    before = catalog.load_table(name).schema()
    module, step = (spark_jobs.run, "refresh") if how == "build" else (spark_jobs.compact, "_rewrite")
    original, ideas = getattr(module, step), iter(["an_idea"])

    def beside_a_preview(*arguments: Any) -> Any:
        is_it = name in (getattr(arguments[1], "name", None), arguments[2])
        for idea in ideas if is_it else ():
            catalog.load_table(name).update_schema().add_column(idea, StringType()).commit()
        return original(*arguments)

    monkeypatch.setattr(module, step, beside_a_preview)
    if how == "build":
        place(traded.bronze, 4)
        traded.bronze.commit()
        assert build(lake, tables=[name]).release is not None
    else:
        monkeypatch.setattr("iceberg.maintenance.files.ENOUGH_FILES", 1)
        monkeypatch.setitem(spark_jobs.compact._OPTIONS, "rewrite-all", "true")
        assert maintain(lake, tables=[name]).release is not None
    after = catalog.load_table(name)
    assert after.schema() == before
    assert build(lake).release is None or how == "build"


def test_a_table_that_neither_catalog_nor_code_has_any_more_stands_in_nobodys_way(traded: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    bronze, lake = traded.bronze, traded.settings
    once, old = "gold.sales_by_payment_method", whole_lake(traded.settings)
    build(lake, tables=[once])
    without = Tables({name: table for name, table in discover().by_name.items() if name != once})
    for module in ("spark_jobs.plan", "spark_jobs.run", "spark_jobs.compact"):
        monkeypatch.setattr(f"{module}.discover", lambda: without)
    open_catalog(lake).drop_table(once)
    place(bronze, 4)
    bronze.commit()
    assert build(lake).release is not None
    monkeypatch.setattr("iceberg.maintenance.files.ENOUGH_FILES", 1)
    monkeypatch.setitem(spark_jobs.compact._OPTIONS, "rewrite-all", "true")
    done = maintain(lake, tables=["gold.sales_by_channel"])
    assert done.put_off == []
    assert done.release is not None
    assert rollback(lake, 2, without.by_name).gone == [once]
    assert whole_lake(lake) == old


def test_a_table_that_is_declared_and_gone_puts_a_compaction_off_and_no_other_maintenance(
    traded: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = open_catalog(traded.settings)
    catalog.rename_table("gold.sales_by_channel", "gold.kept")
    table = catalog.load_table("silver.orders")
    nobodys = f"{table.location()}/data/nobodys.parquet"
    with table.io.new_output(nobodys).create() as file:
        file.write(b"rows")
    monkeypatch.setattr("iceberg.maintenance.files.ENOUGH_FILES", 1)
    done = maintain(traded.settings, tables=["silver.orders"], orphans_before=datetime.now(UTC) + timedelta(seconds=1))
    assert [sentence.split(". ")[0] for sentence in done.put_off] == ["release: gold.sales_by_channel is gone from the catalog"]
    assert done.release is None
    assert not table.io.new_input(nobodys).exists()


def test_a_second_build_does_not_run_beside_the_first(bronze: Bronze, fresh: Settings) -> None:
    bronze.commit()
    with only_one(fresh.catalog_dsn, "build"), pytest.raises(BusyError, match="build: shoplake build pid"):
        build(fresh, wait_for_others=False)


def test_an_input_that_was_never_captured_is_named(bronze: Bronze, fresh: Settings) -> None:
    bronze.commit()
    bronze.catalog.drop_table("bronze.orders")
    with pytest.raises(TableError, match=r"silver\.orders reads bronze\.orders, which does not exist"):
        build(fresh)


def test_the_spark_ui_names_each_job_by_table_and_step(traded: Traded, spark_services: Settings) -> None:
    bronze, fresh = traded.bronze, traded.settings
    bronze.change("update", "orders", [order(1, status="shipped", amount=0)])
    bronze.change("update", "order_items", [line(1, 0, 1), line(1, 0, 2)])
    bronze.change("update", "payments", [payment(1, 1, amount=0)])
    bronze.commit()
    build(fresh, tables=["gold.daily_sales"])
    address = f"http://127.0.0.1:{spark_services.spark_ui_port}/api/v1/applications"
    application = requests.get(address, timeout=10).json()[0]["id"]
    jobs = requests.get(f"{address}/{application}/jobs", timeout=10).json()
    named = {job.get("description") for job in jobs}
    assert {"silver.orders merge", "silver.order_items check", "gold.daily_sales recompute", "gold.daily_sales check"} <= named
