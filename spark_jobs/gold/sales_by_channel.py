"""All sales of one channel so far: which channel earns what."""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, sums_to
from iceberg.table import AMOUNT, MONEY, Column, RecomputeTouched, Table
from spark_jobs.sales import average_order_value

TABLE = Table(
    grain="one row per sales channel that has orders",
    key=("channel_code",),
    columns=(
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("first_order_date", DateType(), "day of its first order, in the shop's time zone"),
        Column("last_order_date", DateType(), "day of its newest order, in the shop's time zone"),
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
    ),
    refresh=RecomputeTouched("channel_code"),
    checks=(at_least("order_count", 1), sums_to("net_revenue", "gold.daily_sales", "net_revenue")),
)

_ADDED_UP = (
    "gross_merchandise_value", "discount_amount", "revenue", "refunded_amount", "net_revenue", "order_count", "paid_order_count",
    "cancelled_order_count", "returned_order_count", "unit_count",
)  # fmt: skip


def transform(gold_daily_sales: DataFrame) -> DataFrame:
    """The days of each channel added up."""
    sums = [F.sum(name).cast(gold_daily_sales.schema[name].dataType).alias(name) for name in _ADDED_UP]
    days = [F.min("order_date").alias("first_order_date"), F.max("order_date").alias("last_order_date")]
    measured = gold_daily_sales.groupBy("channel_code").agg(*days, *sums)
    return measured.withColumn("average_order_value", average_order_value()).select(*TABLE.column_names)
