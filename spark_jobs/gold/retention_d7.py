"""Who of the new customers of a day orders again within a week.

Whether the seven days are over depends on the newest day of the data, which
moves rows that nothing touched; the table has a row a day, so it is written whole.
"""

from pyiceberg.types import BooleanType, DateType, LongType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column
from iceberg.table import Column, FullRefresh, MadeOf, Ratio, Table
from spark_jobs.definitions.rates import RATE, rates_of

DAYS = 7

TABLE = Table(
    grain="one row per day of first orders",
    key=("first_order_date",),
    columns=(
        Column("first_order_date", DateType(), "day of the customers' first order, in the shop's time zone"),
        Column("new_customer_count", LongType(), "customers whose first order, cancelled ones included, was on that day"),
        Column(
            "returning_customer_count",
            LongType(),
            "of these who ordered again on one of the seven days after; a second order on the same day does not count",
        ),
        Column(
            "retention_rate",
            RATE,
            "returning by new customers, 0 to 1; can still rise while is_complete is false",
            made=Ratio("returning_customer_count", "new_customer_count"),
        ),
        Column("is_complete", BooleanType(), "whether the seven days are over: the newest order of the shop came later", required=True),
    ),
    refresh=FullRefresh(MadeOf("gold.customer_summary", "first_order_date")),
    checks=(at_least("new_customer_count", 1), at_most_column("returning_customer_count", "new_customer_count")),
    owner="customers",
    fresh_within_minutes=15,
)


def transform(gold_customer_summary: DataFrame) -> DataFrame:
    """The new customers of each day, and how many of them came back."""
    came_back = F.col("next_order_date") <= F.date_add("first_order_date", DAYS)
    return (
        gold_customer_summary.where("first_order_date is not null")
        .groupBy("first_order_date")
        .agg(
            F.count(F.lit(1)).alias("new_customer_count"),
            F.count_if(came_back).alias("returning_customer_count"),
            F.max("reference_date").alias("reference_date"),
        )
        .withColumns(rates_of(TABLE))
        .withColumn("is_complete", F.col("reference_date") > F.date_add("first_order_date", DAYS))
        .select(*TABLE.column_names)
    )
