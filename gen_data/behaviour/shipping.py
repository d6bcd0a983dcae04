"""Who brings the parcels: carriers, what they promise for each region, and the distributors of the last mile."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from gen_data.randomness import Dice, FloatArray, IntArray

REGIONS = ("north", "central", "south")


@dataclass(frozen=True)
class Carrier:
    """A carrier. ``delivery_hours`` are promised and ``transit_factors`` kept, by region; shares of parcels by channel position."""

    code: str
    name: str
    delivery_hours: tuple[int, int, int]
    penalty_rate: Decimal
    transit_factors: tuple[float, float, float]
    channel_shares: tuple[float, float, float, float]
    cost_dong: int


CARRIERS = (
    Carrier("SAO", "Sao Việt Express", (96, 120, 96), Decimal("0.0500"), (0.90, 1.10, 0.90), (0.45, 0.20, 0.10, 0.35), 21_000),
    Carrier("RNG", "Rồng Logistics", (96, 108, 84), Decimal("0.0400"), (1.00, 1.00, 0.85), (0.25, 0.50, 0.15, 0.25), 19_000),
    Carrier("BAN", "Ban Mai Post", (144, 144, 144), Decimal("0.0200"), (1.20, 1.25, 1.20), (0.25, 0.20, 0.05, 0.25), 16_000),
    Carrier("TOC", "Tốc Hành", (60, 84, 48), Decimal("0.1000"), (0.80, 0.95, 0.70), (0.05, 0.10, 0.70, 0.15), 27_000),
)
DELIVERY_HOURS: FloatArray = np.array([carrier.delivery_hours for carrier in CARRIERS], dtype=np.float64)
TRANSIT_FACTORS: FloatArray = np.array([carrier.transit_factors for carrier in CARRIERS])
CARRIER_CODES = tuple(carrier.code for carrier in CARRIERS)
COST_DONG: FloatArray = np.array([carrier.cost_dong for carrier in CARRIERS], dtype=np.float64)

_SHARES: FloatArray = np.array([carrier.channel_shares for carrier in CARRIERS]).T


def choose_carriers(dice: Dice, order_ids: IntArray, channel: IntArray) -> IntArray:
    """The carrier of each order, a position in CARRIERS."""
    return dice.choose("carrier", order_ids, _SHARES[channel])


def distributor_id(carrier: IntArray, region: IntArray) -> IntArray:
    """The distributor that serves a carrier in a region."""
    return 1 + len(REGIONS) * carrier + region
