"""A credit for trouble with an order."""

from pyiceberg.types import DateType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date

TABLE = Table(
    grain="one row per credit",
    key=("credit_id",),
    columns=(
        Column("credit_id", LongType(), "names the credit"),
        Column("customer_id", LongType(), "who got it, see silver.customers"),
        Column("order_id", LongType(), "order that gave trouble, see silver.orders"),
        Column("reason", StringType(), "late or lost (the parcel), or complaint (about a product)"),
        Column("amount", AMOUNT, "what was credited, in the order's currency"),
        Column("granted_at", TimestamptzType(), "when it was credited"),
        Column("granted_date", DateType(), "day it was credited, in the shop's time zone"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("reason", "late", "lost", "complaint"),
        at_least("amount", 0),
        not_null("granted_at"),
        references("customer_id", "silver.customers"),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_goodwill_credits: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_goodwill_credits.withColumn("granted_date", local_date("granted_at", time_zone)).select(*TABLE.column_names)
