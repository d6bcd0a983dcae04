"""All sales of one channel so far: which channel earns what."""

from pyiceberg.types import DateType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, sums_to
from iceberg.table import Column, RecomputeTouched, Table
from spark_jobs.definitions.sales import MONEY_COLUMNS, SALES_COLUMNS, added_up, average_order_value

TABLE = Table(
    grain="one row per sales channel that has orders",
    key=("channel_code",),
    columns=(
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("first_order_date", DateType(), "day of its first order, in the shop's time zone"),
        Column("last_order_date", DateType(), "day of its newest order, in the shop's time zone"),
        *SALES_COLUMNS,
    ),
    refresh=RecomputeTouched("channel_code"),
    checks=(
        at_least("order_count", 1),
        *(sums_to(name, "gold.daily_sales", name, by=("channel_code",)) for name in MONEY_COLUMNS),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(gold_daily_sales: DataFrame) -> DataFrame:
    """The days of each channel added up."""
    days = [F.min("order_date").alias("first_order_date"), F.max("order_date").alias("last_order_date")]
    measured = gold_daily_sales.groupBy("channel_code").agg(*days, *added_up())
    return measured.withColumn("average_order_value", average_order_value()).select(*TABLE.column_names)
