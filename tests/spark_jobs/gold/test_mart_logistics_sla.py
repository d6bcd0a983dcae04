"""What is to be done about a carrier on a lane, and which parcels decide it."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from shoplake.core.settings import Settings
from spark_jobs.gold.mart_logistics_sla import transform
from spark_jobs.session import spark_session

pytestmark = [pytest.mark.integration, pytest.mark.long]

SCHEMA = (
    "province string, shipped_date date, status string, is_late boolean, late_hours decimal(10,2), shipping_cost decimal(14,2), "
    "carrier_code string, warehouse_code string"
)
TODAY = date(2026, 3, 1)
Parcel = tuple[str, int, str, bool | None, int | None]


@pytest.fixture(scope="module")
def session(spark_services: Settings) -> Iterator[SparkSession]:
    with spark_session(spark_services) as opened:
        yield opened


def parcels(province: str, count: int, late: int = 0, days_ago: int = 3) -> list[Parcel]:
    """Parcels that arrived, so many of them a day late, the others two hours early."""
    return [(province, days_ago, "delivered", number < late, 24 if number < late else -2) for number in range(count)]


LANES = [
    *parcels("late for long", 12, late=4),
    *parcels("late by chance", 4, late=1),
    *parcels("few, and all late", 3, late=3),
    *parcels("as promised", 10, late=1),
    *parcels("late before", 10),
    *parcels("late before", 10, late=10, days_ago=28),
    *parcels("with one overdue", 10),
    ("with one overdue", 90, "in_transit", True, None),
    ("on the way", 0, "in_transit", None, None),
    ("lost", 1, "lost", True, None),
    *parcels("too long ago", 10, late=10, days_ago=28),
]
ACTIONS = {
    "as promised": "keep",
    "few, and all late": "watch",
    "late before": "keep",
    "late by chance": "watch",
    "late for long": "renegotiate",
    "lost": "watch",
    "on the way": "watch",
    "with one overdue": "watch",
}


def test_a_lane_is_blamed_for_what_chance_does_not_explain_and_watched_for_what_it_may(session: SparkSession) -> None:
    rows = [
        (province, TODAY - timedelta(days=ago), status, late, None if hours is None else Decimal(hours), Decimal(10), "SAO", "HAN")
        for province, ago, status, late, hours in LANES
    ]
    made = {row["province"]: row for row in transform(session.createDataFrame(rows, SCHEMA)).collect()}
    assert {province: row["action"] for province, row in made.items()} == ACTIONS
    late = made["late for long"]
    assert (late["parcel_count"], late["on_time_share"], late["on_time_high"]) == (12, Decimal("0.6667"), Decimal("0.8619"))
    assert (late["median_delay_hours"], late["p90_delay_hours"], late["shipping_cost"]) == (-2, 24, 120)
    overdue = made["with one overdue"]
    assert (overdue["parcel_count"], overdue["judged_parcel_count"], overdue["overdue_parcel_count"]) == (10, 10, 1)
    assert made["on the way"]["on_time_share"] is made["on the way"]["on_time_low"] is made["lost"]["median_delay_hours"] is None
