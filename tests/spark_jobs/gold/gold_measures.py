"""What scenarios must show, measured in gold: each measure of the shop as the gold tables know it, for one shop's day."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gen_data.scenarios.effects import Hours
from iceberg.catalog import open_catalog
from shoplake.core.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True)
class Gold:
    """The gold tables of one lake, seen on one local day and in some of its hours."""

    settings: Settings
    day: date
    during: Hours

    def rows(self, name: str, *columns: str) -> list[Row]:
        """Columns of all rows of a table, all of them unless named."""
        found: list[Row] = (
            open_catalog(self.settings).load_table(f"gold.{name}").scan(selected_fields=columns or ("*",)).to_arrow().to_pylist()
        )
        return found

    def is_on_the_day(self, instant: Any) -> bool:
        """Whether an instant is on the day, in the shop's time zone."""
        return bool(instant.astimezone(ZoneInfo(self.settings.time_zone)).date() == self.day)

    @property
    def month(self) -> date:
        """The first day of the month."""
        return self.day.replace(day=1)

    def hours(self, *columns: str) -> list[float]:
        """The sums of hourly sales' columns in the hours."""
        rows = self.rows("hourly_sales", "order_date", "order_hour", *columns)
        during = [row for row in rows if row["order_date"] == self.day and self.during.first <= row["order_hour"] < self.during.end]
        return [float(sum(row[column] for row in during)) for column in columns]


def orders_per_hour(gold: Gold) -> float:
    (orders,) = gold.hours("order_count")
    return orders / (gold.during.end - gold.during.first)


def discount_share(gold: Gold) -> float:
    discounts, gross = gold.hours("discount_amount", "gross_merchandise_value")
    return discounts / gross


def pieces_per_order(gold: Gold) -> float:
    pieces, orders = gold.hours("unit_count", "order_count")
    return pieces / orders


def new_customers(gold: Gold) -> float:
    return sum(row["new_customer_count"] for row in gold.rows("retention_d7") if row["first_order_date"] == gold.day)


def pieces_issued(gold: Gold) -> float:
    return sum(row["issued_unit_count"] for row in gold.rows("daily_stock_movements") if row["happened_date"] == gold.day)


def empty_shelves(gold: Gold) -> float:
    held: dict[tuple[int, str], int] = {}
    for row in gold.rows("daily_stock_movements", "happened_date", "product_id", "warehouse_code", "unit_change"):
        if row["happened_date"] <= gold.day:
            shelf = (row["product_id"], row["warehouse_code"])
            held[shelf] = held.get(shelf, 0) + row["unit_change"]
    return sum(not pieces for pieces in held.values())


def most_on_one_device(column: str, least: int) -> Callable[[Gold], float]:
    """The highest count on a device among the orders of the day that are worth a look; ``least`` where none is."""
    return lambda gold: max(
        (row[column] for row in gold.rows("mart_fraud_signals", "order_date", column) if row["order_date"] == gold.day), default=least
    )


def suspects_from_elsewhere(gold: Gold) -> float:
    suspects = gold.rows("mart_fraud_signals", "order_date", "is_placed_elsewhere")
    (orders,) = gold.hours("order_count")
    return sum(row["is_placed_elsewhere"] for row in suspects if row["order_date"] == gold.day) / orders


def treated_orders_per_held_out_order(gold: Gold) -> float:
    campaigns = [row for row in gold.rows("mart_promotion_lift") if gold.is_on_the_day(row["starts_at"])]
    held_out = sum(row["held_out_order_count"] for row in campaigns)
    return sum(row["treated_order_count"] for row in campaigns) / held_out if held_out else 1.0


def messages_with(problem: str) -> Callable[[Gold], float]:
    """Messages received on the day that have a problem."""
    return lambda gold: sum(
        row["problem"] == problem and gold.is_on_the_day(row["received_at"]) for row in gold.rows("feed_problems", "problem", "received_at")
    )


def hours_to_deliver(gold: Gold) -> float:
    rows = [row for row in gold.rows("fulfilment_times") if row["order_date"] == gold.day and row["shipped_to_delivered_hours"] is not None]
    return _mean((row["shipped_to_delivered_hours"], row["delivered_order_count"]) for row in rows)


def share_of_pieces_that_came_back(gold: Gold) -> float:
    rows = [row for row in gold.rows("return_rates") if row["delivered_month"] == gold.month]
    return sum(row["returned_unit_count"] for row in rows) / sum(row["delivered_unit_count"] for row in rows)


def _mean(weighted: Iterable[tuple[Any, int]]) -> float:
    pairs = [(float(value), weight) for value, weight in weighted]
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


@dataclass(frozen=True)
class InGold:
    """How gold tells of a measure.

    Attributes:
        table: The table that it is read from, with what else it needs.
        read: Gives the number.
        is_exact: Whether it is the shop's own number to the last digit.
        by_hours: Whether it is of the hours, rather than of their whole day.
    """

    tables: tuple[str, ...]
    read: Callable[[Gold], float]
    is_exact: bool = False
    by_hours: bool = False


IN_GOLD = {
    "orders per hour": InGold(("hourly_sales",), orders_per_hour, is_exact=True, by_hours=True),
    "discount share": InGold(("hourly_sales",), discount_share, is_exact=True, by_hours=True),
    "pieces per order": InGold(("hourly_sales",), pieces_per_order, is_exact=True, by_hours=True),
    # Gold knows when customers first ordered, by the day.
    "new customers per hour": InGold(("retention_d7",), new_customers),
    # Of parcels gold counts months; the pieces in them by the day.
    "parcels shipped per hour": InGold(("daily_stock_movements",), pieces_issued),
    "empty shelves": InGold(("daily_stock_movements",), empty_shelves, is_exact=True),
    # Attempts to pay are not counted in gold, but the orders on one device that a card was declined for.
    "failed payments per order": InGold(("mart_fraud_signals",), most_on_one_device("device_declined_count", 0)),
    "most cards on one device": InGold(("mart_fraud_signals",), most_on_one_device("device_card_count", 1)),
    "most orders from one device": InGold(("mart_fraud_signals",), most_on_one_device("device_order_count", 1)),
    "orders placed from elsewhere": InGold(("mart_fraud_signals", "hourly_sales"), suspects_from_elsewhere),
    "treated orders per held-out order": InGold(("mart_promotion_lift",), treated_orders_per_held_out_order),
    "malformed feed rows": InGold(("feed_problems",), messages_with("malformed")),
    "repeated feed rows": InGold(("feed_problems",), messages_with("repeated")),
    "transit hours": InGold(("fulfilment_times",), hours_to_deliver),
    # Returns are counted by the month of delivery, over pieces.
    "return rate": InGold(("return_rates",), share_of_pieces_that_came_back),
}

NOT_IN_GOLD = {"lost sales": "what was wanted and not sold leaves no row in the shop; only the ground truth knows"}


def seen(settings: Settings, measure: str, day: date, during: Hours) -> float:
    """A measure of a day as gold tells it."""
    return float(IN_GOLD[measure].read(Gold(settings, day, during)))


def later(day: date, days: int) -> date:
    """So many days after a day."""
    return day + timedelta(days=days)
