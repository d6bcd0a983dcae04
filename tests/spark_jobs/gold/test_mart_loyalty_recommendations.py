from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from shoplake.core.settings import Settings
from spark_jobs.gold.mart_loyalty_recommendations import transform
from spark_jobs.session import spark_session

pytestmark = [pytest.mark.integration, pytest.mark.long]

SCHEMA = (
    "customer_id long, reference_date date, registered_date date, tier string, segment string, churn_risk decimal(9,4), gross_margin "
    "decimal(20,2), troubled_order_count long, order_count long, paid_order_count long, points_balance long, "
    "expected_interval_days decimal(9,4), last_order_date date, last_paid_order_date date, average_order_value decimal(14,2)"
)
CALM = {
    "reference_date": date(2026, 3, 1), "registered_date": date(2026, 1, 2), "tier": "bronze", "segment": "loyal",
    "churn_risk": Decimal("0.2"), "gross_margin": Decimal(90), "troubled_order_count": 0, "order_count": 4,
    "paid_order_count": 4, "points_balance": 10, "expected_interval_days": Decimal("33.3"), "last_order_date": date(2026, 2, 1),
    "last_paid_order_date": date(2026, 2, 1), "average_order_value": Decimal("12.50"),
}  # fmt: skip
NEW = {"order_count": 0, "paid_order_count": 0, "churn_risk": None, "expected_interval_days": None, "last_order_date": None}
CUSTOMERS: list[tuple[dict[str, Any], tuple[str, str, int]]] = [
    ({}, ("raise_order", "none", 17)),
    (NEW, ("welcome", "none", 30)),
    ({"troubled_order_count": 2, "churn_risk": Decimal("0.9")}, ("settle_trouble", "small", 17)),
    ({"churn_risk": Decimal("0.8"), "tier": "gold"}, ("win_back", "large", 17)),
    ({"churn_risk": Decimal("0.8"), "gross_margin": Decimal(0)}, ("remind", "none", 17)),
    ({"churn_risk": Decimal("0.5"), "segment": "cannot_lose"}, ("remind", "medium", 17)),
    ({"segment": "champions", "expected_interval_days": Decimal("3")}, ("thank", "none", 7)),
    ({"points_balance": 100, "expected_interval_days": Decimal("900")}, ("spend_points", "none", 90)),
    ({"paid_order_count": 1}, ("second_order", "none", 17)),
    ({"troubled_order_count": 1}, ("raise_order", "none", 17)),
    ({"paid_order_count": 0, "gross_margin": Decimal(0)}, ("leave_alone", "none", 17)),
]


@pytest.fixture(scope="module")
def session(spark_services: Settings) -> Iterator[SparkSession]:
    with spark_session(spark_services) as opened:
        yield opened


def test_the_first_rule_that_fits_says_what_to_do_and_why(session: SparkSession) -> None:
    names = [part.split()[0] for part in SCHEMA.split(", ")]
    rows = [{**CALM, **differs, "customer_id": place} for place, (differs, _) in enumerate(CUSTOMERS)]
    made = transform(session.createDataFrame([tuple(row[name] for name in names) for row in rows], SCHEMA)).orderBy("customer_id").collect()
    found = [(row["next_best_action"], row["discount_tier"], row["reminder_cadence_days"]) for row in made]
    assert found == [expected for _, expected in CUSTOMERS]
    assert made[1]["reason"] == "signed up on 2026-01-02 and has not ordered yet"
    assert made[3]["reason"] == "has left a margin before, but the last order was 28 days ago, and 33 days between orders are expected"
    assert made[3]["discount_rate"] == Decimal("0.15")
