"""Maintenance: fewer files, the same rows, and whoever reads, ingests or builds goes on as if nothing had happened."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.types import LongType, StringType

import iceberg.publish
import iceberg.releases
import spark_jobs.compact
import spark_jobs.maintain
from iceberg.capture.ingest import ingest
from iceberg.catalog import catalog_properties, open_catalog, prepare_lake
from iceberg.differences import differences
from iceberg.maintenance.store import Store
from iceberg.reader import ReleaseReader
from iceberg.releases import list_releases, rollback, show_release
from iceberg.runs import catalog_database
from shoplake.core.errors import BuildError, BusyError, TableError
from shoplake.core.lock import only_one
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.maintain import maintain
from spark_jobs.run import build
from tests.iceberg.capture.source_tables import TABLES as SOURCE
from tests.iceberg.capture.source_tables import bronze_rows, execute, folded, source_rows
from tests.spark_jobs.bronze_rows import START, Bronze, open_shop, order, place
from tests.spark_jobs.fixtures import Traded, copied
from tests.spark_jobs.lake_rows import SALES, assert_incremental_equals_full, outcomes

pytestmark = [pytest.mark.integration, pytest.mark.long]

TABLES = ("gold.daily_sales", "gold.sales_by_channel")
SCATTERED = {"bronze.orders", "bronze.order_items", "bronze.payments", "silver.orders", "silver.order_items", "silver.payments"}
BUILDS = 6

Rows = dict[tuple[str, int], list[str]]


@pytest.fixture(scope="module")
def scattered(spark_services: Settings) -> Iterator[tuple[Settings, int]]:
    """A lake of six builds, each of which added an order and changed another, so that its rows lie in six files and more."""
    with fresh_databases(spark_services) as settings:
        catalog = prepare_lake(settings)
        bronze = Bronze(catalog, settings.catalog_dsn).create()
        open_shop(bronze)
        for number in range(1, BUILDS + 1):
            place(bronze, number, at=START + timedelta(days=number))
            if number > 1:
                bronze.change("update", "orders", [order(number - 1, START + timedelta(days=number - 1), status="shipped")])
            end = bronze.commit()
            build(settings, tables=TABLES)
        catalog.engine.dispose()
        yield settings, end


@pytest.fixture
def lake(scattered: tuple[Settings, int], fresh: Settings) -> Traded:
    """A copy of the lake of ``scattered``. Its files are those of all copies: none may remove one that the first releases need."""
    return copied(scattered, fresh)


def all_rows(settings: Settings) -> Rows:
    """The rows of every table in every promised release, by release, and those of bronze."""
    catalog = open_catalog(settings)
    rows: Rows = {}
    for release in list_releases(settings):
        for version in show_release(settings, release.release_id).tables:
            found = catalog.load_table(version.table_name).scan(snapshot_id=version.snapshot_id).to_arrow()
            rows[version.table_name, release.release_id] = sorted(map(repr, found.to_pylist()))
    for name in catalog.list_tables("bronze"):
        rows[".".join(name), 0] = sorted(map(repr, catalog.load_table(name).scan().to_arrow().to_pylist()))
    return rows


def same(now: Rows, before: Rows) -> bool:
    """Whether nothing that was there is gone or other, and releases since then say what the last one said."""
    last = max(release for _, release in before)
    return all(now[key] == rows for key, rows in before.items()) and all(
        rows == before[name, last] for (name, release), rows in now.items() if release > last
    )


def everything(settings: Settings) -> datetime:
    """An age at which all orphans are old."""
    return datetime.now(UTC) + timedelta(seconds=1)


def test_scattered_tables_get_few_files_and_no_release_other_rows(lake: Traded) -> None:
    settings = lake.settings
    before = all_rows(settings)
    done = maintain(settings, orphans_before=everything(settings))
    assert {one.table_name for one in done.tables if one.is_compacted} == SCATTERED
    for one in done.tables:
        if one.is_compacted:
            assert one.before.data_file_count >= BUILDS
            assert (one.after.data_file_count, one.after.delete_file_count) == (1, 0)
    assert sum(one.before.delete_file_count for one in done.tables) > 0
    assert sum(one.orphan_count for one in done.tables) > 0
    assert same(all_rows(settings), before)
    assert done.release is not None
    assert done.release.release_id == BUILDS + 1
    with closing(open_catalog(settings)) as catalog:
        old, new = (ReleaseReader(catalog, settings.catalog_dsn, number) for number in (BUILDS, BUILDS + 1))
        moved = {difference.table_name: difference.status for difference in differences(old, new)}
        assert moved == {name: "rewritten" for name in SCATTERED if name.startswith("silver")}
        assert [check.check_name for check in new.checks("silver.orders")] == [check.check_name for check in old.checks("silver.orders")]

    again = maintain(settings, orphans_before=everything(settings))
    assert again.release is None
    assert not any(one.is_compacted for one in again.tables)
    rollback(settings, 3)
    assert same({key: rows for key, rows in all_rows(settings).items() if key[1] <= BUILDS + 1}, before)


def test_a_build_after_it_is_incremental_and_right(lake: Traded) -> None:
    settings = lake.settings
    assert maintain(settings).release is not None
    lake.bronze.change("update", "orders", [order(1, START + timedelta(days=1), status="cancelled")])
    lake.bronze.commit()
    assert outcomes(build(settings, tables=TABLES)) == {
        "silver.orders": "merge", "gold.daily_sales": "recompute", "gold.sales_by_channel": "recompute",
    }  # fmt: skip
    assert_incremental_equals_full(settings, ("silver.orders", *TABLES))


def test_a_table_that_was_not_built_since_consumes_a_version_from_before_it_incrementally(lake: Traded) -> None:
    settings = lake.settings
    build(settings, tables=["gold.sales_by_payment_method"])
    place(lake.bronze, 7, at=START + timedelta(days=40))
    lake.bronze.commit()
    build(settings, tables=["silver.orders", "silver.order_items", "silver.payments"])
    assert maintain(settings).release is not None
    built = build(settings, tables=["gold.sales_by_payment_method"])
    assert built.run.tables["gold.sales_by_payment_method"].strategy == "recompute"
    assert_incremental_equals_full(settings, ("gold.sales_by_payment_method",))


def test_a_table_whose_inputs_have_expired_since_it_was_built_is_computed_in_full(lake: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = lake.settings
    build(settings, tables=["gold.sales_by_payment_method"])
    monkeypatch.setattr(iceberg.releases, "RELEASES_KEPT", 1)
    for number in (7, 8):
        place(lake.bronze, number, at=START + timedelta(days=number))
        lake.bronze.commit()
        build(settings, tables=["gold.sales_by_channel"])
    # Its files stay, since other copies of the lake refer to them.
    maintain(settings, tables=["silver.*"])
    built = build(settings, tables=["gold.sales_by_payment_method"])
    assert built.run.tables["gold.sales_by_payment_method"].strategy == "full"
    assert_incremental_equals_full(settings, ("gold.sales_by_payment_method",))


def test_a_build_with_nothing_new_after_it_looks_at_changes_and_publishes_nothing(lake: Traded) -> None:
    maintain(lake.settings)
    assert build(lake.settings, tables=TABLES).release is None


def test_an_ingest_goes_on_exactly_where_it_was(spark_services: Settings, fresh: Settings) -> None:
    execute(fresh, SOURCE)
    ingest(fresh)
    for number in range(6):
        execute(fresh, f"update people set balance = balance + 1 where id <= {number + 1}; insert into pets values ({900 + number}, 7)")
        ingest(fresh)
    before = {table: bronze_rows(fresh, table) for table in ("people", "pets")}
    done = maintain(fresh, orphans_before=everything(fresh))
    assert {one.table_name: one.after.data_file_count for one in done.tables} == {"bronze.people": 1, "bronze.pets": 1}
    assert {table: bronze_rows(fresh, table) for table in before} == before
    assert ingest(fresh).row_count == 0
    execute(fresh, "update people set name = 'new' where id = 3; delete from pets where id = 901")
    assert ingest(fresh).changes == {"bronze.people": 1, "bronze.pets": 1}
    for table in before:
        assert folded(fresh, table) == source_rows(fresh, table)


def test_a_dry_run_changes_nothing(lake: Traded) -> None:
    def state() -> tuple[Any, ...]:
        with catalog_database(lake.settings.catalog_dsn) as connection:
            books = [
                connection.execute(f"select * from {book} order by 1, 2, 3".encode()).fetchall()
                for book in ("iceberg_tables", "shoplake.runs", "shoplake.run_tables", "shoplake.release_tables")
            ]
        with closing(Store(lake.settings)) as store:
            location = open_catalog(lake.settings).load_table("silver.orders").location()
            return books, list(store.files(location.rsplit("/", 2)[0]))

    before = state()
    done = maintain(lake.settings, dry_run=True, orphans_before=everything(lake.settings))
    assert {one.table_name for one in done.tables if one.is_compacted} == SCATTERED
    assert state() == before


def test_orphans_that_are_young_stay(lake: Traded) -> None:
    table = open_catalog(lake.settings).load_table("silver.orders")
    location = f"{table.location()}/data/of-a-writer-under-way.parquet"
    with table.io.new_output(location).create() as file:
        file.write(b"rows")
    done = maintain(lake.settings, tables=["silver.orders"])
    assert [one.table_name for one in done.tables] == ["silver.orders"]
    assert done.tables[0].orphan_count == 0
    assert table.io.new_input(location).exists()
    maintain(lake.settings, tables=["silver.orders"], orphans_before=everything(lake.settings))
    assert not table.io.new_input(location).exists()


def test_an_open_scan_of_a_promised_release_reads_on(lake: Traded) -> None:
    settings = lake.settings
    table = open_catalog(settings).load_table("silver.orders")
    planned = []
    for release in list_releases(settings):
        version = next(one for one in show_release(settings, release.release_id).tables if one.table_name == "silver.orders")
        scan = table.scan(snapshot_id=version.snapshot_id)
        planned.append((list(scan.plan_files()), scan.to_arrow().num_rows))
    maintain(settings, orphans_before=everything(settings))
    for tasks, row_count in planned:
        scan = table.scan()
        read = ArrowScan(table.metadata, table.io, scan.projection(), scan.row_filter).to_table(tasks)
        assert read.num_rows == row_count


def test_a_plain_client_reads_the_same_rows_all_the_while(lake: Traded) -> None:
    names = ("silver.orders", "bronze.orders", "gold.daily_sales")
    stop, seen = threading.Event(), list[tuple[str, list[str]]]()
    problems: list[BaseException] = []

    def read() -> None:
        try:
            with closing(load_catalog("lake", **catalog_properties(lake.settings))) as catalog:
                while not stop.is_set():
                    seen.extend((name, sorted(map(repr, catalog.load_table(name).scan().to_arrow().to_pylist()))) for name in names)
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        maintain(lake.settings, tables=["*.orders", "gold.*"])
    finally:
        stop.set()
        thread.join()
    assert not problems
    assert len(seen) > len(names)
    for name in names:
        assert len({tuple(rows) for read, rows in seen if read == name}) == 1


def test_rows_that_differ_after_a_compaction_are_never_published(lake: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    before = all_rows(lake.settings)
    answers = iter([[1], [2]])
    monkeypatch.setattr(spark_jobs.compact, "_sums", lambda *_: next(answers))
    with pytest.raises(BuildError, match=r"compacting silver\.orders would have changed its rows"):
        maintain(lake.settings, tables=["silver.orders"])
    assert all_rows(lake.settings) == before
    monkeypatch.undo()
    assert maintain(lake.settings, tables=["silver.orders"]).release is not None


def test_a_column_that_came_or_was_widened_since_does_not_stand_in_the_way(lake: Traded) -> None:
    table = open_catalog(lake.settings).load_table("bronze.order_items")
    with table.update_schema() as update:
        update.add_column("gift_note", StringType())
        update.update_column("line_number", LongType())
    rows = {key: found for key, found in all_rows(lake.settings).items() if key[0] == "bronze.order_items"}
    assert maintain(lake.settings, tables=["bronze.order_items"]).tables[0].is_compacted
    assert same({key: found for key, found in all_rows(lake.settings).items() if key in rows}, rows)


def test_a_release_that_comes_between_is_taken_in(lake: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = spark_jobs.compact.publish_run
    overtakers = iter([BUILDS])

    def overtaken(*arguments: Any) -> Any:
        for number in overtakers:
            # As a run of Airflow's does, which holds no lock.
            iceberg.releases._roll_back(lake.settings, number)
        return publish(*arguments)

    monkeypatch.setattr(spark_jobs.compact, "publish_run", overtaken)
    done = maintain(lake.settings, tables=["silver.orders"])
    assert done.release is not None
    assert done.release.release_id == BUILDS + 2
    assert done.tables[0].after.data_file_count == 1


def test_another_maintenance_and_an_unknown_table_are_sentences(lake: Traded) -> None:
    with only_one(lake.settings.catalog_dsn, "maintain"), pytest.raises(BusyError, match="maintain"):
        maintain(lake.settings, wait_for_others=False)
    with pytest.raises(TableError, match=r"no table silver\.order\. Did you mean silver\.orders"):
        maintain(lake.settings, tables=["silver.order"])


DEATHS: dict[str, tuple[Any, str, int, str]] = {
    "a branch of bronze is rewritten": (spark_jobs.compact, "_rewrite", 1, "after"),
    "the rows are compared": (spark_jobs.compact, "_sums", 1, "before"),
    "bronze is adopted": (spark_jobs.compact, "adopt_branch", 1, "after"),
    "one table of silver is rewritten": (spark_jobs.compact, "_rewrite", 4, "after"),
    "the compaction is in the books": (spark_jobs.compact, "finish_compaction", 1, "after"),
    "one table is moved": (iceberg.publish, "_point", 5, "after"),
    "the release is published": (spark_jobs.compact, "publish_run", 1, "after"),
    "one table is expired": (spark_jobs.maintain, "forget_outlived", 1, "after"),
    "half of the orphans are removed": (Store, "remove", 1, "half"),
    "the books are pruned": (spark_jobs.maintain, "prune_runs", 1, "after"),
}


def _maintain_and_die(settings: Settings, step: str) -> None:
    owner, name, call, when = DEATHS[step]
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def deadly(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if calls == call and when == "half":
            store, files = arguments
            real(store, files[: len(files) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)
    maintain(settings, orphans_before=everything(settings))


@pytest.mark.parametrize("step", DEATHS)
def test_a_kill_in_the_middle_leaves_all_rows_and_the_next_maintenance_finishes(lake: Traded, step: str) -> None:
    settings = lake.settings
    before = all_rows(settings)
    victim = multiprocessing.get_context("spawn").Process(target=_maintain_and_die, args=(settings, step))
    victim.start()
    victim.join(180)
    assert victim.exitcode == -signal.SIGKILL, f"the maintenance was not killed when {step}"
    assert same(all_rows(settings), before)
    done = maintain(settings, orphans_before=everything(settings))
    assert not any(one.after.is_scattered for one in done.tables)
    assert same(all_rows(settings), before)
    catalog = open_catalog(settings)
    for one in done.tables:
        references = catalog.load_table(one.table_name).metadata.refs
        assert all(name == "main" or name.startswith("release_") for name in references), one.table_name
    place(lake.bronze, 7, at=START + timedelta(days=7))
    lake.bronze.commit()
    built = build(settings, tables=TABLES)
    assert "full" not in outcomes(built).values()
    assert_incremental_equals_full(settings, SALES[:3] + TABLES)
