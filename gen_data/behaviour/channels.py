"""The four sales channels: how much each sells, what it takes, how it pays, delivers, cancels and returns."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

PAYMENT_METHODS = ("cod", "card", "e_wallet", "bank_transfer")
# The share of attempts that fail; cash on delivery is not tried beforehand.
PAYMENT_FAILURE_RATES = np.array([0.0, 0.07, 0.04, 0.05])


@dataclass(frozen=True)
class Channel:
    """One sales channel.

    It takes ``commission_rate`` of what it sells, ``payment_fee_rate`` of what
    is paid through it and ``fixed_fee_dong`` an order, and wants parcels handed
    over within ``lead_time_hours``. ``payment_shares`` are in the order of
    PAYMENT_METHODS; packing and transit hours are medians.
    """

    code: str
    name: str
    commission_rate: Decimal
    payment_fee_rate: Decimal
    fixed_fee_dong: int
    lead_time_hours: int
    order_share: float
    cancel_rate: float
    return_rate: float
    packing_hours: float
    transit_hours: float
    payment_shares: tuple[float, float, float, float]


CHANNELS = (
    Channel("shopee", "Shopee", Decimal("0.0650"), Decimal("0.0491"), 3000, 24, 0.50, 0.055, 0.045, 9.0, 52.0, (0.46, 0.12, 0.36, 0.06)),
    Channel("lazada", "Lazada", Decimal("0.0600"), Decimal("0.0495"), 3000, 24, 0.22, 0.060, 0.050, 12.0, 60.0, (0.44, 0.20, 0.28, 0.08)),
    Channel("tiki", "Tiki", Decimal("0.0500"), Decimal("0.0400"), 5000, 12, 0.16, 0.035, 0.030, 5.0, 34.0, (0.32, 0.30, 0.30, 0.08)),
    Channel(
        "website", "Own website", Decimal("0.0000"), Decimal("0.0220"), 1000, 24, 0.12, 0.025, 0.025, 4.0, 40.0, (0.30, 0.34, 0.20, 0.16)
    ),
)

CHANNEL_CODES = tuple(channel.code for channel in CHANNELS)
ORDER_SHARES = np.array([channel.order_share for channel in CHANNELS])
CANCEL_RATES = np.array([channel.cancel_rate for channel in CHANNELS])
RETURN_RATES = np.array([channel.return_rate for channel in CHANNELS])
PACKING_HOURS = np.array([channel.packing_hours for channel in CHANNELS])
TRANSIT_HOURS = np.array([channel.transit_hours for channel in CHANNELS])
PAYMENT_SHARES = np.array([channel.payment_shares for channel in CHANNELS])
