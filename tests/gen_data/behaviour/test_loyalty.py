from decimal import Decimal

import numpy as np
import pytest

from gen_data.behaviour.loyalty import LADDER, points_for, redeemable, tier_columns, tier_of
from gen_data.behaviour.money import Currency
from gen_data.schema.customers import TIERS

pytestmark = pytest.mark.unit


def test_the_ladder_goes_up_through_the_tiers_of_the_schema():
    assert tuple(tier.name for tier in LADDER) == TIERS
    assert [tier.qualifying_points for tier in LADDER] == sorted({tier.qualifying_points for tier in LADDER})
    assert LADDER[0].qualifying_points == 0
    assert LADDER[0].points_factor == Decimal(1)
    assert {len(column.codes if hasattr(column, "codes") else column) for column in tier_columns(0).values()} == {len(LADDER)}


@pytest.mark.parametrize(
    ("code", "amount", "points"),
    [("VND", 123_400_000, [123, 135, 154, 185]), ("VND", 999_900, [0, 1, 1, 1]), ("USD", 4_936, [123, 135, 154, 185])],
)
def test_the_same_worth_earns_the_same_points_in_every_currency_and_more_in_a_higher_tier(code, amount, points):
    assert points_for(Currency(code), np.full(4, amount), np.arange(4)).tolist() == points


def test_points_are_exchanged_for_up_to_five_whole_vouchers():
    assert redeemable(np.array([0, 199, 200, 399, 650, 999, 1_000, 5_000])).tolist() == [0, 0, 200, 200, 600, 800, 1_000, 1_000]


def test_a_tier_begins_at_its_points():
    assert tier_of(np.array([-50, 0, 299, 300, 899, 900, 1_999, 2_000, 10**6])).tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]
