"""Which orders make the difference between two shops of one seed: laid side by side by their keys, and told apart."""

from typing import Literal, NamedTuple, get_args

import numpy as np

from gen_data.compare.facts import FACTS, Aspect, Facts, place_of
from gen_data.randomness import BoolArray, IntArray

Class = Literal["caused", "lost", "changed", "same", "no_order"]
CLASSES: tuple[Class, ...] = get_args(Class)
MEANINGS: dict[Class, str] = {
    "caused": "placed only with the scenario",
    "lost": "placed only without it",
    "changed": "placed in both, but not alike",
    "same": "placed in both, and alike in all that is known of them",
    "no_order": "visits that did not buy, customers who registered without an order, orders for which nothing was in stock",
}
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

_OF_ASPECT = np.array([[fact.aspect == aspect for fact in FACTS] for aspect in ASPECTS])


class Differences(NamedTuple):
    """Two shops' facts laid side by side.

    ``shop`` and ``twin`` are shaped (keys, FACTS), of zeros where a shop has
    not got the key; ``class_of`` holds positions in CLASSES; ``differs`` is
    shaped (keys, ASPECTS).
    """

    keys: IntArray
    shop: IntArray
    twin: IntArray
    class_of: IntArray
    differs: BoolArray

    def of_class(self, name: Class) -> BoolArray:
        """Which keys are of a class."""
        return np.asarray(self.class_of == CLASSES.index(name))

    def changed_orders(self) -> dict[Aspect, int]:
        """In how many of the changed orders each aspect is another; an order may count in several."""
        counts = self.differs[self.of_class("changed")].sum(axis=0)
        return {aspect: int(count) for aspect, count in zip(ASPECTS, counts, strict=True)}


def lay_side_by_side(shop: Facts, twin: Facts) -> Differences:
    """Find what two shops have in common, and what not."""
    keys = np.union1d(shop.keys, twin.keys)
    ours, theirs = _spread(shop, keys), _spread(twin, keys)
    other = ours != theirs
    differs = np.stack([other[:, columns].any(axis=1) for columns in _OF_ASPECT], axis=1)
    is_here, is_there = ours[:, place_of("orders")] > 0, theirs[:, place_of("orders")] > 0
    placed = [is_here & ~is_there, is_there & ~is_here, is_here & is_there & differs.any(axis=1), is_here & is_there]
    return Differences(keys, ours, theirs, np.select(placed, range(len(placed)), len(placed)), differs)


def _spread(facts: Facts, keys: IntArray) -> IntArray:
    values = np.zeros((len(keys), len(FACTS)), dtype=np.int64)
    values[np.searchsorted(keys, facts.keys)] = facts.values
    return values
