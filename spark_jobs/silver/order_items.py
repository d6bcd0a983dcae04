"""A line of an order: so many pieces of one product."""

from pyiceberg.types import IntegerType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, equals, references, sums_to
from iceberg.table import AMOUNT, Column, MergeByKey, Table

TABLE = Table(
    grain="one row per order and line",
    key=(
        "order_id",
        "line_number",
    ),
    columns=(
        Column("order_id", LongType(), "number of the order, see silver.orders"),
        Column("line_number", IntegerType(), "1 for the first line, counting up"),
        Column("product_id", LongType(), "what was bought, see silver.products"),
        Column("quantity", IntegerType(), "pieces"),
        Column("list_price", AMOUNT, "price of one piece when ordered, before discounts"),
        Column("list_amount", AMOUNT, "list price times quantity"),
        Column("discount_amount", AMOUNT, "discount on the line"),
        Column("line_amount", AMOUNT, "list amount less discount"),
        Column("unit_cost", AMOUNT, "what a piece usually cost the shop when ordered; what it did cost is in silver.inventory_log"),
        Column("warehouse_code", StringType(), "where its pieces leave from, see silver.warehouses"),
    ),
    refresh=MergeByKey(),
    checks=(
        at_least("quantity", 1),
        at_least("list_price", 0),
        at_least("discount_amount", 0),
        equals("line_amount", "list_amount - discount_amount"),
        sums_to("line_amount", "bronze.order_items", "line_amount", by=("order_id", "line_number")),
        references("order_id", "silver.orders"),
        references("product_id", "silver.products"),
        references("warehouse_code", "silver.warehouses"),
    ),
)


def transform(bronze_order_items: DataFrame) -> DataFrame:
    """The current row of each line, with its amount before discounts."""
    list_amount = (F.col("list_price") * F.col("quantity")).cast("decimal(14,2)")
    return bronze_order_items.withColumn("list_amount", list_amount).select(*TABLE.column_names)
