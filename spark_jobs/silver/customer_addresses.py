"""Where customers have their orders sent."""

from pyiceberg.types import BooleanType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import not_null, references
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per address",
    key=("address_id",),
    columns=(
        Column("address_id", LongType(), "number of the address"),
        Column("customer_id", LongType(), "whose address it is, see silver.customers"),
        Column("recipient", StringType(), "name on the parcel", is_personal=True),
        Column("street", StringType(), "house and street", is_personal=True),
        Column("district", StringType(), "district", is_personal=True),
        Column("province", StringType(), "province or city"),
        Column("is_default", BooleanType(), "whether it is the customer's usual one"),
        Column("created_at", TimestamptzType(), "when it was entered"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        not_null("province"),
        references("customer_id", "silver.customers"),
    ),
)


def transform(bronze_customer_addresses: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_customer_addresses.select(*TABLE.column_names)
