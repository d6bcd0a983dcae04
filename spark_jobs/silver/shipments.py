"""A parcel as it stands now."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, at_most_column, not_null, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date, local_month

TABLE = Table(
    grain="one row per parcel",
    key=("shipment_id",),
    columns=(
        Column("shipment_id", LongType(), "names the parcel"),
        Column("order_id", LongType(), "order that is in it, see silver.orders"),
        Column("warehouse_code", StringType(), "where it left, see silver.warehouses"),
        Column("carrier_code", StringType(), "who carries it, see silver.carriers"),
        Column("distributor_id", IntegerType(), "who brings it to the door, see silver.distributors"),
        Column("status", StringType(), "in_transit, delivered or lost"),
        Column("shipping_cost", AMOUNT, "what the carrier takes for it, in the shop's currency"),
        Column("shipped_at", TimestamptzType(), "when it was handed over"),
        Column("shipped_date", DateType(), "day it was handed over, in the shop's time zone"),
        Column("shipped_month", DateType(), "first day of that day's month"),
        Column("promised_at", TimestamptzType(), "when it is to arrive at the latest"),
        Column("delivered_at", TimestamptzType(), "when it arrived, empty unless it did"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("status", "in_transit", "delivered", "lost"),
        at_least("shipping_cost", 0),
        at_most_column("shipped_at", "delivered_at"),
        not_null("shipped_at"),
        not_null("promised_at"),
        references("order_id", "silver.orders"),
        references("warehouse_code", "silver.warehouses"),
        references("carrier_code", "silver.carriers"),
        references("distributor_id", "silver.distributors"),
    ),
)


def transform(bronze_shipments: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day and month in the shop's time zone."""
    days = {"shipped_date": local_date("shipped_at", time_zone), "shipped_month": local_month("shipped_at", time_zone)}
    return bronze_shipments.withColumns(days).select(*TABLE.column_names)
