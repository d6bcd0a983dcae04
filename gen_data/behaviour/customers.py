"""Who registers, who comes back, who moves house or changes number, and who asks to be deleted."""

import numpy as np

from gen_data.behaviour.agenda import Events, events
from gen_data.clock import DAY, HOUR
from gen_data.ids import base_customer_id
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray

ERASURE_EVENT = np.dtype([("customer_id", "i8"), ("at", "i8")])
LONGEST_WAIT_FOR_ERASURE = 20 * DAY

SIGNUPS_PER_ORDER = 0.06
MOVES_PER_CUSTOMER_DAY = 0.0006
CONTACT_CHANGES_PER_CUSTOMER_DAY = 0.0008

_LOYAL_SHARE = 0.45
_ERASURE_SHARE = 0.25
_AWAY_SHARE = 0.04
_DAYS_BETWEEN_ORDERS = 10.0


def new_customer_rate(customer_count: int, orders_per_day: FloatArray) -> FloatArray:
    """Share of orders that come from somebody new: falls as the shop's customers come to fill a day, from 35 % to 10 %."""
    return np.clip(1.0 - customer_count / (_DAYS_BETWEEN_ORDERS * orders_per_day), 0.10, 0.35)


def is_loyal(dice: Dice, customer_ids: IntArray) -> BoolArray:
    """Whether a customer ever comes back. Those who do not order once, when they register with an order, or never."""
    return dice.uniform("is loyal", customer_ids) < _LOYAL_SHARE


def pick_loyal(dice: Dice, purpose: str, ids: IntArray, known_count: IntArray) -> IntArray:
    """For each of ``ids`` one of the first ``known_count`` base customers: loyal ones only, the more active the likelier.

    Draws until accepted, so that nobody needs the list of loyal customers. At
    least one of the known customers of each must be loyal.
    """
    picked = np.zeros(len(ids), dtype=np.int64)
    open_positions, attempt = np.arange(len(ids)), 0
    while open_positions.size:
        who = ids[open_positions]
        candidates = base_customer_id(dice.integers(f"{purpose} candidate", who, known_count[open_positions], attempt))
        activity = dice.uniform("activity", candidates) ** 1.5
        accepted = is_loyal(dice, candidates) & (dice.uniform(f"{purpose} accepts", who, attempt) < activity)
        picked[open_positions[accepted]] = candidates[accepted]
        open_positions = open_positions[~accepted]
        attempt += 1
    return picked


def is_away(dice: Dice, order_ids: IntArray) -> BoolArray:
    """Which honest orders are placed from somewhere else than where their customers live: on a journey, or as a gift."""
    return dice.uniform("is away", order_ids) < _AWAY_SHARE


def erasures(dice: Dice, customer_ids: IntArray, registered_at: IntArray) -> Events:
    """When those who registered without ordering, and never will, ask to be deleted (ERASURE_EVENT)."""
    asks = ~is_loyal(dice, customer_ids) & (dice.uniform("asks for erasure", customer_ids) < _ERASURE_SHARE)
    wait = (
        HOUR
        + np.rint(dice.uniform("erasure wait", customer_ids[asks]) * ((LONGEST_WAIT_FOR_ERASURE - HOUR) / 1e6)).astype(np.int64) * 1_000_000
    )
    return events(ERASURE_EVENT, customer_id=customer_ids[asks], at=registered_at[asks] + wait)
