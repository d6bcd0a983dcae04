import pytest

from gen_data.fingerprint import fingerprints
from gen_data.generate import backfill, pass_time
from gen_data.identity import read_schedule, record_switch
from gen_data.live import run_live
from gen_data.plan import parse
from gen_data.scenarios import find
from gen_data.schedule import Switch
from gen_data.shop import Wishes, connect, own_shop, switch_scenario
from shoplake.core.errors import SettingsError, ShopError
from shoplake.stack.private import fresh_databases

pytestmark = pytest.mark.integration

PLAN = """
[[period]]
from_day = 0.1
for = "2h"
scenario = "flash_sale+fraud_attack"
intensity = 2

[[period]]
from = 2026-01-01T20:00:00
for = "30m"
scenario = "stockout"
orders_per_day = 700
"""


def recorded(settings):
    with connect(settings.shop_dsn) as connection:
        return [(switch.from_tick, switch.scenario.name, *switch[2:]) for switch in read_schedule(connection).switches]


@pytest.fixture
def shop(fresh):
    """A shop that has opened and lived for ten minutes."""
    with own_shop(fresh, Wishes(orders_per_day=200, seed=3)) as owned:
        pass_time(owned, 10)
    return fresh


def test_a_switch_for_good_is_recorded_with_its_intensity(shop):
    switched, clock = switch_scenario(shop, "fraud_attack + flash_sale", 2.5)
    assert switched.switch == Switch(10, find("flash_sale+fraud_attack"), 2.5, 200)
    assert switched.back is None
    assert clock.local(switched.switch.from_tick).strftime("%H:%M") == "00:10"
    assert recorded(shop) == [(0, "normal_day", 1.0, 200), (10, "flash_sale+fraud_attack", 2.5, 200)]


def test_a_switch_for_a_while_is_followed_by_one_back_to_what_was_in_force(shop):
    switch_scenario(shop, "stockout", 0.5)
    with own_shop(shop, Wishes()) as owned:
        pass_time(owned, 20)
    switched, _ = switch_scenario(shop, "flash_sale", for_ticks=30)
    assert switched.back == Switch(50, find("stockout"), 0.5, 200)
    assert recorded(shop)[1:] == [(10, "stockout", 0.5, 200), (20, "flash_sale", 1.0, 200), (50, "stockout", 0.5, 200)]


def test_a_second_switch_takes_the_place_of_what_was_to_come_as_long_as_it_lasts(shop):
    switch_scenario(shop, "flash_sale", for_ticks=60)
    switch_scenario(shop, "stockout", for_ticks=5)
    assert recorded(shop)[1:] == [(10, "stockout", 1.0, 200), (15, "flash_sale", 1.0, 200), (70, "normal_day", 1.0, 200)]
    switch_scenario(shop, "dirty_data")
    assert recorded(shop)[1:] == [(10, "dirty_data", 1.0, 200)]


def test_who_asks_for_a_scenario_gets_it_for_good_and_who_asks_for_a_size_keeps_what_was_planned(shop):
    switch_scenario(shop, "flash_sale", 2.0, for_ticks=60)
    with own_shop(shop, Wishes(orders_per_day=900)):
        assert recorded(shop)[1:] == [(10, "flash_sale", 2.0, 900), (70, "normal_day", 1.0, 900)]
    with own_shop(shop, Wishes(scenario="stockout")):
        assert recorded(shop)[1:] == [(10, "stockout", 1.0, 900)]


def test_a_refused_switch_leaves_the_schedule_as_it_was(shop):
    for name, intensity, error in (("flash_sael", 1.0, ShopError), ("flash_sale", 0.0, SettingsError)):
        with pytest.raises(error):
            switch_scenario(shop, name, intensity)
    assert recorded(shop) == [(0, "normal_day", 1.0, 200)]


def test_a_plan_takes_the_place_of_what_was_to_come_and_one_that_cannot_be_followed_leaves_it(shop):
    switch_scenario(shop, "dirty_data", for_ticks=9)
    overlap = '[[period]]\nfrom_day = 0\nscenario = "stockout"\n' * 2
    with pytest.raises(SettingsError, match="overlap"), own_shop(shop, Wishes(plan=parse(overlap, "plan.toml"))):
        pass
    assert recorded(shop)[1:] == [(10, "dirty_data", 1.0, 200), (19, "normal_day", 1.0, 200)]
    with own_shop(shop, Wishes(scenario="normal_day", plan=parse(PLAN, "plan.toml"))):
        pass
    assert recorded(shop)[1:] == [
        (10, "normal_day", 1.0, 200),
        (154, "flash_sale+fraud_attack", 2.0, 200),
        (274, "normal_day", 1.0, 200),
        (1200, "stockout", 1.0, 700),
        (1230, "normal_day", 1.0, 200),
    ]


def test_a_plan_gives_the_same_rows_at_once_and_in_many_runs_that_go_on_with_it(services):
    found = []
    for ends in ((1440,), (150, 160, 280, 1210, 1440)):
        with fresh_databases(services) as settings:
            wishes = Wishes(orders_per_day=400, seed=2, plan=parse(PLAN, "plan.toml"))
            for end in ends:
                with own_shop(settings, wishes) as shop:
                    pass_time(shop, end)
                wishes = Wishes()
            with connect(settings.shop_dsn) as connection:
                found.append(fingerprints(connection))
    assert found[0] == found[1]


def test_a_live_shop_follows_a_switch_for_a_while_from_its_next_tick_on_and_back(fresh):
    backfill(fresh, days=1, orders_per_day=100)
    seen = []

    def on_tick(tick):
        seen.append(tick.scenario)
        if len(seen) == 3:
            switch_scenario(fresh, "stockout", 2.0, for_ticks=4)

    run_live(fresh, speed=6_000, ticks=10, on_tick=on_tick)
    assert seen == ["normal_day"] * 3 + ["stockout"] * 4 + ["normal_day"] * 3


def test_a_recorded_switch_of_a_name_that_is_unknown_is_said(shop):
    with connect(shop.shop_dsn) as connection:
        record_switch(connection, Switch(10, find("flash_sale"), 1.0, 5))
        connection.execute("update shop_control.scenario_switches set scenario = 'black_friday' where from_tick = 10")
    with pytest.raises(ShopError, match="there is no 'black_friday'"), own_shop(shop, Wishes()):
        pass
