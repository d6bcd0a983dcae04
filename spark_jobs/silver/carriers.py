"""A carrier of parcels."""

from pyiceberg.types import StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per carrier",
    key=("carrier_code",),
    columns=(
        Column("carrier_code", StringType(), "names the carrier in three letters"),
        Column("name", StringType(), "name of the company"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
)


def transform(bronze_carriers: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_carriers.select(*TABLE.column_names)
