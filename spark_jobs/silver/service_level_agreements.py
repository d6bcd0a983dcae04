"""What is agreed with a carrier about its parcels to a region."""

from pyiceberg.types import DecimalType, IntegerType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per carrier and region",
    key=(
        "carrier_code",
        "region",
    ),
    columns=(
        Column("carrier_code", StringType(), "with whom, see silver.carriers"),
        Column("region", StringType(), "north, central or south: where the parcel goes"),
        Column("delivery_hours", IntegerType(), "hours from handover within which a parcel is promised"),
        Column("penalty_rate", DecimalType(5, 4), "share of the shipping cost that the carrier gives back for a late parcel, 0 to 1"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("region", "north", "central", "south"),
        at_least("delivery_hours", 1),
        references("carrier_code", "silver.carriers"),
    ),
)


def transform(bronze_service_level_agreements: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_service_level_agreements.select(*TABLE.column_names)
