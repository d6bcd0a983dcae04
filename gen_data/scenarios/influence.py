"""What all effects in force come to, taken together: numbers by local hour, and numbers that hold all day."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gen_data.randomness import FloatArray, IntArray

HOURS_PER_DAY = 24
FRAUD_KIND_COUNT = 4


class Voucher(NamedTuple):
    """A voucher campaign: what it takes off (0 to 1), how often the treated order relative to others, and the share of regular customers in it."""

    discount_rate: float = 0.0
    lift: float = 1.0
    audience_share: float = 0.0


@dataclass
class Influence:
    """The neutral values are those of a normal day.

    ``demand_factor``, ``discount_rate`` (0 to 1) and ``discounted_count`` (of
    best sellers) hold a number for each of 24 hours; ``fraud_campaigns`` the
    mean number a day for each kind of fraud.
    """

    demand_factor: FloatArray = field(default_factory=lambda: np.ones(HOURS_PER_DAY))
    discount_rate: FloatArray = field(default_factory=lambda: np.zeros(HOURS_PER_DAY))
    discounted_count: IntArray = field(default_factory=lambda: np.zeros(HOURS_PER_DAY, dtype=np.int64))
    fraud_campaigns: FloatArray = field(default_factory=lambda: np.zeros(FRAUD_KIND_COUNT))
    voucher: Voucher = field(default_factory=Voucher)
    return_factor: float = 1.0
    loss_factor: float = 1.0
    transit_factor: float = 1.0
    suspended_count: int = 0
    dirty_rate: float = 0.0
