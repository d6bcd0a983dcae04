"""Loyalty: points for what was bought, vouchers for points, and tiers by the points of the last 90 days."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from gen_data.behaviour.money import Currency
from gen_data.changes import Coded, Columns
from gen_data.randomness import IntArray
from gen_data.schema.customers import TIERS

QUALIFYING_DAYS = 90
REDEMPTIONS_PER_CUSTOMER_DAY = 0.01

_DONG_PER_POINT = 10_000
_POINTS_PER_VOUCHER, _MOST_VOUCHERS = 200, 5


class Tier(NamedTuple):
    """A tier: the points of the last QUALIFYING_DAYS that it takes, and what every point earned in it counts."""

    name: str
    qualifying_points: int
    points_factor: Decimal


LADDER = (
    Tier("bronze", 0, Decimal("1.00")),
    Tier("silver", 300, Decimal("1.10")),
    Tier("gold", 900, Decimal("1.25")),
    Tier("platinum", 2_000, Decimal("1.50")),
)
_FACTOR_HUNDREDTHS: IntArray = np.array([int(tier.points_factor * 100) for tier in LADDER], dtype=np.int64)
_BOUNDS: IntArray = np.array([tier.qualifying_points for tier in LADDER[1:]], dtype=np.int64)


def tier_columns(at: int) -> Columns:
    """The rows of loyalty_tiers as they are from ``at`` on."""
    return {
        "tier": Coded(TIERS, np.array([TIERS.index(tier.name) for tier in LADDER])),
        "rank": np.arange(1, len(LADDER) + 1),
        "qualifying_points": np.array([tier.qualifying_points for tier in LADDER]),
        "points_factor": _FACTOR_HUNDREDTHS,
        "updated_at": np.full(len(LADDER), at),
    }


def points_for(currency: Currency, net_amount: IntArray, tier: IntArray) -> IntArray:
    """The points that amounts (hundredths, items less discount) earn in a tier (position in LADDER), rounded down."""
    whole: IntArray = net_amount * _FACTOR_HUNDREDTHS[tier] // (100 * currency.worth(_DONG_PER_POINT))
    return whole


def redeemable(balance: IntArray) -> IntArray:
    """The points that somebody with this balance exchanges at once: as many vouchers as it pays for, up to five."""
    vouchers: IntArray = np.minimum(balance // _POINTS_PER_VOUCHER, _MOST_VOUCHERS)
    return vouchers * _POINTS_PER_VOUCHER


def tier_of(qualifying_points: IntArray) -> IntArray:
    """The tier (position in LADDER) that points of the last QUALIFYING_DAYS give."""
    return np.searchsorted(_BOUNDS, qualifying_points, side="right").astype(np.int64)
