"""The life of an order: every step and payment it will ever have, from its own dice, known the moment it is placed.

So no state has to be kept for an open order: its future is computed again from
its id, instant, channel and amount.
"""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour import channels
from gen_data.behaviour.agenda import Events, events
from gen_data.clock import DAY
from gen_data.randomness import Dice, FloatArray, IntArray
from gen_data.schema.orders import ORDER_STATUSES

STATUS_EVENT = np.dtype([("order_id", "i8"), ("sequence", "i8"), ("status", "i8"), ("at", "i8")])
PAYMENT_EVENT = np.dtype([("order_id", "i8"), ("attempt", "i8"), ("method", "i8"), ("status", "i8"), ("amount", "i8"), ("at", "i8")])

PAYMENT_STATUSES = ("succeeded", "failed", "refunded")
_SUCCEEDED, _FAILED, _REFUNDED = range(3)
_CANCELLED, _RETURNED = ORDER_STATUSES.index("cancelled"), ORDER_STATUSES.index("returned")
_CASH_ON_DELIVERY = channels.PAYMENT_METHODS.index("cod")
_MAXIMUM_ATTEMPTS = 3

# Nothing happens to an order later than this after it was placed: the sum of the longest delays below.
LONGEST_LIFE = 30 * DAY

_HOUR_SECONDS = 3_600.0
_DAY_SECONDS = 24 * _HOUR_SECONDS
_NEVER = np.iinfo(np.int64).max


class Orders(NamedTuple):
    """Placed orders: what decides their further life. ``channel`` is a position in CHANNELS, amounts are in hundredths."""

    order_id: IntArray
    ordered_at: IntArray
    channel: IntArray
    total_amount: IntArray


class _Payment(NamedTuple):
    method: IntArray
    attempt_at: list[IntArray]
    failed_count: IntArray
    paid_at: IntArray


def lives(dice: Dice, orders: Orders) -> tuple[Events, Events]:
    """All status events (STATUS_EVENT, by order and sequence) and all payment events (PAYMENT_EVENT) of the orders."""
    count = len(orders.order_id)
    payment = _pay(dice, orders)
    packed_at = payment.paid_at + _lognormal(dice, "packing", orders, channels.PACKING_HOURS[orders.channel], 0.5, 0.3, 72.0)
    shipped_at = packed_at + _between(dice, "handover", orders, 1 * _HOUR_SECONDS, 12 * _HOUR_SECONDS)
    delivered_at = shipped_at + _lognormal(dice, "transit", orders, channels.TRANSIT_HOURS[orders.channel], 0.35, 6.0, 288.0)
    returned_at = delivered_at + _between(dice, "return delay", orders, _DAY_SECONDS, 10 * _DAY_SECONDS)
    is_returned = dice.uniform("returns", orders.order_id) < channels.RETURN_RATES[orders.channel]

    # How many steps an order makes before it is cancelled: 1 (only pending) to 3 (packed), 6 when it never is.
    steps_before_cancel = 1 + dice.choose("cancel stage", orders.order_id, [0.35, 0.40, 0.25])
    steps_before_cancel[dice.uniform("cancels", orders.order_id) >= channels.CANCEL_RATES[orders.channel]] = 6
    is_unpaid = (payment.failed_count == _MAXIMUM_ATTEMPTS) & (steps_before_cancel > 1)
    changes_mind = steps_before_cancel == 1
    steps_before_cancel[is_unpaid] = 1
    is_cancelled = steps_before_cancel < 6
    part_of_step = 0.05 + 0.9 * dice.uniform("cancel moment", orders.order_id)
    cancelled_at = np.select(
        [is_unpaid, changes_mind, steps_before_cancel == 2, steps_before_cancel == 3],
        [
            payment.attempt_at[-1] + _between(dice, "giving up", orders, 60, 1_800),
            orders.ordered_at + _between(dice, "change of mind", orders, 10, 600),
            payment.paid_at + _whole_seconds(part_of_step * (packed_at - payment.paid_at) / 1e6),
            packed_at + _whole_seconds(part_of_step * (shipped_at - packed_at) / 1e6),
        ],
        _NEVER,
    )

    at = np.stack([orders.ordered_at, payment.paid_at, packed_at, shipped_at, delivered_at, returned_at], axis=1)
    status = np.tile(np.array([0, 1, 2, 3, 4, _RETURNED]), (count, 1))
    steps = np.arange(6)
    happens = (steps < steps_before_cancel[:, None]) & ((steps < 5) | is_returned[:, None])
    cancelled = np.flatnonzero(is_cancelled)
    at[cancelled, steps_before_cancel[cancelled]] = cancelled_at[cancelled]
    status[cancelled, steps_before_cancel[cancelled]] = _CANCELLED
    happens[cancelled, steps_before_cancel[cancelled]] = True
    row, column = np.nonzero(happens)
    steps_taken = events(STATUS_EVENT, order_id=orders.order_id[row], sequence=column + 1, status=status[row, column], at=at[row, column])
    refunded_at = np.where(is_cancelled, cancelled_at, returned_at)
    is_refunded = (is_cancelled & (steps_before_cancel > 1) & (payment.method != _CASH_ON_DELIVERY)) | (~is_cancelled & is_returned)
    refund_at = np.where(is_refunded, refunded_at + _between(dice, "refund delay", orders, _HOUR_SECONDS, 3 * _DAY_SECONDS), _NEVER)
    cash_at = np.where(is_cancelled, _NEVER, delivered_at)
    return steps_taken, _payments(orders, payment, changes_mind, cash_at, refund_at)


def _pay(dice: Dice, orders: Orders) -> _Payment:
    method = dice.choose("payment method", orders.order_id, channels.PAYMENT_SHARES[orders.channel])
    failure_rate = channels.PAYMENT_FAILURE_RATES[method]
    attempt_at, failed_count = [], np.zeros(len(method), dtype=np.int64)
    previous_at, paid_at = orders.ordered_at, orders.ordered_at
    for attempt in range(_MAXIMUM_ATTEMPTS):
        tried_at = previous_at + _between(dice, "payment delay", orders, 20, 240 if attempt == 0 else 900, part=attempt)
        still_unpaid = failed_count == attempt
        fails = dice.uniform("payment fails", orders.order_id, attempt) < failure_rate
        paid_at = np.where(still_unpaid, tried_at, paid_at)
        failed_count += still_unpaid & fails
        attempt_at.append(tried_at)
        previous_at = tried_at
    return _Payment(method, attempt_at, failed_count, paid_at)


def _payments(orders: Orders, payment: _Payment, changes_mind: np.ndarray, cash_at: IntArray, refund_at: IntArray) -> Events:
    """Attempts in their order, then the refund; cash on delivery is one attempt, at the door."""
    is_cash = payment.method == _CASH_ON_DELIVERY
    columns = []
    for attempt in range(_MAXIMUM_ATTEMPTS):
        made = ~is_cash & ~changes_mind & (payment.failed_count >= attempt)
        at = np.where(made, payment.attempt_at[attempt], _NEVER)
        status = np.where(payment.failed_count > attempt, _FAILED, _SUCCEEDED)
        columns.append((at, status, np.full(len(at), attempt + 1)))
    cash = (np.where(is_cash, cash_at, _NEVER), np.full(len(cash_at), _SUCCEEDED), np.ones(len(cash_at), dtype=np.int64))
    attempts_made = np.where(is_cash, 1, np.minimum(payment.failed_count + 1, _MAXIMUM_ATTEMPTS))
    refund = (refund_at, np.full(len(refund_at), _REFUNDED), attempts_made + 1)
    made_payments = []
    for at, status, attempt_number in (*columns, cash, refund):
        real = at != _NEVER
        made_payments.append(
            events(
                PAYMENT_EVENT,
                order_id=orders.order_id[real],
                attempt=attempt_number[real],
                method=payment.method[real],
                status=status[real],
                amount=orders.total_amount[real],
                at=at[real],
            )
        )
    return np.concatenate(made_payments)


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
