"""Inputs in which things are looked up: rows that come or go touch nothing, a value that changes touches everything."""

from typing import Any

import pytest

from shoplake.core.settings import Settings
from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import address, line, order, payment
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long]

TABLE = "gold.sales_by_province"


@pytest.fixture
def traded(traded: Traded) -> Traded:
    """The lake with this table in its release too."""
    build(traded.settings, tables=[TABLE])
    return traded


def provinces(settings: Settings) -> list[tuple[Any, ...]]:
    return rows_of(settings, TABLE, "province", "order_count")


def test_only_a_value_that_is_looked_up_and_changes_computes_all_groups_anew(traded: Traded) -> None:
    bronze, settings = traded.bronze, traded.settings
    assert provinces(settings) == [("Huế", 3)]

    # An order to a new address.
    bronze.change("insert", "customer_addresses", [address(6, 1, province="An Giang")])
    bronze.change("insert", "orders", [{**order(4), "address_id": 6}])
    bronze.change("insert", "order_items", [line(4)])
    bronze.change("insert", "payments", [payment(4, 4)])
    bronze.commit()
    assert build(settings, tables=[TABLE]).run.tables[TABLE].strategy == "recompute"
    assert provinces(settings) == [("An Giang", 1), ("Huế", 3)]

    # An address whose district alone is another, and one that nobody ordered to comes and goes.
    bronze.change("update", "customer_addresses", [{**address(1, 1), "district": "Another"}])
    bronze.change("insert", "customer_addresses", [address(7, 1)])
    bronze.commit()
    assert build(settings, tables=[TABLE]).run.tables[TABLE].status == "unchanged"
    bronze.change("delete", "customer_addresses", [{"address_id": 7}])
    bronze.commit()
    assert build(settings, tables=[TABLE]).run.tables[TABLE].status == "unchanged"

    # An address that lies in another province now.
    bronze.change("update", "customer_addresses", [address(1, 1, province="An Giang")])
    bronze.commit()
    assert build(settings, tables=[TABLE]).run.tables[TABLE].strategy == "full"
    assert provinces(settings) == [("An Giang", 4)]
    assert_incremental_equals_full(settings, (TABLE,))
