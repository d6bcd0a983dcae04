"""A shop held against published figures: a number for each measure, and whether it lies where real shops do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gen_data.report import published
from gen_data.report.observed import Observed, Part, repeat_shares, zipf_slope
from gen_data.report.published import Measure

# A shop that opened a year ago has first orders of nearly that age.
_YEAR_DAYS, _NEARLY_A_YEAR_DAYS = 365, 360
_AFTERNOON_HOUR = 15


@dataclass(frozen=True)
class Finding:
    """A measure of this shop in the measure's unit; None where there is nothing to measure. ``note`` says what limits it."""

    measure: Measure
    value: float | None
    note: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the shop lies within what was published; None where that cannot be told."""
        if self.value is None or self.note:
            return None
        return self.measure.low <= self.value <= self.measure.high


def find(observed: Observed) -> list[Finding]:
    """Every measure of the shop."""
    visits, pieces = observed.visits, observed.orders_by_pieces
    has_orders = observed.orders_by_hour.any()
    morning = observed.orders_by_hour[:_AFTERNOON_HOUR]
    return [
        Finding(published.CART_ABANDONMENT, percent_of(observed.carts_by_month)),
        Finding(published.CONVERSION, _percent(visits.bought, visits.count)),
        Finding(published.CARTS_FILLED, _percent(visits.filled_cart, visits.count)),
        Finding(published.BOUNCES, _percent(visits.bounced, visits.count)),
        Finding(published.SEARCHES, _percent(visits.searched, visits.count)),
        Finding(published.RETURNS, percent_of(observed.returns_by_channel)),
        _repeat(observed),
        Finding(published.BUSIEST_HOUR, float(observed.orders_by_hour.argmax()) if has_orders else None),
        Finding(published.BUSIEST_HOUR_OF_THE_MORNING, float(morning.argmax()) if has_orders else None),
        Finding(published.ZIPF_SLOPE, zipf_slope(observed.pieces_by_product) if len(observed.pieces_by_product) > 1 else None),
        Finding(published.BASKET_SIZE, float((pieces * np.arange(len(pieces))).sum() / pieces.sum()) if has_orders else None),
    ]


def percent_of(parts: Sequence[Part]) -> float | None:
    """All parts together; None where there is nothing."""
    return _percent(sum(part.some for part in parts), sum(part.whole for part in parts))


def _percent(some: int, whole: int) -> float | None:
    return 100.0 * some / whole if whole else None


def _repeat(observed: Observed) -> Finding:
    shares = repeat_shares(observed.ordered_again, observed.not_yet)[: _YEAR_DAYS + 1]
    if len(shares) == 0:
        return Finding(published.REPEAT_PURCHASES, None)
    watched_days = len(shares) - 1
    note = "" if watched_days >= _NEARLY_A_YEAR_DAYS else f"within {watched_days} days: the shop is no older"
    return Finding(published.REPEAT_PURCHASES, 100.0 * float(shares[-1]), note)
