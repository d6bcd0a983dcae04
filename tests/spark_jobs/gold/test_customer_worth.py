"""What customers are worth and how they fare, one made-up customer for each way in which the numbers could lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.core.settings import Settings
from spark_jobs.definitions.churn import BANDS
from spark_jobs.gold import customer_months, customer_summary, mart_loyalty_recommendations
from spark_jobs.session import spark_session

pytestmark = [pytest.mark.integration, pytest.mark.long]

TODAY = date(2026, 3, 2)
PRICE, TAX, COST = Decimal(1_000_000), Decimal(80_000), Decimal(600_000)
CAME_BACK, BURST, DAMAGED, LOST, WAITING, TROUBLED, STEADY = range(1, 8)
STEADY_ONES = range(STEADY, STEADY + 10)
STEADY_DAYS = (TODAY - timedelta(days=204), TODAY)

SCHEMAS = {
    "orders": "order_id long, customer_id long, status string, order_date date, order_month date, net_amount decimal(14,2), tax_amount decimal(14,2)",
    "order_items": "order_id long, line_number int, quantity int, list_amount decimal(14,2), unit_cost decimal(14,2)",
    "payments": "order_id long, status string, amount decimal(14,2)",
    "order_returns": "order_id long, status string",
    "inventory_log": "order_id long, line_number int, kind string, quantity int, unit_cost decimal(14,2)",
    "support_tickets": "customer_id long, order_id long, opened_date date",
    "reviews": "customer_id long, created_date date, rating int",
    "loyalty_transactions": "customer_id long, happened_date date, points long",
}
CUSTOMER_SCHEMA = "customer_id long, registered_at timestamp, signup_channel_code string, tier string"
ADDRESS_SCHEMA = "customer_id long, province string, is_default boolean"
CALIBRATION_SCHEMA = "score_band int, customer_count long, ordering_customer_count long, order_count long"


class Shop(dict[str, list[tuple[Any, ...]]]):
    """Rows of the silver tables, as an order brings them."""

    def __init__(self) -> None:
        super().__init__({name: [] for name in SCHEMAS})

    def order(self, customer: int, day: date = TODAY, status: str = "delivered", is_paid: bool = True, has_left: bool = True) -> int:
        """One piece, ordered; paid and sent unless told otherwise. Gives the order's number."""
        number = len(self["orders"]) + 1
        self["orders"].append((number, customer, status, day, day.replace(day=1), PRICE, TAX))
        self["order_items"].append((number, 1, 1, PRICE, COST))
        if is_paid:
            self["payments"].append((number, "succeeded", PRICE + TAX))
        if has_left:
            self["inventory_log"].append((number, 1, "issue", -1, COST))
        return number

    def take_back(self, order: int, is_sound: bool) -> None:
        """All of it is returned and paid back; what is sound goes on the shelf again."""
        self["order_returns"].append((order, "refunded"))
        self["payments"].append((order, "refunded", PRICE + TAX))
        if is_sound:
            self["inventory_log"].append((order, 1, "return", 1, COST))


@dataclass(frozen=True)
class Told:
    """What gold says of each customer, by number."""

    summary: dict[int, dict[str, Any]]
    advice: dict[int, dict[str, Any]]


def lived() -> Shop:
    """A customer for each case, all of today, and ten steady ones: together they waited 10 x 204 days for 34 repeat orders, 60 days each."""
    shop = Shop()
    shop.take_back(shop.order(CAME_BACK, status="returned"), is_sound=True)
    for place in range(20):
        shop.order(BURST, status="pending" if place else "delivered", is_paid=place == 0, has_left=place == 0)
    shop.take_back(shop.order(DAMAGED, status="returned"), is_sound=False)
    shop.order(LOST)
    shop.order(LOST, status="cancelled", is_paid=False)
    shop.order(WAITING, status="paid", has_left=False)
    orders = [shop.order(TROUBLED) for _ in range(5)]
    shop.take_back(orders[0], is_sound=True)
    shop["order_returns"].append((orders[1], "refused"))
    shop["support_tickets"] += [(TROUBLED, orders[0], TODAY), (TROUBLED, None, TODAY), (STEADY, orders[2], TODAY)]
    for one in STEADY_ONES:
        for day in STEADY_DAYS:
            shop.order(one, day)
    return shop


def told(session: SparkSession, shop: Shop, calibration: list[tuple[int, int, int, int]]) -> Told:
    """The gold tables of a shop, from its silver rows and what became of past forecasts."""
    silver = {f"silver_{name}": session.createDataFrame(rows, SCHEMAS[name]) for name, rows in shop.items()}
    customers = session.createDataFrame([(one, None, "website", "bronze") for one in range(CAME_BACK, STEADY_ONES.stop)], CUSTOMER_SCHEMA)
    summary = customer_summary.transform(
        silver_customers=customers,
        silver_customer_addresses=session.createDataFrame([], ADDRESS_SCHEMA),
        gold_customer_months=customer_months.transform(**silver),
        gold_churn_calibration=session.createDataFrame(calibration, CALIBRATION_SCHEMA),
        time_zone="UTC",
    )
    return Told(_by_customer(summary), _by_customer(mart_loyalty_recommendations.transform(summary)))


def _by_customer(rows: DataFrame) -> dict[int, dict[str, Any]]:
    return {row["customer_id"]: row.asDict() for row in rows.collect()}


@pytest.fixture(scope="module")
def session(spark_services: Settings) -> Iterator[SparkSession]:
    with spark_session(spark_services) as opened:
        yield opened


@pytest.fixture(scope="module")
def gold(session: SparkSession) -> Told:
    """With a calibration by which half of everybody ordered, 0.7 times on the average."""
    return told(session, lived(), [(band, 100, 50, 70) for band in range(1, BANDS + 1)])


def test_whose_only_order_came_back_whole_has_left_nothing_and_promises_nothing(gold: Told) -> None:
    found = gold.summary[CAME_BACK]
    assert (found["net_revenue"], found["gross_margin"], found["customer_lifetime_value"]) == (0, 0, 0)
    assert found["order_probability_28d"] == Decimal("0.5")


def test_a_burst_of_orders_of_which_one_is_paid_counts_its_margin_over_all_of_them(gold: Told) -> None:
    found = gold.summary[BURST]
    assert (found["order_count"], found["paid_order_count"], found["gross_margin"]) == (20, 1, PRICE - COST)
    assert found["expected_interval_days"] == 3
    # 400,000 so far, and 20,000 for each of the 0.7 orders expected in 28 days, a year long.
    assert found["customer_lifetime_value"] == Decimal("582500.00")


def test_what_came_back_unsound_or_was_lost_on_its_way_is_a_cost_of_its_customer(gold: Told) -> None:
    assert gold.summary[DAMAGED]["gross_margin"] == -COST
    assert gold.summary[LOST]["gross_margin"] == PRICE - 2 * COST


def test_a_paid_piece_that_has_not_left_yet_costs_what_it_usually_does(gold: Told) -> None:
    assert gold.summary[WAITING]["gross_margin"] == PRICE - COST


def test_an_order_with_a_return_and_a_ticket_is_one_in_trouble_and_a_refused_return_is_none_that_comes_back(gold: Told) -> None:
    found = gold.summary[TROUBLED]
    assert (found["returned_order_count"], found["troubled_order_count"], found["ticket_count"]) == (1, 2, 2)
    assert gold.advice[TROUBLED]["next_best_action"] != "settle_trouble"
    assert gold.advice[CAME_BACK]["next_best_action"] == "settle_trouble"
    assert gold.advice[CAME_BACK]["reason"] == "1 of 1 orders had a return or a ticket"
    calm = {**found, "troubled_order_count": 0}
    assert found["health_score"] == health(calm) - Decimal("12.00")


def test_a_ticket_about_an_order_of_somebody_else_troubles_neither(gold: Told) -> None:
    assert gold.summary[STEADY]["ticket_count"] == 1
    assert [gold.summary[one]["troubled_order_count"] for one in (STEADY, TROUBLED)] == [0, 2]


def health(customer: dict[str, Any]) -> Decimal:
    """The score by its definition."""
    standing = Decimal(customer["frequency_score"] + customer["monetary_score"] - 2) / 8
    calm = 1 - Decimal(customer["troubled_order_count"]) / customer["order_count"]
    return (50 * (1 - customer["churn_risk"]) + 20 * standing + 30 * calm).quantize(Decimal("0.01"))


def test_no_offer_and_no_winning_back_for_who_has_left_no_margin(session: SparkSession) -> None:
    shop = Shop()
    long_ago = TODAY - timedelta(days=400)
    shop.take_back(shop.order(CAME_BACK, long_ago, status="returned"), is_sound=True)
    # Ten more that were never paid, so that the return is no trouble to settle.
    for _ in range(10):
        shop.order(CAME_BACK, long_ago, status="cancelled", is_paid=False, has_left=False)
    for one in STEADY_ONES:
        for day in STEADY_DAYS:
            shop.order(one, day)
    found = told(session, shop, [])
    advice = found.advice[CAME_BACK]
    assert advice["churn_risk"] > Decimal("0.8")
    assert (advice["next_best_action"], advice["discount_tier"]) == ("remind", "none")
    assert {row["order_probability_28d"] for row in found.summary.values()} == {None}, "no forecast has had its 28 days"
    assert {row["customer_lifetime_value"] for row in found.summary.values()} == {None}


def test_a_customer_is_given_what_those_with_a_like_score_did(session: SparkSession) -> None:
    found = told(session, lived(), [(band, 1000, band * 10, band * 100) for band in range(1, BANDS + 1)]).summary
    by_band = {one: (row["order_probability_28d"], row["expected_order_count_28d"]) for one, row in found.items()}
    # Who ordered today is foretold 1 - exp(-28 / interval): 0.37 of 60 days is in the sixth band, 0.9999 of 3 days in the last.
    assert by_band[CAME_BACK] == (Decimal("0.06"), Decimal("0.6"))
    assert by_band[BURST] == (Decimal("0.11"), Decimal("1.1"))
