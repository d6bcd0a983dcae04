"""What happens when something stops in the middle: a sentence, the last release untouched, and the next build heals."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import requests
from pyiceberg.types import StringType
from pyspark.sql import DataFrame

import spark_jobs.silver.categories as categories
from iceberg.catalog import open_catalog
from iceberg.quality.checks import RowCheck
from iceberg.releases import BUILD_LOCK, publish_run
from iceberg.table import FullRefresh
from shoplake.core.errors import BuildError, ServiceError, TableError
from shoplake.core.lock import only_one
from shoplake.core.settings import LOOPBACK, Settings
from shoplake.stack.local.runner import status
from shoplake.stack.private import private_stack
from spark_jobs.failures import writing_failure
from spark_jobs.plan import begin_run
from spark_jobs.run import Built, build, build_table
from tests.spark_jobs.bronze_rows import START, order, place
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, outcomes, rows_of, whole_lake

pytestmark = pytest.mark.integration

NOBODY = "127.0.0.1:9"


def test_a_file_that_the_store_does_not_give_is_no_fault_of_the_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"order_id": [1]}), tmp_path / "orders.parquet")
    orders = ds.dataset(tmp_path / "orders.parquet")
    (tmp_path / "orders.parquet").unlink()
    for read in (lambda: duckdb.from_arrow(orders).fetchall(), orders.to_table):
        with pytest.raises((duckdb.Error, OSError)) as told:
            read()
        failure = writing_failure("build: gold.daily_sales could not be built", told.value, "Release 1 stays", "build again")
        assert isinstance(failure, ServiceError)
        assert "run `shoplake status`, then build again" in str(failure)


def change_something(traded: Traded) -> None:
    place(traded.bronze, 4)
    traded.bronze.change("update", "orders", [order(1, status="cancelled")])
    traded.bronze.commit()


@pytest.mark.long
@pytest.mark.parametrize(
    "gone",
    [{"spark": f"sc://{NOBODY}"}, {"s3_endpoint": f"http://{NOBODY}"}, {"catalog_uri": f"postgresql://lake_writer:none@{NOBODY}/lake"}],
    ids=["Spark", "the store", "the catalog's database"],
)
def test_a_service_that_stops_between_two_tables_is_a_sentence_and_the_next_build_heals(traded: Traded, gone: dict[str, object]) -> None:
    before = whole_lake(traded.settings)
    change_something(traded)
    run = begin_run(traded.settings, ["silver.orders"])
    with pytest.raises(ServiceError) as failure:
        build_table(traded.settings.changed(**gone), run.run_id, "silver.orders")
    assert "\n" not in str(failure.value)
    assert whole_lake(traded.settings) == before
    assert build_table(traded.settings, run.run_id, "silver.orders").status == "built", "the same task may be tried again"
    publish_run(traded.settings, run.run_id)
    assert whole_lake(traded.settings)["silver.orders"] != before["silver.orders"]


CATEGORIES = "silver.categories"


def rename_category(traded: Traded, name: str, **more: object) -> None:
    traded.bronze.change("update", "categories", [{"category_id": 1, "name": name, "updated_at": START, **more}])
    traded.bronze.commit()


def assert_the_next_build_heals(traded: Traded, name: str) -> None:
    assert build(traded.settings, tables=[CATEGORIES]).release is not None
    assert rows_of(traded.settings, CATEGORIES, "category_id", "name") == [(1, name)]
    assert_incremental_equals_full(traded.settings, (CATEGORIES,))


@pytest.mark.long
@pytest.mark.parametrize(
    ("condition", "reason"),
    [("no_such_column < 0", "UNRESOLVED_COLUMN.*no_such_column"), ("1 / (category_id - 1) < 0", "DIVIDE_BY_ZERO")],
    ids=["before it runs", "while it runs"],
)
def test_a_check_that_cannot_be_computed_is_a_sentence_and_the_next_build_heals(
    traded: Traded, monkeypatch: pytest.MonkeyPatch, condition: str, reason: str
) -> None:
    before = whole_lake(traded.settings)
    check = RowCheck("impossible", condition, "it must be possible", "are not")
    monkeypatch.setattr(categories, "TABLE", replace(categories.TABLE, checks=(*categories.TABLE.checks, check)))
    rename_category(traded, "Everything")
    sentence = rf"^check: a check of silver\.categories could not be computed \(.*{reason}.*\)\. Release 1 stays current; correct it, then build again\.$"
    with pytest.raises(BuildError, match=sentence):
        build(traded.settings, tables=[CATEGORIES])
    assert whole_lake(traded.settings) == before
    monkeypatch.undo()
    assert_the_next_build_heals(traded, "Everything")


@pytest.mark.long
def test_a_table_of_bronze_or_a_column_of_it_that_was_renamed_is_a_sentence_and_named_as_before_the_next_build_heals(
    traded: Traded,
) -> None:
    before = whole_lake(traded.settings)
    rename_category(traded, "Everything")
    catalog = traded.bronze.catalog
    catalog.rename_table("bronze.categories", "bronze.kinds")
    with pytest.raises(
        TableError, match=r"^build: silver\.categories reads bronze\.categories, which does not exist\. Run `shoplake ingest`"
    ):
        build(traded.settings)
    catalog.rename_table("bronze.kinds", "bronze.categories")
    catalog.load_table("bronze.categories").update_schema().rename_column("name", "title").commit()
    traded.bronze.change("update", "categories", [{"category_id": 1, "title": "All", "updated_at": START}])
    traded.bronze.commit()
    with pytest.raises(
        BuildError, match=r"^build: silver\.categories could not be built \(.*`name`.*\)\. Release 1 stays current; correct it"
    ):
        build(traded.settings)
    assert whole_lake(traded.settings) == before
    catalog.load_table("bronze.categories").update_schema().rename_column("title", "name").commit()
    rename_category(traded, "Everything")
    assert_the_next_build_heals(traded, "Everything")


@pytest.mark.long
def test_a_table_of_a_release_that_was_renamed_is_a_sentence_and_named_as_before_the_next_build_heals(traded: Traded) -> None:
    before = whole_lake(traded.settings)
    rename_category(traded, "Everything")
    catalog = open_catalog(traded.settings)
    catalog.rename_table(CATEGORIES, "silver.kinds")
    for limited in (None, [CATEGORIES], ["silver.customers"]):
        with pytest.raises(TableError, match=r"^build: silver\.categories is gone from the catalog\. Give it back"):
            build(traded.settings, tables=limited)
    assert not catalog.table_exists(CATEGORIES), "its name is not taken by an empty table"
    catalog.rename_table("silver.kinds", CATEGORIES)
    assert whole_lake(traded.settings) == before
    assert_the_next_build_heals(traded, "Everything")


@pytest.mark.long
def test_a_table_that_was_dropped_is_made_anew_on_request_and_whoever_reads_it_is_computed_in_full(traded: Traded) -> None:
    name = "gold.daily_sales"
    before = whole_lake(traded.settings)
    open_catalog(traded.settings).drop_table(name)
    with pytest.raises(TableError, match=r"make it anew with `shoplake build --full --table gold\.daily_sales`\.$"):
        build(traded.settings)
    assert build(traded.settings, tables=[name], full=True).release is not None
    assert whole_lake(traded.settings) == before
    change_something(traded)
    followed = outcomes(build(traded.settings, tables=["gold.sales_by_channel"]))
    assert (followed[name], followed["gold.sales_by_channel"]) == ("recompute", "full")
    assert_incremental_equals_full(traded.settings, (name, "gold.sales_by_channel"))


@pytest.mark.long
def test_a_column_that_was_added_at_the_source_changes_nothing_and_its_rows_are_taken_in(traded: Traded) -> None:
    traded.bronze.catalog.load_table("bronze.categories").update_schema().add_column("colour", StringType()).commit()
    rename_category(traded, "Everything", colour="blue")
    assert_the_next_build_heals(traded, "Everything")


def test_tables_that_read_each_other_are_a_sentence_and_the_last_release_is_untouched(
    traded: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def transform(bronze_categories: DataFrame, silver_products: DataFrame) -> DataFrame:
        raise AssertionError("nothing is computed")

    before = whole_lake(traded.settings)
    monkeypatch.setattr(categories, "TABLE", replace(categories.TABLE, refresh=FullRefresh()))
    monkeypatch.setattr(categories, "transform", transform)
    with pytest.raises(
        TableError, match=r"^table: these read each other in a circle: .*silver\.categories.*silver\.products.*\. Let one of them"
    ):
        build(traded.settings)
    monkeypatch.undo()
    assert whole_lake(traded.settings) == before
    assert build(traded.settings).release is None, "as if nothing had been tried"


@pytest.mark.long
def test_two_builds_at_once_come_one_after_the_other_and_publish_once(traded: Traded) -> None:
    rename_category(traded, "Everything")
    sentences: list[str] = []

    def build_at_once() -> Built:
        return build(traded.settings, tables=[CATEGORIES], on_wait=sentences.append)

    with ThreadPoolExecutor(2) as pool:
        with only_one(traded.settings.catalog_dsn, BUILD_LOCK):
            both = [pool.submit(build_at_once) for _ in range(2)]
            await_that(lambda: len(sentences) == len(both), both)
        releases = [one.result().release for one in both]
    assert all(sentence.startswith("build: waiting for shoplake build pid ") for sentence in sentences)
    assert sorted(release.release_id for release in releases if release is not None) == [2]
    assert rows_of(traded.settings, CATEGORIES, "category_id", "name") == [(1, "Everything")]
    assert_incremental_equals_full(traded.settings, (CATEGORIES,))


@pytest.mark.long
def test_a_spark_that_is_killed_in_the_middle_of_a_merge_is_a_sentence_and_with_another_the_next_build_heals(traded: Traded) -> None:
    before = whole_lake(traded.settings)
    change_something(traded)
    with private_stack("spark", spark_memory="1200m") as own, ThreadPoolExecutor(1) as pool:
        building = pool.submit(build, traded.settings.changed(spark=own.spark_remote), tables=["silver.orders"])
        await_that(lambda: "silver.orders merge" in running_jobs(own), [building])
        (server,) = [state.pid for state in status(own) if state.name == "spark"]
        os.kill(server or 0, signal.SIGKILL)
        with pytest.raises(
            ServiceError, match=r"^build: silver\.orders could not be built, because Spark.*Release 1 stays current; run"
        ) as failure:
            building.result()
    assert "\n" not in str(failure.value)
    assert whole_lake(traded.settings) == before
    build(traded.settings)
    assert [row[0] for row in rows_of(traded.settings, "silver.orders", "order_id")] == [1, 2, 3, 4]
    assert_incremental_equals_full(traded.settings, ("silver.orders", "gold.daily_sales", "gold.sales_by_channel"))


def running_jobs(spark: Settings) -> set[str]:
    """What the jobs that Spark is at are for, as its UI names them."""
    address = f"http://{LOOPBACK}:{spark.spark_ui_port}/api/v1/applications"
    application = requests.get(address, timeout=10).json()[0]["id"]
    return {job.get("description") or "" for job in requests.get(f"{address}/{application}/jobs?status=running", timeout=10).json()}


def await_that(is_true: Callable[[], bool], work: Sequence[Future[Built]]) -> None:
    """Wait for something that happens while work is under way; work that fails or ends before is said."""
    while not is_true():
        for one in work:
            assert not one.done(), one.result()
        time.sleep(0.01)
