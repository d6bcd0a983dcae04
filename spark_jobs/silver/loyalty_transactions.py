"""A movement of a customer's points."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date

TABLE = Table(
    grain="one row per customer and movement",
    key=(
        "customer_id",
        "sequence",
    ),
    columns=(
        Column("customer_id", LongType(), "whose points, see silver.customers"),
        Column("sequence", IntegerType(), "number of the movement for its customer, from 1 without a gap"),
        Column("kind", StringType(), "earn when an order is delivered, reverse when it is returned, redeem when points become a voucher"),
        Column("points", IntegerType(), "points that came (above zero) or went (below zero)"),
        Column("balance_after", IntegerType(), "points left afterwards"),
        Column("order_id", LongType(), "order that earned them or lost them again, empty for redeem, see silver.orders"),
        Column("happened_at", TimestamptzType(), "when the points moved"),
        Column("happened_date", DateType(), "day the points moved, in the shop's time zone"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("kind", "earn", "reverse", "redeem"),
        at_least("balance_after", 0),
        at_least("sequence", 1),
        not_null("happened_at"),
        references("customer_id", "silver.customers"),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_loyalty_transactions: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_loyalty_transactions.withColumn("happened_date", local_date("happened_at", time_zone)).select(*TABLE.column_names)
