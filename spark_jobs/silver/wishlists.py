"""A product on a customer's wishlist now."""

from pyiceberg.types import LongType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import not_null, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per wish",
    key=("wish_id",),
    columns=(
        Column("wish_id", LongType(), "names the wish"),
        Column("customer_id", LongType(), "who wishes, see silver.customers"),
        Column("product_id", LongType(), "what for, see silver.products"),
        Column("added_at", TimestamptzType(), "when it was put on the list"),
    ),
    refresh=MergeByKey(),
    checks=(
        not_null("added_at"),
        references("customer_id", "silver.customers"),
        references("product_id", "silver.products"),
    ),
)


def transform(bronze_wishlists: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_wishlists.select(*TABLE.column_names)
