"""Each scenario's expectations by SQL, on twins: two shops of one seed, of which one has the scenario from its second day on."""

from datetime import date

import psycopg
import pytest

from gen_data.generate import backfill
from gen_data.scenarios import FLASH_SALE, SCENARIOS, find
from gen_data.scenarios.effects import ALL_DAY, Hours
from gen_data.scenarios.expects import expectations_hold, window
from gen_data.scenarios.measures import MEASURES
from gen_data.shop import connect, switch_scenario
from shoplake.stack.private import fresh_databases

pytestmark = [pytest.mark.integration, pytest.mark.long]

SEED = 12
# What shows at once is looked for in a shop of the usual size, what takes its time in a small one.
ORDERS_PER_DAY, SHORT = 1_000, 2
FEW_ORDERS_PER_DAY, LONG = 250, 15
FIRST_DAY = date(2026, 1, 2)


def live_normally_and_then(settings, orders_per_day, scenario, days, intensity=1.0):
    """A normal day, and from the next on a scenario."""
    backfill(settings, days=1, orders_per_day=orders_per_day, seed=SEED)
    switch_scenario(settings, scenario, intensity)
    backfill(settings, days=days)


@pytest.fixture(scope="module")
def twin(services):
    """A shop of normal days only."""
    with fresh_databases(services) as settings:
        live_normally_and_then(settings, ORDERS_PER_DAY, "normal_day", SHORT)
        yield settings


@pytest.fixture(scope="module")
def small_twin(services):
    """A small shop of normal days only, for longer."""
    with fresh_databases(services) as settings:
        live_normally_and_then(settings, FEW_ORDERS_PER_DAY, "normal_day", LONG)
        yield settings


def assert_shows_what_it_promises(settings, twin, scenario):
    with connect(settings.shop_dsn) as shop, connect(twin.shop_dsn) as normal:
        results = expectations_hold(shop, normal, scenario, FIRST_DAY)
        assert [str(result) for result in results if not result.holds] == []
        assert len(results) == len(scenario.expects) > 0
        # Of a normal day against itself none of it holds.
        assert not any(result.holds for result in expectations_hold(normal, normal, scenario, FIRST_DAY))


@pytest.mark.parametrize("name", ["flash_sale", "fraud_attack", "promotion_blast", "dirty_data"])
def test_a_scenario_shows_at_once_what_it_promises(fresh, twin, name):
    live_normally_and_then(fresh, ORDERS_PER_DAY, name, SHORT)
    assert_shows_what_it_promises(fresh, twin, SCENARIOS[name])


@pytest.mark.parametrize("name", ["returns_wave", "stockout"])
def test_a_scenario_shows_in_two_weeks_what_it_promises(fresh, small_twin, name):
    live_normally_and_then(fresh, FEW_ORDERS_PER_DAY, name, LONG)
    assert_shows_what_it_promises(fresh, small_twin, SCENARIOS[name])


def test_scenarios_at_once_show_what_each_promises(fresh, twin):
    both = find("flash_sale+fraud_attack+dirty_data")
    live_normally_and_then(fresh, ORDERS_PER_DAY, both.name, SHORT)
    assert_shows_what_it_promises(fresh, twin, both)


def test_a_stronger_sale_shows_more_and_a_weaker_one_what_it_promises_at_its_intensity(services, twin):
    values = {}
    for intensity in (0.3, 3.0):
        with fresh_databases(services) as settings:
            live_normally_and_then(settings, ORDERS_PER_DAY, "flash_sale", SHORT, intensity)
            assert_shows_what_it_promises(settings, twin, FLASH_SALE.scaled(intensity))
            with connect(settings.shop_dsn) as shop:
                values[intensity] = MEASURES["orders per hour"].read(shop, window(shop, FIRST_DAY, Hours(20, 22)))
    assert values[3.0] > 3 * values[0.3]


def test_every_measure_is_one_number_and_says_whether_it_reads_the_ground_truth(twin):
    with connect(twin.shop_dsn) as connection:
        found = {name: measure.read(connection, window(connection, FIRST_DAY, ALL_DAY)) for name, measure in MEASURES.items()}
        nothing = {name: measure.read(connection, window(connection, date(2020, 1, 1), ALL_DAY)) for name, measure in MEASURES.items()}
    assert all(value is None or value >= 0 for value in found.values())
    assert found["orders per hour"] == pytest.approx(ORDERS_PER_DAY / 24, rel=0.4)
    assert 0 < found["conversion rate"] < 0.3
    assert all(not value or name == "treated orders per held-out order" for name, value in nothing.items())
    assert {name for name, measure in MEASURES.items() if measure.reads_ground_truth} == {
        name for name, measure in MEASURES.items() if "ground_truth." in measure.sql
    }


def test_what_does_not_read_the_ground_truth_can_be_measured_by_who_captures_the_shop(twin):
    with psycopg.connect(twin.source_dsn, autocommit=True) as connection:
        with connect(twin.shop_dsn) as owner:
            day = window(owner, FIRST_DAY, ALL_DAY)
        for measure in MEASURES.values():
            if measure.reads_ground_truth:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    measure.read(connection, day)
            else:
                measure.read(connection, day)
