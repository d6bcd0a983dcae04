"""How long orders take from payment to the door, by day of the order and warehouse."""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, references
from iceberg.table import Column, RecomputeTouched, Table, month
from spark_jobs.definitions.durations import HOURS, mean_hours, p90_hours, seconds_between

TABLE = Table(
    grain="one row per order date and warehouse",
    key=("order_date", "warehouse_code"),
    columns=(
        Column("order_date", DateType(), "day the orders were placed, in the shop's time zone"),
        Column("warehouse_code", StringType(), "where pieces of the orders leave from; an order out of several warehouses counts in each"),
        Column("order_count", LongType(), "orders placed with a line from this warehouse, cancelled ones included"),
        Column("packed_order_count", LongType(), "orders that were packed"),
        Column("shipped_order_count", LongType(), "orders that were handed to a carrier"),
        Column("delivered_order_count", LongType(), "orders that arrived"),
        Column(
            "handed_over_in_time_count",
            LongType(),
            "shipped orders that were handed over within the hours that their channel wants, counted from the order",
        ),
        Column("paid_to_packed_hours", HOURS, "mean hours from paid (or cash on delivery agreed) to packed; empty while none is packed"),
        Column("packed_to_shipped_hours", HOURS, "mean hours from packed to handed over; empty while none is"),
        Column("shipped_to_delivered_hours", HOURS, "mean hours from handed over to delivered; empty while none is"),
        Column("paid_to_delivered_hours", HOURS, "mean hours from paid to delivered; empty while none is"),
        Column("p90_paid_to_delivered_hours", HOURS, "hours within which 9 of 10 were, by linear interpolation (Hyndman and Fan, 1996)"),
    ),
    partition_by=month("order_date"),
    refresh=RecomputeTouched("order_date", via="silver.orders", lookups={"silver.channels": ("lead_time_hours",)}),
    checks=(
        references("warehouse_code", "silver.warehouses"),
        at_least("order_count", 1),
        at_most_column("packed_order_count", "order_count"),
        at_most_column("shipped_order_count", "packed_order_count"),
        at_most_column("delivered_order_count", "shipped_order_count"),
        at_most_column("handed_over_in_time_count", "shipped_order_count"),
        at_least("paid_to_packed_hours", 0),
        at_least("packed_to_shipped_hours", 0),
        at_least("shipped_to_delivered_hours", 0),
    ),
    owner="operations",
    fresh_within_minutes=15,
)

_STEPS = ("paid", "packed", "shipped", "delivered")


def transform(
    silver_orders: DataFrame, silver_order_items: DataFrame, silver_order_status_history: DataFrame, silver_channels: DataFrame
) -> DataFrame:
    """The times of each day's orders in each warehouse."""
    steps = silver_order_status_history.groupBy("order_id").agg(
        *(F.min(F.when(F.col("status") == status, F.col("changed_at"))).alias(status) for status in _STEPS)
    )
    orders = (
        silver_order_items.select("order_id", "warehouse_code")
        .distinct()
        .join(silver_orders.select("order_id", "order_date", "ordered_at", "channel_code"), on="order_id", how="inner")
        .join(steps, on="order_id", how="left")
        .join(silver_channels.select("channel_code", "lead_time_hours"), on="channel_code", how="left")
    )
    is_in_time = seconds_between(F.col("ordered_at"), F.col("shipped")) <= F.col("lead_time_hours") * 3600
    return (
        orders.groupBy(*TABLE.key)
        .agg(
            F.count(F.lit(1)).alias("order_count"),
            *(F.count(status).alias(f"{status}_order_count") for status in _STEPS[1:]),
            F.count_if(is_in_time).alias("handed_over_in_time_count"),
            mean_hours(_seconds("paid", "packed")).alias("paid_to_packed_hours"),
            mean_hours(_seconds("packed", "shipped")).alias("packed_to_shipped_hours"),
            mean_hours(_seconds("shipped", "delivered")).alias("shipped_to_delivered_hours"),
            mean_hours(_seconds("paid", "delivered")).alias("paid_to_delivered_hours"),
            p90_hours(_seconds("paid", "delivered")).alias("p90_paid_to_delivered_hours"),
        )
        .select(*TABLE.column_names)
    )


def _seconds(start: str, end: str) -> Expression:
    return seconds_between(F.col(start), F.col(end))
