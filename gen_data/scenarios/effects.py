"""What a scenario can do to the shop: plain values that are said in words, made stronger or weaker, and act together.

Every effect has ``scaled``, which makes it ``intensity`` times as strong: a
factor becomes 1 + (factor - 1) * intensity, and never negative; a rate is
multiplied, up to a highest one; and ``act``, which adds it to what is there:
factors multiply, of two discounts, vouchers or halted supplies the larger
counts, rates add up.
"""

from dataclasses import dataclass, replace
from typing import Self

from gen_data.scenarios.influence import HOURS_PER_DAY, Influence, Voucher

LEAST_INTENSITY, MOST_INTENSITY = 0.1, 10.0
_DEEPEST_DISCOUNT = 0.9
_MOST_DIRT = 0.5


@dataclass(frozen=True)
class Hours:
    """Local hours of every day, from ``first`` up to but not including ``end``: 0 <= first < end <= 24."""

    first: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.first < self.end <= HOURS_PER_DAY:
            raise ValueError(f"hours from {self.first} to {self.end} are not hours of a day")

    def __str__(self) -> str:
        return f"from {self.first}:00 to {self.end}:00 shop time"


ALL_DAY = Hours(0, HOURS_PER_DAY)


@dataclass(frozen=True)
class BestSellers:
    """The ``count`` products that sell best."""

    count: int

    def __str__(self) -> str:
        return f"the {self.count} best-selling products"


@dataclass(frozen=True)
class Demand:
    """Orders arrive ``factor`` times as often ``during`` these hours."""

    factor: float
    during: Hours = ALL_DAY

    def scaled(self, intensity: float) -> Self:
        """The same, ``intensity`` times as strong."""
        return replace(self, factor=_stretched(self.factor, intensity))

    def act(self, influence: Influence) -> None:
        """Let it act with others."""
        influence.demand_factor[self.during.first : self.during.end] *= self.factor

    def __str__(self) -> str:
        return f"{self.factor:g} times the orders {_when(self.during)}"


@dataclass(frozen=True)
class Discount:
    """A share ``rate`` (0 to 1) of the list price taken off the products ``of`` the best sellers ``during`` these hours."""

    rate: float
    of: BestSellers
    during: Hours = ALL_DAY

    def scaled(self, intensity: float) -> Self:
        """The same, ``intensity`` times as strong; at most 90 % off."""
        return replace(self, rate=_multiplied(self.rate, intensity, _DEEPEST_DISCOUNT))

    def act(self, influence: Influence) -> None:
        """Let it act with others: in each hour the larger discount counts."""
        for hour in range(self.during.first, self.during.end):
            present = (float(influence.discount_rate[hour]), int(influence.discounted_count[hour]))
            influence.discount_rate[hour], influence.discounted_count[hour] = max(present, (self.rate, self.of.count))

    def __str__(self) -> str:
        return f"{self.rate:.0%} off {self.of} {_when(self.during)}"


@dataclass(frozen=True)
class Fraud:
    """Mean number of fraud campaigns that begin in a day, by kind."""

    card_testing: float = 0.0
    account_takeover: float = 0.0
    refund_abuse: float = 0.0
    promo_abuse: float = 0.0

    def scaled(self, intensity: float) -> Self:
        """The same, with ``intensity`` times as many campaigns."""
        return type(self)(*(_rounded(rate * intensity) for rate in self._rates()))

    def act(self, influence: Influence) -> None:
        """Let it act with others."""
        influence.fraud_campaigns += self._rates()

    def __str__(self) -> str:
        names = ("card testing", "account takeover", "refund abuse", "promo abuse")
        said = [f"{rate:g} of {name}" for rate, name in zip(self._rates(), names, strict=True) if rate]
        return f"fraud campaigns a day: {', '.join(said)}"

    def _rates(self) -> tuple[float, float, float, float]:
        return (self.card_testing, self.account_takeover, self.refund_abuse, self.promo_abuse)


@dataclass(frozen=True)
class VoucherBlast:
    """Every day a voucher campaign for a share of the regular customers, half of whom get nothing, so that its effect can be measured.

    Those who got a voucher of ``discount_rate`` (0 to 1) on the whole order
    order ``lift`` times as often that day. Its intensity is that of the
    voucher and of what it does; whom it concerns stays.
    """

    audience_share: float
    discount_rate: float
    lift: float

    def scaled(self, intensity: float) -> Self:
        """The same, ``intensity`` times as strong; at most 90 % off."""
        rate = _multiplied(self.discount_rate, intensity, _DEEPEST_DISCOUNT)
        return replace(self, discount_rate=rate, lift=_stretched(self.lift, intensity))

    def act(self, influence: Influence) -> None:
        """Let it act with others: the deeper voucher counts."""
        influence.voucher = max(influence.voucher, Voucher(self.discount_rate, self.lift, self.audience_share))

    def __str__(self) -> str:
        return (
            f"every day a voucher of {self.discount_rate:.0%} for half of a drawn {self.audience_share:.0%} of the regular customers, "
            f"who order {self.lift:g} times as often; the other half gets nothing"
        )


@dataclass(frozen=True)
class Returns:
    """Of what is delivered meanwhile, ``factor`` times as much comes back."""

    factor: float

    def scaled(self, intensity: float) -> Self:
        """The same, ``intensity`` times as strong."""
        return replace(self, factor=_stretched(self.factor, intensity))

    def act(self, influence: Influence) -> None:
        """Let it act with others."""
        influence.return_factor *= self.factor

    def __str__(self) -> str:
        return f"{self.factor:g} times the returns of what is delivered meanwhile"


@dataclass(frozen=True)
class Carriers:
    """Parcels of what is ordered meanwhile are lost ``loss_factor`` times as often and take ``transit_factor`` times as long."""

    loss_factor: float = 1.0
    transit_factor: float = 1.0

    def scaled(self, intensity: float) -> Self:
        """The same, ``intensity`` times as strong."""
        return type(self)(_stretched(self.loss_factor, intensity), _stretched(self.transit_factor, intensity))

    def act(self, influence: Influence) -> None:
        """Let it act with others."""
        influence.loss_factor *= self.loss_factor
        influence.transit_factor *= self.transit_factor

    def __str__(self) -> str:
        return f"parcels of what is ordered meanwhile take {self.transit_factor:g} times as long and are lost {self.loss_factor:g} times as often"


@dataclass(frozen=True)
class SupplyHalt:
    """Nothing is ordered from suppliers for the products ``of`` the best sellers."""

    of: BestSellers

    def scaled(self, intensity: float) -> Self:
        """The same for ``intensity`` times as many products, at least one."""
        return replace(self, of=BestSellers(max(1, round(self.of.count * intensity))))

    def act(self, influence: Influence) -> None:
        """Let it act with others."""
        influence.suspended_count = max(influence.suspended_count, self.of.count)

    def __str__(self) -> str:
        return f"no replenishment of {self.of}"


@dataclass(frozen=True)
class Dirt:
    """A share ``rate`` (0 to 1) of the rows of the marketplaces' feed is late, repeated, malformed, out of order or contradicting."""

    rate: float

    def scaled(self, intensity: float) -> Self:
        """The same, ``intensity`` times as strong; at most half of the rows."""
        return replace(self, rate=_multiplied(self.rate, intensity, _MOST_DIRT))

    def act(self, influence: Influence) -> None:
        """Let it act with others."""
        influence.dirty_rate = min(influence.dirty_rate + self.rate, _MOST_DIRT)

    def __str__(self) -> str:
        return f"{self.rate:.0%} of the marketplaces' feed rows dirty"


Effect = Demand | Discount | Fraud | VoucherBlast | Returns | Carriers | SupplyHalt | Dirt


def _stretched(factor: float, intensity: float) -> float:
    return _rounded(max(0.0, 1.0 + (factor - 1.0) * intensity))


def _multiplied(rate: float, intensity: float, most: float) -> float:
    return _rounded(min(rate * intensity, most))


def _rounded(value: float) -> float:
    """To what the promotions table keeps of a rate, so that a row says what was given."""
    return round(value, 4)


def _when(during: Hours) -> str:
    return "all day" if during == ALL_DAY else str(during)
