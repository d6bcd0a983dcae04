"""From visit to purchase on the shop's own website, day by day, and the carts that were left behind."""

from pyiceberg.types import BooleanType, DateType, LongType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column
from iceberg.table import Column, RecomputeTouched, Table, month
from spark_jobs.rates import RATE, rate

TABLE = Table(
    grain="one row per day and whether the visitor is known",
    key=("activity_date", "is_known"),
    columns=(
        Column("activity_date", DateType(), "day of the steps and of the carts' first product, in the shop's time zone"),
        Column(
            "is_known",
            BooleanType(),
            "whether the visitor was known as a customer in any step of that day; for a cart, whether it is by now",
        ),
        Column(
            "visit_count",
            LongType(),
            "visits with a step on that day; the few that last past midnight count on both days, each with its own steps",
        ),
        Column("search_visit_count", LongType(), "of these with a search, which nobody must do to go on"),
        Column("view_visit_count", LongType(), "of these with a product viewed"),
        Column("cart_visit_count", LongType(), "of these with a product put into the cart"),
        Column("purchase_visit_count", LongType(), "of these with a purchase"),
        Column("search_rate", RATE, "visits with a search by all visits"),
        Column("view_rate", RATE, "visits with a view by all visits, the step before"),
        Column("cart_per_view_rate", RATE, "visits with a cart by visits with a view, the step before; empty without one"),
        Column("cart_rate", RATE, "visits with a cart by all visits, the first step"),
        Column("purchase_per_cart_rate", RATE, "visits with a purchase by visits with a cart, the step before; empty without one"),
        Column("conversion_rate", RATE, "visits with a purchase by all visits, the first step"),
        Column("cart_count", LongType(), "carts begun on that day"),
        Column("converted_cart_count", LongType(), "of these that became an order"),
        Column("abandoned_cart_count", LongType(), "of these that are given up; the others are still open"),
        Column(
            "cart_abandonment_rate",
            RATE,
            "abandoned by all carts begun (Baymard Institute); rises as open carts are given up; empty without a cart",
        ),
    ),
    partition_by=month("activity_date"),
    refresh=RecomputeTouched(
        "activity_date", named={"silver.customer_activity_log": ("happened_date",), "silver.carts": ("created_date",)}
    ),
    checks=(
        at_least("visit_count", 0),
        at_most_column("search_visit_count", "visit_count"),
        at_most_column("view_visit_count", "visit_count"),
        at_most_column("cart_visit_count", "visit_count"),
        at_most_column("purchase_visit_count", "visit_count"),
        at_most_column("abandoned_cart_count", "cart_count"),
    ),
    owner="product",
    fresh_within_minutes=15,
)

_COUNTS = (
    "visit_count", "search_visit_count", "view_visit_count", "cart_visit_count", "purchase_visit_count", "cart_count",
    "converted_cart_count", "abandoned_cart_count",
)  # fmt: skip


def transform(silver_customer_activity_log: DataFrame, silver_carts: DataFrame) -> DataFrame:
    """The funnel of each day, for known and unknown visitors."""
    kinds = {
        "search_visit_count": "search",
        "view_visit_count": "view",
        "cart_visit_count": "add_to_cart",
        "purchase_visit_count": "purchase",
    }
    visits = silver_customer_activity_log.groupBy(F.col("happened_date").alias("activity_date"), "session_id").agg(
        F.bool_or(F.col("customer_id").isNotNull()).alias("is_known"),
        *(F.bool_or(F.col("kind") == kind).alias(name) for name, kind in kinds.items()),
    )
    steps = visits.groupBy(*TABLE.key).agg(F.count(F.lit(1)).alias("visit_count"), *(F.count_if(name).alias(name) for name in kinds))
    carts = silver_carts.groupBy(F.col("created_date").alias("activity_date"), F.col("customer_id").isNotNull().alias("is_known")).agg(
        F.count(F.lit(1)).alias("cart_count"),
        F.count_if(F.col("status") == "converted").alias("converted_cart_count"),
        F.count_if(F.col("status") == "abandoned").alias("abandoned_cart_count"),
    )
    rates = {
        "search_rate": ("search_visit_count", "visit_count"),
        "view_rate": ("view_visit_count", "visit_count"),
        "cart_per_view_rate": ("cart_visit_count", "view_visit_count"),
        "cart_rate": ("cart_visit_count", "visit_count"),
        "purchase_per_cart_rate": ("purchase_visit_count", "cart_visit_count"),
        "conversion_rate": ("purchase_visit_count", "visit_count"),
        "cart_abandonment_rate": ("abandoned_cart_count", "cart_count"),
    }
    return (
        steps.join(carts, on=list(TABLE.key), how="full_outer")
        .withColumns({name: F.coalesce(name, F.lit(0)).cast("bigint") for name in _COUNTS})
        .withColumns({name: rate(*parts) for name, parts in rates.items()})
        .select(*TABLE.column_names)
    )
