"""What comes back of what was delivered: one month, one category."""

from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, at_most_column, references, sums_to
from iceberg.table import MONEY, Column, FullRefresh, MadeOf, Ratio, Table
from spark_jobs.definitions.vocabulary import RETURN_REASONS

TABLE = Table(
    grain="one row per month of delivery and category",
    key=("delivered_month", "category_id"),
    columns=(
        Column("delivered_month", DateType(), "first day of the month in which the parcels arrived, in the shop's time zone"),
        Column("category_id", IntegerType(), "category that the products are in now, see silver.categories"),
        Column("delivered_unit_count", LongType(), "pieces that arrived"),
        Column("returned_unit_count", LongType(), "pieces of these that the shop had back until now, whatever the day"),
        Column(
            "return_rate",
            DecimalType(5, 4),
            "returned pieces divided by delivered ones, 0 to 1; that of the last weeks will still rise",
            made=Ratio("returned_unit_count", "delivered_unit_count"),
        ),
        Column("refund_amount", MONEY, "what was paid back for returned pieces until now, with their tax, without shipping"),
        Column("main_reason", StringType(), "reason for which most pieces came back, the first by name of several; empty where none did"),
    ),
    refresh=FullRefresh(MadeOf("gold.product_deliveries", "delivered_month", "category_id", lookups=("silver.products",))),
    checks=(
        references("category_id", "silver.categories"),
        accepted_values("main_reason", *RETURN_REASONS),
        at_least("delivered_unit_count", 1),
        at_most_column("returned_unit_count", "delivered_unit_count"),
        sums_to("delivered_unit_count", "gold.product_deliveries", "delivered_unit_count"),
        sums_to("refund_amount", "gold.product_deliveries", "refund_amount"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)

_ADDED_UP = ("delivered_unit_count", "returned_unit_count", *(f"{reason}_unit_count" for reason in RETURN_REASONS))


def transform(gold_product_deliveries: DataFrame, silver_products: DataFrame) -> DataFrame:
    """The products of each category added up."""
    deliveries = gold_product_deliveries.join(silver_products.select("product_id", "category_id"), on="product_id", how="left")
    measured = deliveries.groupBy(*TABLE.key).agg(
        *(F.sum(name).alias(name) for name in _ADDED_UP), F.sum("refund_amount").cast("decimal(20,2)").alias("refund_amount")
    )
    # The largest of these pairs: of equal counts, the reason that comes first has the larger rank.
    counted = [
        F.struct(F.col(f"{reason}_unit_count").alias("pieces"), F.lit(-rank).alias("rank"), F.lit(reason).alias("reason"))
        for rank, reason in enumerate(sorted(RETURN_REASONS))
    ]
    return (
        measured.withColumn("return_rate", F.try_divide("returned_unit_count", "delivered_unit_count").cast("decimal(5,4)"))
        .withColumn("main_reason", F.when(F.col("returned_unit_count") > 0, F.greatest(*counted).getField("reason")))
        .select(*TABLE.column_names)
    )
