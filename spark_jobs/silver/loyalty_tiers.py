"""A step of the loyalty programme."""

from pyiceberg.types import DecimalType, IntegerType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per tier",
    key=("tier",),
    columns=(
        Column("tier", StringType(), "bronze, silver, gold or platinum"),
        Column("rank", IntegerType(), "1 for the lowest tier, counting upwards"),
        Column(
            "qualifying_points",
            IntegerType(),
            "points earned in the last 90 days, less those taken back, from which on a customer is in this tier",
        ),
        Column("points_factor", DecimalType(4, 2), "what the points that an order earns are multiplied by"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("tier", "bronze", "silver", "gold", "platinum"),
        at_least("points_factor", 0),
        at_least("qualifying_points", 0),
    ),
)


def transform(bronze_loyalty_tiers: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_loyalty_tiers.select(*TABLE.column_names)
