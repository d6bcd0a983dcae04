"""The KPIs of a whole release, from gold.daily_sales, to lay releases side by side."""

from decimal import Decimal

from iceberg.reader import ReleaseReader

TABLE = "gold.daily_sales"
_ADDED_UP = ("order_count", "paid_order_count", "gross_merchandise_value", "discount_amount", "revenue", "refunded_amount", "net_revenue")
_CENT = Decimal("0.01")


def kpis_of(reader: ReleaseReader) -> dict[str, Decimal | int | None]:
    """Each KPI over all days and channels of the release; none where it has no such table."""
    if TABLE not in reader.versions:
        return {}
    sums = ", ".join(f"sum({name}) as {name}" for name in _ADDED_UP)
    found = reader.sql(f"select {sums} from {TABLE}").to_pylist()[0]  # noqa: S608
    kpis = {name: int(value) if value is not None and name.endswith("_count") else value for name, value in found.items()}
    paid, revenue = found["paid_order_count"], found["revenue"]
    return {**kpis, "average_order_value": (Decimal(revenue) / Decimal(paid)).quantize(_CENT) if paid else None}
