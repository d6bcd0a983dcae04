"""Who was drawn for which voucher campaign."""

from pyiceberg.types import BooleanType, LongType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import not_null, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per voucher campaign and customer who was drawn for it",
    # The campaign first: those of a new one lie together, and beyond all others.
    key=("promotion_id", "customer_id"),
    columns=(
        Column("promotion_id", LongType(), "which voucher, see silver.promotions"),
        Column("customer_id", LongType(), "who was drawn, see silver.customers"),
        Column("is_held_out", BooleanType(), "whether the customer got no voucher, to compare with those who did; a lot decides"),
        Column("drawn_at", TimestamptzType(), "when the campaign began"),
    ),
    refresh=MergeByKey(),
    checks=(
        not_null("is_held_out"),
        not_null("drawn_at"),
        references("promotion_id", "silver.promotions"),
        references("customer_id", "silver.customers"),
    ),
)


def transform(bronze_campaign_contacts: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_campaign_contacts.select(*TABLE.column_names)
