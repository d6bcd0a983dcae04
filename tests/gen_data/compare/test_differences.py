from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data.compare.differences import CLASSES, lay_side_by_side
from gen_data.compare.facts import FACTS, Facts, place_of
from gen_data.compare.kpis import KPIS, effects

pytestmark = pytest.mark.unit


def facts(rows):
    """Facts from a dictionary of key to named facts; the others are 0."""
    keys = sorted(rows)
    values = np.zeros((len(keys), len(FACTS)), dtype=np.int64)
    for row, key in enumerate(keys):
        for name, value in rows[key].items():
            values[row, place_of(name)] = value
    return Facts(np.array(keys, dtype=np.int64), values)


def order(**named):
    return {"orders": 1, "status": 5} | named


def classes_of(found):
    return dict(zip(found.keys.tolist(), (CLASSES[position] for position in found.class_of.tolist()), strict=True))


def test_each_key_is_of_one_class_by_where_its_order_was_placed():
    shop = facts({1: order(units=2), 2: order(units=3), 4: order(), 5: {"visits": 1}, 6: {"lost_units": 2, "visits": 1}})
    twin = facts({1: order(units=2), 2: order(units=4), 3: order(), 5: {"visits": 1}, 6: order(visits=1)})
    found = lay_side_by_side(shop, twin)
    assert classes_of(found) == {1: "same", 2: "changed", 3: "lost", 4: "caused", 5: "no_order", 6: "lost"}


def test_a_changed_order_says_what_about_it_is_another():
    shop = facts({1: order(total_amount=500, delivered_at=7), 2: order(status=6), 3: order(total_amount=100)})
    twin = facts({1: order(total_amount=400, delivered_at=9), 2: order(), 4: order()})
    changed = {aspect: count for aspect, count in lay_side_by_side(shop, twin).changed_orders().items() if count}
    assert changed == {"amount": 1, "delivery": 1, "status": 1}


def test_money_is_decimal_and_what_is_divided_by_nothing_is_none():
    found = {effect.kpi.name: effect for effect in effects(lay_side_by_side(facts({1: order(revenue=12345, paid_orders=1)}), facts({})))}
    assert (found["revenue"].shop, found["revenue"].twin, found["revenue"].difference) == (Decimal("123.45"), 0, Decimal("123.45"))
    assert found["revenue"].ratio is None
    average = found["average order value"]
    assert (average.shop, average.twin, average.difference, average.ratio) == (Decimal("123.45"), None, None, None)


def test_rates_are_of_sums_not_sums_of_rates():
    shop = facts({1: order(cancelled_orders=1), 2: order(), 3: order(), 4: order()})
    twin = facts({1: order(), 2: order(cancelled_orders=1)})
    rate = next(effect for effect in effects(lay_side_by_side(shop, twin)) if effect.kpi.name == "cancel rate")
    assert (rate.shop, rate.twin, rate.difference, rate.ratio, rate.parts) == (0.25, 0.5, -0.25, 0.5, None)


_ROWS = st.dictionaries(
    st.integers(-5, 20),
    st.dictionaries(st.sampled_from([fact.name for fact in FACTS]), st.integers(0, 10**13), max_size=6)
    | st.dictionaries(st.just("orders"), st.just(1), min_size=1),
    max_size=20,
)


@settings(deadline=None)
@given(_ROWS, _ROWS)
def test_what_the_classes_contribute_adds_up_to_the_difference_to_the_last_digit(with_it, without_it):
    found = lay_side_by_side(facts(with_it), facts(without_it))
    for effect in effects(found):
        if effect.kpi.per is None:
            assert sum(effect.parts.values()) == effect.difference == effect.shop - effect.twin
            assert effect.parts["same"] == 0


def test_every_kpi_is_made_of_facts_that_can_be_added_up():
    used = {name for kpi in KPIS for name in (kpi.of, kpi.per) if name is not None}
    assert all(FACTS[place_of(name)].kind in ("count", "money") for name in used)
    assert len({fact.name for fact in FACTS}) == len(FACTS)
