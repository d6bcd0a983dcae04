"""The life of an order up to its delivery: every step and payment, from its own dice, known the moment it is placed.

So no state has to be kept for an open order: its future is computed again from
its id, instant, channel and destination. What comes after the delivery is in
:mod:`gen_data.behaviour.aftersales`.
"""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour import channels, shipping
from gen_data.clock import DAY
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray

MAXIMUM_ATTEMPTS = 3
CASH_ON_DELIVERY = channels.PAYMENT_METHODS.index("cod")
CARD = channels.PAYMENT_METHODS.index("card")

# Nothing before the aftermath happens to an order later than this after it was placed: the sum of the longest delays below.
LONGEST_LIFE = 30 * DAY

# How many steps an order has made when it is cancelled: pending, paid, packed, shipped; NEVER_CANCELLED when it is delivered.
NEVER_CANCELLED = 9
_LOST_AFTER_STEPS = 4
_LOSS_RATE = 0.004

_HOUR_SECONDS = 3_600.0
_DAY_SECONDS = 24 * _HOUR_SECONDS
NEVER = int(np.iinfo(np.int64).max)


class Orders(NamedTuple):
    """Placed orders: what decides their life.

    ``channel`` is a position in CHANNELS, ``region`` one in REGIONS.
    ``transit_factor`` and ``loss_factor`` are the carriers' conditions when the
    order is placed; ``always_fails`` marks payments that no attempt can save,
    ``by_card`` those that are made by card whatever is usual.
    """

    order_id: IntArray
    ordered_at: IntArray
    channel: IntArray
    region: IntArray
    transit_factor: FloatArray
    loss_factor: FloatArray
    always_fails: BoolArray
    by_card: BoolArray


class Life(NamedTuple):
    """What happens when, by order; NEVER where it does not.

    ``attempt_at`` has a column for each attempt to pay, of which
    ``attempt_count`` are made and ``failed_count`` fail. ``cancelled_at`` comes
    after ``steps_before_cancel`` steps.
    """

    method: IntArray
    attempt_at: IntArray
    attempt_count: IntArray
    failed_count: IntArray
    paid_at: IntArray
    packed_at: IntArray
    shipped_at: IntArray
    carrier: IntArray
    promised_at: IntArray
    delivered_at: IntArray
    steps_before_cancel: IntArray
    cancelled_at: IntArray
    refunded_at: IntArray

    @property
    def is_shipped(self) -> BoolArray:
        """Whether the order leaves the warehouse."""
        leaves: BoolArray = self.steps_before_cancel >= _LOST_AFTER_STEPS
        return leaves

    @property
    def is_lost(self) -> BoolArray:
        """Whether the parcel never arrives."""
        lost: BoolArray = self.steps_before_cancel == _LOST_AFTER_STEPS
        return lost


def plan_lives(dice: Dice, orders: Orders) -> Life:
    """The lives of the orders."""
    ids = orders.order_id
    method = dice.choose("payment method", ids, channels.PAYMENT_SHARES[orders.channel])
    method[orders.by_card] = CARD
    attempt_at, failed_count, paid_at = _attempts(dice, orders, method)
    packed_at = paid_at + _lognormal(dice, "packing", orders, channels.PACKING_HOURS[orders.channel], 0.5, 0.3, 72.0)
    shipped_at = packed_at + _between(dice, "handover", orders, 1 * _HOUR_SECONDS, 12 * _HOUR_SECONDS)
    carrier = shipping.choose_carriers(dice, ids, orders.channel)
    transit_hours = channels.TRANSIT_HOURS[orders.channel] * shipping.TRANSIT_FACTORS[carrier, orders.region] * orders.transit_factor
    delivered_at = shipped_at + _lognormal(dice, "transit", orders, transit_hours, 0.35, 6.0, 480.0)
    promised_at = shipped_at + _whole_seconds(shipping.DELIVERY_HOURS[carrier, orders.region] * _HOUR_SECONDS)

    steps_before_cancel = 1 + dice.choose("cancel stage", ids, [0.35, 0.40, 0.25])
    steps_before_cancel[dice.uniform("cancels", ids) >= channels.CANCEL_RATES[orders.channel]] = NEVER_CANCELLED
    is_unpaid = (failed_count == MAXIMUM_ATTEMPTS) & (steps_before_cancel > 1)
    changes_mind = steps_before_cancel == 1
    changes_mind &= ~orders.always_fails
    is_unpaid |= orders.always_fails
    steps_before_cancel[is_unpaid] = 1
    is_lost = (steps_before_cancel == NEVER_CANCELLED) & (dice.uniform("is lost", ids) < _LOSS_RATE * orders.loss_factor)
    steps_before_cancel[is_lost] = _LOST_AFTER_STEPS
    part_of_step = 0.05 + 0.9 * dice.uniform("cancel moment", ids)
    cancelled_at = np.select(
        [is_unpaid, changes_mind, steps_before_cancel == 2, steps_before_cancel == 3, is_lost],
        [
            attempt_at[:, -1] + _between(dice, "giving up", orders, 60, 1_800),
            orders.ordered_at + _between(dice, "change of mind", orders, 10, 600),
            paid_at + _whole_seconds(part_of_step * (packed_at - paid_at) / 1e6),
            packed_at + _whole_seconds(part_of_step * (shipped_at - packed_at) / 1e6),
            np.maximum(promised_at, shipped_at) + _between(dice, "search for the parcel", orders, 3 * _DAY_SECONDS, 7 * _DAY_SECONDS),
        ],
        NEVER,
    )
    is_cash = method == CASH_ON_DELIVERY
    attempt_count = np.where(is_cash, 0, np.minimum(failed_count + 1, MAXIMUM_ATTEMPTS))
    attempt_count[changes_mind] = 0
    was_paid = (steps_before_cancel > 1) & (steps_before_cancel < NEVER_CANCELLED) & ~is_cash
    refund_delay = _between(dice, "refund delay", orders, _HOUR_SECONDS, 3 * _DAY_SECONDS)
    refunded_at = np.where(was_paid, cancelled_at, 0) + refund_delay
    return Life(
        method=method,
        attempt_at=attempt_at,
        attempt_count=attempt_count,
        failed_count=np.where(attempt_count > 0, failed_count, 0),
        paid_at=np.where(steps_before_cancel >= 2, paid_at, NEVER),
        packed_at=np.where(steps_before_cancel >= 3, packed_at, NEVER),
        shipped_at=np.where(steps_before_cancel >= _LOST_AFTER_STEPS, shipped_at, NEVER),
        carrier=carrier,
        promised_at=promised_at,
        delivered_at=np.where(steps_before_cancel == NEVER_CANCELLED, delivered_at, NEVER),
        steps_before_cancel=steps_before_cancel,
        cancelled_at=cancelled_at,
        refunded_at=np.where(was_paid, refunded_at, NEVER),
    )


def _attempts(dice: Dice, orders: Orders, method: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """When payment is tried, how many attempts fail, and when the one that decides is made; cash is promised at the first."""
    failure_rate = np.where(orders.always_fails, 1.0, channels.PAYMENT_FAILURE_RATES[method])
    attempt_at, failed_count = [], np.zeros(len(method), dtype=np.int64)
    previous_at, paid_at = orders.ordered_at, orders.ordered_at
    for attempt in range(MAXIMUM_ATTEMPTS):
        tried_at = previous_at + _between(dice, "payment delay", orders, 20, 240 if attempt == 0 else 900, part=attempt)
        still_unpaid = failed_count == attempt
        fails = dice.uniform("payment fails", orders.order_id, attempt) < failure_rate
        paid_at = np.where(still_unpaid, tried_at, paid_at)
        failed_count += still_unpaid & fails
        attempt_at.append(tried_at)
        previous_at = tried_at
    return np.stack(attempt_at, axis=1), failed_count, paid_at


def _whole_seconds(seconds: FloatArray) -> IntArray:
    """Microseconds of a delay, in whole seconds: robust against the last bit of a logarithm."""
    return np.rint(seconds).astype(np.int64) * 1_000_000


def _between(dice: Dice, purpose: str, orders: Orders, least_seconds: float, most_seconds: float, part: int = 0) -> IntArray:
    return _whole_seconds(least_seconds + (most_seconds - least_seconds) * dice.uniform(purpose, orders.order_id, part))


def _lognormal(
    dice: Dice, purpose: str, orders: Orders, median_hours: FloatArray, sigma: float, least_hours: float, most_hours: float
) -> IntArray:
    hours = median_hours * np.exp(sigma * dice.normal(purpose, orders.order_id))
    return _whole_seconds(np.clip(hours, least_hours, most_hours) * _HOUR_SECONDS)
