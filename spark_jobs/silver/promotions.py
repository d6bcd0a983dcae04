"""A promotion of the shop."""

from pyiceberg.types import DecimalType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, not_null
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per promotion",
    key=("promotion_id",),
    columns=(
        Column("promotion_id", LongType(), "names the promotion"),
        Column("code", StringType(), "what customers know it by"),
        Column("name", StringType(), "what is offered, and on which day"),
        Column("kind", StringType(), "flash_sale for some hours, campaign for whole days, voucher for those who got one"),
        Column("discount_rate", DecimalType(5, 4), "share taken off the list price, 0 to 1"),
        Column("starts_at", TimestamptzType(), "from when on orders take it"),
        Column("ends_at", TimestamptzType(), "from when on they do not any more, as planned at its beginning"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("kind", "flash_sale", "voucher", "campaign"),
        not_null("starts_at"),
        not_null("ends_at"),
    ),
)


def transform(bronze_promotions: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_promotions.select(*TABLE.column_names)
