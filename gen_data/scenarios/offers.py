"""What is cheaper in which hours of every day, as long as a scenario is in force: the stuff that promotions are made of."""

from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

from gen_data.scenarios.influence import HOURS_PER_DAY
from gen_data.scenarios.scenario import Scenario, influence_of

PromotionKind = Literal["flash_sale", "voucher", "campaign"]


class Offer(NamedTuple):
    """Equal offers of two scenarios are the same promotion. ``terms`` are what else decides who buys how much."""

    kind: PromotionKind
    first_hour: int
    end_hour: int
    discount_rate: float
    terms: tuple[float, ...]
    name: str


@lru_cache(maxsize=256)
def offers_of(scenario: Scenario, intensity: float) -> tuple[Offer, ...]:
    """The offers of a day: at most one discount at a time, and a voucher."""
    influence = influence_of(scenario, intensity)
    offers = []
    discounts = list(zip(influence.discount_rate.tolist(), influence.discounted_count.tolist(), strict=True))
    for (rate, count), hours in groupby(range(HOURS_PER_DAY), key=lambda hour: discounts[hour]):
        first, *rest = hours
        end = first + len(rest) + 1
        if rate > 0:
            kind: PromotionKind = "campaign" if end - first == HOURS_PER_DAY else "flash_sale"
            offers.append(Offer(kind, first, end, rate, (count,), f"{rate:.0%} off the {count} best-selling products"))
    voucher = influence.voucher
    if voucher.discount_rate > 0:
        terms = (voucher.lift, voucher.audience_share)
        offers.append(Offer("voucher", 0, HOURS_PER_DAY, voucher.discount_rate, terms, f"Voucher of {voucher.discount_rate:.0%}"))
    return tuple(offers)
