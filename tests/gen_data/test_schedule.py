from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gen_data.clock import TICKS_PER_DAY, ShopClock
from gen_data.scenarios import FLASH_SALE, NORMAL_DAY
from gen_data.schedule import Schedule, Switch

pytestmark = pytest.mark.unit

CLOCK = ShopClock(datetime(2025, 12, 31, 17, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh"))
WEEK = np.arange(7 * TICKS_PER_DAY)


def test_a_normal_week_has_the_asked_orders_per_day_on_average():
    conditions = Schedule([Switch(0, NORMAL_DAY, 1_000)]).conditions(CLOCK, WEEK)
    assert conditions.mean_orders.sum() == pytest.approx(7_000, rel=0.001)
    assert not conditions.discount_rate.any()


def test_a_flash_sale_multiplies_demand_and_gives_discount_in_its_two_hours_only():
    normal = Schedule([Switch(0, NORMAL_DAY, 1_000)]).conditions(CLOCK, WEEK)
    sale = Schedule([Switch(0, FLASH_SALE, 1_000)]).conditions(CLOCK, WEEK)
    hour = WEEK // 60 % 24
    is_sale = (hour == 20) | (hour == 21)
    assert np.allclose(sale.mean_orders, np.where(is_sale, 6, 1) * normal.mean_orders)
    assert np.array_equal(sale.discount_rate, np.where(is_sale, 0.4, 0.0))
    assert np.array_equal(sale.discounted_count, np.where(is_sale, 50, 0))


def test_a_switch_holds_from_its_tick_until_the_next():
    schedule = Schedule([Switch(30, FLASH_SALE, 10), Switch(0, NORMAL_DAY, 5), Switch(40, NORMAL_DAY, 5)])
    assert [schedule.at(tick).scenario.name for tick in (0, 29, 30, 39, 40, 99)] == [
        "normal_day", "normal_day", "flash_sale", "flash_sale", "normal_day", "normal_day",
    ]  # fmt: skip
    assert np.unique(schedule.conditions(CLOCK, np.arange(28, 42)).orders_per_day, return_counts=True)[1].tolist() == [4, 10]
