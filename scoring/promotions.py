"""How far the estimated lift of voucher campaigns is from the one that the held-out customers show."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    holder_order_count: int


@dataclass(frozen=True)
class LiftGrade:
    """A campaign's lift, or that of all together, as estimated and as it was; None where there is none.

    Attributes:
        campaign: Number of the campaign, or ``all``.
        treated: Customers who got the voucher.
        treated_orders: Their orders while it ran.
        held_out: Customers who were drawn and got none.
        held_out_orders: Their orders meanwhile.
        estimated: Lift as the mart says.
    """

    campaign: str
    treated: int
    treated_orders: int
    held_out: int
    held_out_orders: int
    estimated: float | None

    @property
    def true(self) -> float | None:
        """Orders per treated customer over orders per held-out one."""
        if not (self.treated and self.held_out and self.held_out_orders):
            return None
        return (self.treated_orders / self.treated) / (self.held_out_orders / self.held_out)

    @property
    def error(self) -> float | None:
        """How far the estimate is off, as a share of the truth: 0.1 for ten percent too much."""
        return self.estimated / self.true - 1 if self.estimated is not None and self.true else None


def grade_lift(campaigns: Sequence[Campaign], orders: pa.Table, audience: Mapping[int, Mapping[int, bool]]) -> list[LiftGrade]:
    """Grades of each campaign, and of all together last.

    ``orders`` has customer_id and ordered_at of every order. Together, the
    estimates are weighted by the orders that holders would have placed anyway.
    """
    grades = []
    for campaign in campaigns:
        drawn = audience.get(campaign.promotion_id, {})
        when = orders["ordered_at"]
        is_meanwhile = pc.and_(
            pc.greater_equal(when, pa.scalar(campaign.starts_at, when.type)), pc.less(when, pa.scalar(campaign.ends_at, when.type))
        )
        buyers = orders.filter(is_meanwhile)["customer_id"].to_pylist()
        bought = Counter(drawn[buyer] for buyer in buyers if buyer is not None and buyer in drawn)
        treated = sum(drawn.values())
        number = str(campaign.promotion_id)
        grades.append(LiftGrade(number, treated, bought[True], len(drawn) - treated, bought[False], campaign.lift))
    known = [(campaign.holder_order_count, campaign.lift) for campaign in campaigns if campaign.lift]
    with_it, without_it = sum(count for count, _ in known), fsum(count / lift for count, lift in known)
    whole = LiftGrade(
        ALL,
        treated=sum(grade.treated for grade in grades),
        treated_orders=sum(grade.treated_orders for grade in grades),
        held_out=sum(grade.held_out for grade in grades),
        held_out_orders=sum(grade.held_out_orders for grade in grades),
        estimated=with_it / without_it if without_it else None,
    )
    return [*grades, whole]
