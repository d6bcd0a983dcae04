"""An order as it stands now."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, at_most_column, equals, not_null, references, sums_to
from iceberg.table import AMOUNT, Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date, local_month
from spark_jobs.definitions.vocabulary import ORDER_STATUSES

TABLE = Table(
    grain="one row per order",
    key=("order_id",),
    columns=(
        Column("order_id", LongType(), "number of the order"),
        Column("customer_id", LongType(), "who ordered, see silver.customers"),
        Column("address_id", LongType(), "where it goes, see silver.customer_addresses"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("status", StringType(), "pending, paid, packed, shipped, delivered, cancelled or returned"),
        Column("ordered_at", TimestamptzType(), "when the order was placed"),
        Column("order_date", DateType(), "day the order was placed, in the shop's time zone"),
        Column("order_month", DateType(), "first day of that day's month"),
        Column("order_hour", IntegerType(), "hour of that day, 0 to 23, in the shop's time zone"),
        Column("currency", StringType(), "currency of the amounts, ISO 4217"),
        Column("items_amount", AMOUNT, "list price times quantity of all lines, before discounts"),
        Column("discount_amount", AMOUNT, "discounts on the lines"),
        Column("net_amount", AMOUNT, "items less discounts: what the goods were sold for, without shipping and tax"),
        Column("shipping_amount", AMOUNT, "what the customer pays for shipping"),
        Column("tax_amount", AMOUNT, "tax on the order"),
        Column("total_amount", AMOUNT, "what the customer pays: net, shipping and tax"),
        Column("device_id", LongType(), "device that it was placed from", is_personal=True),
        Column("placed_from", StringType(), "province of the network address that it was placed from", is_personal=True),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("status", *ORDER_STATUSES),
        not_null("ordered_at"),
        not_null("channel_code"),
        at_least("items_amount", 0),
        at_least("discount_amount", 0),
        at_most_column("discount_amount", "items_amount"),
        at_least("total_amount", 0),
        equals("total_amount", "net_amount + shipping_amount + tax_amount"),
        sums_to("total_amount", "bronze.orders", "total_amount", by=("order_id",)),
        references("customer_id", "silver.customers"),
        references("channel_code", "silver.channels"),
    ),
)


def transform(bronze_orders: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each order, with its day, month and hour in the shop's time zone."""
    return (
        bronze_orders.withColumn("order_date", local_date("ordered_at", time_zone))
        .withColumn("order_month", local_month("ordered_at", time_zone))
        .withColumn("order_hour", F.hour(F.from_utc_timestamp("ordered_at", time_zone)))
        .withColumn("net_amount", (F.col("items_amount") - F.col("discount_amount")).cast("decimal(14,2)"))
        .select(*TABLE.column_names)
    )
