"""What people search for on the website, and whether they buy after it."""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column
from iceberg.table import Column, DistinctCount, Ratio, RecomputeTouched, Table, month
from spark_jobs.definitions.rates import RATE, rates_of

TABLE = Table(
    # By day, for a month would be read whole at each build; days add up to months, since hardly a visit lasts past midnight.
    grain="one row per day and search text",
    key=("search_date", "search_text"),
    columns=(
        Column("search_date", DateType(), "day of the search, in the shop's time zone"),
        Column("search_text", StringType(), "what was typed, as it was typed"),
        Column("search_count", LongType(), "searches"),
        Column("visit_count", LongType(), "visits with at least one of these searches", made=DistinctCount("session_id")),
        Column("customer_count", LongType(), "different known customers among them", made=DistinctCount("customer_id")),
        Column("buying_visit_count", LongType(), "of the visits, those with a purchase after the search, on the same day"),
        Column("conversion_rate", RATE, "buying visits by visits, 0 to 1", made=Ratio("buying_visit_count", "visit_count")),
    ),
    partition_by=month("search_date"),
    refresh=RecomputeTouched("search_date", named={"silver.customer_activity_log": ("happened_date",)}),
    checks=(at_least("visit_count", 1), at_most_column("visit_count", "search_count"), at_most_column("buying_visit_count", "visit_count")),
    owner="product",
    fresh_within_minutes=15,
)


def transform(silver_customer_activity_log: DataFrame) -> DataFrame:
    """The searches of each day."""
    steps = silver_customer_activity_log.withColumnRenamed("happened_date", "search_date")
    visit = ["search_date", "session_id"]
    bought = steps.where("kind = 'purchase'").groupBy(*visit).agg(F.max("sequence").alias("bought_at_step"))
    searches = (
        steps.where("kind = 'search'")
        .groupBy(*visit, "search_text")
        .agg(F.count(F.lit(1)).alias("searches"), F.min("sequence").alias("searched_at_step"), F.max("customer_id").alias("customer_id"))
    )
    return (
        searches.join(bought, on=visit, how="left")
        .groupBy(*TABLE.key)
        .agg(
            F.sum("searches").cast("bigint").alias("search_count"),
            F.count(F.lit(1)).alias("visit_count"),
            F.countDistinct("customer_id").alias("customer_count"),
            F.count_if(F.col("bought_at_step") > F.col("searched_at_step")).alias("buying_visit_count"),
        )
        .withColumns(rates_of(TABLE))
        .select(*TABLE.column_names)
    )
