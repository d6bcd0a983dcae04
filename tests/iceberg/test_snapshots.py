from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, StringType

from iceberg.evolution import create_or_evolve
from iceberg.snapshots import SnapshotRows
from iceberg.table import Column, FullRefresh
from iceberg.table import Table as Declared

pytestmark = pytest.mark.unit

ORDERS = Declared(
    "one row per order",
    ("order_id",),
    (
        Column("order_id", IntegerType(), "number"),
        Column("day", DateType(), "day"),
        Column("channel", StringType(), "channel"),
        Column("amount", DecimalType(14, 2), "amount"),
    ),
    FullRefresh(),
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqlCatalog]:
    made = SqlCatalog("lake", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}")
    made.create_namespace("gold")
    yield made
    made.engine.dispose()


@pytest.fixture
def orders(catalog: SqlCatalog) -> Table:
    """Three files: orders 0 to 9 of January, 10 to 19 of February, 20 to 29 of March."""
    table = create_or_evolve(catalog, "gold.orders", ORDERS, "orders")
    # Several row groups in each file.
    with table.transaction() as change:
        change.set_properties({"write.parquet.row-group-limit": "4"})
    for month in range(3):
        rows = [
            {"order_id": n, "day": date(2026, month + 1, 1 + n % 10), "channel": "shopee" if n % 2 else "tiki", "amount": Decimal(n)}
            for n in range(month * 10, month * 10 + 10)
        ]
        table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()))
    return table


def without(table: Table, folder: Path, deleted: set[int]) -> SnapshotRows:
    """The rows of ``orders``, with the given ones named by position deletes: those of even numbers in one file of deletes, of odd ones in another."""
    tasks = sorted(table.scan().plan_files(), key=lambda task: task.file.lower_bounds[1])
    files = []
    for odd in (0, 1):
        named = [{"file_path": tasks[n // 10].file.file_path, "pos": n % 10} for n in sorted(deleted) if n % 2 == odd]
        path = folder / f"deletes-{odd}.parquet"
        pq.write_table(pa.Table.from_pylist(named, schema=pa.schema({"file_path": pa.string(), "pos": pa.int64()})), path)
        content, size = DataFileContent.POSITION_DELETES, path.stat().st_size
        files.append(
            DataFile.from_args(content=content, file_path=f"file://{path}", file_format=FileFormat.PARQUET, file_size_in_bytes=size)
        )
    hit = {n // 10 for n in deleted}
    return SnapshotRows(table, [FileScanTask(task.file, set(files) if number in hit else None) for number, task in enumerate(tasks)])


def rows_of(table: Table) -> SnapshotRows:
    return SnapshotRows(table, list(table.scan().plan_files()))


def asked(rows: SnapshotRows, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as engine:
        engine.register("orders", rows)
        return engine.execute(query).fetchall()


def lose(table: Table, month: int) -> None:
    """Remove the file of a month, so that whoever reads it fails."""
    Path(
        sorted(table.scan().plan_files(), key=lambda task: task.file.lower_bounds[1])[month].file.file_path.removeprefix("file://")
    ).unlink()


@pytest.mark.parametrize(
    "condition",
    [
        "order_id between 10 and 19",
        "order_id in (11, 13)",
        "day >= date '2026-02-01' and day < date '2026-03-01'",
        "amount > 9 and amount < 20",
    ],
)
def test_files_that_a_question_does_not_need_are_not_opened(orders: Table, condition: str) -> None:
    expected = asked(rows_of(orders), f"select count(*), sum(amount) from orders where {condition}")
    lose(orders, 0)
    lose(orders, 2)
    assert asked(rows_of(orders), f"select count(*), sum(amount) from orders where {condition}") == expected
    with pytest.raises(Exception, match="No such file"):
        asked(rows_of(orders), "select sum(amount) from orders")


def test_only_the_columns_that_are_asked_for_are_read(orders: Table) -> None:
    assert rows_of(orders).scanner(columns=["channel"], filter=ds.field("order_id") == 3).to_table().to_pydict() == {"channel": ["shopee"]}


def test_every_row_is_there_whatever_the_question(orders: Table) -> None:
    rows = rows_of(orders)
    assert rows.count_rows() == 30
    assert rows.to_table().sort_by("order_id")["order_id"].to_pylist() == list(range(30))
    assert asked(rows, "select channel, count(*) from orders where channel > 'a' group by 1 order by 1") == [("shopee", 15), ("tiki", 15)]


def test_a_column_that_came_later_is_empty_in_older_rows_and_a_widened_one_keeps_its_values(catalog: SqlCatalog, orders: Table) -> None:
    wider = Declared(
        ORDERS.grain,
        ORDERS.key,
        (Column("order_id", LongType(), "number"), *ORDERS.columns[1:], Column("note", StringType(), "note")),
        FullRefresh(),
    )
    create_or_evolve(catalog, "gold.orders", wider, "orders")
    table = catalog.load_table("gold.orders")
    table.append(pa.Table.from_pylist([{"order_id": 2**40, "day": date(2026, 4, 1), "note": "new"}], schema=table.schema().as_arrow()))
    assert asked(rows_of(table), "select order_id, note from orders where order_id >= 29 order by 1") == [(29, None), (2**40, "new")]
    assert asked(rows_of(table), "select count(*) from orders where note is null") == [(30,)]


def test_two_snapshots_differ_in_the_files_that_came_between(orders: Table) -> None:
    first, last = (
        SnapshotRows(orders, list(orders.scan(snapshot_id=one.snapshot_id).plan_files()))
        for one in (orders.snapshots()[0], orders.snapshots()[-1])
    )
    common = first.files & last.files
    assert (first.without(common).count_rows(), last.without(common).count_rows()) == (0, 20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deleted=st.sets(st.integers(0, 29)), low=st.integers(-1, 30), columns=st.sampled_from(["order_id", "channel, order_id", "*"]))
def test_rows_that_a_position_delete_names_are_left_out_whatever_the_question(
    orders: Table, tmp_path_factory: pytest.TempPathFactory, deleted: set[int], low: int, columns: str
) -> None:
    rows = without(orders, tmp_path_factory.mktemp("deletes"), deleted)
    left = [n for n in range(30) if n not in deleted]
    assert rows.count_rows() == len(left)
    assert asked(rows, "select count(*) from orders") == [(len(left),)]
    asked_for = f"select order_id from (select {columns} from orders where order_id > {low}) order by 1"
    assert asked(rows, asked_for) == [(n,) for n in left if n > low]
    assert asked(rows, "select count(*) from orders where channel = 'tiki'") == [(sum(n % 2 == 0 for n in left),)]


def test_many_tables_with_position_deletes_are_read_at_once_whatever_threads_there_are(orders: Table, tmp_path: Path) -> None:
    rows = without(orders, tmp_path, {3, 14, 25})
    threads = pa.io_thread_count()
    pa.set_io_thread_count(1)
    try:
        with duckdb.connect() as engine:
            for number in range(4):
                engine.register(f"orders_{number}", rows)
            counts = ", ".join(f"(select sum(order_id) from orders_{number})" for number in range(4))
            assert engine.execute(f"select {counts}").fetchall() == [(sum(range(30)) - 3 - 14 - 25,) * 4]
    finally:
        pa.set_io_thread_count(threads)
