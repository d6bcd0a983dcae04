"""Sales of one day in one channel: what finance closes the day on."""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, equals
from iceberg.table import Column, DistinctCount, RecomputeTouched, Table, month
from spark_jobs.definitions.order_ledger import ORDER_RULES, sums_to_ledger
from spark_jobs.definitions.sales import SALES_COLUMNS, average_order_value, order_sales, sales_measures

TABLE = Table(
    grain="one row per order date and channel",
    key=("order_date", "channel_code"),
    columns=(
        Column("order_date", DateType(), "day the orders were placed, in the shop's time zone"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        *SALES_COLUMNS,
        Column(
            "customer_count",
            LongType(),
            "different customers who ordered, in this channel on this day",
            made=DistinctCount("customer_id"),
        ),
    ),
    partition_by=month("order_date"),
    refresh=RecomputeTouched("order_date", via="silver.orders"),
    checks=(
        *ORDER_RULES,
        at_least("gross_merchandise_value", 0),
        at_least("discount_amount", 0),
        at_least("net_revenue", 0),
        equals("net_revenue", "revenue - refunded_amount"),
        at_most_column("revenue", "gross_merchandise_value"),
        at_least("order_count", 1),
        at_most_column("paid_order_count", "order_count"),
        *sums_to_ledger("order_date", "channel_code"),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(silver_orders: DataFrame, silver_order_items: DataFrame, silver_payments: DataFrame) -> DataFrame:
    """Sales of each day and channel."""
    sales = order_sales(silver_orders, silver_order_items, silver_payments)
    measured = sales.groupBy(*TABLE.key).agg(*sales_measures(), F.countDistinct("customer_id").alias("customer_count"))
    return measured.withColumn("average_order_value", average_order_value()).select(*TABLE.column_names)
