"""What two shops of one seed are compared by: the KPIs of a shop, and which orders make the difference in each."""

from dataclasses import dataclass, field
from decimal import Decimal

from gen_data.compare.differences import CLASSES, Class, Differences
from gen_data.compare.facts import FACTS, place_of
from gen_data.randomness import IntArray

Number = int | Decimal | float


@dataclass(frozen=True)
class Kpi:
    """A number of what a window brought, as far as it is known by now: the sum of a fact, or of one fact for each of another."""

    name: str
    meaning: str
    of: str = field(repr=False)
    per: str | None = field(default=None, repr=False)


KPIS = (
    Kpi("orders", "orders placed, cancelled ones included", "orders"),
    Kpi("units", "pieces in all orders placed", "units"),
    Kpi("gross merchandise value", "list prices of all orders placed", "items_amount"),
    Kpi("discounts", "what was taken off the list prices", "discount_amount"),
    Kpi("discount rate", "discounts for each unit of money of list prices", "discount_amount", per="items_amount"),
    Kpi("revenue", "items less discounts of the paid orders, without shipping and tax", "revenue"),
    Kpi("refunds", "what of the revenue was given back", "refunded_amount"),
    Kpi("net revenue", "revenue less refunds", "net_revenue"),
    Kpi("gross profit", "revenue, before refunds, less what the goods cost", "gross_profit"),
    Kpi("average order value", "revenue for each paid order", "revenue", per="paid_orders"),
    Kpi("units per order", "pieces in an order", "units", per="orders"),
    Kpi("new customers", "customers who registered, with an order or without", "new_customers"),
    Kpi("visits", "visits to the website, each one-click purchase among them", "visits"),
    Kpi("conversion rate", "visits that ended in an order, of all visits, one-click purchases in both", "buying_visits", per="visits"),
    Kpi("carts", "carts that something was put into", "carts"),
    Kpi("abandoned carts", "carts that never became an order", "abandoned_carts"),
    Kpi("cart abandonment rate", "abandoned carts, of all carts", "abandoned_carts", per="carts"),
    Kpi("lost sales", "pieces that were wanted and not in stock", "lost_units"),
    Kpi("failed payments", "attempts to pay that failed", "failed_payments"),
    Kpi("failed payments per order", "attempts to pay that failed, for each order placed", "failed_payments", per="orders"),
    Kpi("cancelled orders", "orders that are cancelled, those lost on the way included", "cancelled_orders"),
    Kpi("cancel rate", "cancelled orders, of all orders placed", "cancelled_orders", per="orders"),
    Kpi("delivered orders", "orders that arrived", "delivered_orders"),
    Kpi("open orders", "orders of which it is not known yet how they end", "open_orders"),
    Kpi("late parcels", "parcels delivered after the promised instant", "late_parcels"),
    Kpi("late rate", "late parcels, of the delivered ones", "late_parcels", per="delivered_parcels"),
    Kpi("lost parcels", "parcels that carriers lost", "lost_parcels"),
    Kpi("returned orders", "orders of which something is, or is asked to be, sent back", "returned_orders"),
    Kpi("return rate", "returned orders, of the delivered ones", "returned_orders", per="delivered_orders"),
    Kpi("goodwill credits", "money given to customers for what went wrong", "goodwill_amount"),
    Kpi("support tickets", "questions and complaints about the orders", "tickets"),
    Kpi("fraud orders", "orders that are fraud, by the ground truth", "fraud_orders"),
    Kpi("feed rows", "messages of the marketplaces about the orders", "feed_rows"),
    Kpi("dirty feed rows", "such messages that are late, repeated, malformed, out of order or contradicting", "dirty_feed_rows"),
)


@dataclass(frozen=True)
class Effect:
    """What a KPI is in the shop with the scenario, and in its twin without it.

    ``parts`` says what each class of orders contributes to the difference, and
    adds up to it exactly; None for a KPI that is one fact for each of another.
    A value is None where there was nothing to divide by.
    """

    kpi: Kpi
    shop: Number | None
    twin: Number | None
    parts: dict[Class, Number] | None

    @property
    def difference(self) -> Number | None:
        """How much more it is with the scenario."""
        return None if self.shop is None or self.twin is None else self.shop - self.twin  # type: ignore[operator] # both are of one kind

    @property
    def ratio(self) -> float | None:
        """How many times as much it is with the scenario; None where there is none of it without."""
        return None if self.shop is None or not self.twin else float(self.shop / self.twin)  # type: ignore[operator] # both are of one kind


def effects(differences: Differences) -> list[Effect]:
    """Every KPI in both shops, and what makes the difference."""
    return [_effect(kpi, differences) for kpi in KPIS]


def _effect(kpi: Kpi, differences: Differences) -> Effect:
    shop, twin = differences.shop[:, place_of(kpi.of)], differences.twin[:, place_of(kpi.of)]
    if kpi.per is None:
        change = shop - twin
        parts: dict[Class, Number] = {name: _total(kpi.of, change[differences.of_class(name)]) for name in CLASSES}
        return Effect(kpi, _total(kpi.of, shop), _total(kpi.of, twin), parts)
    per = place_of(kpi.per)
    with_it, without_it = (
        _divided(_total(kpi.of, amounts), _total(kpi.per, side[:, per]))
        for side, amounts in ((differences.shop, shop), (differences.twin, twin))
    )
    return Effect(kpi, with_it, without_it, None)


def _total(name: str, values: IntArray) -> int | Decimal:
    total = int(values.sum())
    return Decimal(total).scaleb(-2) if FACTS[place_of(name)].kind == "money" else total


def _divided(amount: int | Decimal, count: int | Decimal) -> Number | None:
    if not count:
        return None
    if isinstance(amount, Decimal) and isinstance(count, int):
        return round(amount / count, 2)
    return float(amount / Decimal(count))
