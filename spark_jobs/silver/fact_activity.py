"""A step of a visit to the shop's own website, with who made it, what they saw, and the order that it became."""

from pyiceberg.types import BooleanType, DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import RowCheck, Severity, accepted_values, at_least, not_null, references
from iceberg.table import AMOUNT, AsOf, Column, RecomputeTouched, Table, month
from spark_jobs.instants import valid_at

WEBSITE = "website"
"""The channel of all visits: marketplaces tell nothing of those to them."""

TABLE = Table(
    grain="one row per visit and step",
    key=("happened_date", "session_id", "sequence"),
    columns=(
        Column("happened_date", DateType(), "day of the step, in the shop's time zone, see silver.dim_date"),
        Column("session_id", LongType(), "names the visit, see silver.customer_activity_log"),
        Column("sequence", IntegerType(), "number of the step for its visit, from 1 without a gap"),
        Column("happened_at", TimestamptzType(), "when the step was made"),
        Column("kind", StringType(), "visit (the first page), search, view, add_to_cart, wish or purchase"),
        Column("channel_code", StringType(), "website: the log is of the shop's own, see silver.channels"),
        Column("is_known", BooleanType(), "whether the visitor was known by then"),
        Column("customer_id", LongType(), "who made it, empty when not known"),
        Column("customer_version", IntegerType(), "who they were then, see version of silver.dim_customers; empty when not known"),
        Column("customer_tier", StringType(), "their loyalty tier then; empty when not known"),
        Column("product_id", LongType(), "product that was viewed, put into the cart or wished for, empty for other kinds"),
        Column("product_version", IntegerType(), "what it was then, see version of silver.dim_products"),
        Column("category_id", IntegerType(), "category of the product, see silver.categories"),
        Column("list_price", AMOUNT, "list price of a piece that they saw, before discounts, in the shop's currency"),
        Column("search_text", StringType(), "what was searched for, empty for other kinds"),
        Column("order_id", LongType(), "order that a purchase became, see silver.fact_orders; empty for other kinds"),
    ),
    partition_by=month("happened_date"),
    refresh=RecomputeTouched(
        "happened_date",
        via="silver.customer_activity_log",
        as_of=(
            AsOf("silver.dim_customers", on="customer_id", columns=("version", "tier"), at="happened_at"),
            AsOf("silver.dim_products", on="product_id", columns=("version", "category_id", "list_price"), at="happened_at"),
        ),
    ),
    checks=(
        accepted_values("kind", "visit", "search", "view", "add_to_cart", "wish", "purchase"),
        at_least("sequence", 1),
        not_null("happened_at"),
        references("happened_date", "silver.dim_date", "date"),
        # Who visited, and what a product cost, may become known later than the step: then its day is restated.
        RowCheck(
            "customer is known as of then",
            "customer_id is not null and customer_version is null",
            "customer_version must be there for every known customer",
            "are not",
            Severity.WARN,
        ),
        RowCheck(
            "product is known as of then",
            "product_id is not null and product_version is null",
            "product_version must be there for every product",
            "are not",
            Severity.WARN,
        ),
    ),
)


def transform(silver_customer_activity_log: DataFrame, silver_dim_customers: DataFrame, silver_dim_products: DataFrame) -> DataFrame:
    """Each step with its customer and its product as they were when it was made; a visit's order bears the visit's number."""
    customers = silver_dim_customers.select(
        F.col("customer_id").alias("known_id"), F.col("version").alias("customer_version"), F.col("tier").alias("customer_tier"),
        "valid_from", "valid_to",
    )  # fmt: skip
    products = silver_dim_products.select(
        F.col("product_id").alias("seen_id"), F.col("version").alias("product_version"), "category_id", "list_price",
        F.col("valid_from").alias("seen_from"), F.col("valid_to").alias("seen_to"),
    )  # fmt: skip
    made_by = (F.col("customer_id") == F.col("known_id")) & valid_at("happened_at")
    seen = (F.col("product_id") == F.col("seen_id")) & valid_at("happened_at", "seen_from", "seen_to")
    return (
        silver_customer_activity_log.join(customers, on=made_by, how="left")
        .join(products, on=seen, how="left")
        .withColumns(
            {
                "channel_code": F.lit(WEBSITE),
                "is_known": F.col("customer_id").isNotNull(),
                "order_id": F.when(F.col("kind") == "purchase", F.col("session_id")),
            }
        )
        .select(*TABLE.column_names)
    )
