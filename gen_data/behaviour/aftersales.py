"""What follows a delivery: who sends something back and why, who is credited for waiting, and who writes a review.

Everything is drawn from the order's own dice, so that it can be planned again
at any time with the same result.
"""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour.catalogue import CATEGORIES
from gen_data.behaviour.channels import RETURN_RATES
from gen_data.behaviour.fraud import claims_falsely
from gen_data.behaviour.money import Currency
from gen_data.clock import DAY, HOUR
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray
from gen_data.schema.aftersales import RETURN_CONDITIONS, RETURN_REASONS

# Nothing follows a delivery, or the loss of a parcel, later than this: a request after 10 days, 6 days on its way back, and a ticket
# about it that takes 72 working hours of 12 a day; a refund, a review or a credit come earlier.
LONGEST_AFTERMATH = 24 * DAY

# How often something of a category comes back, next to all. That clothing comes back most often, then shoes, and all else well below, is
# what Statista Consumer Insights found among online shoppers in the USA in 2024 (25 %, 17 %, and 12 % or less); opened food hardly can.
_RETURN_FACTORS = {
    "Women": 2.0, "Men": 1.7, "Shoes": 1.6, "Phones": 1.1, "Audio": 1.0, "Computers": 1.0, "Bedding": 0.8, "Kitchen": 0.8,
    "Make-up": 0.6, "Skin care": 0.6, "Cleaning": 0.5, "Pantry": 0.3,
}  # fmt: skip
_CATEGORY_FACTORS: FloatArray = np.array([_RETURN_FACTORS[category.name] for category in CATEGORIES])
_CATEGORY_FACTORS /= _CATEGORY_FACTORS.mean()
_IS_WORN = np.array([category.parent == "Fashion" for category in CATEGORIES])
_LATE_RETURN_FACTOR = 1.25
_LARGEST_RETURN_RATE = 0.9
# Half of all orders have a single line, so that three quarters of all returns are whole orders.
_WHOLE_SHARE_OF_LARGER_ORDERS = 0.5

# In the order of RETURN_REASONS, for what is not worn and for what is. Few say that nothing came where the carrier says it did.
_REASON_WEIGHTS = np.array([[0.38, 0.30, 0.00, 0.30, 0.02], [0.25, 0.10, 0.45, 0.18, 0.02]])
_DAMAGED, _NEVER_ARRIVED = RETURN_REASONS.index("damaged"), RETURN_REASONS.index("never_arrived")
_SHOP_IS_AT_FAULT = np.isin(RETURN_REASONS, ("not_as_described", "damaged"))
_REFUSED_SHARE = 0.04
# Of those who set out to deceive the shop; more often than not it gives in.
_FALSE_CLAIM_RATE, _REFUSED_SHARE_OF_FALSE = 0.97, 0.25
_FALSE_REASON_WEIGHTS = np.isin(RETURN_REASONS, ("not_as_described", "never_arrived")).astype(np.float64)
RESALABLE = RETURN_CONDITIONS.index("resalable")
_SPOILED_SHARE = 0.1

_CREDIT_DONG_PER_DAY = 10_000.0
_MOST_CREDITED_DAYS = 5
_LOSS_CREDIT_RATE, _LEAST_LOSS_CREDIT_DONG = 0.05, 20_000.0
_COMPLAINT_CREDIT_DONG = 30_000.0
_COMPLAINT_CREDIT_SHARE = 0.3

_REVIEW_RATE, _UNHAPPY_REVIEW_RATE = 0.115, 0.17
# What a customer thinks is a standard normal number moved by the product, the delay and a return; where it falls gives the stars. The
# bounds give the J of Hu, Zhang and Pavlou, "Overcoming the J-shaped distribution of product reviews", CACM 52 (10), 2009: mostly five
# stars, then four, and more ones than twos.
_STAR_BOUNDS = np.array([-1.51, -1.27, -0.91, -0.33])
_QUALITY_SPREAD = 0.4
_BODY_SHARE = 0.55
_BODIES_PER_RATING = 4
REVIEW_BODIES = (
    "Broke after two days.", "Nothing like the pictures.", "Would not buy this again.", "A waste of money.",
    "Not as good as I had hoped.", "Looks cheap.", "Feels less solid than described.", "I expected more for this price.",
    "It is all right.", "Does what it should, no more.", "Average.", "Fine for the price.",
    "Good, with small flaws.", "Good value.", "Works well so far.", "Nice, but the packing could be better.",
    "Exactly as described.", "Very happy with it!", "Great quality, will buy again.", "My whole family likes it.",
    "Took far too long to arrive.", "Came days later than promised.", "Slow delivery, nobody told me anything.", "I had almost given up waiting.",
)  # fmt: skip
_FIRST_LATE_BODY = 5 * _BODIES_PER_RATING


class Delivered(NamedTuple):
    """Delivered orders, one a row: amounts in hundredths, ``channel`` and ``method`` are positions.

    ``net_amount`` is items less discount; ``attempts_made`` counts the order's
    payments so far, ``next_sequence`` is that of its next row of status history.
    """

    order_id: IntArray
    customer_id: IntArray
    channel: IntArray
    delivered_at: IntArray
    promised_at: IntArray
    net_amount: IntArray
    tax_amount: IntArray
    shipping_amount: IntArray
    total_amount: IntArray
    method: IntArray
    attempts_made: IntArray
    next_sequence: IntArray


class DeliveredLines(NamedTuple):
    """The lines of delivered orders, by order and line number: ``order`` is a position in Delivered, ``category`` one in CATEGORIES."""

    order: IntArray
    line_number: IntArray
    product_id: IntArray
    quantity: IntArray
    line_amount: IntArray
    category: IntArray


class Returns(NamedTuple):
    """Requested returns, at most one an order: ``order`` is a position in Delivered, ``reason`` one in RETURN_REASONS.

    A refused one ends at ``received_at``, where the shop says no instead.
    """

    order: IntArray
    reason: IntArray
    is_whole: BoolArray
    is_refused: BoolArray
    requested_at: IntArray
    received_at: IntArray
    refunded_at: IntArray
    refund_amount: IntArray


class ReturnedLines(NamedTuple):
    """What comes back: ``return_`` is a position in Returns, ``line`` one in DeliveredLines, ``condition`` one in RETURN_CONDITIONS."""

    return_: IntArray
    line: IntArray
    condition: IntArray
    refund_amount: IntArray


class Reviews(NamedTuple):
    """Reviews: ``line`` is a position in DeliveredLines, ``body`` one in REVIEW_BODIES or -1."""

    line: IntArray
    rating: IntArray
    body: IntArray
    created_at: IntArray


def whole_seconds(microseconds: FloatArray) -> IntArray:
    """A delay in whole seconds, in microseconds: robust against the last bit of a logarithm."""
    return np.rint(microseconds / 1e6).astype(np.int64) * 1_000_000


def late_days(delivered_at: IntArray, promised_at: IntArray) -> IntArray:
    """Begun days of delay; 0 for what came in time."""
    days: IntArray = np.maximum(-((promised_at - delivered_at) // DAY), 0)
    return days


def choose_returns(
    dice: Dice, currency: Currency, delivered: Delivered, lines: DeliveredLines, return_factor: FloatArray
) -> tuple[Returns, ReturnedLines]:
    """Which orders come back, whole or one line of them, and what is paid back.

    The shop pays shipping back too when the whole order returns through its own
    fault. A false claim is always for the whole order, and soon; where the shop
    gives in, nothing comes back that could be sold.
    """
    order, line, return_ = _candidates(dice, delivered, lines, return_factor)
    order_id = delivered.order_id[order]
    line_count = np.bincount(return_, minlength=len(order))
    is_false = claims_falsely(order_id)
    is_whole = (line_count == 1) | (dice.uniform("returns the whole order", order_id) < _WHOLE_SHARE_OF_LARGER_ORDERS) | is_false
    is_sent = is_whole[return_]
    is_sent[_one_line_each(dice, delivered, lines, line, return_)] = True
    line, return_ = line[is_sent], return_[is_sent]

    has_worn = np.bincount(return_, weights=_IS_WORN[lines.category[line]], minlength=len(order)) > 0
    reason = dice.choose(
        "return reason", order_id, np.where(is_false[:, None], _FALSE_REASON_WEIGHTS, _REASON_WEIGHTS[has_worn.astype(np.int64)])
    )
    refused_share = np.where(is_false, _REFUSED_SHARE_OF_FALSE, np.where(reason == _NEVER_ARRIVED, 1.0, _REFUSED_SHARE))
    is_refused = dice.uniform("return is refused", order_id) < refused_share
    # Most make up their minds soon.
    wait = DAY + np.where(is_false, 2, 9) * DAY * dice.uniform("return request", order_id) ** 2
    requested_at = delivered.delivered_at[order] + whole_seconds(wait)
    travel = np.where(
        is_refused, _between(dice, "return refusal", order_id, HOUR, 2 * DAY), _between(dice, "return travel", order_id, DAY, 6 * DAY)
    )
    received_at = requested_at + travel
    refunded_at = received_at + _between(dice, "refund of a return", order_id, HOUR, 3 * DAY)

    is_taken = ~is_refused[return_]
    line, return_ = line[is_taken], return_[is_taken]
    line_refund = _line_refunds(currency, delivered, lines, order, is_whole, line, return_)
    refund = np.zeros(len(order), dtype=np.int64)
    np.add.at(refund, return_, line_refund)
    refund += np.where(is_whole & ~is_refused & _SHOP_IS_AT_FAULT[reason], delivered.shipping_amount[order], 0)
    spoiled = dice.uniform("return is spoiled", order_id[return_], lines.line_number[line]) < _SPOILED_SHARE
    condition = np.where((reason[return_] == _DAMAGED) | spoiled | is_false[return_], 1 - RESALABLE, RESALABLE)
    return (
        Returns(order, reason, is_whole, is_refused, requested_at, received_at, refunded_at, refund),
        ReturnedLines(return_, line, condition, line_refund),
    )


def delay_credits(dice: Dice, currency: Currency, delivered: Delivered, has_asked: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
    """Credits for parcels more than a day late, and for later ones than promised whose customers asked: order positions, amounts, instants."""
    days = late_days(delivered.delivered_at, delivered.promised_at)
    order = np.flatnonzero((days > 1) | ((days == 1) & has_asked))
    amount = currency.price(_CREDIT_DONG_PER_DAY * np.minimum(days[order], _MOST_CREDITED_DAYS))
    return order, amount, delivered.delivered_at[order] + _between(dice, "delay credit", delivered.order_id[order], 2 * HOUR, 26 * HOUR)


def complaint_credits(dice: Dice, currency: Currency, order_id: IntArray) -> tuple[BoolArray, IntArray]:
    """Which complaints about a product are settled with a credit, and the amounts of those."""
    is_granted = dice.uniform("complaint credit", order_id) < _COMPLAINT_CREDIT_SHARE
    return is_granted, currency.price(np.full(int(is_granted.sum()), _COMPLAINT_CREDIT_DONG))


def loss_credits(
    dice: Dice, currency: Currency, order_id: IntArray, lost_at: IntArray, total_amount: IntArray
) -> tuple[IntArray, IntArray]:
    """What the customers of lost parcels are credited on top of their refund, and when."""
    least = currency.price(np.array([_LEAST_LOSS_CREDIT_DONG]))
    amount = np.maximum(currency.share(total_amount, _LOSS_CREDIT_RATE), least)
    return amount, lost_at + _between(dice, "loss credit", order_id, HOUR, DAY)


def write_reviews(dice: Dice, delivered: Delivered, lines: DeliveredLines, is_sent_back: BoolArray) -> Reviews:
    """Reviews of delivered lines; ``is_sent_back`` marks lines that come back."""
    late = late_days(delivered.delivered_at, delivered.promised_at)[lines.order]
    order_id = delivered.order_id[lines.order]
    rate = np.where((late > 0) | is_sent_back, _UNHAPPY_REVIEW_RATE, _REVIEW_RATE)
    line = np.flatnonzero(dice.uniform("review", order_id, lines.line_number) < rate)
    order_id, late, number = order_id[line], late[line], lines.line_number[line]
    opinion = (
        _QUALITY_SPREAD * dice.normal("product quality", lines.product_id[line])
        + dice.normal("review opinion", 8 * order_id + number)
        - np.where(late > 0, np.minimum(0.4 + 0.25 * late, 1.5), 0.0)
        - np.where(is_sent_back[line], 1.5, 0.0)
    )
    rating = 1 + np.searchsorted(_STAR_BOUNDS, opinion, side="right")
    body = _BODIES_PER_RATING * (rating - 1)
    body[(late > 0) & (rating <= 3) & (dice.uniform("review of the delay", order_id, number) < 0.6)] = _FIRST_LATE_BODY
    body += dice.integers("review body", order_id, _BODIES_PER_RATING, number)
    body[dice.uniform("review has a body", order_id, number) >= _BODY_SHARE] = -1
    days = np.clip(3.0 * np.exp(0.7 * dice.normal("review delay", 8 * order_id + number)), 0.25, 20.0)
    return Reviews(line, rating, body, delivered.delivered_at[lines.order[line]] + whole_seconds(days * DAY))


def _candidates(dice: Dice, delivered: Delivered, lines: DeliveredLines, return_factor: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Orders that want to send something back, all their lines, and the place of each line's order among those orders."""
    count = len(delivered.order_id)
    line_count = np.maximum(np.bincount(lines.order, minlength=count), 1)
    category_factor = np.bincount(lines.order, weights=_CATEGORY_FACTORS[lines.category], minlength=count) / line_count
    late_factor = np.where(delivered.delivered_at > delivered.promised_at, _LATE_RETURN_FACTOR, 1.0)
    rate = np.minimum(RETURN_RATES[delivered.channel] * category_factor * late_factor * return_factor, _LARGEST_RETURN_RATE)
    rate[claims_falsely(delivered.order_id)] = _FALSE_CLAIM_RATE
    comes_back = dice.uniform("return", delivered.order_id) < rate
    line = np.flatnonzero(comes_back[lines.order])
    return np.flatnonzero(comes_back), line, (np.cumsum(comes_back) - 1)[lines.order[line]]


def _one_line_each(dice: Dice, delivered: Delivered, lines: DeliveredLines, line: IntArray, return_: IntArray) -> IntArray:
    """For each order the place among ``line`` of the one that would come back alone: a race that likely returns run faster."""
    drawn = dice.uniform("returned line", delivered.order_id[lines.order[line]], lines.line_number[line])
    time = -np.log1p(-drawn) / _CATEGORY_FACTORS[lines.category[line]]
    by_time = np.lexsort((time, return_))
    return by_time[np.flatnonzero(np.diff(return_[by_time], prepend=-1))]


def _line_refunds(
    currency: Currency, delivered: Delivered, lines: DeliveredLines, order: IntArray, is_whole: BoolArray, line: IntArray, return_: IntArray
) -> IntArray:
    """Each returned line's amount and its share of the tax, rounded down; the last line of a whole order takes what rounding left."""
    whole, of_order = lines.line_amount[line], order[return_]
    net, tax = delivered.net_amount[of_order], delivered.tax_amount[of_order]
    refund = whole + (tax // currency.smallest) * whole // np.maximum(net, 1) * currency.smallest
    paid = np.zeros(len(order), dtype=np.int64)
    np.add.at(paid, return_, refund)
    is_last = np.diff(return_, append=-1) != 0
    left = (net + tax - paid[return_])[is_last & is_whole[return_]]
    refund[is_last & is_whole[return_]] += left
    return refund


def _between(dice: Dice, purpose: str, order_id: IntArray, least: int, most: int) -> IntArray:
    return whole_seconds(least + (most - least) * dice.uniform(purpose, order_id))
