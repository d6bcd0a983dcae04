from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gen_data.behaviour.customers import is_loyal
from gen_data.clock import TICKS_PER_DAY, ShopClock
from gen_data.ids import base_customer_id, customer_number, is_voucher_order
from gen_data.randomness import Dice
from gen_data.scenarios import find
from gen_data.schedule import Schedule, Switch, promotion_start
from gen_data.simulate.arrivals import arrive, recognise
from gen_data.simulate.blast import draw_audience, responding

pytestmark = pytest.mark.unit

CLOCK = ShopClock(datetime(2025, 12, 31, 17, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh"))
KNOWN, ORDERS_PER_DAY, DAYS = 20_000, 4_000, 3


def buyers(dice: Dice, scenario: str, intensity: float, ticks: np.ndarray) -> np.ndarray:
    """Who orders in ticks of one day, and in which order ids."""
    schedule = Schedule([Switch(0, find(scenario), intensity, ORDERS_PER_DAY)])
    conditions, known = schedule.conditions(CLOCK, ticks), np.full(len(ticks), KNOWN)
    arrived = arrive(dice, CLOCK, ticks, conditions, KNOWN, 0, set())
    recognise(dice, arrived, ticks, known)
    return responding(dice, {int(one): KNOWN for one in np.unique(conditions.blast_id)}, arrived, ticks, conditions)


def orders_per_customer(dice: Dice, intensity: float) -> tuple[float, float]:
    """Orders per treated and per held-out customer of DAYS days."""
    orders, people = np.zeros(2), np.zeros(2)
    schedule = Schedule([Switch(0, find("promotion_blast"), intensity, ORDERS_PER_DAY)])
    for day in range(DAYS):
        ticks = np.arange(day * TICKS_PER_DAY, (day + 1) * TICKS_PER_DAY)
        promotion_id = int(schedule.conditions(CLOCK, ticks[:1]).blast_id[0])
        audience, is_treated = draw_audience(dice, promotion_id, KNOWN, 0.4)
        came = buyers(dice, "promotion_blast", intensity, ticks)["customer_id"]
        for group, members in enumerate((audience[is_treated], audience[~is_treated])):
            orders[group] += np.isin(came, members).sum()
            people[group] += len(members)
    return tuple((orders / people).tolist())


def test_an_audience_is_a_share_of_the_regular_customers_and_half_of_it_is_treated():
    dice = Dice(1)
    audience, is_treated = draw_audience(dice, 14_402, KNOWN, 0.4)
    regular = is_loyal(dice, base_customer_id(np.arange(KNOWN)))
    assert regular[customer_number(audience)].all()
    assert len(audience) / regular.sum() == pytest.approx(0.4, abs=0.02)
    assert is_treated.mean() == pytest.approx(0.5, abs=0.02)
    other, _ = draw_audience(dice, 28_802, KNOWN, 0.4)
    assert len(np.intersect1d(audience, other)) / len(audience) == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(("intensity", "lift"), [(1.0, 2.0), (2.0, 3.0), (0.5, 1.5)])
def test_the_lift_that_is_measured_is_the_one_that_was_given(intensity, lift):
    measured = [treated / held_out for treated, held_out in (orders_per_customer(Dice(seed), intensity) for seed in range(6))]
    # Of one seed's ratio some 3 % are chance.
    assert np.mean(measured) == pytest.approx(lift, rel=0.05)
    assert all(one == pytest.approx(lift, rel=0.15) for one in measured)


def test_a_voucher_adds_orders_of_treated_customers_and_changes_no_other():
    dice, ticks = Dice(2), np.arange(TICKS_PER_DAY)
    with_voucher, without = (buyers(dice, scenario, 1.0, ticks) for scenario in ("promotion_blast", "normal_day"))
    added = is_voucher_order(with_voucher["order_id"])
    assert (with_voucher[~added] == without).all()
    audience, is_treated = draw_audience(dice, 2, KNOWN, 0.4)
    assert promotion_start(2) == 0
    assert added.sum() > 100
    assert np.isin(with_voucher["customer_id"][added], audience[is_treated]).all()


def test_who_responds_does_not_depend_on_how_a_day_is_cut():
    dice, ticks = Dice(4), np.arange(TICKS_PER_DAY)
    whole = buyers(dice, "promotion_blast+flash_sale", 1.0, ticks)
    parts = np.concatenate([buyers(dice, "promotion_blast+flash_sale", 1.0, part) for part in np.split(ticks, [1, 200, 777, 1_300])])
    assert (np.sort(whole, order="order_id") == np.sort(parts, order="order_id")).all()
