"""A node of the tree of product categories."""

from pyiceberg.types import IntegerType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import not_null
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per category",
    key=("category_id",),
    columns=(
        Column("category_id", IntegerType(), "number of the category"),
        Column("name", StringType(), "name as shown to customers"),
        Column("parent_category_id", IntegerType(), "the category above, empty at the top"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(not_null("name"),),
)


def transform(bronze_categories: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_categories.select(*TABLE.column_names)
