"""Sales of one quarter in one channel, and whether the quarter is over."""

from pyiceberg.types import BooleanType, DateType, IntegerType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, sums_to
from iceberg.table import Column, FullRefresh, MadeOf, Table
from spark_jobs.definitions.sales import MONEY_COLUMNS, SALES_COLUMNS, added_up, average_order_value

_QUARTERS = ("cast(date_trunc('quarter', order_month) as date)", "channel_code")

TABLE = Table(
    grain="one row per order quarter and channel",
    key=("quarter_start", "channel_code"),
    columns=(
        Column("quarter_start", DateType(), "first day of the quarter in which the orders were placed, in the shop's time zone"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("order_year", IntegerType(), "calendar year of that quarter"),
        Column("order_quarter", IntegerType(), "number of the quarter in its year, 1 to 4"),
        Column(
            "is_complete",
            BooleanType(),
            "whether the quarter is over: the newest order of the shop came later. One that goes on cannot be compared with whole ones",
            required=True,
        ),
        *SALES_COLUMNS,
    ),
    refresh=FullRefresh(MadeOf("gold.monthly_sales", *_QUARTERS)),
    checks=(
        at_least("order_count", 1),
        at_most_column("revenue", "gross_merchandise_value"),
        *(sums_to(name, "gold.monthly_sales", name, by=("quarter_start", "channel_code"), other_by=_QUARTERS) for name in MONEY_COLUMNS),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(gold_monthly_sales: DataFrame) -> DataFrame:
    """The months of each quarter and channel added up; the average order value is a quotient of these sums, not a sum itself."""
    quarter_start = F.to_date(F.trunc("order_month", "quarter"))
    newest = gold_monthly_sales.agg(F.max("order_month").alias("newest_month"))
    measured = gold_monthly_sales.withColumn("quarter_start", quarter_start).groupBy(*TABLE.key).agg(*added_up())
    return (
        measured.crossJoin(F.broadcast(newest))
        .withColumn("order_year", F.year("quarter_start"))
        .withColumn("order_quarter", F.quarter("quarter_start"))
        .withColumn("is_complete", F.col("newest_month") >= F.add_months("quarter_start", 3))
        .withColumn("average_order_value", average_order_value())
        .select(*TABLE.column_names)
    )
