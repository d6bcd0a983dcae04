"""Things that happen at random instants, and values as they were at an instant."""

from typing import NamedTuple

import numpy as np

from gen_data.clock import TICK, ShopClock
from gen_data.ids import key_of
from gen_data.randomness import Dice, FloatArray, IntArray

# A stretch lasts less than 2^37 microseconds, 38 hours; this leaves room for 67 million entities.
_INSTANT_BITS = 37


class Happenings(NamedTuple):
    """Things of one kind in the order of their instants. ``key`` is unique within the kind for ever."""

    tick: IntArray
    key: IntArray
    at: IntArray


def happenings(dice: Dice, clock: ShopClock, kind: str, ticks: IntArray, mean_per_tick: FloatArray, first_number: int = 0) -> Happenings:
    """A Poisson number of happenings in each tick, each at an instant of its own; their numbers count from ``first_number`` in each tick."""
    counts = dice.poisson(kind, ticks, mean_per_tick)
    tick = np.repeat(ticks, counts)
    number = np.arange(len(tick)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = clock.instant(0) + tick * TICK + dice.integers(f"{kind} instant", tick, TICK, number)
    # Sorting stays within ticks, so that a happening's number is its rank in its tick.
    return Happenings(tick, key_of(tick, first_number + number), np.sort(at))


class ChangedValues(NamedTuple):
    """Changes within one stretch: from ``at`` on the entity ``key`` has ``value``."""

    key: IntArray
    at: IntArray
    value: IntArray

    def as_of(self, key: IntArray, at: IntArray, before: IntArray) -> IntArray:
        """Each entity's value at an instant; ``before`` where it had not changed by then."""
        if not len(self.key) or not len(key):
            return before
        start = min(int(self.at.min()), int(at.min()))
        entities, code = np.unique(self.key, return_inverse=True)
        known = (code << _INSTANT_BITS) + (self.at - start)
        order = np.argsort(known, kind="stable")
        asked = np.searchsorted(entities, key)
        position = np.searchsorted(known[order], (asked << _INSTANT_BITS) + (at - start), side="right") - 1
        last = order[np.maximum(position, 0)]
        is_changed = (position >= 0) & (self.key[last] == key)
        return np.where(is_changed, self.value[last], before)
