"""A report of where a parcel is."""

from pyiceberg.types import IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per parcel and report",
    key=(
        "shipment_id",
        "sequence",
    ),
    columns=(
        Column("shipment_id", LongType(), "which parcel, see silver.shipments"),
        Column("sequence", IntegerType(), "number of the report for its parcel, from 1 without a gap"),
        Column("kind", StringType(), "picked_up, delayed when the promise has passed, out_for_delivery, delivered or lost"),
        Column("place", StringType(), "province that the report is from"),
        Column("happened_at", TimestamptzType(), "when it was reported"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("kind", "picked_up", "delayed", "out_for_delivery", "delivered", "lost"),
        at_least("sequence", 1),
        not_null("happened_at"),
        references("shipment_id", "silver.shipments"),
    ),
)


def transform(bronze_shipment_events: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_shipment_events.select(*TABLE.column_names)
