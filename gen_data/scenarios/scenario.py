"""What a scenario is: a name, a story, what it does to demand and discount, and what that must show in the numbers.

Everything is a plain value, so that a scenario can be shown in words and its expectations be proven by SQL.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Hours:
    """Local hours of every day, from ``first`` up to but not including ``end``."""

    first: int
    end: int

    def __str__(self) -> str:
        return f"from {self.first}:00 to {self.end}:00 shop time"


@dataclass(frozen=True)
class Demand:
    """Orders arrive ``factor`` times as often ``during`` these hours; all day when None."""

    factor: float
    during: Hours | None = None

    def __str__(self) -> str:
        return f"{self.factor:g} times the orders {self.during or 'all day'}"


@dataclass(frozen=True)
class TopProducts:
    """The ``count`` products that sell best."""

    count: int

    def __str__(self) -> str:
        return f"the {self.count} best-selling products"


@dataclass(frozen=True)
class Discount:
    """A share of the list price taken off ``of`` these products ``during`` these hours; all day when None."""

    rate: float
    of: TopProducts
    during: Hours | None = None

    def __str__(self) -> str:
        return f"{self.rate:.0%} off {self.of} {self.during or 'all day'}"


@dataclass(frozen=True)
class Expectation:
    """A measure that this scenario moves against a normal day, ``during`` these hours, by at least this factor."""

    measure: str
    direction: Literal["rises", "falls"]
    at_least: float
    during: Hours | None = None

    def __str__(self) -> str:
        return f"{self.measure} {self.direction} at least {self.at_least:g} times {self.during or 'over the day'}"


@dataclass(frozen=True)
class Scenario:
    """A way for the shop to behave. ``None`` leaves a part as on a normal day."""

    name: str
    story: str
    demand: Demand | None = None
    discount: Discount | None = None
    expects: tuple[Expectation, ...] = field(default=())


def hours(first: int, end: int) -> Hours:
    """Local hours from ``first`` up to ``end``, both 0 to 24."""
    return Hours(first, end)


def times(factor: float, during: Hours | None = None) -> Demand:
    """Demand multiplied by ``factor``."""
    return Demand(factor, during)


def top_products(count: int) -> TopProducts:
    """The ``count`` products that sell best."""
    return TopProducts(count)


def share(rate: float, of: TopProducts, during: Hours | None = None) -> Discount:
    """A discount of ``rate`` (0 to 1) of the list price."""
    return Discount(rate, of, during)


def rises(measure: str, at_least: float, during: Hours | None = None) -> Expectation:
    """The measure is at least so many times that of a normal day."""
    return Expectation(measure, "rises", at_least, during)
