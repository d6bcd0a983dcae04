"""A customer as they are now."""

from pyiceberg.types import DateType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per customer",
    key=("customer_id",),
    columns=(
        Column("customer_id", LongType(), "number of the customer"),
        Column("full_name", StringType(), "name in full", is_personal=True),
        Column("email", StringType(), "address, unique", is_personal=True),
        Column("phone", StringType(), "number, where given", is_personal=True),
        Column("birth_date", DateType(), "day of birth, where given", is_personal=True),
        Column("tier", StringType(), "loyalty tier: bronze, silver, gold or platinum"),
        Column("signup_channel_code", StringType(), "channel they came through, see silver.channels"),
        Column("registered_at", TimestamptzType(), "when they signed up"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("tier", "bronze", "silver", "gold", "platinum"),
        references("signup_channel_code", "silver.channels", "channel_code"),
    ),
)


def transform(bronze_customers: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_customers.select(*TABLE.column_names)
