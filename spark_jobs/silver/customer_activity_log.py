"""A step of a visit to the shop's own website."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date

TABLE = Table(
    grain="one row per visit and step",
    key=(
        "session_id",
        "sequence",
    ),
    columns=(
        Column("session_id", LongType(), "names the visit; its cart and its order, if any, have the same number"),
        Column("sequence", IntegerType(), "number of the step for its visit, from 1 without a gap"),
        Column("customer_id", LongType(), "who visits, empty when the visitor is not known, see silver.customers"),
        Column("kind", StringType(), "visit (the first page), search, view, add_to_cart, wish or purchase"),
        Column(
            "product_id", LongType(), "product that was viewed, put into the cart or wished for, empty for other kinds, see silver.products"
        ),
        Column("search_text", StringType(), "what was searched for, empty for other kinds"),
        Column("device_id", LongType(), "device that was used", is_personal=True),
        Column("happened_at", TimestamptzType(), "when the step was made"),
        Column("happened_date", DateType(), "day of the step, in the shop's time zone"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("kind", "visit", "search", "view", "add_to_cart", "wish", "purchase"),
        at_least("sequence", 1),
        not_null("happened_at"),
        references("customer_id", "silver.customers"),
        references("product_id", "silver.products"),
    ),
)


def transform(bronze_customer_activity_log: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_customer_activity_log.withColumn("happened_date", local_date("happened_at", time_zone)).select(*TABLE.column_names)
