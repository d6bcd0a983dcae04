from datetime import UTC, date, datetime

import numpy as np
import pytest

from gen_data.behaviour.seasons import day_factor, tet, usual_orders
from gen_data.clock import TICKS_PER_DAY

pytestmark = pytest.mark.unit

EPOCH = date(1970, 1, 1).toordinal()


def factor(*day):
    return day_factor(date(*day).toordinal() - EPOCH)


def test_an_ordinary_year_has_mean_one_but_for_its_large_sale_days():
    factors = [day_factor(datetime(2027, 1, 1, tzinfo=UTC).toordinal() - EPOCH + day) for day in range(365)]
    assert np.mean(factors) == pytest.approx(1.0, abs=0.03)
    assert max(factors) == factor(2027, 11, 11)


@pytest.mark.parametrize(
    "day", [(2026, 2, 17), (2027, 2, 6), (2030, 2, 2), (2033, 1, 31), (2044, 1, 30), (2053, 2, 18)], ids=lambda day: str(day[0])
)
def test_tet_is_on_its_day_and_after_2044_within_a_day_of_it(day):
    assert abs((tet(day[0]) - date(*day)).days) <= (0 if day[0] <= 2044 else 1)


def test_people_shop_before_tet_and_hardly_on_it():
    assert factor(2026, 2, 18) < 0.4 < 0.9 < factor(2026, 3, 4)
    assert factor(2026, 1, 28) > 1.05 * factor(2026, 3, 4)


def test_noon_and_evening_are_peaks_and_the_night_is_quiet():
    hours = np.arange(24)
    day = usual_orders(hours, np.full(24, date(2026, 1, 8).toordinal() - EPOCH))
    assert day[4] < day[7] < day[11] < day[20]
    assert day[14] < day[11]
    assert day.sum() * 60 == pytest.approx(factor(2026, 1, 8))


def test_a_stretch_over_midnight_has_the_factor_of_each_day():
    days = np.repeat([date(2026, 11, 11).toordinal() - EPOCH, date(2026, 11, 12).toordinal() - EPOCH], 5)
    found = usual_orders(np.repeat([23, 23], 5), days)
    assert found[0] / found[9] == pytest.approx(factor(2026, 11, 11) / factor(2026, 11, 12))
    assert found[0] * TICKS_PER_DAY > found[9] * TICKS_PER_DAY
