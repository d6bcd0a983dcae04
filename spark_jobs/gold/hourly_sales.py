"""Sales of one hour in one channel: how a day went."""

from pyiceberg.types import DateType, IntegerType, StringType
from pyspark.sql import DataFrame

from iceberg.quality.checks import at_least, at_most_column, equals
from iceberg.table import Column, RecomputeTouched, Table, month
from spark_jobs.definitions.order_ledger import ORDER_RULES, sums_to_ledger
from spark_jobs.definitions.sales import SALES_COLUMNS, average_order_value, order_sales, sales_measures

TABLE = Table(
    grain="one row per order date, hour and channel",
    key=("order_date", "order_hour", "channel_code"),
    columns=(
        Column("order_date", DateType(), "day the orders were placed, in the shop's time zone"),
        Column("order_hour", IntegerType(), "hour of that day, 0 to 23, in the shop's time zone"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        *SALES_COLUMNS,
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
        *sums_to_ledger("order_date", "order_hour", "channel_code"),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(silver_orders: DataFrame, silver_order_items: DataFrame, silver_payments: DataFrame) -> DataFrame:
    """Sales of each hour and channel."""
    sales = order_sales(silver_orders, silver_order_items, silver_payments)
    measured = sales.groupBy(*TABLE.key).agg(*sales_measures())
    return measured.withColumn("average_order_value", average_order_value()).select(*TABLE.column_names)
