"""What the marketplaces tell the shop about its orders, and how such messages go wrong.

A marketplace sends a message when an order is placed and one when it is
delivered or cancelled. The kinds of dirt are those of Rahm and Do (2000), Data
Cleaning: Problems and Current Approaches, as far as they concern a stream of
messages: late, repeated, malformed, out of order, contradicting.
"""

from typing import NamedTuple

import numpy as np

from gen_data.clock import DAY
from gen_data.randomness import Dice, FloatArray, IntArray
from gen_data.schema.ground_truth import DIRT_KINDS

CREATED, CLOSED, REPEATED_CREATED, REPEATED_CLOSED = range(4)
MESSAGES_PER_ORDER = 8
CLEAN = -1
LATE, REPEATED, MALFORMED, OUT_OF_ORDER, CONTRADICTING = (
    DIRT_KINDS.index(kind) for kind in ("late", "repeated", "malformed", "out_of_order", "contradicting")
)

# A message takes up to so long, a late one days more.
_MOST_DELAY_SECONDS = 45
_LEAST_LATENESS, _MOST_LATENESS = 2 * DAY, 9 * DAY
LONGEST_DELAY = _MOST_LATENESS + DAY


class Dirt(NamedTuple):
    """How messages are dirty: a position in DIRT_KINDS, or CLEAN; and which way of it, from 0 to 2."""

    kind: IntArray
    way: IntArray


def soil(dice: Dice, feed_ids: IntArray, is_closed: IntArray, dirty_rate: FloatArray) -> Dirt:
    """Which messages go wrong, and how. The second message of an order is never out of order: the first one is."""
    is_dirty = dice.uniform("dirt", feed_ids) < dirty_rate
    kind = dice.integers("kind of dirt", feed_ids, len(DIRT_KINDS))
    kind = np.where(is_closed & (kind == OUT_OF_ORDER), CONTRADICTING, kind)
    return Dirt(np.where(is_dirty, kind, CLEAN), dice.integers("way of dirt", feed_ids, 3))


def delay(dice: Dice, feed_ids: IntArray) -> IntArray:
    """How long messages take (microseconds)."""
    return (1 + dice.integers("message delay", feed_ids, _MOST_DELAY_SECONDS)) * 1_000_000


def lateness(dice: Dice, feed_ids: IntArray) -> IntArray:
    """How much later late messages come (microseconds)."""
    return _LEAST_LATENESS + dice.integers("lateness", feed_ids, (_MOST_LATENESS - _LEAST_LATENESS) // 1_000_000) * 1_000_000


def repetition(dice: Dice, feed_ids: IntArray) -> IntArray:
    """After how long a message is sent again (microseconds)."""
    return (5 + dice.integers("repetition", feed_ids, 7_200)) * 1_000_000


def contradiction(dice: Dice, feed_ids: IntArray, amount: IntArray, smallest: int) -> IntArray:
    """What a contradicting message says the total is: 10 % to 50 % more or less."""
    factor = 0.1 + 0.4 * dice.uniform("contradiction", feed_ids)
    sign = np.where(dice.uniform("contradicts upwards", feed_ids) < 0.5, 1.0, -1.0)
    said: IntArray = np.floor(amount * (1.0 + sign * factor) / smallest).astype(np.int64) * smallest
    return np.where(said == amount, amount + smallest, said)
