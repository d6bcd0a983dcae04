"""From visit to purchase on the shop's own website, day by day, and the carts that were left behind.

A step counts only visits that made the step before, so that no rate is above 1.
A purchase with one click has no visit, and stands beside the funnel.
"""

from pyiceberg.types import BooleanType, DateType, LongType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most, at_most_column, equals
from iceberg.table import AsOf, Column, Ratio, RecomputeTouched, Table, month
from spark_jobs.definitions.rates import RATE, rate, rates_of

TABLE = Table(
    grain="one row per day and whether the visitor was known when they came",
    key=("activity_date", "is_known"),
    columns=(
        Column("activity_date", DateType(), "day of the visit's first step and of the cart's first product, in the shop's time zone"),
        Column(
            "is_known",
            BooleanType(),
            "whether the first step of the visit, and so of its cart, was made by a known customer; who becomes known by buying was not. "
            "Purchases with one click are all in the rows of known ones, since a purchase has a customer and they have no other step",
        ),
        Column(
            "visit_count",
            LongType(),
            "visits that began on that day, each counted once with all of its steps, also those past midnight; "
            "purchases with one click are none",
        ),
        Column("search_visit_count", LongType(), "of these with a search, which nobody must do to go on"),
        Column("view_visit_count", LongType(), "of the visits those with a product viewed"),
        Column("cart_visit_count", LongType(), "of the visits with a view those with a product put into the cart"),
        Column("purchase_visit_count", LongType(), "of the visits with a cart those with a purchase"),
        Column(
            "one_click_purchase_count",
            LongType(),
            "purchases that skipped a step before, such as from a link or an earlier purchase; they are in no count and no rate of visits",
        ),
        Column(
            "search_rate",
            RATE,
            "visits with a search by all visits; empty without a visit",
            made=Ratio("search_visit_count", "visit_count"),
        ),
        Column(
            "view_rate",
            RATE,
            "visits with a view by all visits, the step before; empty without a visit",
            made=Ratio("view_visit_count", "visit_count"),
        ),
        Column(
            "cart_per_view_rate",
            RATE,
            "visits with a cart by visits with a view, the step before; empty without one",
            made=Ratio("cart_visit_count", "view_visit_count"),
        ),
        Column(
            "cart_rate",
            RATE,
            "visits with a cart by all visits, the first step; empty without a visit",
            made=Ratio("cart_visit_count", "visit_count"),
        ),
        Column(
            "purchase_per_cart_rate",
            RATE,
            "visits with a purchase by visits with a cart, the step before; empty without one",
            made=Ratio("purchase_visit_count", "cart_visit_count"),
        ),
        Column(
            "conversion_rate",
            RATE,
            "visits with a purchase by all visits, the first step; empty without a visit",
            made=Ratio("purchase_visit_count", "visit_count"),
        ),
        Column("cart_count", LongType(), "carts begun on that day, those of purchases with one click included"),
        Column("converted_cart_count", LongType(), "of these that became an order"),
        Column("abandoned_cart_count", LongType(), "of these that were given up"),
        Column("open_cart_count", LongType(), "of these that are still open: one or the other is to come"),
        Column(
            "cart_abandonment_rate",
            RATE,
            "carts given up by all carts begun on that day (Baymard Institute); empty without a cart, and as long as one of them is open, "
            "since carts are bought sooner than they are given up",
        ),
    ),
    partition_by=month("activity_date"),
    refresh=RecomputeTouched(
        "activity_date",
        via="silver.customer_activity_log",
        as_of=(
            # A visit that lasts past midnight belongs to the day before, with all of its steps.
            AsOf("silver.customer_activity_log", on="session_id", columns=("sequence", "kind", "customer_id", "happened_date")),
        ),
        named={"silver.customer_activity_log": ("happened_date",), "silver.carts": ("created_date",)},
    ),
    checks=(
        at_least("visit_count", 0),
        at_least("one_click_purchase_count", 0),
        at_most_column("search_visit_count", "visit_count"),
        at_most_column("view_visit_count", "visit_count"),
        at_most_column("cart_visit_count", "view_visit_count"),
        at_most_column("purchase_visit_count", "cart_visit_count"),
        equals("cart_count", "converted_cart_count + abandoned_cart_count + open_cart_count"),
        *(
            at_most(name, 1)
            for name in (
                "search_rate",
                "view_rate",
                "cart_per_view_rate",
                "cart_rate",
                "purchase_per_cart_rate",
                "conversion_rate",
                "cart_abandonment_rate",
            )
        ),
    ),
    owner="product",
    fresh_within_minutes=15,
)

_COUNTS = tuple(column.name for column in TABLE.columns if column.name.endswith("_count"))


def transform(silver_customer_activity_log: DataFrame, silver_carts: DataFrame) -> DataFrame:
    """The funnel of each day, for visitors who were known when they came and those who were not."""
    visits = _visits(silver_customer_activity_log)
    is_visit = F.col("first.kind") != "purchase"
    has_view = is_visit & F.col("has_view")
    has_cart = has_view & F.col("has_add_to_cart")
    has_purchase = has_cart & F.col("has_purchase")
    steps = visits.groupBy(F.col("first.happened_date").alias("activity_date"), "is_known").agg(
        F.count_if(is_visit).alias("visit_count"),
        F.count_if(is_visit & F.col("has_search")).alias("search_visit_count"),
        F.count_if(has_view).alias("view_visit_count"),
        F.count_if(has_cart).alias("cart_visit_count"),
        F.count_if(has_purchase).alias("purchase_visit_count"),
        F.count_if(F.col("has_purchase") & ~has_purchase).alias("one_click_purchase_count"),
    )
    # A cart has the number of its visit. Where the log has no step of it on the cart's day, the cart alone can tell whose it is.
    is_its_visit = (F.col("cart_id") == F.col("session_id")) & F.array_contains("days", F.col("created_date"))
    carts = (
        silver_carts.join(visits.select("session_id", "days", "is_known"), on=is_its_visit, how="left")
        .groupBy(F.col("created_date").alias("activity_date"), F.coalesce("is_known", F.col("customer_id").isNotNull()).alias("is_known"))
        .agg(
            F.count(F.lit(1)).alias("cart_count"),
            F.count_if(F.col("status") == "converted").alias("converted_cart_count"),
            F.count_if(F.col("status") == "abandoned").alias("abandoned_cart_count"),
            F.count_if(F.col("status") == "active").alias("open_cart_count"),
        )
    )
    abandonment = F.when(F.col("open_cart_count") == 0, rate("abandoned_cart_count", "cart_count"))
    return (
        steps.join(carts, on=list(TABLE.key), how="full_outer")
        .withColumns({name: F.coalesce(name, F.lit(0)).cast("bigint") for name in _COUNTS})
        .withColumns(rates_of(TABLE) | {"cart_abandonment_rate": abandonment})
        .select(*TABLE.column_names)
    )


def _visits(log: DataFrame) -> DataFrame:
    """One row per visit: its first step, the days it lasted, and which kinds of steps it has."""
    kinds = ("search", "view", "add_to_cart", "purchase")
    return (
        log.groupBy("session_id")
        .agg(
            F.min(F.struct("sequence", "happened_date", "kind", "customer_id")).alias("first"),
            F.collect_set("happened_date").alias("days"),
            *(F.bool_or(F.col("kind") == kind).alias(f"has_{kind}") for kind in kinds),
        )
        .withColumn("is_known", F.col("first.customer_id").isNotNull())
    )
