"""What each scenario promises, seen in gold: a shop with it and its twin without it, each taken through its own lake."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from gen_data.generate import backfill
from gen_data.scenarios import SCENARIOS
from gen_data.scenarios.effects import ALL_DAY
from gen_data.scenarios.expects import window
from gen_data.scenarios.scenario import Expectation, Scenario
from gen_data.shop import connect, switch_scenario
from iceberg.capture.ingest import ingest
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.run import build
from tests.spark_jobs.gold.gold_measures import IN_GOLD, NOT_IN_GOLD, later, seen

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1800)]

SEED = 12
FIRST_DAY = date(2026, 1, 2)
# As for the expectations in PostgreSQL: what shows at once is looked for in a shop of the usual size, what takes its time in a small one.
AT_ONCE, ORDERS_PER_DAY, SHORT = ("flash_sale", "fraud_attack", "promotion_blast", "dirty_data"), 1_000, 2
IN_TWO_WEEKS, FEW_ORDERS_PER_DAY, LONG = ("returns_wave", "stockout"), 250, 15


def live_through(settings: Settings, name: str, orders_per_day: int, days: int, scenarios: tuple[Scenario, ...]) -> None:
    """A normal day and then a scenario, captured and built as far as ``scenarios`` need it."""
    backfill(settings, days=1, orders_per_day=orders_per_day, seed=SEED)
    switch_scenario(settings, name)
    backfill(settings, days=days)
    ingest(settings)
    measures = {expectation.measure.name for scenario in scenarios for expectation in scenario.expects} & IN_GOLD.keys()
    build(settings, tables=sorted({f"gold.{table}" for measure in measures for table in IN_GOLD[measure].tables}))


@pytest.fixture(scope="module")
def twin(spark_services: Settings) -> Iterator[Settings]:
    """Normal days only."""
    with fresh_databases(spark_services) as settings:
        live_through(settings, "normal_day", ORDERS_PER_DAY, SHORT, tuple(SCENARIOS[name] for name in AT_ONCE))
        yield settings


@pytest.fixture(scope="module")
def small_twin(spark_services: Settings) -> Iterator[Settings]:
    """Normal days only, in a small shop, for longer."""
    with fresh_databases(spark_services) as settings:
        live_through(settings, "normal_day", FEW_ORDERS_PER_DAY, LONG, tuple(SCENARIOS[name] for name in IN_TWO_WEEKS))
        yield settings


def as_gold_sees(expectation: Expectation) -> Expectation:
    """What moves some hours moves the day that they are in by at least their share of it."""
    if IN_GOLD[expectation.measure.name].by_hours:
        return expectation
    hours = expectation.during.end - expectation.during.first
    return replace(expectation.scaled(hours / (ALL_DAY.end - ALL_DAY.first)), during=ALL_DAY)


def assert_gold_shows_it(settings: Settings, twin: Settings, scenario: Scenario) -> None:
    expected = [expectation for expectation in scenario.expects if expectation.measure.name not in NOT_IN_GOLD]
    assert expected
    missing = []
    for expectation in map(as_gold_sees, expected):
        name, day = expectation.measure.name, later(FIRST_DAY, expectation.days_later)
        value, normal = (seen(lake, name, day, expectation.during) for lake in (settings, twin))
        if not expectation.is_met(value, normal):
            missing.append(f"{expectation}: {value:g} against {normal:g}")
        # Of a normal day against itself none of it holds.
        assert not expectation.is_met(normal, normal)
        if IN_GOLD[name].is_exact:
            for lake, number in ((settings, value), (twin, normal)):
                with connect(lake.shop_dsn) as shop:
                    assert number == pytest.approx(expectation.measure.read(shop, window(shop, day, expectation.during)))
    assert missing == []


@pytest.mark.parametrize("name", AT_ONCE)
def test_a_scenario_shows_at_once_in_gold_what_it_promises(spark_services: Settings, fresh: Settings, twin: Settings, name: str) -> None:
    live_through(fresh, name, ORDERS_PER_DAY, SHORT, (SCENARIOS[name],))
    assert_gold_shows_it(fresh, twin, SCENARIOS[name])


@pytest.mark.parametrize("name", IN_TWO_WEEKS)
def test_a_scenario_shows_in_two_weeks_in_gold_what_it_promises(
    spark_services: Settings, fresh: Settings, small_twin: Settings, name: str
) -> None:
    live_through(fresh, name, FEW_ORDERS_PER_DAY, LONG, (SCENARIOS[name],))
    assert_gold_shows_it(fresh, small_twin, SCENARIOS[name])


def test_every_expectation_is_looked_for_or_it_is_said_why_gold_cannot_tell() -> None:
    measures = {expectation.measure.name for scenario in SCENARIOS.values() for expectation in scenario.expects}
    assert measures == {*IN_GOLD, *NOT_IN_GOLD}
    assert {*AT_ONCE, *IN_TWO_WEEKS} == {name for name, scenario in SCENARIOS.items() if scenario.expects}
