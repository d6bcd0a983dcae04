from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data.scenarios import FLASH_SALE, NORMAL_DAY, SCENARIOS, check_intensity, find, together
from gen_data.scenarios.effects import (
    BestSellers,
    Carriers,
    Demand,
    Dirt,
    Discount,
    Fraud,
    Hours,
    Returns,
    SupplyHalt,
    VoucherBlast,
)
from gen_data.scenarios.influence import Influence
from gen_data.scenarios.scenario import Scenario, falls, influence_of, rises
from gen_data.schema.ground_truth import FRAUD_KINDS
from shoplake.core.errors import SettingsError, ShopError

pytestmark = pytest.mark.unit

factors, rates = st.floats(0, 8), st.floats(0.01, 0.9)
hours = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: Hours(*ends))
best_sellers = st.builds(BestSellers, st.integers(1, 300))
effects = st.one_of(
    st.builds(Demand, factors, hours),
    st.builds(Discount, rates, best_sellers, hours),
    st.builds(Fraud, factors, factors, factors, factors),
    st.builds(VoucherBlast, rates, rates, factors),
    st.builds(Returns, factors),
    st.builds(Carriers, factors, factors),
    st.builds(SupplyHalt, best_sellers),
    st.builds(Dirt, rates),
)
kinds = st.lists(st.lists(effects, max_size=3).map(tuple), min_size=3, max_size=3)


def same(first: Influence, second: Influence) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in vars(first))


def test_a_scenario_is_found_by_the_name_it_says_of_itself():
    assert {name: find(name).name for name in SCENARIOS} == {name: name for name in SCENARIOS}
    assert set(SCENARIOS) == {"normal_day", "flash_sale", "fraud_attack", "promotion_blast", "returns_wave", "stockout", "dirty_data"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("black_friday", r"no 'black_friday'\. Choose one of: dirty_data, flash_sale, fraud_attack, normal_day, .*stockout\."),
        ("Flash-Sael", r"no 'Flash-Sael'\. Did you mean flash_sale\? Choose one of: "),
        ("flash_sale+", r"no ''\. Choose one of: "),
        ("flash_sale+stockout+flash_sale", r"'flash_sale\+stockout\+flash_sale' names flash_sale twice\. Name it once"),
    ],
)
def test_an_unknown_name_is_answered_with_the_near_and_the_known_ones(name, sentence):
    with pytest.raises(ShopError, match=sentence):
        find(name)


def test_every_scenario_but_the_normal_day_does_something_and_says_what_it_must_show():
    assert not NORMAL_DAY.effects
    assert not NORMAL_DAY.expects
    assert all(scenario.effects and scenario.expects for scenario in SCENARIOS.values() if scenario != NORMAL_DAY)


def test_several_scenarios_have_one_name_whatever_their_order():
    names = ("stockout", "flash_sale", "fraud_attack", "normal_day")
    found = {find("+".join(order)) for order in permutations(names)}
    assert [scenario.name for scenario in found] == ["flash_sale+fraud_attack+stockout"]
    assert find("normal_day+normal_day".partition("+")[0]) == NORMAL_DAY
    (both,) = found
    assert set(both.effects) == {effect for name in names for effect in SCENARIOS[name].effects}
    assert set(both.expects) == {expectation for name in names for expectation in SCENARIOS[name].expects}


@settings(deadline=None)
@given(kinds, st.sampled_from((0.1, 0.5, 1.0, 3.0, 10.0)))
def test_scenarios_act_together_in_any_order_and_grouping_and_a_normal_day_adds_nothing(kinds, intensity):
    a, b, c = (Scenario(f"kind_{position}", f"Story {position}.", kind) for position, kind in enumerate(kinds))
    whole = together([a, b, c])
    for other in (
        together([together([a, b]), c]),
        together([a, together([b, c])]),
        together([c, a, b, a]),
        together([NORMAL_DAY, a, b, c]),
    ):
        assert (other.effects, other.parts) == (whole.effects, whole.parts)
        assert same(influence_of(other, intensity), influence_of(whole, intensity))
    assert together([a, NORMAL_DAY]) == (a if a.effects else min(a, NORMAL_DAY, key=lambda scenario: scenario.name))


def test_how_effects_act_together():
    first = Scenario("first", "", (Demand(3, Hours(0, 2)), Discount(0.3, BestSellers(9), Hours(0, 2)), Fraud(card_testing=2), Dirt(0.4)))
    second = Scenario("second", "", (Demand(0.5, Hours(1, 3)), Discount(0.2, BestSellers(99), Hours(1, 3)), Fraud(1, 1), Dirt(0.4)))
    third = Scenario(
        "third", "", (Returns(2), Carriers(2, 3), SupplyHalt(BestSellers(5)), SupplyHalt(BestSellers(4)), VoucherBlast(0.5, 0.1, 2))
    )
    fourth = Scenario("fourth", "", (Returns(3), Carriers(0.5, 1), VoucherBlast(0.2, 0.3, 1.5)))
    found = influence_of(together([first, second, third, fourth]), 1.0)
    assert found.demand_factor[:4].tolist() == [3, 1.5, 0.5, 1]
    assert found.discount_rate[:4].tolist() == [0.3, 0.3, 0.2, 0]
    assert found.discounted_count[:4].tolist() == [9, 9, 99, 0]
    assert found.fraud_campaigns.tolist() == [3, 1, 0, 0]
    assert (found.return_factor, found.loss_factor, found.transit_factor) == (6, 1, 3)
    assert (found.suspended_count, found.dirty_rate) == (5, 0.5)
    assert tuple(found.voucher) == (0.3, 1.5, 0.2)


@pytest.mark.parametrize(
    ("effect", "intensity", "scaled"),
    [
        (Demand(6.0), 2, Demand(11.0)),
        (Demand(6.0), 0.1, Demand(1.5)),
        (Demand(0.5), 10, Demand(0.0)),
        (Discount(0.4, BestSellers(50)), 0.5, Discount(0.2, BestSellers(50))),
        (Discount(0.4, BestSellers(50)), 10, Discount(0.9, BestSellers(50))),
        (Fraud(6, 8, 4, 2), 0.5, Fraud(3, 4, 2, 1)),
        (VoucherBlast(0.4, 0.2, 1.5), 2, VoucherBlast(0.4, 0.4, 2.0)),
        (Returns(4.0), 0.5, Returns(2.5)),
        (Carriers(4.0, 1.5), 2, Carriers(7.0, 2.0)),
        (SupplyHalt(BestSellers(60)), 0.1, SupplyHalt(BestSellers(6))),
        (SupplyHalt(BestSellers(1)), 0.1, SupplyHalt(BestSellers(1))),
        (Dirt(0.08), 10, Dirt(0.5)),
    ],
    ids=lambda value: str(value) if isinstance(value, float | int) else type(value).__name__,
)
def test_intensity_stretches_factors_and_multiplies_rates_up_to_a_limit(effect, intensity, scaled):
    assert effect.scaled(intensity) == scaled
    assert effect.scaled(1.0) == effect


@pytest.mark.parametrize("intensity", [0, 0.09, 10.1, -1, float("nan"), float("inf")])
def test_an_intensity_that_cannot_be_is_refused(intensity):
    with pytest.raises(SettingsError, match=r"is not possible\. Give 0\.1 to 10; 1 is as declared\."):
        check_intensity(intensity)


def test_a_scenario_is_said_in_words():
    words = [str(effect) for scenario in SCENARIOS.values() for effect in scenario.scaled(0.5).effects]
    assert words[:2] == [
        "3.5 times the orders from 20:00 to 22:00 shop time",
        "20% off the 50 best-selling products from 20:00 to 22:00 shop time",
    ]
    assert str(Demand(2)) == "2 times the orders all day"
    assert all("object at" not in word and "(" not in word for word in words)
    assert str(FLASH_SALE.expects[0]) == "orders per hour rises to at least 3.00 times from 20:00 to 22:00 shop time"


def test_hours_that_are_not_of_a_day_cannot_be_declared():
    for first, end in ((22, 20), (5, 5), (-1, 3), (3, 25)):
        with pytest.raises(ValueError, match="are not hours of a day"):
            Hours(first, end)


def test_an_expectation_names_a_measure_that_exists():
    with pytest.raises(KeyError):
        rises("happiness", at_least=2)


@pytest.mark.parametrize(
    ("expectation", "value", "normal", "is_met"),
    [
        (rises("refunds", 2.0), 20, 10, True),
        (rises("refunds", 2.0), 19, 10, False),
        (rises("refunds", 2.0), 1, 0, True),
        (rises("refunds", 2.0), 0, 0, False),
        (falls("refunds", 2.0), 5, 10, True),
        (falls("refunds", 2.0), 6, 10, False),
        (rises("refunds", 3.0).scaled(0.5), 20, 10, True),
        (rises("refunds", 3.0).scaled(10), 30, 10, True),
    ],
)
def test_an_expectation_holds_a_value_against_that_of_a_normal_day(expectation, value, normal, is_met):
    assert expectation.is_met(value, normal) is is_met


def test_fraud_has_the_kinds_that_the_ground_truth_knows_in_their_order():
    assert tuple(Fraud.__dataclass_fields__) == FRAUD_KINDS
