"""Sales of one day in one channel: what finance closes the day on."""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, sums_to
from iceberg.table import AMOUNT, MONEY, Column, RecomputeTouched, Table, month
from spark_jobs.sales import average_order_value, order_sales, sales_measures

TABLE = Table(
    grain="one row per order date and channel",
    key=("order_date", "channel_code"),
    columns=(
        Column("order_date", DateType(), "day the orders were placed, in the shop's time zone"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("gross_merchandise_value", MONEY, "list price times quantity of all placed lines, before discounts, in the shop's currency"),
        Column("discount_amount", MONEY, "discounts on all placed lines"),
        Column("revenue", MONEY, "items less discounts, without shipping and tax, of the paid orders"),
        Column("refunded_amount", MONEY, "what of that revenue was given back by refunds until now, whatever the day of the refund"),
        Column("net_revenue", MONEY, "revenue less refunds"),
        Column("order_count", LongType(), "orders placed, cancelled ones included"),
        Column("paid_order_count", LongType(), "orders with a successful payment that are not cancelled, refunded ones included"),
        Column("cancelled_order_count", LongType(), "orders that are cancelled by now"),
        Column("returned_order_count", LongType(), "orders that are returned by now"),
        Column("unit_count", LongType(), "pieces in all placed lines"),
        Column("average_order_value", AMOUNT, "revenue per paid order, before refunds; empty where none is paid"),
        Column("customer_count", LongType(), "different customers who ordered, in this channel on this day"),
    ),
    partition_by=month("order_date"),
    refresh=RecomputeTouched("order_date", via="silver.orders"),
    checks=(
        at_least("gross_merchandise_value", 0),
        at_least("discount_amount", 0),
        at_least("net_revenue", 0),
        at_most_column("revenue", "gross_merchandise_value"),
        at_least("order_count", 1),
        at_most_column("paid_order_count", "order_count"),
        sums_to("gross_merchandise_value", "silver.orders", "items_amount"),
    ),
)


def transform(silver_orders: DataFrame, silver_order_items: DataFrame, silver_payments: DataFrame) -> DataFrame:
    """Sales of each day and channel."""
    sales = order_sales(silver_orders, silver_order_items, silver_payments)
    measured = sales.groupBy(*TABLE.key).agg(*sales_measures(), F.countDistinct("customer_id").alias("customer_count"))
    return measured.withColumn("average_order_value", average_order_value()).select(*TABLE.column_names)
