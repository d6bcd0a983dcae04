"""What visits to the shop's own website are made of: how they go on, how long, with which devices, and what is searched for.

Published figures, and what follows from them:

* Carts that never become an order: 70.2 %, the mean of 50 studies (Baymard
  Institute, 2025, https://baymard.com/lists/cart-abandonment-rate).
* Visits of a single page: 46 % of those to shops (CXL, in ClickPost, 2025,
  https://www.clickpost.ai/blog/ecommerce-bounce-rate-by-industry); 47 % in the
  median of retail (Contentsquare, Digital Experience Benchmarks 2024).
* Visits with a search: 7 %, and 18 % of those that end in an order (Store,
  2024, 40 shops, https://store.is/ecommerce-tips/internal-search/).
* Products put on a wishlist: 3 of 100 that are looked at (Alibaba, UserBehavior,
  2017: 2.89 of 89.7 million, https://tianchi.aliyun.com/dataset/649).
* Time on a page: 54 seconds in the mean (Contentsquare, Digital Experience
  Benchmark 2021, https://contentsquare.com/blog/2021-digital-experience-benchmarks-by-industry/).

To keep the log small, visits are fewer and shorter than in life: about 2.2 rows
each, and VISITS_PER_ORDER where real shops have some 15 to 100 (conversion of
1 to 6 %). So carts are filled in more of the visits than in life.
"""

from itertools import product
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from gen_data.clock import DAY
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray
from gen_data.schema.visits import ACTIVITY_KINDS

# Visits that do not buy, for each order on the website.
VISITS_PER_ORDER = 22.0
# Visits of people who are signed in; our assumption.
KNOWN_SHARE = 0.45

# Positions in ACTIVITY_KINDS.
VISIT, SEARCH, VIEW, ADD_TO_CART, WISH, PURCHASE = range(len(ACTIVITY_KINDS))

CART_LIFETIME = DAY
# Orders of the website that are made with one click, from a link or an earlier purchase; our assumption.
_AT_ONCE_SHARE = 0.12
_CART_ABANDONMENT = 0.702
# For so many orders, so many visits that fill a cart and leave it.
_CART_SHARE = _CART_ABANDONMENT / (1.0 - _CART_ABANDONMENT) / VISITS_PER_ORDER
# Buying visits never end on their first page, so that the others do so a little more often than all.
_BOUNCE_SHARE = 0.46 * (VISITS_PER_ORDER + 1.0) / VISITS_PER_ORDER
_SEARCH_SHARE = 0.12
_SEARCH_SHARE_OF_BUYERS = 0.18
# Of people who are signed in and only look.
_WISH_SHARE = 0.14
_FURTHER_VIEWS = (0.56, 0.26, 0.11, 0.05, 0.02)
_FURTHER_VIEWS_WITH_CART = (0.70, 0.20, 0.10)
_FURTHER_VIEWS_OF_BUYERS = (0.35, 0.30, 0.20, 0.15)
_CART_LINES = (0.66, 0.24, 0.10)
_QUANTITIES = (0.84, 0.12, 0.04)

_WISH_REMOVAL_SHARE = 0.5
_SHORTEST_WISH, LONGEST_WISH = 3 * DAY, 30 * DAY

_SECOND_DEVICE_SHARE = 0.35
_SECOND_DEVICE_USE = 0.3

# Seconds between two rows of a visit: equally likely quantiles of a lognormal distribution with a mean of 54 and a long tail.
_PAUSE_SIGMA = 0.95
_PAUSE_MEDIAN = 54.0 * np.exp(-(_PAUSE_SIGMA**2) / 2)
_PAUSES = np.array([max(round(_PAUSE_MEDIAN * np.exp(_PAUSE_SIGMA * NormalDist().inv_cdf((step + 0.5) / 256))), 1) for step in range(256)])


class _Course(NamedTuple):
    """One way in which a visit can go, with its share of the visits of people who are known and of those who are not."""

    kinds: tuple[int, ...]
    weight_of_known: float
    weight_of_unknown: float


def _courses() -> list[_Course]:
    """Every course of a visit that does not buy."""
    looks = 1.0 - _BOUNCE_SHARE - _CART_SHARE
    courses = [_Course((VISIT,), _BOUNCE_SHARE, _BOUNCE_SHARE)]
    for searches, search_share in enumerate((1.0 - _SEARCH_SHARE, _SEARCH_SHARE)):
        start = (VISIT,) + (SEARCH,) * searches
        for further, share in enumerate(_FURTHER_VIEWS):
            weight = looks * search_share * share
            views = (VIEW,) * (1 + further)
            courses.append(_Course(start + views, weight * (1.0 - _WISH_SHARE), weight))
            courses.append(_Course((*start, *views, WISH), weight * _WISH_SHARE, 0.0))
        for (lines, line_share), (further, share) in product(enumerate(_CART_LINES), enumerate(_FURTHER_VIEWS_WITH_CART)):
            weight = _CART_SHARE * search_share * line_share * share
            courses.append(_Course(start + (VIEW,) * further + (VIEW, ADD_TO_CART) * (1 + lines), weight, weight))
    return courses


_COURSES = _courses()
_COURSE_LENGTH = np.array([len(course.kinds) for course in _COURSES])
_COURSE_START = np.cumsum(_COURSE_LENGTH) - _COURSE_LENGTH
_COURSE_KIND = np.concatenate([course.kinds for course in _COURSES])
_COURSE_BOUNDS = np.cumsum([[course.weight_of_unknown, course.weight_of_known] for course in _COURSES], axis=0)[:-1]

# No visit that does not buy takes longer.
LONGEST_VISIT = int(_COURSE_LENGTH.max() * _PAUSES.max()) * 1_000_000


class Rows(NamedTuple):
    """Rows of visits, visit by visit: whose (the position of the visit), which one of it (from 0), and its kind (a position in ACTIVITY_KINDS)."""

    visit: IntArray
    number: IntArray
    kind: IntArray


def plan_courses(dice: Dice, session_ids: IntArray, is_known: BoolArray) -> Rows:
    """How visits that do not buy go on. Only somebody who ``is_known`` has a wishlist."""
    drawn = dice.uniform("course", session_ids)
    course = np.searchsorted(_COURSE_BOUNDS[:, 0], drawn, side="right")
    course = np.where(is_known, np.searchsorted(_COURSE_BOUNDS[:, 1], drawn, side="right"), course)
    visit, number = _expand(_COURSE_LENGTH[course])
    return Rows(visit, number, _COURSE_KIND[_COURSE_START[course][visit] + number])


def plan_buying_courses(dice: Dice, order_ids: IntArray, line_count: IntArray) -> Rows:
    """How visits go on that end in an order with so many lines: without the purchase itself, its lines' views and additions last."""
    before = 1 + _searches(dice, order_ids) + _further_views(dice, order_ids)
    visit, number = _expand(before + 2 * line_count)
    after = number - before[visit]
    kind = np.where((after >= 0) & (after % 2 == 1), ADD_TO_CART, VIEW)
    kind[(number == 1) & (_searches(dice, order_ids)[visit] == 1)] = SEARCH
    kind[number == 0] = VISIT
    return Rows(visit, number, kind)


def buys_at_once(dice: Dice, order_ids: IntArray) -> BoolArray:
    """Which honest orders of the website are made with one click, without a visit before it."""
    return dice.uniform("buys at once", order_ids) < _AT_ONCE_SHARE


def purchase_sequence(dice: Dice, order_ids: IntArray, line_count: IntArray) -> IntArray:
    """The number of the purchase among the rows of the visit that ends in it, counted from 1."""
    return 2 + _searches(dice, order_ids) + _further_views(dice, order_ids) + 2 * line_count


def _searches(dice: Dice, order_ids: IntArray) -> IntArray:
    return (dice.uniform("search before order", order_ids) < _SEARCH_SHARE_OF_BUYERS).astype(np.int64)


def _further_views(dice: Dice, order_ids: IntArray) -> IntArray:
    return dice.choose("views before order", order_ids, _FURTHER_VIEWS_OF_BUYERS)


def _expand(lengths: IntArray) -> tuple[IntArray, IntArray]:
    """For visits of so many rows: the visit of each row, and the row's number in it."""
    visit = np.repeat(np.arange(len(lengths)), lengths)
    return visit, np.arange(len(visit)) - (np.cumsum(lengths) - lengths)[visit]


def pauses(dice: Dice, session_ids: IntArray, numbers: IntArray) -> IntArray:
    """Whole seconds before the row with this number of each visit, at least one."""
    return _PAUSES[dice.integers("pause", session_ids, len(_PAUSES), numbers)]


def cart_quantities(dice: Dice, cart_ids: IntArray, line_numbers: IntArray) -> IntArray:
    """How many pieces are put into a cart that nobody will pay for."""
    return 1 + dice.choose("cart quantity", cart_ids, _QUANTITIES, line_numbers)


def wish_lifetimes(dice: Dice, wish_ids: IntArray) -> tuple[BoolArray, IntArray]:
    """Which wishes are taken off the list again, and after how many microseconds: 3 to 30 days."""
    is_removed = dice.uniform("wish is removed", wish_ids) < _WISH_REMOVAL_SHARE
    days: FloatArray = dice.uniform("wish lifetime", wish_ids)
    return is_removed, _SHORTEST_WISH + np.floor(days * ((LONGEST_WISH - _SHORTEST_WISH) / 1e6)).astype(np.int64) * 1_000_000


def device_of(dice: Dice, customer_id: IntArray, session_ids: IntArray) -> IntArray:
    """The device of each visit: one of the customer's one or two, or one seen only this once where ``customer_id`` is 0."""
    has_two = dice.uniform("has a second device", customer_id) < _SECOND_DEVICE_SHARE
    uses_second = has_two & (dice.uniform("uses the second device", session_ids) < _SECOND_DEVICE_USE)
    owner = np.where(customer_id > 0, customer_id, session_ids)
    part = np.where(customer_id > 0, uses_second, 2)
    return 1 + dice.integers("device", owner, 1 << 53, part)
