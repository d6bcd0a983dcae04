"""A movement of stock, lot by lot."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date

TABLE = Table(
    grain="one row per product, warehouse and movement",
    key=(
        "product_id",
        "warehouse_code",
        "sequence",
    ),
    columns=(
        Column("product_id", LongType(), "what moved, see silver.inventory"),
        Column("warehouse_code", StringType(), "where it moved, see silver.inventory"),
        Column("sequence", IntegerType(), "number of the movement for product and warehouse, from 1 without a gap"),
        Column("kind", StringType(), "receipt from the supplier, issue with a parcel, return of sound pieces, or loss"),
        Column("quantity", IntegerType(), "pieces that came (above zero) or went (below zero)"),
        Column("lot", IntegerType(), "the lot that was touched: the sequence of the receipt or return that opened it"),
        Column("unit_cost", AMOUNT, "what a piece of the lot cost the shop, in its currency"),
        Column("lot_after", IntegerType(), "pieces left of the lot afterwards"),
        Column("on_hand_after", IntegerType(), "pieces left in the warehouse afterwards"),
        Column("order_id", LongType(), "order for which pieces left or came back, empty for a receipt or loss, see silver.order_items"),
        Column("line_number", IntegerType(), "line of that order, empty for a receipt or loss, see silver.order_items"),
        Column("happened_at", TimestamptzType(), "when the pieces moved"),
        Column("happened_date", DateType(), "day the pieces moved, in the shop's time zone"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("kind", "receipt", "issue", "return", "loss"),
        at_least("lot_after", 0),
        at_least("on_hand_after", 0),
        at_least("sequence", 1),
        at_least("unit_cost", 0),
        not_null("happened_at"),
        references("product_id", "silver.products"),
        references("warehouse_code", "silver.warehouses"),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_inventory_log: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_inventory_log.withColumn("happened_date", local_date("happened_at", time_zone)).select(*TABLE.column_names)
