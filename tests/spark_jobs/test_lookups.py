"""Inputs in which things are looked up: rows that come or go touch nothing, a value that changes touches everything."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shoplake.core.settings import Settings
from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import START, address, line, order, payment
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


def test_what_no_foreign_key_holds_computes_all_groups_anew_when_it_comes_or_goes(traded: Traded) -> None:
    bronze, settings, sla = traded.bronze, traded.settings, "gold.shipping_sla"
    agreed = {"carrier_code": "ghn", "region": "north", "delivery_hours": 24, "penalty_rate": Decimal("0.1"), "updated_at": START}
    bronze.change("insert", "carriers", [{"carrier_code": "ghn", "name": "GHN", "updated_at": START}])
    bronze.change(
        "insert", "distributors", [{"distributor_id": 1, "name": "N", "carrier_code": "ghn", "region": "north", "updated_at": START}]
    )
    bronze.change("insert", "service_level_agreements", [agreed])
    for number, month in ((1, 1), (2, 2)):
        at = START.replace(month=month)
        bronze.change("insert", "shipments", [{
            "shipment_id": number, "order_id": number, "warehouse_code": "HAN", "carrier_code": "ghn", "distributor_id": 1, "status": "delivered",
            "shipping_cost": Decimal(20), "shipped_at": at, "promised_at": at + timedelta(days=1), "delivered_at": at + timedelta(days=2), "updated_at": at,
        }])  # fmt: skip
    bronze.commit()
    build(settings, tables=[sla])
    assert [row[1:] for row in rows_of(settings, sla, "shipped_month", "agreed_hours", "penalty_amount")] == [
        (24, Decimal(2)),
        (24, Decimal(2)),
    ]

    bronze.change("delete", "service_level_agreements", [{"carrier_code": "ghn", "region": "north"}])
    bronze.commit()
    assert build(settings, tables=[sla]).run.tables[sla].strategy == "full"
    assert [row[1:] for row in rows_of(settings, sla, "shipped_month", "agreed_hours", "penalty_amount")] == [(None, 0), (None, 0)]

    bronze.change("insert", "service_level_agreements", [agreed])
    bronze.commit()
    build(settings, tables=[sla])
    assert_incremental_equals_full(settings, (sla,))
