"""Each tier of the loyalty programme, month by month: who is in it, who rose and fell, and what its points did.

What is held at a month's end follows from all that came before it, so the table
is written whole; it has a row for each month and tier.
"""

from pyiceberg.types import DateType, IntegerType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import Severity, at_least, references, sums_to
from iceberg.table import Column, FullRefresh, Table
from spark_jobs.definitions.local_time import local_month, month_of
from spark_jobs.instants import valid_at

TABLE = Table(
    grain="one row per month and tier, from the month of the first account on",
    key=("loyalty_month", "tier"),
    columns=(
        Column("loyalty_month", DateType(), "first day of the month, in the shop's time zone"),
        Column("tier", StringType(), "bronze, silver, gold or platinum, see silver.loyalty_tiers"),
        Column("rank", IntegerType(), "1 for the lowest tier, counting upwards"),
        Column("member_count", LongType(), "customers in the tier at the month's end, or until now in the one that goes on"),
        Column("joined_count", LongType(), "customers whose account was opened in this tier during the month"),
        Column("came_from_below_count", LongType(), "times that a customer rose into it; one may rise and fall several times"),
        Column("came_from_above_count", LongType(), "times that a customer fell into it"),
        Column("went_up_count", LongType(), "times that a customer rose out of it"),
        Column("went_down_count", LongType(), "times that a customer fell out of it"),
        Column("closed_count", LongType(), "customers of the tier whose account was deleted"),
        Column("earned_points", LongType(), "points that its customers earned with delivered orders while they were in it"),
        Column("reversed_points", LongType(), "points taken back for orders that were returned; the shop lets none expire"),
        Column("redeemed_points", LongType(), "points that became vouchers"),
        Column("point_change", LongType(), "earned less reversed and redeemed points"),
        Column("carried_points", LongType(), "points of customers who came into the tier, less those of customers who left it"),
        Column("point_balance", LongType(), "points that its customers hold at the month's end, or now: what the shop owes them"),
    ),
    refresh=FullRefresh(),
    checks=(
        references("tier", "silver.loyalty_tiers"),
        at_least("member_count", 0),
        at_least("point_balance", 0),
        at_least("earned_points", 0),
        # Who somebody was may become known later than that their points moved.
        sums_to("point_change", "silver.loyalty_transactions", "points", severity=Severity.WARN),
    ),
    owner="customers",
    fresh_within_minutes=15,
)

_MOVES = ("joined_count", "came_from_below_count", "came_from_above_count", "went_up_count", "went_down_count", "closed_count")
_POINTS = ("earned_points", "reversed_points", "redeemed_points", "point_change")
_BEHIND = ("_member_change", "carried_points")


def transform(
    silver_dim_customers: DataFrame, silver_loyalty_transactions: DataFrame, silver_loyalty_tiers: DataFrame, time_zone: str
) -> DataFrame:
    """What happened to each tier in each month, and what that left of members and points at its end."""
    tiers = F.broadcast(silver_loyalty_tiers.select("tier", "rank"))
    stays = _stays(silver_dim_customers, tiers)
    held = _held(stays, silver_loyalty_transactions)
    happened = (
        _begun(held, time_zone)
        .unionByName(_ended(held, time_zone), allowMissingColumns=True)
        .unionByName(_points(stays, silver_loyalty_transactions), allowMissingColumns=True)
    )
    by_month = happened.groupBy("loyalty_month", "tier").agg(*(F.sum(name).alias(name) for name in (*_MOVES, *_POINTS, *_BEHIND)))
    span = by_month.agg(F.min("loyalty_month").alias("first"), F.max("loyalty_month").alias("newest")).where("first is not null")
    months = span.select(F.explode(F.expr("sequence(first, newest, interval 1 month)")).alias("loyalty_month")).crossJoin(tiers)
    until_then = Window.partitionBy("tier").orderBy("loyalty_month").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return (
        months.join(by_month, on=["loyalty_month", "tier"], how="left")
        .withColumns({name: F.coalesce(name, F.lit(0)).cast("bigint") for name in (*_MOVES, *_POINTS, *_BEHIND)})
        .withColumn("member_count", F.sum("_member_change").over(until_then))
        .withColumn("point_balance", F.sum(F.col("point_change") + F.col("carried_points")).over(until_then))
        .select(*TABLE.column_names)
    )


def _stays(customers: DataFrame, tiers: DataFrame) -> DataFrame:
    """The stretches of time in which a customer was in one tier, with the rank of the tier before and behind; none where there is none."""
    by_time = Window.partitionBy("customer_id").orderBy("version")
    follows_on = (F.lag("tier").over(by_time) == F.col("tier")) & ~F.lag("is_deleted").over(by_time)
    begins = F.when(F.coalesce(follows_on, F.lit(False)), 0).otherwise(1)
    stays = (
        customers.withColumn("_stay", F.sum(begins).over(by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)))
        .groupBy("customer_id", "_stay", "tier")
        .agg(
            F.min("valid_from").alias("valid_from"),
            F.when(~F.bool_or("is_current"), F.max("valid_to")).alias("valid_to"),
            F.bool_or("is_deleted").alias("is_deleted"),
        )
        .join(tiers, on="tier", how="inner")
    )
    in_order = Window.partitionBy("customer_id").orderBy("_stay")
    came_back = F.coalesce(F.lag("is_deleted").over(in_order), F.lit(False))
    return stays.withColumns(
        {
            "_rank_before": F.when(~came_back, F.lag("rank").over(in_order)),
            "_rank_behind": F.when(~F.col("is_deleted"), F.lead("rank").over(in_order)),
        }
    )


def _held(stays: DataFrame, transactions: DataFrame) -> DataFrame:
    """Stays with the points that the customer held when they began and when they ended."""
    moved = transactions.select("customer_id", "points", "happened_at")
    return (
        stays.join(moved, on="customer_id", how="left")
        .groupBy(*stays.columns)
        .agg(
            _points_where(F.col("happened_at") < F.col("valid_from"), "_brought"),
            _points_where(F.col("happened_at") < F.col("valid_to"), "_taken"),
        )
    )


def _points_where(condition: Expression, name: str) -> Expression:
    return F.coalesce(F.sum(F.when(condition, F.col("points"))), F.lit(0)).alias(name)


def _begun(held: DataFrame, time_zone: str) -> DataFrame:
    before = F.col("_rank_before")
    return held.select(
        local_month("valid_from", time_zone).alias("loyalty_month"),
        "tier",
        F.lit(1).alias("_member_change"),
        F.when(before.isNull(), 1).alias("joined_count"),
        F.when(before < F.col("rank"), 1).alias("came_from_below_count"),
        F.when(before > F.col("rank"), 1).alias("came_from_above_count"),
        F.col("_brought").alias("carried_points"),
    )


def _ended(held: DataFrame, time_zone: str) -> DataFrame:
    behind = F.col("_rank_behind")
    return held.where("valid_to is not null").select(
        local_month("valid_to", time_zone).alias("loyalty_month"),
        "tier",
        F.lit(-1).alias("_member_change"),
        F.when(behind > F.col("rank"), 1).alias("went_up_count"),
        F.when(behind < F.col("rank"), 1).alias("went_down_count"),
        F.when(F.col("is_deleted"), 1).alias("closed_count"),
        (-F.col("_taken")).alias("carried_points"),
    )


def _points(stays: DataFrame, transactions: DataFrame) -> DataFrame:
    """The movements of points, each in the tier that its customer was in then."""
    points = F.col("points").cast("bigint")
    in_tier = stays.select(F.col("customer_id").alias("known_id"), "tier", "valid_from", "valid_to")
    return transactions.join(in_tier, on=(F.col("customer_id") == F.col("known_id")) & valid_at("happened_at"), how="inner").select(
        month_of(F.col("happened_date")).alias("loyalty_month"),
        "tier",
        F.when(F.col("kind") == "earn", points).alias("earned_points"),
        F.when(F.col("kind") == "reverse", -points).alias("reversed_points"),
        F.when(F.col("kind") == "redeem", -points).alias("redeemed_points"),
        points.alias("point_change"),
    )
