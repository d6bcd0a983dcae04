"""How far the estimated lift of voucher campaigns is from what they really brought."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from math import fsum

import pyarrow as pa
import pyarrow.compute as pc

ALL = "all"


@dataclass(frozen=True)
class Campaign:
    """What the mart says of a voucher campaign; the lift is None where it could not be estimated."""

    promotion_id: int
    starts_at: datetime
    ends_at: datetime
    lift: float | None
    treated_order_count: int


@dataclass(frozen=True)
class LiftGrade:
    """A campaign's lift, or that of all together, as estimated and as it was; None where there is none.

    Attributes:
        campaign: Number of the campaign, or ``all``.
        treated_orders: Honest orders of customers who got the voucher, while it ran.
        caused_orders: Of these, those that would not be there without it.
        estimated: Lift as the mart says.
    """

    campaign: str
    treated_orders: int
    caused_orders: int
    estimated: float | None

    @property
    def true(self) -> float | None:
        """Orders with the voucher over those that would be there without it."""
        otherwise = self.treated_orders - self.caused_orders
        return self.treated_orders / otherwise if otherwise else None

    @property
    def error(self) -> float | None:
        """How far the estimate is off, as a share of the truth: 0.1 for ten percent too much."""
        return self.estimated / self.true - 1 if self.estimated is not None and self.true else None


def grade_lift(
    campaigns: Sequence[Campaign], contacts: pa.Table, orders: pa.Table, caused: Mapping[int, Set[int]], frauds: Iterable[int]
) -> list[LiftGrade]:
    """Grades of each campaign, and of all together last.

    ``contacts`` has promotion_id, customer_id and is_held_out of everybody who
    was drawn, ``orders`` order_id, customer_id and ordered_at of every order,
    ``caused`` the orders that each campaign caused. Together, the estimates are
    weighted by the orders that the treated would have placed anyway.
    """
    frauds = set(frauds)
    grades = []
    for campaign in campaigns:
        drawn = contacts.filter((pc.field("promotion_id") == campaign.promotion_id) & ~pc.field("is_held_out"))
        treated = pc.is_in(orders["customer_id"], drawn["customer_id"].combine_chunks())
        when = orders["ordered_at"]
        is_meanwhile = pc.and_(
            pc.greater_equal(when, pa.scalar(campaign.starts_at, when.type)), pc.less(when, pa.scalar(campaign.ends_at, when.type))
        )
        placed = set(orders.filter(pc.and_(treated, is_meanwhile))["order_id"].to_pylist()) - frauds
        brought = placed & caused.get(campaign.promotion_id, set())
        grades.append(LiftGrade(str(campaign.promotion_id), len(placed), len(brought), campaign.lift))
    known = [(campaign.treated_order_count, campaign.lift) for campaign in campaigns if campaign.lift]
    with_it, without_it = sum(count for count, _ in known), fsum(count / lift for count, lift in known)
    whole = LiftGrade(
        ALL,
        treated_orders=sum(grade.treated_orders for grade in grades),
        caused_orders=sum(grade.caused_orders for grade in grades),
        estimated=with_it / without_it if without_it else None,
    )
    return [*grades, whole]
