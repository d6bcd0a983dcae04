"""A product in a cart."""

from pyiceberg.types import IntegerType, LongType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import at_least, not_null, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table

TABLE = Table(
    grain="one row per cart and line",
    key=(
        "cart_id",
        "line_number",
    ),
    columns=(
        Column("cart_id", LongType(), "which cart, see silver.carts"),
        Column("line_number", IntegerType(), "place in the cart, from 1"),
        Column("product_id", LongType(), "what was put in, see silver.products"),
        Column("quantity", IntegerType(), "pieces put in"),
        Column("list_price", AMOUNT, "price of a piece on that day, before discounts, in the shop's currency"),
        Column("added_at", TimestamptzType(), "when it was put in"),
    ),
    refresh=MergeByKey(),
    checks=(
        at_least("line_number", 1),
        at_least("list_price", 0),
        at_least("quantity", 1),
        not_null("added_at"),
        references("cart_id", "silver.carts"),
        references("product_id", "silver.products"),
    ),
)


def transform(bronze_cart_items: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_cart_items.select(*TABLE.column_names)
