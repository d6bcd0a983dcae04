"""How many orders each hour, weekday and day of the year brings to a Vietnamese shop, relative to the mean of an ordinary day.

Known from publications, each named where it is used: which hours and days are
strong, and the size of some of the large sale days. The other sizes are
assumptions.
"""

from datetime import date, timedelta
from functools import cache

import numpy as np

from gen_data.clock import TICKS_PER_DAY
from gen_data.randomness import FloatArray, IntArray

# By local hour: lowest at four, a peak at noon and a higher one from 20:00 to 22:00, where iPrice found the peak of Vietnamese shopping
# traffic (vietnamstar.net, "Singles Day", 2018); the ratio of peak to night as in oberlo.com, "What time do people shop online".
_HOUR_WEIGHTS = np.array([14, 8, 5, 4, 4, 7, 14, 24, 38, 50, 57, 62, 60, 52, 50, 50, 49, 48, 54, 66, 78, 76, 56, 30], dtype=float)
_HOUR_FACTORS = _HOUR_WEIGHTS / _HOUR_WEIGHTS.mean()
# Monday to Sunday, with mean 1; strongest from Friday to Sunday (oberlo.com, the same page).
_WEEKDAY_FACTORS = (0.97, 0.96, 0.97, 0.98, 1.01, 1.05, 1.06)
# At the middle of each month, with mean 1: weak after Tết, strong to the year's end. Sizes are assumptions.
_MONTH_FACTORS = np.array([1.01, 0.93, 0.95, 0.96, 0.98, 1.00, 0.98, 0.98, 1.01, 1.03, 1.08, 1.09])
_MONTH_MIDDLES = (np.arange(12) + 0.5) / 12

# Sale days of the marketplaces, by month and day. On 10.10 of 2022 Criteo saw 1.97 times an average day's sales in South-East Asia
# (thanhnien.vn, November 2022); on 11.11 of 2019 Tiki had 4 times the orders of an average day (e.vnexpress.net, 14 November 2019),
# of which the shop is given less, as it sells elsewhere too. The others lie between by assumption.
_SALE_DAYS = {(9, 9): 1.8, (10, 10): 1.95, (11, 11): 3.0, (12, 12): 2.5}
_SALE_DAYS |= {(month, month): 1.2 for month in range(3, 9)}
_BLACK_FRIDAY = 1.6
# Gifts for Women's Day and Vietnamese Women's Day, ordered in the three days before; people travel on public holidays. Assumptions.
_GIFT_DAYS = ((3, 8), (10, 20))
_GIFT_FACTOR, _GIFT_DAYS_BEFORE = 1.15, 3
_PUBLIC_HOLIDAYS = {(1, 1): 0.92, (4, 30): 0.85, (5, 1): 0.85, (9, 2): 0.88}

# Lunar new year as day of the year, from 2026 on. The Moon repeats herself after 19 years (Meton), to within a day until 2100.
_TET_DAYS_OF_YEAR = (48, 37, 26, 44, 33, 23, 42, 31, 50, 39, 28, 46, 35, 24, 43, 32, 22, 41, 30)
_FIRST_TET_YEAR = 2026
# From so many days after Tết on. In the six weeks before it Metric saw 9 % more revenue than in the six before those (vietnamnews.vn,
# 24 February 2026), two to three weeks before most (news.laodong.vn, Tết 2026); the holiday's own quiet is an assumption.
_TET_COURSE = ((-28, 1.12), (-7, 1.0), (-3, 0.6), (0, 0.35), (3, 0.6), (6, 0.85), (10, 1.0))

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def usual_orders(hours: IntArray, days: IntArray) -> FloatArray:
    """Mean orders in each tick, where an ordinary day brings one.

    Args:
        hours: Local hour of each tick, 0 to 23.
        days: Local day of each tick, counted from 1970; never falling.
    """
    if days[0] == days[-1]:
        factors: FloatArray | float = day_factor(int(days[0]))
    else:
        found, place = np.unique(days, return_inverse=True)
        factors = np.array([day_factor(day) for day in found.tolist()])[place]
    usual: FloatArray = _HOUR_FACTORS[hours] * factors / TICKS_PER_DAY
    return usual


@cache
def day_factor(day: int) -> float:
    """What a local day, counted from 1970, brings relative to an ordinary one."""
    when = date.fromordinal(_EPOCH_ORDINAL + day)
    return _WEEKDAY_FACTORS[when.weekday()] * _season(when) * _tet_factor(when) * _special_factor(when)


def _season(when: date) -> float:
    return float(np.interp((when.timetuple().tm_yday - 0.5) / 365, _MONTH_MIDDLES, _MONTH_FACTORS, period=1.0))


def _tet_factor(when: date) -> float:
    since = min(((when - tet(year)).days for year in (when.year, when.year + 1)), key=abs)
    factor = 1.0
    for from_day, course in _TET_COURSE:
        if since >= from_day:
            factor = course
    return factor


def tet(year: int) -> date:
    """The first day of the Vietnamese lunar year that begins in a year."""
    day_of_year = _TET_DAYS_OF_YEAR[(year - _FIRST_TET_YEAR) % len(_TET_DAYS_OF_YEAR)]
    return date(year, 1, 1) + timedelta(days=day_of_year - 1)


def _special_factor(when: date) -> float:
    key = (when.month, when.day)
    if key in _SALE_DAYS:
        return _SALE_DAYS[key]
    if key in _PUBLIC_HOLIDAYS:
        return _PUBLIC_HOLIDAYS[key]
    if when.month == 11 and when.weekday() == 4 and when.day > 23:
        return _BLACK_FRIDAY
    is_gift_day = any(0 < (date(when.year, month, day) - when).days <= _GIFT_DAYS_BEFORE for month, day in _GIFT_DAYS)
    return _GIFT_FACTOR if is_gift_day else 1.0
