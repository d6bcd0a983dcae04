from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table
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
    for month in range(3):
        rows = [
            {"order_id": n, "day": date(2026, month + 1, 1 + n % 10), "channel": "shopee" if n % 2 else "tiki", "amount": Decimal(n)}
            for n in range(month * 10, month * 10 + 10)
        ]
        table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()))
    return table


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
