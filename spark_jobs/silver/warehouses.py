"""A warehouse of the shop."""

from pyiceberg.types import StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per warehouse",
    key=("warehouse_code",),
    columns=(
        Column("warehouse_code", StringType(), "HAN, DAD or SGN"),
        Column("name", StringType(), "what people call it"),
        Column("region", StringType(), "north, central or south: whose orders it serves first"),
        Column("province", StringType(), "where it stands"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("region", "north", "central", "south"),
        accepted_values("warehouse_code", "HAN", "DAD", "SGN"),
    ),
)


def transform(bronze_warehouses: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_warehouses.select(*TABLE.column_names)
