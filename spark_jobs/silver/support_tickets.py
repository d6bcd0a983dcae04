"""A question to the shop's support, as it stands now."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_most_column, not_null, references
from iceberg.table import Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date

TABLE = Table(
    grain="one row per ticket",
    key=("ticket_id",),
    columns=(
        Column("ticket_id", LongType(), "names the ticket"),
        Column("customer_id", LongType(), "who asks, see silver.customers"),
        Column("order_id", LongType(), "order that it is about, empty when about none, see silver.orders"),
        Column("topic", StringType(), "where_is_my_order, return, payment or product"),
        Column("status", StringType(), "open, answered or resolved"),
        Column("opened_at", TimestamptzType(), "when it was asked"),
        Column("opened_date", DateType(), "day it was asked, in the shop's time zone"),
        Column("first_response_at", TimestamptzType(), "when support first answered, empty while open"),
        Column("resolved_at", TimestamptzType(), "when it was settled, empty before"),
        Column("satisfaction", IntegerType(), "stars that the customer gave support, 1 (worst) to 5, empty when not resolved or not said"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("status", "open", "answered", "resolved"),
        accepted_values("topic", "where_is_my_order", "return", "payment", "product"),
        at_most_column("opened_at", "first_response_at"),
        at_most_column("first_response_at", "resolved_at"),
        at_most_column("opened_at", "updated_at"),
        not_null("opened_at"),
        references("customer_id", "silver.customers"),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_support_tickets: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_support_tickets.withColumn("opened_date", local_date("opened_at", time_zone)).select(*TABLE.column_names)
