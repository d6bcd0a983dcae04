"""Every table of a shop that lived for some days can be asked where its numbers come from."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import pytest
from pyiceberg.types import DecimalType

from gen_data.generate import backfill
from gen_data.plan import parse
from iceberg.capture.ingest import ingest
from iceberg.catalog import open_catalog
from iceberg.dialect import DUCKDB
from iceberg.reader import ReleaseReader
from iceberg.table import FullRefresh, MergeByKey, Ratio
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.explain import Explanation, explain
from spark_jobs.run import build
from spark_jobs.tables import LakeTable, discover

pytestmark = [pytest.mark.integration, pytest.mark.long]

PLAN = """
[[period]]
from_day = 3
for = "3d"
scenario = "promotion_blast"

[[period]]
from_day = 6
for = "3d"
scenario = "fraud_attack+dirty_data"
"""
MADE = [name for name, table in discover().by_name.items() if not isinstance(table.table.refresh, MergeByKey)]
RATES = [
    (name, column.name)
    for name, table in discover().by_name.items()
    for column in table.table.columns
    if isinstance(column.made, Ratio) and isinstance(column.type, DecimalType)
]


@pytest.fixture(scope="module")
def lived(spark_services: Settings) -> Iterator[Settings]:
    """A lake of all tables, of a shop that is old enough to have a row in each."""
    with fresh_databases(spark_services) as settings:
        backfill(settings, 70, "normal_day", 25, 5, plan=parse(PLAN, "plan"))
        ingest(settings)
        assert build(settings.changed(tables=("*",))).release is not None
        yield settings


def reader_of(settings: Settings) -> ReleaseReader:
    return ReleaseReader(open_catalog(settings, reader=True), settings.reader_catalog_dsn)


def source_of(table: LakeTable) -> str:
    return ".".join(map(DUCKDB.quoted, table.name.split(".", 1)))


def explained_row(settings: Settings, table: LakeTable, most: str | None = None) -> Explanation | None:
    """The row in the middle of a table, or that with ``most`` of a column, where it has one."""
    reader = reader_of(settings)
    order = f"{most} desc nulls last" if most else "all"
    keys = reader.sql(f"select {', '.join(table.table.key)} from {source_of(table)} order by {order}").to_pylist()
    row = keys[0 if most else len(keys) // 2] if keys else None
    return explain(settings, reader, table.name, [str(value) for value in row.values()]) if row else None


@pytest.mark.parametrize("name", MADE)
def test_a_row_is_made_again_from_the_rows_that_are_named(lived: Settings, name: str) -> None:
    table = discover()[name]
    found = explained_row(lived, table)
    assert found is not None
    refresh = table.table.refresh
    if isinstance(refresh, FullRefresh) and refresh.made_of is None:
        assert (found.is_reproduced, found.rows) == (None, [])
    else:
        assert found.is_reproduced
    for part in found.parts:
        if isinstance(part.column.made, Ratio):
            assert (part.how, part.total) == ("ratio", part.value), part
        elif part.how == "sum":
            assert sum(value for value in part.contributions if value is not None) == part.value, part


ADDED_UP = {
    "gold.monthly_sales": ("revenue", "net_revenue", "order_count", "unit_count"),
    "gold.return_rates": ("returned_unit_count", "delivered_unit_count", "refund_amount"),
    "gold.supplier_performance": ("returned_unit_count", "delivered_unit_count", "refund_amount"),
    "gold.customer_cohorts": ("order_count", "paid_order_count", "net_revenue"),
    "gold.retention_d7": ("returning_customer_count", "new_customer_count"),
    "gold.daily_profit": ("net_revenue", "gross_margin", "channel_fee_amount", "contribution_margin"),
    "gold.product_daily": ("revenue", "unit_count", "gross_profit"),
    "gold.shipping_sla": ("penalty_amount", "parcel_count", "shipping_cost"),
}


@pytest.mark.parametrize("name", ADDED_UP)
def test_the_rows_below_add_up_to_its_numbers(lived: Settings, name: str) -> None:
    found = explained_row(lived, discover()[name], most=ADDED_UP[name][0])
    assert found is not None
    parts = {part.column.name: part for part in found.parts}
    for column in ADDED_UP[name]:
        assert parts[column].how == "sum", column
        given = [value for value in parts[column].contributions if value]
        assert sum(given) == parts[column].value, column
    assert parts[ADDED_UP[name][0]].value


@pytest.mark.parametrize(("name", "rate"), RATES)
def test_a_rate_is_the_quotient_of_its_two_columns_in_every_row(lived: Settings, name: str, rate: str) -> None:
    table = discover()[name]
    column = table.table.column(rate)
    made = column.made
    assert isinstance(made, Ratio)
    assert isinstance(column.type, DecimalType)
    smallest = Decimal(1).scaleb(-column.type.scale)
    rows = reader_of(lived).sql(f"select {made.numerator}, {made.denominator}, {rate} from {source_of(table)}").to_pylist()
    for row in rows:
        above, below = row[made.numerator], row[made.denominator]
        expected = (Decimal(above) / Decimal(below)).quantize(smallest, ROUND_HALF_UP) if below and above is not None else None
        assert row[rate] == expected, row
