"""A review of something that was bought."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import not_null, references
from iceberg.table import Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date

TABLE = Table(
    grain="one row per review",
    key=("review_id",),
    columns=(
        Column("review_id", LongType(), "names the review"),
        Column("order_id", LongType(), "order in which the product was bought, see silver.order_items"),
        Column("line_number", IntegerType(), "line of that order, see silver.order_items"),
        Column("customer_id", LongType(), "who wrote it, see silver.customers"),
        Column("product_id", LongType(), "what it is about, see silver.products"),
        Column("rating", IntegerType(), "stars, 1 (worst) to 5"),
        Column("body", StringType(), "text, empty when stars alone were given", is_personal=True),
        Column("created_at", TimestamptzType(), "when it was written"),
        Column("created_date", DateType(), "day it was written, in the shop's time zone"),
    ),
    refresh=MergeByKey(),
    checks=(
        not_null("created_at"),
        references("order_id", "silver.orders"),
        references("customer_id", "silver.customers"),
        references("product_id", "silver.products"),
    ),
)


def transform(bronze_reviews: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_reviews.withColumn("created_date", local_date("created_at", time_zone)).select(*TABLE.column_names)
