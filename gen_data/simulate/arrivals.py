"""Who comes to buy in each tick, and when the order follows: at once on a marketplace, after a visit on the shop's own website."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gen_data.behaviour.channels import CHANNEL_CODES, ORDER_SHARES
from gen_data.behaviour.customers import new_customer_rate, pick_loyal
from gen_data.clock import TICK_SECONDS, ShopClock
from gen_data.ids import FIRST_EXTRA_NUMBER, FIRST_VOUCHER_NUMBER, guest_id, tick_of
from gen_data.randomness import Dice, FloatArray, IntArray
from gen_data.schedule import Conditions
from gen_data.simulate.happenings import happenings

WEBSITE = CHANNEL_CODES.index("website")
LONGEST_VISIT_TICKS = 36
_SHORTEST_VISIT_SECONDS, _LONGEST_VISIT_SECONDS = 180, (LONGEST_VISIT_TICKS - 1) * TICK_SECONDS

# Of those whom a scenario brings, this share was never here before; and how often they come back later.
_NEW_AMONG_EXTRA = 0.25
GUEST_ORDERS_PER_DAY = 0.01

# Stands for one of those who were here before, who is not chosen yet.
SOMEBODY_KNOWN = -1

# A coming order. ``customer_id`` is 0 for somebody new; ``best_sellers`` counts the products it came for, 0 for no such reason; a device
# of 0 is the customer's own, ``placed_from`` is a position in the provinces after 1, 0 for that of the address; a promotion that is not 0
# takes ``discount_rate`` off every line.
COMING = np.dtype(
    [
        ("order_id", "i8"), ("started_at", "i8"), ("ordered_at", "i8"), ("channel", "i8"), ("customer_id", "i8"), ("best_sellers", "i8"),
        ("device_id", "i8"), ("placed_from", "i8"), ("promotion_id", "i8"), ("discount_rate", "f8"),
    ]
)  # fmt: skip
Coming = npt.NDArray[np.void]


def coming(fields: dict[str, npt.NDArray[Any]]) -> Coming:
    """Coming orders from columns; what is left out is 0."""
    made = np.zeros(len(fields["order_id"]), dtype=COMING)
    for name, values in fields.items():
        made[name] = values
    return made


def arrive(
    dice: Dice,
    clock: ShopClock,
    ticks: IntArray,
    conditions: Conditions,
    day_customer_count: int,
    day_guest_count: int,
    frauds: set[int],
) -> Coming:
    """The orders that begin to come in consecutive ticks of one local day; those who were here before are chosen by :func:`recognise`.

    Among them are all that a voucher would bring if everybody got it. Nobody
    comes back to an account that was made for fraud (``frauds`` has their ids).
    """
    base = happenings(dice, clock, "order", ticks, conditions.base_orders)
    is_kept = dice.uniform("order is kept", base.key) < conditions.kept_share[base.tick - ticks[0]]
    returning = conditions.base_orders / conditions.orders_per_day * (day_guest_count * GUEST_ORDERS_PER_DAY)
    extra_mean = conditions.extra_orders + returning
    extra = happenings(dice, clock, "extra order", ticks, extra_mean, FIRST_EXTRA_NUMBER)
    new_among_base = new_customer_rate(day_customer_count, conditions.orders_per_day)
    voucher = happenings(dice, clock, "voucher order", ticks, _voucher_orders(conditions, new_among_base), FIRST_VOUCHER_NUMBER)
    order_id = np.concatenate([base.key[is_kept], extra.key, voucher.key])
    at = np.concatenate([base.at[is_kept], extra.at, voucher.at])
    place = np.concatenate([base.tick[is_kept], extra.tick, voucher.tick]) - ticks[0]
    part = np.repeat(np.arange(3), [int(is_kept.sum()), len(extra.key), len(voucher.key)])

    channel = dice.choose("channel", order_id, ORDER_SHARES)
    visit_seconds = _SHORTEST_VISIT_SECONDS + dice.integers("visit", order_id, _LONGEST_VISIT_SECONDS - _SHORTEST_VISIT_SECONDS)
    new_rate = np.select([part == 0, part == 1], [new_among_base[place], _NEW_AMONG_EXTRA], 0.0)
    is_new = dice.uniform("new customer", order_id) < new_rate
    guest_rate = np.divide(returning, extra_mean, out=np.zeros(len(ticks)), where=extra_mean > 0)[place]
    is_guest = (part == 1) & (dice.uniform("returning guest", order_id) < guest_rate)
    guest = guest_id(dice.integers("guest", order_id, max(day_guest_count, 1)))
    arrived = coming(
        {
            "order_id": order_id,
            "started_at": at,
            "ordered_at": at + np.where(channel == WEBSITE, visit_seconds, 0) * 1_000_000,
            "channel": channel,
            "customer_id": np.where(is_guest, guest, np.where(is_new, 0, SOMEBODY_KNOWN)),
            "best_sellers": np.where((part == 1) & ~is_guest, conditions.discounted_count[place], 0),
        }
    )
    is_fraud_account = np.array([customer_id in frauds for customer_id in guest[is_guest].tolist()], dtype=np.bool_)
    kept: Coming = np.delete(arrived, np.flatnonzero(is_guest)[is_fraud_account])
    return kept


def _voucher_orders(conditions: Conditions, new_among_base: FloatArray) -> FloatArray:
    """How many further orders a voucher would bring in each tick if everybody got it: its lift counts for orders of known customers."""
    from_known = conditions.base_orders * conditions.kept_share * (1.0 - new_among_base)
    from_known += conditions.extra_orders * (1.0 - _NEW_AMONG_EXTRA)
    return np.where(conditions.blast_id > 0, from_known * np.maximum(conditions.blast_lift - 1.0, 0.0), 0.0)


def recognise(dice: Dice, arrived: Coming, ticks: IntArray, known: IntArray) -> None:
    """Choose who it is that comes back, among the base customers ``known`` at the beginning of each tick; in place."""
    open_ = np.flatnonzero(arrived["customer_id"] == SOMEBODY_KNOWN)
    order_id = arrived["order_id"][open_]
    arrived["customer_id"][open_] = pick_loyal(dice, "buyer", order_id, known[tick_of(order_id) - ticks[0]])
