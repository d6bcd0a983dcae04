"""History of list prices: from when each price was valid."""

from pyiceberg.types import LongType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import at_least, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table

TABLE = Table(
    grain="one row per product and beginning of a price",
    key=(
        "product_id",
        "valid_from",
    ),
    columns=(
        Column("product_id", LongType(), "number of the product, see silver.products"),
        Column("valid_from", TimestamptzType(), "when the price began; it ends where the product's next one begins"),
        Column("list_price", AMOUNT, "price before discounts, in the shop's currency"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        at_least("list_price", 0),
        references("product_id", "silver.products"),
    ),
)


def transform(bronze_product_prices: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_product_prices.select(*TABLE.column_names)
