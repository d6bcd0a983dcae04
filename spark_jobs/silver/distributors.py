"""A partner who brings a carrier's parcels to the door."""

from pyiceberg.types import IntegerType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per distributor",
    key=("distributor_id",),
    columns=(
        Column("distributor_id", IntegerType(), "names the partner, from 1"),
        Column("name", StringType(), "name of the company"),
        Column("carrier_code", StringType(), "whose parcels, see silver.carriers"),
        Column("region", StringType(), "north, central or south: where it delivers"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("region", "north", "central", "south"),
        references("carrier_code", "silver.carriers"),
    ),
)


def transform(bronze_distributors: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_distributors.select(*TABLE.column_names)
