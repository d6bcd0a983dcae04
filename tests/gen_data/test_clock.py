from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gen_data.clock import TICKS_PER_DAY, ShopClock, to_datetime, to_instant

pytestmark = pytest.mark.unit

HANOI = ShopClock(datetime(2025, 12, 31, 17, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh"))
# Opens on the day before the clocks go forward.
BERLIN = ShopClock(datetime(2026, 3, 27, 23, tzinfo=UTC), ZoneInfo("Europe/Berlin"))


def test_an_instant_survives_the_way_to_a_datetime_and_back():
    assert to_instant(to_datetime(1_767_225_600_123_456)) == 1_767_225_600_123_456


def test_a_day_begins_and_ends_at_midnight_of_the_shop():
    assert [HANOI.begins_day(tick) for tick in (0, 1, TICKS_PER_DAY - 1, TICKS_PER_DAY)] == [True, False, False, True]
    assert HANOI.day_end(0) == HANOI.day_end(TICKS_PER_DAY - 1) == TICKS_PER_DAY


def test_a_day_on_which_the_clocks_go_forward_has_23_hours():
    assert BERLIN.day_end(TICKS_PER_DAY) - TICKS_PER_DAY == 23 * 60
    assert BERLIN.begins_day(TICKS_PER_DAY + 23 * 60)


def test_a_tick_is_found_by_local_time_and_by_a_moment_with_a_zone():
    assert HANOI.tick_at(datetime(2026, 1, 1, 20)) == 20 * 60  # noqa: DTZ001 - the shop's own time
    assert HANOI.tick_at(datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)) == 7 * 60 + 1


@pytest.mark.parametrize("clock", [HANOI, BERLIN], ids=["Hanoi", "Berlin"])
def test_hours_and_days_are_those_of_the_shop_also_when_the_clocks_change(clock):
    ticks = np.arange(0, 3 * TICKS_PER_DAY, 7)
    hours, days = clock.hours_and_days(ticks)
    local = [clock.local(int(tick)) for tick in ticks]
    assert hours.tolist() == [moment.hour for moment in local]
    assert days.tolist() == [moment.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal() for moment in local]
