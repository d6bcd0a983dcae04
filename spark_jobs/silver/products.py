"""A product as it is offered now."""

from pyiceberg.types import IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table

TABLE = Table(
    grain="one row per product",
    key=("product_id",),
    columns=(
        Column("product_id", LongType(), "number of the product"),
        Column("category_id", IntegerType(), "its category, see silver.categories"),
        Column("sku", StringType(), "stock keeping unit, the code on the shelf"),
        Column("name", StringType(), "name as shown to customers"),
        Column("list_price", AMOUNT, "price now, before discounts, in the shop's currency"),
        Column("unit_cost", AMOUNT, "what one piece costs the shop now, in its currency"),
        Column("supplier_id", IntegerType(), "where it comes from, see silver.suppliers"),
        Column("weight_grams", IntegerType(), "weight of a piece, packed"),
        Column("status", StringType(), "active or discontinued"),
        Column("created_at", TimestamptzType(), "when the product was first offered"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        at_least("list_price", 0),
        at_least("unit_cost", 0),
        accepted_values("status", "active", "discontinued"),
        references("category_id", "silver.categories"),
        references("supplier_id", "silver.suppliers"),
    ),
)


def transform(bronze_products: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_products.select(*TABLE.column_names)
