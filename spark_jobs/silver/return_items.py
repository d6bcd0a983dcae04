"""A line of an order that came back."""

from pyiceberg.types import IntegerType, LongType, StringType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table

TABLE = Table(
    grain="one row per return and line of the order",
    key=(
        "return_id",
        "line_number",
    ),
    columns=(
        Column("return_id", LongType(), "which return, see silver.order_returns"),
        Column("line_number", IntegerType(), "which line of the order, see silver.order_items"),
        Column("order_id", LongType(), "order of the return, see silver.order_items"),
        Column("quantity", IntegerType(), "pieces that came back"),
        Column("condition", StringType(), "resalable when it goes back into stock, else damaged"),
        Column("refund_amount", AMOUNT, "what is paid back for the line, in the order's currency"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("condition", "resalable", "damaged"),
        at_least("quantity", 1),
        at_least("refund_amount", 0),
        references("return_id", "silver.order_returns"),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_return_items: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_return_items.select(*TABLE.column_names)
