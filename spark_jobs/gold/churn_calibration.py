"""How far forecasts of who orders again came true: at the start of each past month, what was foretold and what came in the 28 days after.

A forecast of then is made as that of today is, from gold.customer_features, which
knows nothing of what came later; the probability that it was given was learned
from earlier month starts alone. The bands have borders that no data move. The
table has some ten rows a month and its newest month depends on the newest day,
so it is written whole.
"""

from pyiceberg.types import DateType, IntegerType, LongType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column
from iceberg.table import Column, FullRefresh, Table
from spark_jobs.definitions.churn import BAND_BORDERS, HORIZON_DAYS, came_true, expected_interval, foretold, score_band
from spark_jobs.definitions.rates import RATE, rate, wilson_interval

TABLE = Table(
    grain="one row per month start and band of foretold probabilities in which there was a customer",
    key=("snapshot_date", "score_band"),
    columns=(
        Column(
            "snapshot_date",
            DateType(),
            "first day of a month: forecasts knew what was before it, as gold.customer_features has it, and were about the 28 days from it "
            "on; only month starts whose 28 days are over, so that the newest order of the shop came later",
        ),
        Column(
            "score_band",
            IntegerType(),
            f"1 to {len(BAND_BORDERS) + 1}: in which band the foretold probability was; from {', '.join(BAND_BORDERS)} on the next one begins",
        ),
        Column("customer_count", LongType(), "customers who had ordered before, with a foretold probability in the band"),
        Column(
            "foretold_rate",
            RATE,
            "mean probability of an order within the 28 days by their rhythm alone: (1 - churn risk) x (1 - exp(-28 / expected interval)), "
            "each as gold.customer_summary has it, on the day before the snapshot date",
        ),
        Column("ordering_customer_count", LongType(), "of these customers who ordered within the 28 days, cancelled orders included"),
        Column("ordering_rate", RATE, "their share, 0 to 1"),
        Column("ordering_rate_low", RATE, "lower end of its 95 % interval (E. Wilson, 1927)"),
        Column("ordering_rate_high", RATE, "upper end of its 95 % interval"),
        Column("order_count", LongType(), "orders that they placed within the 28 days"),
        Column(
            "calibrated_rate",
            RATE,
            "order_probability_28d as gold.customer_summary would have said it then, learned from the earlier month starts alone; "
            "empty where these had too few customers",
        ),
        Column("base_rate", RATE, "share of all customers of the month start, of whichever band, who ordered within the 28 days"),
        Column(
            "brier_score",
            RATE,
            "mean squared distance of the foretold probabilities from what happened, 0 or 1 (G. Brier, 1950); lower is better. "
            "Bands are added up by their customer_count",
        ),
        Column("calibrated_brier_score", RATE, "the same of calibrated_rate; empty where that is"),
        Column(
            "base_rate_brier_score",
            RATE,
            "the same of who says base_rate of everybody, which nobody could know beforehand: what a forecast must beat to be worth anything",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        at_least("customer_count", 1),
        at_most_column("ordering_customer_count", "customer_count"),
        at_most_column("ordering_customer_count", "order_count"),
        at_most_column("ordering_rate_low", "ordering_rate"),
        at_most_column("ordering_rate", "ordering_rate_high"),
        at_least("brier_score", 0),
    ),
    owner="customers",
    fresh_within_minutes=15,
)


def transform(gold_customer_features: DataFrame, silver_orders: DataFrame) -> DataFrame:
    """The forecasts of each past month start, by band, and what came."""
    in_horizon = F.col("order_date") < F.date_add("order_month", HORIZON_DAYS)
    came = (
        silver_orders.where(in_horizon)
        .groupBy("customer_id", F.col("order_month").alias("snapshot_date"))
        .agg(F.count(F.lit(1)).alias("_orders"))
    )
    forecasts = _foretold(_known(gold_customer_features, silver_orders.agg(F.max("order_date").alias("_newest"))))
    bands = _in_bands(forecasts.join(came, on=["customer_id", "snapshot_date"], how="left"))
    return _graded(bands).select(*TABLE.column_names)


def _known(features: DataFrame, newest: DataFrame) -> DataFrame:
    """Each customer at each month start from their first order on whose horizon is over; the newest features hold on through silent months."""
    last_start = F.trunc(F.date_sub("_newest", HORIZON_DAYS), "month")
    until = F.lead("snapshot_date").over(Window.partitionBy("customer_id").orderBy("snapshot_date"))
    return (
        features.where("order_count > 0")
        .select(
            "customer_id",
            "snapshot_date",
            "order_count",
            F.date_sub("snapshot_date", F.col("days_since_first_order").cast("int")).alias("_first"),
            F.date_sub("snapshot_date", F.col("days_since_last_order").cast("int")).alias("_last"),
            F.add_months(until, -1).alias("_until"),
        )
        .crossJoin(F.broadcast(newest.select(last_start.alias("_last_start"))))
        .where(F.col("snapshot_date") <= F.col("_last_start"))
        .withColumn(
            "snapshot_date",
            F.explode(F.sequence("snapshot_date", F.least("_until", "_last_start"), F.expr("interval 1 month"))),
        )
    )


def _foretold(known: DataFrame) -> DataFrame:
    """Those of whom the rhythm foretells anything, with ``foretold``, as of the day before the month starts."""
    day_before = F.date_sub("snapshot_date", 1)
    shop = known.groupBy("snapshot_date").agg(
        F.sum(F.datediff(day_before, "_first")).alias("_waited"), F.sum(F.col("order_count") - 1).alias("_repeats")
    )
    interval = expected_interval(F.col("_waited"), F.col("_repeats"), F.datediff("_last", "_first"), F.col("order_count"))
    return (
        known.join(F.broadcast(shop), on="snapshot_date", how="inner")
        .withColumn("foretold", foretold(F.datediff(day_before, "_last"), interval))
        .where("foretold is not null")
        .select("customer_id", "snapshot_date", "foretold")
    )


def _in_bands(forecasts: DataFrame) -> DataFrame:
    """Forecasts with the ``_orders`` that came, counted by month start and band."""
    has_come = F.col("_orders").isNotNull()
    miss = F.col("foretold") - F.when(has_come, 1).otherwise(0)
    return (
        forecasts.withColumn("score_band", score_band(F.col("foretold")))
        .groupBy(*TABLE.key)
        .agg(
            F.count(F.lit(1)).alias("customer_count"),
            F.sum("foretold").alias("_foretold"),
            F.count_if(has_come).alias("ordering_customer_count"),
            F.coalesce(F.sum("_orders"), F.lit(0)).cast("bigint").alias("order_count"),
            F.sum((miss * miss).cast("decimal(10,8)")).alias("_missed"),
        )
    )


def _graded(bands: DataFrame) -> DataFrame:
    starts = bands.groupBy("snapshot_date").agg(
        rate(F.sum("ordering_customer_count"), F.sum("customer_count")).alias("base_rate"),
    )
    earlier = bands.withColumnRenamed("snapshot_date", "_earlier").join(
        F.broadcast(starts.select("snapshot_date")), on=F.col("_earlier") < F.col("snapshot_date"), how="inner"
    )
    learned = came_true(earlier, "snapshot_date").withColumnRenamed("order_probability_28d", "calibrated_rate")
    graded = bands.join(starts, on="snapshot_date", how="inner").join(learned, on=list(TABLE.key), how="left")
    low, high = wilson_interval("ordering_customer_count", "customer_count")
    return (
        graded.withColumn("foretold_rate", _mean(F.col("_foretold")))
        .withColumn("ordering_rate", rate("ordering_customer_count", "customer_count"))
        .withColumn("ordering_rate_low", low)
        .withColumn("ordering_rate_high", high)
        .withColumn("brier_score", _mean(F.col("_missed")))
        .withColumn("calibrated_brier_score", _brier_score("calibrated_rate"))
        .withColumn("base_rate_brier_score", _brier_score("base_rate"))
    )


def _mean(total: Expression) -> Expression:
    return F.round(total.cast("decimal(24,8)") / F.col("customer_count").cast("decimal(10,0)"), 4).cast("decimal(9,4)")


def _brier_score(chance: str) -> Expression:
    """The Brier score of one probability for everybody in a row."""
    said = F.col(chance).cast("decimal(5,4)")
    came = F.col("ordering_customer_count").cast("decimal(10,0)")
    stayed = (F.col("customer_count") - F.col("ordering_customer_count")).cast("decimal(10,0)")
    return _mean(came * (1 - said) * (1 - said) + stayed * said * said)
