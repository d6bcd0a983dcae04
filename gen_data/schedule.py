"""Which scenario, and how many orders a day, from which tick on; and what that means for each tick."""

from bisect import bisect_right
from typing import NamedTuple

import numpy as np

from gen_data.clock import TICKS_PER_DAY, ShopClock
from gen_data.randomness import BoolArray, FloatArray, IntArray
from gen_data.scenarios import Scenario
from gen_data.scenarios.scenario import Hours

# Orders by local hour of the day: asleep at four, a peak at noon and a higher one in the evening.
_HOUR_WEIGHTS = np.array([14, 8, 5, 4, 4, 7, 14, 24, 38, 50, 57, 62, 60, 52, 50, 50, 49, 48, 54, 66, 78, 76, 56, 30], dtype=float)
# Monday to Sunday, with mean 1.
_WEEKDAY_FACTORS = np.array([0.97, 0.96, 0.97, 0.98, 1.01, 1.05, 1.06])


class Switch(NamedTuple):
    """From ``from_tick`` on the shop behaves like ``scenario`` and, on a normal day, sells ``orders_per_day``."""

    from_tick: int
    scenario: Scenario
    orders_per_day: int


class Conditions(NamedTuple):
    """What each tick of a stretch is like. The discount goes to products whose popularity rank is below ``discounted_count``."""

    mean_orders: FloatArray
    orders_per_day: FloatArray
    discount_rate: FloatArray
    discounted_count: IntArray


class Schedule:
    """All recorded switches, in the order of their ticks; the first is at tick 0."""

    def __init__(self, switches: list[Switch]) -> None:
        self.switches = sorted(switches, key=lambda switch: switch.from_tick)

    def at(self, tick: int) -> Switch:
        """The switch in force at a tick."""
        return self.switches[bisect_right([switch.from_tick for switch in self.switches], tick) - 1]

    def conditions(self, clock: ShopClock, ticks: IntArray) -> Conditions:
        """What the ticks, consecutive and at least one, are like."""
        hours, weekdays = clock.hours_and_weekdays(ticks)
        usual = _HOUR_WEIGHTS[hours] / _HOUR_WEIGHTS.mean() * _WEEKDAY_FACTORS[weekdays] / TICKS_PER_DAY
        orders_per_day, factor = np.ones(len(ticks)), np.ones(len(ticks))
        discount_rate, discounted_count = np.zeros(len(ticks)), np.zeros(len(ticks), dtype=np.int64)
        for switch, following in zip(self.switches, [*self.switches[1:], None], strict=True):
            in_force = (ticks >= switch.from_tick) & (True if following is None else ticks < following.from_tick)
            orders_per_day[in_force] = switch.orders_per_day
            demand, discount = switch.scenario.demand, switch.scenario.discount
            if demand is not None:
                factor[in_force & _within(demand.during, hours)] = demand.factor
            if discount is not None:
                discounted = in_force & _within(discount.during, hours)
                discount_rate[discounted] = discount.rate
                discounted_count[discounted] = discount.of.count
        return Conditions(usual * orders_per_day * factor, orders_per_day, discount_rate, discounted_count)


def _within(during: Hours | None, hours: IntArray) -> BoolArray:
    if during is None:
        return np.ones(len(hours), dtype=np.bool_)
    return (hours >= during.first) & (hours < during.end)
