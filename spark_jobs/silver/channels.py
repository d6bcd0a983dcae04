"""A sales channel of the shop: marketplaces and the own website."""

from pyiceberg.types import DecimalType, IntegerType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import at_least, not_null
from iceberg.table import AMOUNT, Column, MergeByKey, Table

TABLE = Table(
    grain="one row per sales channel",
    key=("channel_code",),
    columns=(
        Column("channel_code", StringType(), "code of the channel: shopee, lazada, tiki or website"),
        Column("name", StringType(), "name as people know it"),
        Column("commission_rate", DecimalType(5, 4), "share of an order's value that the channel keeps, 0 to 1"),
        Column("payment_fee_rate", DecimalType(5, 4), "share of what is paid through it that the channel keeps, 0 to 1"),
        Column("fixed_fee", AMOUNT, "what the channel keeps of each order besides, in the shop's currency"),
        Column("lead_time_hours", IntegerType(), "hours after an order within which the channel wants the parcel handed to a carrier"),
        Column("opened_at", TimestamptzType(), "when the shop began to sell there"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        not_null("name"),
        at_least("commission_rate", 0),
        at_least("payment_fee_rate", 0),
        at_least("fixed_fee", 0),
    ),
)


def transform(bronze_channels: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_channels.select(*TABLE.column_names)
