"""A promotion that an order took."""

from pyiceberg.types import LongType
from pyspark.sql import DataFrame

from iceberg.quality.checks import at_least, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table

TABLE = Table(
    grain="one row per order and promotion",
    key=(
        "order_id",
        "promotion_id",
    ),
    columns=(
        Column("order_id", LongType(), "which order, see silver.orders"),
        Column("promotion_id", LongType(), "which promotion, see silver.promotions"),
        Column("discount_amount", AMOUNT, "what the promotion took off the order, in its currency"),
    ),
    refresh=MergeByKey(),
    checks=(
        at_least("discount_amount", 0),
        references("order_id", "silver.orders"),
        references("promotion_id", "silver.promotions"),
    ),
)


def transform(bronze_order_promotions: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_order_promotions.select(*TABLE.column_names)
