"""What only becomes known later, of a visit past midnight, a cart, a parcel or a payment: taken up by the rows it belongs to, and by no others."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shoplake.core.settings import Settings
from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import START, Bronze, Row, line, open_shop, order, payment
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, outcomes, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long]

FIRST, SECOND = date(2026, 1, 5), date(2026, 1, 6)
# The shop's midnight, in UTC.
MIDNIGHT = datetime(2026, 1, 5, 17, tzinfo=UTC)
PARCELS = ("silver.fact_shipments", "gold.shipping_sla", "gold.mart_trust_scores")
METHODS = ("silver.fact_orders", "gold.sales_by_payment_method")


def step(visit: int, sequence: int, kind: str, minutes: int, customer_id: int | None = None) -> Row:
    """A step of a visit, so many minutes from midnight."""
    at = MIDNIGHT + timedelta(minutes=minutes)
    product_id = 1 if kind in ("view", "add_to_cart") else None
    return {
        "session_id": visit, "sequence": sequence, "customer_id": customer_id, "kind": kind, "product_id": product_id, "device_id": visit,
        "happened_at": at,
    }  # fmt: skip


def cart(visit: int, minutes: int, status: str = "active", customer_id: int | None = None) -> Row:
    at = MIDNIGHT + timedelta(minutes=minutes)
    return {"cart_id": visit, "customer_id": customer_id, "status": status, "created_at": at, "updated_at": at}


def funnel(lake: Settings) -> dict[tuple[date, bool], tuple[Any, ...]]:
    """By day and whether the visitor was known: visits, with a view, with a cart, with a purchase, one-click purchases, carts, converted, abandoned, open, abandonment."""
    names = (
        "activity_date", "is_known", "visit_count", "view_visit_count", "cart_visit_count", "purchase_visit_count", "one_click_purchase_count",
        "cart_count", "converted_cart_count", "abandoned_cart_count", "open_cart_count", "cart_abandonment_rate",
    )  # fmt: skip
    return {(day, is_known): tuple(rest) for day, is_known, *rest in rows_of(lake, "gold.funnel_daily", *names)}


def test_a_visit_past_midnight_counts_once_on_the_day_it_began_and_its_visitor_is_as_known_as_then(bronze: Bronze, fresh: Settings) -> None:
    open_shop(bronze)
    begun = [
        step(1, 1, "visit", -9),
        step(1, 2, "view", -8),
        step(2, 1, "visit", -90),
        step(2, 2, "view", -80),
        step(2, 3, "add_to_cart", -70),
    ]
    bronze.change("insert", "customer_activity_log", [*begun, step(3, 1, "purchase", -60, customer_id=1)])
    bronze.change("insert", "carts", [cart(2, -70), cart(3, -60, "converted", customer_id=1)])
    bronze.commit()
    build(fresh, tables=["gold.funnel_daily"])
    assert funnel(fresh) == {
        (FIRST, False): (2, 2, 1, 0, 0, 1, 0, 0, 1, None),
        (FIRST, True): (0, 0, 0, 0, 1, 1, 1, 0, 0, Decimal("0.0000")),
    }

    # Who bought is known by now, and was not when they came.
    bronze.change("insert", "customer_activity_log", [step(1, 3, "add_to_cart", 1), step(1, 4, "purchase", 2, customer_id=2)])
    bronze.change("insert", "carts", [cart(1, 1)])
    bronze.change("update", "carts", [cart(1, 1, "converted", customer_id=2)])
    bronze.commit()
    built = build(fresh, tables=["gold.funnel_daily"])
    assert built.run.tables["gold.funnel_daily"].touched == {"groups": [["2026-01-05"], ["2026-01-06"]]}
    assert funnel(fresh) == {
        (FIRST, False): (2, 2, 2, 1, 0, 1, 0, 0, 1, None),
        (FIRST, True): (0, 0, 0, 0, 1, 1, 1, 0, 0, Decimal("0.0000")),
        (SECOND, False): (0, 0, 0, 0, 0, 1, 1, 0, 0, Decimal("0.0000")),
    }

    bronze.change("update", "carts", [cart(2, -70, "abandoned")])
    bronze.commit()
    built = build(fresh, tables=["gold.funnel_daily"])
    assert built.run.tables["gold.funnel_daily"].touched == {"groups": [["2026-01-05"]]}
    assert funnel(fresh)[FIRST, False] == (2, 2, 2, 1, 0, 1, 0, 1, 0, Decimal("1.0000"))

    bronze.change("insert", "customer_activity_log", [step(4, 1, "visit", 300, customer_id=5)])
    bronze.commit()
    built = build(fresh, tables=["gold.funnel_daily"])
    assert built.run.tables["gold.funnel_daily"].touched == {"groups": [["2026-01-06"]]}
    assert_incremental_equals_full(fresh, ("gold.funnel_daily",))


def report(sequence: int, kind: str, at: datetime) -> Row:
    return {"shipment_id": 1, "sequence": sequence, "kind": kind, "place": "Huế", "happened_at": at}


def on_time(lake: Settings) -> tuple[Any, ...]:
    """What the three tables say of the only parcel."""
    (is_late,) = rows_of(lake, "silver.fact_shipments", "is_late")
    names = ("delivered_late_count", "in_transit_count", "overdue_count", "late_count", "on_time_share", "penalty_amount")
    (agreement,) = rows_of(lake, "gold.shipping_sla", *names)
    (trust,) = rows_of(lake, "gold.mart_trust_scores", "channel_code", "parcel_count", "on_time_parcel_count", "on_time_rate")[:1]
    return (*is_late, agreement, trust[1:])


def test_a_parcel_is_late_everywhere_as_soon_as_it_is_reported_delayed(traded: Traded) -> None:
    lake, bronze = traded.settings, traded.bronze
    promised_at, never = START + timedelta(days=2), Decimal(0)
    parcel = {
        "shipment_id": 1, "order_id": 1, "warehouse_code": "HAN", "carrier_code": "RNG", "distributor_id": 1, "status": "in_transit",
        "shipping_cost": Decimal(1000), "shipped_at": START, "promised_at": promised_at, "updated_at": START,
    }  # fmt: skip
    bronze.change("insert", "carriers", [{"carrier_code": "RNG", "name": "Ring", "updated_at": START}])
    bronze.change(
        "insert", "distributors", [{"distributor_id": 1, "name": "Door", "carrier_code": "RNG", "region": "north", "updated_at": START}]
    )
    agreed = {"carrier_code": "RNG", "region": "north", "delivery_hours": 48, "penalty_rate": Decimal("0.1"), "updated_at": START}
    bronze.change("insert", "service_level_agreements", [agreed])
    bronze.change("insert", "shipments", [parcel])
    bronze.change("insert", "shipment_events", [report(1, "picked_up", START)])
    bronze.commit()
    build(lake, tables=PARCELS)
    assert on_time(lake) == (None, (0, 1, 0, 0, None, never), (0, 0, None))

    bronze.change("insert", "shipment_events", [report(2, "delayed", promised_at)])
    bronze.commit()
    built = outcomes(build(lake, tables=PARCELS))
    assert {built[name] for name in PARCELS} == {"recompute"}
    assert on_time(lake) == (True, (0, 1, 1, 1, Decimal("0.0000"), never), (1, 0, Decimal("0.0000")))

    arrived_at = promised_at + timedelta(hours=3)
    bronze.change("update", "shipments", [parcel | {"status": "delivered", "delivered_at": arrived_at, "updated_at": arrived_at}])
    bronze.change(
        "insert", "shipment_events", [report(3, "out_for_delivery", promised_at + timedelta(hours=1)), report(4, "delivered", arrived_at)]
    )
    bronze.commit()
    build(lake, tables=PARCELS)
    assert on_time(lake) == (True, (1, 0, 0, 1, Decimal("0.0000"), Decimal(100)), (1, 0, Decimal("0.0000")))
    assert_incremental_equals_full(lake, PARCELS)


def test_an_order_has_no_payment_method_until_it_is_paid_whatever_was_tried(traded: Traded) -> None:
    lake, bronze = traded.settings, traded.bronze
    bronze.change("insert", "orders", [order(4, status="pending"), order(5, status="cancelled")])
    bronze.change("insert", "order_items", [line(4), line(5)])
    bronze.change("insert", "payments", [payment(40, 4, "failed"), payment(50, 5, "failed")])
    bronze.commit()
    build(lake, tables=METHODS)

    def methods() -> tuple[dict[int, str], dict[str, tuple[int, int, int]]]:
        names = ("payment_method", "order_count", "paid_order_count", "cancelled_order_count")
        by_method = {method: tuple(counts) for method, *counts in rows_of(lake, "gold.sales_by_payment_method", *names)}
        return dict(rows_of(lake, "silver.fact_orders", "order_id", "payment_method")), by_method

    told, by_method = methods()
    assert (told[4], told[5]) == ("not_paid", "not_paid")
    assert by_method == {"card": (3, 3, 0), "not_paid": (2, 0, 1)}

    # Cash at the door is the second attempt.
    bronze.change("insert", "payments", [payment(41, 4) | {"method": "cod", "attempt": 2}])
    bronze.change("update", "orders", [order(4, status="delivered")])
    bronze.commit()
    build(lake, tables=METHODS)
    told, by_method = methods()
    assert (told[4], told[5]) == ("cod", "not_paid")
    assert by_method == {"card": (3, 3, 0), "cod": (1, 1, 0), "not_paid": (1, 0, 1)}
    assert_incremental_equals_full(lake, METHODS)
