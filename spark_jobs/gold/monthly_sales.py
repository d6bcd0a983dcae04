"""Sales of one month in one channel."""

from pyiceberg.types import DateType, IntegerType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, sums_to
from iceberg.table import Column, FullRefresh, MadeOf, Table
from spark_jobs.definitions.local_time import month_of
from spark_jobs.definitions.sales import MONEY_COLUMNS, SALES_COLUMNS, added_up, average_order_value

_MONTHS = ("cast(date_trunc('month', order_date) as date)", "channel_code")

TABLE = Table(
    grain="one row per order month and channel",
    key=("order_month", "channel_code"),
    columns=(
        Column("order_month", DateType(), "first day of the month in which the orders were placed, in the shop's time zone"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("order_year", IntegerType(), "calendar year of that month"),
        Column("order_quarter", IntegerType(), "quarter of that year, 1 to 4, see gold.quarterly_sales"),
        *SALES_COLUMNS,
    ),
    refresh=FullRefresh(MadeOf("gold.daily_sales", *_MONTHS)),
    checks=(
        at_least("order_count", 1),
        at_most_column("revenue", "gross_merchandise_value"),
        *(sums_to(name, "gold.daily_sales", name, by=("order_month", "channel_code"), other_by=_MONTHS) for name in MONEY_COLUMNS),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(gold_daily_sales: DataFrame) -> DataFrame:
    """The days of each month and channel added up."""
    measured = gold_daily_sales.withColumn("order_month", month_of(F.col("order_date"))).groupBy(*TABLE.key).agg(*added_up())
    return (
        measured.withColumn("order_year", F.year("order_month"))
        .withColumn("order_quarter", F.quarter("order_month"))
        .withColumn("average_order_value", average_order_value())
        .select(*TABLE.column_names)
    )
