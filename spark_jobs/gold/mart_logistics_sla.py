"""What to do about each carrier on each lane, from a warehouse to a province, after what it did in the last four weeks.

Which parcels count depends on the newest day, so every row may move; there is a
row for each carrier and lane, so the table is written whole.
"""

from decimal import Decimal

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, at_most_column, not_null, references
from iceberg.table import MONEY, Column, FullRefresh, Ratio, Table
from spark_jobs.definitions.durations import HOURS, percentile_of_hours
from spark_jobs.definitions.rates import RATE, rates_of, wilson_interval

DAYS = 28
"""Four weeks, so that each weekday counts alike."""
TARGET = Decimal("0.9")
"""The share on time below which a carrier does not do what the shop expects of it."""
LEAST_PARCELS = 10
"""So many judged parcels it takes to blame a carrier: of one that is late, an interval alone would already be below the target."""

TABLE = Table(
    grain="one row per carrier, warehouse and province with a parcel in the last 28 days, or an overdue one",
    key=("carrier_code", "warehouse_code", "province"),
    columns=(
        Column("carrier_code", StringType(), "who carries, see silver.carriers"),
        Column("warehouse_code", StringType(), "where the lane begins, see silver.warehouses"),
        Column("province", StringType(), "where it goes; unknown for an order whose address is gone"),
        Column("as_of_date", DateType(), "newest day on which the shop handed a parcel over, in its time zone"),
        Column("parcel_count", LongType(), f"parcels handed over in the {DAYS} days up to that day"),
        Column("judged_parcel_count", LongType(), "of these, those of which it is known whether they are late, see silver.fact_shipments"),
        Column("on_time_parcel_count", LongType(), "of these, those that are not"),
        Column(
            "on_time_share",
            RATE,
            "parcels on time by parcels judged, 0 to 1; empty while none is judged",
            made=Ratio("on_time_parcel_count", "judged_parcel_count"),
        ),
        Column(
            "on_time_low",
            RATE,
            "lower end of the 95 % interval of that share, since a few parcels may be late by chance (E. Wilson, "
            '"Probable Inference, the Law of Succession, and Statistical Inference", 1927); empty while none is judged',
        ),
        Column("on_time_high", RATE, "upper end of that interval"),
        Column(
            "median_delay_hours",
            HOURS,
            "hours from the promised instant to the arrival that half of the arrived ones were within, below zero when early; "
            "empty while none arrived",
        ),
        Column("p90_delay_hours", HOURS, "hours that 9 of 10 were within, by linear interpolation (Hyndman and Fan, 1996, definition 7)"),
        Column("overdue_parcel_count", LongType(), "parcels still on their way that are late already, whenever they were handed over"),
        Column("shipping_cost", MONEY, f"what the carrier takes for the parcels of the {DAYS} days, in the shop's currency"),
        Column(
            "action",
            StringType(),
            "a rule of the house. renegotiate: 10 parcels or more are judged, and even the upper end of the interval is below 90 %, so that "
            "chance does not explain it; watch: the share is below 90 % but may be so by chance, or a parcel is overdue, or none is judged "
            "yet; keep: all others",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        accepted_values("action", "keep", "watch", "renegotiate"),
        not_null("action"),
        references("carrier_code", "silver.carriers"),
        references("warehouse_code", "silver.warehouses"),
        at_most_column("judged_parcel_count", "parcel_count"),
        at_most_column("on_time_parcel_count", "judged_parcel_count"),
        at_most_column("on_time_low", "on_time_share"),
        at_most_column("on_time_share", "on_time_high"),
        at_most_column("median_delay_hours", "p90_delay_hours"),
        at_least("on_time_low", 0),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(silver_fact_shipments: DataFrame) -> DataFrame:
    """The recent parcels of each carrier and lane, and those that should have arrived."""
    newest = silver_fact_shipments.agg(F.max("shipped_date").alias("as_of_date"))
    is_recent = F.col("shipped_date") > F.date_sub("as_of_date", DAYS)
    is_overdue = (F.col("status") == "in_transit") & F.coalesce("is_late", F.lit(False))
    parcels = (
        silver_fact_shipments.crossJoin(F.broadcast(newest))
        .withColumns({"province": F.coalesce("province", F.lit("unknown")), "is_recent": is_recent, "is_overdue": is_overdue})
        .where("is_recent or is_overdue")
        .withColumn("late_hours", F.when(F.col("is_recent"), F.col("late_hours")))
    )
    lanes = parcels.groupBy(*TABLE.key).agg(
        F.max("as_of_date").alias("as_of_date"),
        F.count_if("is_recent").alias("parcel_count"),
        F.count_if(F.col("is_recent") & F.col("is_late").isNotNull()).alias("judged_parcel_count"),
        F.count_if(F.col("is_recent") & ~F.col("is_late")).alias("on_time_parcel_count"),
        percentile_of_hours("late_hours", 0.5).alias("median_delay_hours"),
        percentile_of_hours("late_hours", 0.9).alias("p90_delay_hours"),
        F.count_if("is_overdue").alias("overdue_parcel_count"),
        F.sum(F.when(F.col("is_recent"), F.col("shipping_cost")).otherwise(F.lit(0))).cast("decimal(20,2)").alias("shipping_cost"),
    )
    low, high = wilson_interval("on_time_parcel_count", "judged_parcel_count")
    measured = lanes.withColumns(rates_of(TABLE) | {"on_time_low": low, "on_time_high": high})
    return measured.withColumn("action", _action()).select(*TABLE.column_names)


def _action() -> Expression:
    is_doubtful = F.coalesce(F.col("on_time_share") < F.lit(TARGET), F.lit(True)) | (F.col("overdue_parcel_count") > 0)
    is_below = (F.col("judged_parcel_count") >= LEAST_PARCELS) & (F.col("on_time_high") < F.lit(TARGET))
    return F.when(is_below, "renegotiate").when(is_doubtful, "watch").otherwise("keep")
