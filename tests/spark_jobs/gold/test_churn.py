"""Forecasts of who orders again, graded by what came: no look into the future, no share of too few, none that falls where the score rises."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.core.settings import Settings
from spark_jobs.definitions.churn import BANDS, came_true
from spark_jobs.gold.churn_calibration import TABLE, transform
from spark_jobs.session import spark_session

pytestmark = [pytest.mark.integration, pytest.mark.long]

BAND_SCHEMA = "score_band int, customer_count long, ordering_customer_count long, order_count long"
FEATURE_SCHEMA = "customer_id long, snapshot_date date, order_count long, days_since_first_order long, days_since_last_order long"
ORDER_SCHEMA = "customer_id long, order_date date, order_month date"
MARCH = date(2026, 3, 1)

Band = tuple[int, int, int, int]
Orders = list[tuple[int, date]]


@pytest.fixture(scope="module")
def session(spark_services: Settings) -> Iterator[SparkSession]:
    with spark_session(spark_services) as opened:
        yield opened


def learned(session: SparkSession, bands: Sequence[Band]) -> dict[int, tuple[Decimal, Decimal]]:
    """Probability and expected orders by band."""
    rows = came_true(session.createDataFrame(list(bands), BAND_SCHEMA)).collect()
    return {row["score_band"]: (row["order_probability_28d"], row["expected_order_count_28d"]) for row in rows}


def share(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def pooled_with_neighbours(counted: Sequence[tuple[int, int]]) -> list[Decimal]:
    """Pool-adjacent-violators over (customers, events) of each band: another way to the same isotonic regression."""
    blocks: list[tuple[int, int, int]] = []
    for customers, events in counted:
        blocks.append((customers, events, 1))
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][0] >= blocks[-1][1] * blocks[-2][0]:
            last, before = blocks.pop(), blocks.pop()
            blocks.append((last[0] + before[0], last[1] + before[1], last[2] + before[2]))
    return [share(events, customers) for customers, events, bands in blocks for _ in range(bands)]


@pytest.mark.parametrize("seed", range(3))
def test_where_no_band_is_small_shares_are_those_of_pooling_neighbours_that_fall(session: SparkSession, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    bands = [
        (band, n := chance.randint(100, 900), k := chance.randint(0, n), k * 2 + chance.randint(0, 50)) for band in range(1, BANDS + 1)
    ]
    found = learned(session, bands)
    assert [found[band][0] for band in range(1, BANDS + 1)] == pooled_with_neighbours([(n, k) for _, n, k, _ in bands])
    assert [found[band][1] for band in range(1, BANDS + 1)] == pooled_with_neighbours([(n, orders) for _, n, _, orders in bands])


def test_a_small_or_empty_band_takes_the_share_of_its_neighbours_and_fewer_than_a_hundred_say_nothing(session: SparkSession) -> None:
    found = learned(session, [(1, 200, 20, 20), (3, 10, 10, 30), (4, 190, 90, 170)])
    assert {band: chance for band, (chance, _) in found.items()} == {
        1: Decimal("0.1000"),
        **dict.fromkeys(range(2, BANDS + 1), Decimal("0.5000")),
    }
    assert learned(session, [(1, 60, 6, 6), (5, 39, 30, 40)]) == {}
    assert set(learned(session, [(1, 60, 6, 6), (5, 40, 34, 44)]).values()) == {(Decimal("0.4000"), Decimal("0.5000"))}


def features(session: SparkSession, orders: Orders, until: date) -> DataFrame:
    """What gold.customer_features says of these orders: a row for each month start behind a month with one."""
    rows = []
    for customer in {customer for customer, _ in orders}:
        days = sorted(day for one, day in orders if one == customer)
        for start in sorted({(day.replace(day=1) + timedelta(days=32)).replace(day=1) for day in days if day <= until}):
            known = [day for day in days if day < start]
            rows.append((customer, start, len(known), (start - known[0]).days, (start - known[-1]).days))
    return session.createDataFrame(rows, FEATURE_SCHEMA)


def graded(session: SparkSession, orders: Orders) -> dict[tuple[date, int], dict[str, Any]]:
    """The table's rows by key, of a shop with these orders."""
    placed = session.createDataFrame([(customer, day, day.replace(day=1)) for customer, day in orders], ORDER_SCHEMA)
    rows = transform(features(session, orders, max(day for _, day in orders)), placed).collect()
    return {(row["snapshot_date"], row["score_band"]): row.asDict() for row in rows}


# Customer 1 orders twice in January, customer 2 once; nobody does in February.
JANUARY: Orders = [(1, date(2026, 1, 2)), (1, date(2026, 1, 31)), (2, date(2026, 1, 10))]


def test_a_month_start_is_graded_once_its_28_days_are_over_and_by_these_days_alone(session: SparkSession) -> None:
    february = graded(session, [*JANUARY, (3, date(2026, 3, 28))])
    assert {start for start, _ in february} == {date(2026, 2, 1)}
    assert sum(row["customer_count"] for row in february.values()) == 2
    march = graded(session, [*JANUARY, (1, date(2026, 3, 28)), (2, date(2026, 3, 29)), (3, date(2026, 3, 29))])
    assert {start for start, _ in march} == {date(2026, 2, 1), MARCH}
    of_march = [row for (start, _), row in march.items() if start == MARCH]
    assert [sum(row[name] for row in of_march) for name in ("customer_count", "ordering_customer_count", "order_count")] == [2, 1, 1]
    assert {row["base_rate"] for row in of_march} == {Decimal("0.5000")}


def test_a_forecast_is_made_of_what_was_known_before_its_month(session: SparkSession) -> None:
    # As of 31 January they have waited 29 + 21 days for one repeat: intervals of (50 + 29) / 2 and of 50 days, silent for 0 and 21.
    rows = graded(session, [*JANUARY, (1, date(2026, 2, 28)), (2, date(2026, 3, 1)), (1, date(2026, 3, 1))])
    first, second = (rows[date(2026, 2, 1), band] for band in (7, 6))
    assert (first["foretold_rate"], second["foretold_rate"]) == (Decimal("0.5078"), Decimal("0.2817"))
    assert (first["ordering_rate"], first["ordering_rate_low"], first["ordering_rate_high"]) == (
        Decimal("1.0000"), Decimal("0.2065"), Decimal("1.0000"),
    )  # fmt: skip
    assert (first["brier_score"], second["brier_score"]) == (Decimal("0.2423"), Decimal("0.0794"))
    assert (first["base_rate_brier_score"], first["calibrated_rate"], first["calibrated_brier_score"]) == (Decimal("0.2500"), None, None)


def test_where_hardly_anybody_comes_twice_nothing_is_foretold_of_who_came_once(session: SparkSession) -> None:
    rows = [(one, date(2026, 2, 1), 2 if one == 1 else 1, 31, 1) for one in range(1, 4001)]
    known = session.createDataFrame(rows, FEATURE_SCHEMA)
    placed = session.createDataFrame([(1, date(2026, 3, 1), MARCH)], ORDER_SCHEMA)
    # 4,000 times 30 days for one order that somebody repeated.
    assert [row["customer_count"] for row in transform(known, placed).collect()] == [1]


def test_what_happens_later_changes_no_row_of_an_earlier_month(session: SparkSession) -> None:
    chance = random.Random(7)  # noqa: S311
    orders = [(one, date(2026, 1, 1) + timedelta(days=chance.randrange(170))) for one in range(250) for _ in range(chance.randint(1, 9))]
    then = graded(session, [(one, day) for one, day in orders if day <= date(2026, 4, 29)])
    later = graded(session, orders)
    assert {start for start, _ in then} == {date(2026, month, 1) for month in (2, 3, 4)}
    assert {start for start, _ in later} == {date(2026, month, 1) for month in (2, 3, 4, 5)}
    assert {key: row for key, row in later.items() if key[0] < date(2026, 5, 1)} == then
    assert all(row["calibrated_rate"] is None for (start, _), row in then.items() if start < MARCH)
    assert all(row["calibrated_rate"] is not None for (start, _), row in then.items() if start >= MARCH)
    assert {*next(iter(then.values()))} == {*TABLE.column_names}


def test_customers_who_never_leave_are_given_the_probability_with_which_they_come(session: SparkSession) -> None:
    # Each orders every 20 days for good, so that all come within 28 days, 1.4 times on the average.
    orders = [(one, date(2026, 1, 1) + timedelta(days=one % 20 + 20 * turn)) for one in range(200) for turn in range(8)]
    rows = graded(session, [(one, day) for one, day in orders if day < date(2026, 6, 1)])
    now = learned(session, [tuple(row[name] for name in ("score_band", "customer_count", "ordering_customer_count", "order_count")) for row in rows.values()])  # type: ignore[misc]  # fmt: skip
    assert {chance for chance, _ in now.values()} == {Decimal(1)}
    assert {row["calibrated_brier_score"] for (start, _), row in rows.items() if start >= MARCH} == {Decimal(0)}
    assert min(row["foretold_rate"] for row in rows.values()) < Decimal("0.5")
