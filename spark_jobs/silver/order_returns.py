"""A return as it stands now."""

from pyiceberg.types import DateType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, at_most_column, not_null, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date
from spark_jobs.definitions.vocabulary import RETURN_REASONS

TABLE = Table(
    grain="one row per return",
    key=("return_id",),
    columns=(
        Column("return_id", LongType(), "names the return"),
        Column("order_id", LongType(), "order that goes back, whole or in part; once at most, see silver.orders"),
        Column("reason", StringType(), "not_as_described, damaged, wrong_size, changed_mind or never_arrived, as the customer says"),
        Column("status", StringType(), "requested, received, refunded or refused"),
        Column("requested_at", TimestamptzType(), "when the customer asked"),
        Column("requested_date", DateType(), "day the customer asked, in the shop's time zone"),
        Column("received_at", TimestamptzType(), "when the shop had it back, empty before and when refused"),
        Column("refund_amount", AMOUNT, "what was paid back, in the order's currency, empty unless refunded"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("reason", *RETURN_REASONS),
        accepted_values("status", "requested", "received", "refunded", "refused"),
        at_least("refund_amount", 0),
        at_most_column("requested_at", "received_at"),
        not_null("requested_at"),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_order_returns: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_order_returns.withColumn("requested_date", local_date("requested_at", time_zone)).select(*TABLE.column_names)
