"""A cart on the shop's own website, as it stands now."""

from pyiceberg.types import DateType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_most_column, not_null, references
from iceberg.table import Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date

TABLE = Table(
    grain="one row per cart",
    key=("cart_id",),
    columns=(
        Column("cart_id", LongType(), "names the cart: the number of its visit in customer_activity_log"),
        Column("customer_id", LongType(), "whose cart, empty as long as the visitor is not known, see silver.customers"),
        Column("status", StringType(), "active, converted when it became an order, or abandoned"),
        Column("order_id", LongType(), "order that it became, empty unless converted, see silver.orders"),
        Column("created_at", TimestamptzType(), "when the first product was put in"),
        Column("created_date", DateType(), "day the first product was put in, in the shop's time zone"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("status", "active", "converted", "abandoned"),
        at_most_column("created_at", "updated_at"),
        not_null("created_at"),
        references("customer_id", "silver.customers"),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_carts: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_carts.withColumn("created_date", local_date("created_at", time_zone)).select(*TABLE.column_names)
