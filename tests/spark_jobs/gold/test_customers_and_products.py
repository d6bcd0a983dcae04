"""Customers, behaviour and products in gold against the shop's own PostgreSQL, to the last digit, and step by step against from scratch."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import pytest

from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from tests.spark_jobs.bronze_rows import START, Bronze, open_shop
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.gold.against_shop import Answer, of_lake, of_shop
from tests.spark_jobs.gold.shop_questions import QUESTIONS
from tests.spark_jobs.lake_rows import Rows, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1800)]

TABLES = (
    "gold.customer_months", "gold.customer_summary", "gold.customer_cohorts", "gold.retention_d7", "gold.customer_features",
    "gold.churn_calibration", "gold.funnel_daily", "gold.search_terms", "gold.product_daily", "gold.product_performance",
    "gold.product_pairs", "gold.mart_loyalty_recommendations", "gold.mart_trust_scores",
)  # fmt: skip
# The shop opens on 1 January, so that its first stretch ends with March, at the instant of a snapshot of features, and the second on the
# first day on which the 28 days of April's forecasts are over.
FIRST_DAYS, MORE_DAYS, ORDERS_PER_DAY = 90, 29, 40
SNAPSHOT = date(2026, 4, 1)
GRADED = (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1))
MOMENTS = ("after the first load", "after further trade")


@dataclass
class Lived:
    """What the lake and the shop say at each moment, and the lake from scratch at the last."""

    tables: dict[str, dict[str, Rows]] = field(default_factory=dict)
    strategies: dict[str, dict[str, str | None]] = field(default_factory=dict)
    lake: dict[str, dict[str, Answer]] = field(default_factory=dict)
    shop: dict[str, dict[str, Answer]] = field(default_factory=dict)
    rebuilt: dict[str, Rows] = field(default_factory=dict)


@pytest.fixture(scope="module")
def lived(spark_services: Settings) -> Iterator[Lived]:
    """Three months with a wave of returns, then most of another."""
    from gen_data.generate import backfill
    from iceberg.capture.ingest import ingest
    from spark_jobs.run import build

    life = Lived()
    with fresh_databases(spark_services) as settings:
        for moment, days in zip(MOMENTS, (FIRST_DAYS, MORE_DAYS), strict=True):
            backfill(settings, days, "returns_wave", ORDERS_PER_DAY)
            ingest(settings)
            built = build(settings, tables=TABLES)
            life.strategies[moment] = {name: built.run.tables[name].strategy for name in TABLES}
            life.tables[moment] = {name: rows_of(settings, name) for name in TABLES}
            life.lake[moment] = {name: of_lake(settings, question) for name, question in QUESTIONS.items()}
            life.shop[moment] = of_shop(settings)
        build(settings, tables=TABLES, full=True)
        life.rebuilt = {name: rows_of(settings, name) for name in TABLES}
        yield life


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_gold_says_what_the_shop_says_to_the_last_digit(lived: Lived, name: str, moment: str) -> None:
    lake, shop = lived.lake[moment][name], lived.shop[moment][name]
    assert shop
    assert lake.keys() == shop.keys()
    assert {key: (row, shop[key]) for key, row in lake.items() if row != shop[key]} == {}


@pytest.mark.parametrize("table", TABLES)
def test_building_step_by_step_gives_the_rows_of_a_build_from_scratch(lived: Lived, table: str) -> None:
    assert lived.tables[MOMENTS[1]][table] == lived.rebuilt[table]
    assert lived.tables[MOMENTS[0]][table] != lived.rebuilt[table], "further trade must show"


def test_further_trade_is_taken_up_by_what_it_touched(lived: Lived) -> None:
    touched = {name for name, strategy in lived.strategies[MOMENTS[1]].items() if strategy == "recompute"}
    assert touched == {
        "gold.customer_months", "gold.customer_features", "gold.funnel_daily", "gold.search_terms", "gold.product_daily",
        "gold.mart_trust_scores",
    }  # fmt: skip


def test_features_of_a_day_are_those_that_the_data_cut_at_that_day_gave(lived: Lived) -> None:
    position = 1
    cut, later = ([row for row in lived.tables[moment]["gold.customer_features"] if row[position] <= SNAPSHOT] for moment in MOMENTS)
    assert len([row for row in cut if row[position] == SNAPSHOT]) > 100
    # Who asked to be forgotten meanwhile is forgotten in the past too.
    customers = {row[0] for row in lived.tables[MOMENTS[1]]["gold.customer_summary"]}
    assert [row for row in cut if row[0] in customers] == later
    assert any(row[position] > SNAPSHOT for row in lived.rebuilt["gold.customer_features"])


def test_month_starts_are_graded_once_their_28_days_are_over_and_then_stay_as_they_are(lived: Lived) -> None:
    then, now = (lived.tables[moment]["gold.churn_calibration"] for moment in MOMENTS)
    assert {row[0] for row in then} == {*GRADED[:2]}
    assert {row[0] for row in now} == {*GRADED}
    assert [row for row in now if row[0] < GRADED[-1]] == then


def test_a_shop_that_nobody_has_ordered_from_has_customers_and_products_without_scores(bronze: Bronze, fresh: Settings) -> None:
    from spark_jobs.run import build

    open_shop(bronze)
    bronze.commit()
    build(fresh, tables=TABLES)
    assert len(rows_of(fresh, "gold.mart_loyalty_recommendations")) == 5
    assert set(rows_of(fresh, "gold.customer_summary", "segment", "churn_risk", "order_probability_28d")) == {("no_purchase", None, None)}
    assert rows_of(fresh, "gold.churn_calibration") == []
    assert set(rows_of(fresh, "gold.product_performance", "revenue_rank", "days_of_cover")) == {(rank, None) for rank in range(1, 6)}
    assert rows_of(fresh, "gold.retention_d7") == rows_of(fresh, "gold.customer_cohorts") == rows_of(fresh, "gold.product_pairs") == []


def test_a_ticket_about_no_order_counts_for_its_customer(traded: Traded) -> None:
    from spark_jobs.run import build

    build(traded.settings, tables=["gold.customer_months"])
    asked = {"topic": "product", "status": "open", "opened_at": START, "updated_at": START}
    traded.bronze.change("insert", "support_tickets", [{"ticket_id": 1, "customer_id": 2, "order_id": None, **asked}])
    traded.bronze.commit()
    built = build(traded.settings, tables=["gold.customer_months"])
    assert built.run.tables["gold.customer_months"].touched == {"groups": [["2"]]}
    assert (2, 0, 1) in rows_of(traded.settings, "gold.customer_months", "customer_id", "order_count", "ticket_count")


def test_products_add_up_to_the_money_of_the_orders(lived: Lived) -> None:
    products, customers = lived.lake[MOMENTS[1]]["product performance"], lived.lake[MOMENTS[1]]["customers"]
    money = ("revenue", "refunded_amount", "net_revenue", "gross_profit")
    by_product, by_customer = (
        [sum(row[QUESTIONS[name].columns.index(column) - 1] for row in rows.values()) for column in money]
        for name, rows in (("product performance", products), ("customers", customers))
    )
    assert by_product == by_customer
    assert by_product[1] > 0
