"""Money and operations in gold, against SQL on the shop itself that was written apart from the transforms."""

from collections.abc import Iterator
from typing import Any

import pytest

from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.tables import discover
from tests.spark_jobs.gold.against_shop import COMPARED, assert_same
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long]

TABLES = tuple(f"gold.{name}" for name in (*COMPARED, "daily_stock_movements", "product_deliveries"))


@pytest.fixture(scope="module")
def shop(spark_services: Settings) -> Iterator[Settings]:
    """A shop of two weeks with a flash sale and many returns, in a lake whose tables of money and operations are built."""
    from gen_data.generate import backfill
    from iceberg.capture.ingest import ingest
    from spark_jobs.run import build

    with fresh_databases(spark_services) as settings:
        backfill(settings, 14, "flash_sale+returns_wave", 60)
        ingest(settings)
        build(settings, tables=TABLES)
        yield settings


@pytest.fixture(scope="module")
def traded_on(shop: Settings) -> Settings:
    """The same shop after twenty more days, into another month, taken in by an incremental build."""
    from gen_data.generate import backfill
    from iceberg.capture.ingest import ingest
    from spark_jobs.run import build

    backfill(shop, 20, "normal_day", 60)
    ingest(shop)
    built = build(shop, tables=TABLES)
    strategies = {name: built.run.tables[name].strategy for name in TABLES}
    full = {name for name in TABLES if type(discover()[name].table.refresh).__name__ == "FullRefresh"}
    assert {name for name, strategy in strategies.items() if strategy == "full"} == full
    return shop


@pytest.mark.parametrize("name", COMPARED)
def test_the_shop_itself_gives_the_same_numbers(shop: Settings, name: str) -> None:
    assert_same(shop, name)


@pytest.mark.parametrize("name", COMPARED)
def test_after_further_trade_the_shop_still_gives_the_same_numbers(traded_on: Settings, name: str) -> None:
    assert_same(traded_on, name)


def test_every_way_to_split_a_month_adds_up_to_the_same_money(traded_on: Settings) -> None:
    measures = ("gross_merchandise_value", "discount_amount", "revenue", "refunded_amount", "net_revenue", "unit_count")
    months = added_up(traded_on, "gold.monthly_sales", measures)
    assert len(months) == 2
    for name in ("gold.sales_by_category", "gold.sales_by_province", "gold.sales_by_payment_method"):
        assert added_up(traded_on, name, measures) == months, name


def test_what_was_built_step_by_step_equals_a_rebuild(traded_on: Settings) -> None:
    assert_incremental_equals_full(traded_on, TABLES)


def added_up(settings: Settings, name: str, measures: tuple[str, ...]) -> dict[Any, list[Any]]:
    """The sums of a table's measures by order month."""
    months: dict[Any, list[Any]] = {}
    for month, *values in rows_of(settings, name, "order_month", *measures):
        months[month] = [have + value for have, value in zip(months.get(month, [0] * len(values)), values, strict=True)]
    return months
