"""Every step in the life of every order."""

from pyiceberg.types import IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, references
from iceberg.table import Column, MergeByKey, Table
from spark_jobs.definitions.vocabulary import ORDER_STATUSES

TABLE = Table(
    grain="one row per order and step",
    key=(
        "order_id",
        "sequence",
    ),
    columns=(
        Column("order_id", LongType(), "number of the order, see silver.orders"),
        Column("sequence", IntegerType(), "1 for the first step, counting up"),
        Column("status", StringType(), "status that the order took on"),
        Column("changed_at", TimestamptzType(), "when it did"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("status", *ORDER_STATUSES),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_order_status_history: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_order_status_history.select(*TABLE.column_names)
