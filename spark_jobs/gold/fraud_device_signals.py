"""Orders from devices that several accounts used within a day, with what else happened on the device meanwhile."""

from pyiceberg.types import LongType, TimestamptzType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, references
from iceberg.table import Column, RecomputeTouched, Table

SURROUNDING_SECONDS = 12 * 3_600
"""What counts as the same day on a device: so long before and after an order."""

TABLE = Table(
    grain="one row per order from a device from which another account ordered within twelve hours",
    key=("device_id", "order_id"),
    columns=(
        Column("device_id", LongType(), "device that the order was placed from", is_personal=True),
        Column("order_id", LongType(), "number of the order, see silver.orders"),
        Column("customer_id", LongType(), "who ordered, see silver.customers", required=True),
        Column("ordered_at", TimestamptzType(), "when the order was placed"),
        Column("account_count", LongType(), "accounts that ordered from the device within twelve hours of it, its own included"),
        Column("order_count", LongType(), "orders from the device within twelve hours of it, itself included"),
        Column("card_count", LongType(), "cards that these orders were paid with, or tried to"),
        Column("declined_order_count", LongType(), "of these orders, those that a card was declined for and nothing paid"),
    ),
    refresh=RecomputeTouched("device_id", via="silver.orders"),
    checks=(
        at_least("account_count", 2),
        at_most_column("account_count", "order_count"),
        at_most_column("declined_order_count", "order_count"),
        references("customer_id", "silver.customers"),
    ),
    owner="risk",
    fresh_within_minutes=15,
)


def transform(silver_orders: DataFrame, silver_payments: DataFrame) -> DataFrame:
    """What happened around each order on its device, where it was not alone."""
    payments = silver_payments.groupBy("order_id").agg(
        F.min("card_token").alias("card_token"),
        F.bool_or(F.col("status") == "succeeded").alias("is_paid"),
        F.bool_or((F.col("status") == "failed") & (F.col("method") == "card")).alias("is_declined"),
    )
    orders = (
        silver_orders.where("device_id is not null")
        .select("device_id", "order_id", "customer_id", "ordered_at")
        .join(payments, on="order_id", how="left")
        .withColumn("unpaid_declined", F.coalesce(F.col("is_declined") & ~F.col("is_paid"), F.lit(False)))
    )
    around = Window.partitionBy("device_id").orderBy(F.unix_seconds("ordered_at")).rangeBetween(-SURROUNDING_SECONDS, SURROUNDING_SECONDS)
    counted = orders.select(
        "device_id",
        "order_id",
        "customer_id",
        "ordered_at",
        _different("customer_id").over(around).alias("accounts"),
        F.count(F.lit(1)).over(around).alias("order_count"),
        _different("card_token").over(around).alias("cards"),
        F.count(F.when(F.col("unpaid_declined"), 1)).over(around).alias("declined_order_count"),
    )
    return (
        counted.withColumn("account_count", F.size("accounts").cast("bigint"))
        .withColumn("card_count", F.size("cards").cast("bigint"))
        .where("account_count > 1")
        .select(*TABLE.column_names)
    )


def _different(column: str) -> Expression:
    """The different values of a column, of which a window can take the number only so."""
    return F.collect_set(column)
