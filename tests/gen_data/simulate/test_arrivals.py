from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gen_data.behaviour.customers import is_loyal
from gen_data.clock import TICKS_PER_DAY, ShopClock
from gen_data.ids import customer_number, is_extra, is_guest
from gen_data.randomness import Dice
from gen_data.scenarios import find
from gen_data.schedule import Schedule, Switch
from gen_data.simulate.arrivals import SOMEBODY_KNOWN, WEBSITE, arrive, recognise

pytestmark = pytest.mark.unit

DICE = Dice(6)
CLOCK = ShopClock(datetime(2025, 12, 31, 17, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh"))
TICKS = np.arange(TICKS_PER_DAY)
KNOWN, GUESTS = 5_000, 3_000


def arrivals(scenario="normal_day", frauds=frozenset(), guests=GUESTS, ticks=TICKS):
    conditions = Schedule([Switch(0, find(scenario), 1.0, 3_000)]).conditions(CLOCK, ticks)
    return arrive(DICE, CLOCK, ticks, conditions, KNOWN, guests, set(frauds))


def guests_of(arrived):
    customer_id = arrived["customer_id"][arrived["customer_id"] > 0]
    return customer_id[is_guest(customer_id)]


def test_guests_of_a_scenario_come_back_but_for_those_whose_accounts_were_made_for_fraud():
    everybody = guests_of(arrivals())
    assert len(everybody) > 15
    frauds = frozenset(everybody[::2].tolist())
    honest = arrivals(frauds=frauds)
    assert sorted(guests_of(honest).tolist()) == sorted(one for one in everybody.tolist() if one not in frauds)
    others = arrivals()
    assert (honest == others[~np.isin(others["customer_id"], list(frauds))]).all()


def test_a_scenario_adds_arrivals_and_leaves_those_of_a_normal_day_as_they_are():
    usual, more = arrivals(), arrivals("flash_sale+promotion_blast")
    assert len(more) > 1.3 * len(usual)
    assert (more[~is_extra(more["order_id"])] == usual[~is_extra(usual["order_id"])]).all()


def test_who_comes_back_is_a_loyal_customer_that_was_known_in_the_tick():
    arrived = arrivals(guests=0)
    known = 100 + TICKS
    back = arrived["customer_id"] == SOMEBODY_KNOWN
    recognise(DICE, arrived, TICKS, known)
    tick = (arrived["started_at"] - CLOCK.instant(0)) // (CLOCK.instant(1) - CLOCK.instant(0))
    assert not is_guest(arrived["customer_id"][back]).any()
    assert (customer_number(arrived["customer_id"][back]) < known[tick[back]]).all()
    assert is_loyal(DICE, arrived["customer_id"][back]).all()
    assert not arrived["customer_id"][~back].any()


def test_an_order_on_the_website_follows_a_visit_and_one_on_a_marketplace_comes_at_once():
    arrived = arrivals()
    minutes = (arrived["ordered_at"] - arrived["started_at"]) / 60e6
    on_site = arrived["channel"] == WEBSITE
    assert not minutes[~on_site].any()
    assert 3 <= minutes[on_site].min() < minutes[on_site].max() <= 35
