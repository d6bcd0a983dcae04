"""Every version of every customer, from the shop's own audit."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, not_null
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per customer and version",
    key=(
        "customer_id",
        "version",
    ),
    columns=(
        Column("customer_id", LongType(), "number of the customer"),
        Column("version", IntegerType(), "1 for the first, counting up"),
        Column("operation", StringType(), "what made the version: insert, update or delete"),
        Column("full_name", StringType(), "name in full", is_personal=True),
        Column("email", StringType(), "address", is_personal=True),
        Column("phone", StringType(), "number, where given", is_personal=True),
        Column("birth_date", DateType(), "day of birth, where given", is_personal=True),
        Column("tier", StringType(), "loyalty tier from this version on"),
        Column("signup_channel_code", StringType(), "channel they came through, see silver.channels"),
        Column("changed_at", TimestamptzType(), "when the version began"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("operation", "insert", "update", "delete"),
        not_null("changed_at"),
    ),
)


def transform(bronze_customer_history: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_customer_history.select(*TABLE.column_names)
