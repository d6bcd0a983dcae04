"""How well orders were told from frauds: precision and recall, in all and by kind of fraud."""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

import pyarrow as pa

from shoplake.core.errors import TableError

KINDS = ("card_testing", "account_takeover", "refund_abuse", "promo_abuse")
ALL = "all"
FLAGS = ("is_fraud", "is_flagged")
"""Columns that say of an order whether it is fraud; the first one that a table has counts."""
SCORE = "score"


@dataclass(frozen=True)
class FraudGrade:
    """How well one kind of fraud, or all of them, was found; shares are 0 to 1, and None where there is nothing to divide by.

    Attributes:
        kind: Kind of fraud, or ``all``.
        frauds: Fraudulent orders of the kind.
        caught: Of these, those that were flagged, whatever they were taken for.
        flagged: Orders that were flagged as this kind; None where the table names no kinds.
        right: Of the orders flagged as this kind, those that are fraud of any kind; None likewise.
    """

    kind: str
    frauds: int
    caught: int
    flagged: int | None
    right: int | None

    @property
    def recall(self) -> float | None:
        """Share of the frauds that were flagged."""
        return self.caught / self.frauds if self.frauds else None

    @property
    def precision(self) -> float | None:
        """Share of the flagged orders that are fraud."""
        return self.right / self.flagged if self.flagged and self.right is not None else None


def flagged_orders(found: pa.Table, name: str, threshold: float) -> dict[int, str | None]:
    """The orders that a table takes for fraud, each with the kind that it looks like where the table says so.

    The table has ``order_id`` and one of FLAGS, or ``score``, which counts as
    fraud from ``threshold`` on. Raises TableError when it has not, or names an order twice.
    """
    columns = found.column_names
    flag = next((column for column in FLAGS if column in columns), None)
    if "order_id" not in columns or (flag is None and SCORE not in columns):
        raise TableError(f"score: {name} must have order_id and is_fraud or score, but has {', '.join(columns)}. Rename its columns.")
    rows = [row for row in found.to_pylist() if row["order_id"] is not None]
    flagged = {
        int(row["order_id"]): row.get("looks_like")
        for row in rows
        if (bool(row[flag]) if flag else row[SCORE] is not None and float(row[SCORE]) >= threshold)
    }
    if len(rows) != len({row["order_id"] for row in rows}):
        raise TableError(f"score: {name} names an order more than once. Give each order one row.")
    return flagged


def grade_frauds(flagged: Mapping[int, str | None], orders: Set[int], truth: Mapping[int, str]) -> list[FraudGrade]:
    """Grades of each kind, and of all of them last. What is not among ``orders`` does not count: the lake cannot know of it."""
    frauds = {order: kind for order, kind in truth.items() if order in orders}
    flags = {order: kind for order, kind in flagged.items() if order in orders}
    of_kind, caught = Counter(frauds.values()), Counter(kind for order, kind in frauds.items() if order in flags)
    names_kinds = any(kind is not None for kind in flags.values())
    taken_for, right = Counter(flags.values()), Counter(kind for order, kind in flags.items() if order in frauds)
    grades = [
        FraudGrade(kind, of_kind[kind], caught[kind], taken_for[kind] if names_kinds else None, right[kind] if names_kinds else None)
        for kind in KINDS
    ]
    return [*grades, FraudGrade(ALL, len(frauds), caught.total(), len(flags), right.total())]
