"""What lies in a warehouse now, and what is to come."""

from pyiceberg.types import IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import at_least, at_most_column, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per product and warehouse",
    key=(
        "product_id",
        "warehouse_code",
    ),
    columns=(
        Column("product_id", LongType(), "what lies there, see silver.products"),
        Column("warehouse_code", StringType(), "where it lies, see silver.warehouses"),
        Column("on_hand", IntegerType(), "pieces in the warehouse, reserved ones included"),
        Column("reserved", IntegerType(), "pieces of these that are sold and have not left"),
        Column("on_order", IntegerType(), "pieces that the supplier will bring"),
        Column("expected_at", TimestamptzType(), "when the supplier brings them, empty when nothing is on order"),
        Column("safety_stock", IntegerType(), "available pieces (on_hand less reserved) below which there is an alert"),
        Column("reorder_point", IntegerType(), "available pieces at which more are ordered"),
        Column("below_safety_since", TimestamptzType(), "since when fewer than safety_stock are available, empty while there are enough"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        at_least("on_hand", 0),
        at_least("on_order", 0),
        at_least("safety_stock", 0),
        at_most_column("safety_stock", "reorder_point"),
        references("product_id", "silver.products"),
        references("warehouse_code", "silver.warehouses"),
    ),
)


def transform(bronze_inventory: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_inventory.select(*TABLE.column_names)
