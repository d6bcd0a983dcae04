from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from shoplake.core.settings import Settings
from spark_jobs.definitions.rates import between_zero_and_one, rate, weighted_score, wilson_interval
from spark_jobs.session import spark_session

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def session(spark_services: Settings) -> Iterator[SparkSession]:
    with spark_session(spark_services) as opened:
        yield opened


def values(session: SparkSession, *columns: Column) -> tuple[Any, ...]:
    return tuple(session.range(1).select(*(column.alias(f"c{place}") for place, column in enumerate(columns))).collect()[0])


def number(value: str | None) -> Column:
    return F.lit(value).cast("decimal(9,4)")


def test_a_rate_has_four_digits_and_none_without_a_whole(session: SparkSession) -> None:
    rates = values(session, *(rate(F.lit(part), F.lit(whole)) for part, whole in ((1, 3), (2, 3), (1, 20_000), (5, 0))))
    assert rates == (Decimal("0.3333"), Decimal("0.6667"), Decimal("0.0001"), None)


def test_the_interval_of_a_share_is_wide_for_few_and_never_leaves_zero_and_one(session: SparkSession) -> None:
    counts = session.createDataFrame([(9, 10), (900, 1000), (0, 4), (4, 4), (0, 0)], "part long, whole long")
    low, high = wilson_interval("part", "whole")
    found = [tuple(row) for row in counts.select(low, high).collect()]
    assert found[:2] == [(Decimal("0.5958"), Decimal("0.9821")), (Decimal("0.8798"), Decimal("0.9171"))]
    assert found[2:] == [(0, Decimal("0.4899")), (Decimal("0.5101"), 1), (None, None)]


def test_a_value_outside_zero_and_one_takes_the_nearer_end(session: SparkSession) -> None:
    assert values(session, *(between_zero_and_one(number(value)) for value in ("-0.2", "0.7", "3", None))) == (0, Decimal("0.7"), 1, None)


def test_a_part_without_a_value_leaves_the_score_with_its_weight(session: SparkSession) -> None:
    half, none, whole = number("0.5"), number(None), number("1")
    scores = values(session, *(weighted_score(*parts) for parts in (((30, half), (70, whole)), ((30, half), (70, none)), ((1, none),))))
    assert scores == (Decimal("85.00"), Decimal("50.00"), None)
