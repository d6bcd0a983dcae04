"""How far customers can trust what they order in each channel: on time, as described, answered and paid back soon.

By the month of the order, so that a score says how that month's buyers fared
until now; it settles as parcels arrive and returns are decided.
"""

from pyiceberg.types import DateType, DecimalType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, not_null
from iceberg.table import Column, Ratio, RecomputeTouched, Table
from spark_jobs.definitions.rates import RATE, SCORE, between_zero_and_one, rate, rates_of, weighted_score

REFUND_DAYS = 14

TABLE = Table(
    grain="one row per order month and channel",
    key=("order_month", "channel_code"),
    columns=(
        Column("order_month", DateType(), "first day of the month in which the orders were placed, in the shop's time zone"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("order_count", LongType(), "orders placed, cancelled ones included"),
        Column("delivered_order_count", LongType(), "of these that arrived, those that went back since included"),
        Column("parcel_count", LongType(), "parcels of these orders that arrived, were lost or are overdue"),
        Column(
            "on_time_parcel_count",
            LongType(),
            "of these that arrived as promised: the others are late, see is_late of silver.fact_shipments",
        ),
        Column("return_requested_order_count", LongType(), "orders of which a return was asked for"),
        Column("complaint_order_count", LongType(), "orders that a support ticket is about"),
        Column("refund_count", LongType(), "returns that were paid back"),
        Column("average_refund_hours", DecimalType(12, 2), "mean hours from asking for a return to its money; empty without one"),
        Column("review_count", LongType(), "reviews of these orders"),
        Column("average_rating", RATE, "mean stars of these, 1 to 5; empty without one"),
        Column(
            "on_time_rate",
            RATE,
            "parcels that arrived as promised by those that arrived, were lost or are overdue; empty without one",
            made=Ratio("on_time_parcel_count", "parcel_count"),
        ),
        Column(
            "return_rate",
            RATE,
            "returned by delivered orders; empty without one",
            made=Ratio("return_requested_order_count", "delivered_order_count"),
        ),
        Column("complaint_rate", RATE, "orders with a ticket by all orders", made=Ratio("complaint_order_count", "order_count")),
        Column(
            "trust_score",
            SCORE,
            "0 to 100, a rule of the house: 30 % on_time_rate, 20 % 1 - return_rate, 15 % 1 - complaint_rate, 10 % refund speed "
            "(1 at once, 0 from 14 days on, which EU directive 2011/83 article 13 allows at most), 25 % rating (0 at 1 star, 1 at 5); "
            "parts without a value are left out with their weight",
        ),
    ),
    refresh=RecomputeTouched("order_month", via="silver.orders"),
    checks=(
        at_least("order_count", 1),
        at_most_column("delivered_order_count", "order_count"),
        at_most_column("on_time_parcel_count", "parcel_count"),
        at_most_column("return_requested_order_count", "delivered_order_count"),
        at_most_column("complaint_order_count", "order_count"),
        at_least("average_refund_hours", 0),
        not_null("trust_score"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(
    silver_orders: DataFrame,
    silver_fact_shipments: DataFrame,
    silver_order_returns: DataFrame,
    silver_payments: DataFrame,
    silver_support_tickets: DataFrame,
    silver_reviews: DataFrame,
) -> DataFrame:
    """Each channel's orders of each month, and what became of them."""
    # Whether a parcel is late is empty while that is not known.
    parcels = silver_fact_shipments.groupBy("order_id").agg(
        F.count("is_late").alias("parcel_count"), F.count_if(~F.col("is_late")).alias("on_time_parcel_count")
    )
    refunds = silver_payments.where("status = 'refunded'").groupBy("order_id").agg(F.min("paid_at").alias("refunded_at"))
    returns = (
        silver_order_returns.join(refunds, on="order_id", how="left")
        .groupBy("order_id")
        .agg(
            F.lit(1).alias("is_returned"),
            F.count("refunded_at").alias("refund_count"),
            F.sum(F.unix_seconds("refunded_at") - F.unix_seconds("requested_at")).alias("refund_seconds"),
        )
    )
    complaints = silver_support_tickets.groupBy("order_id").agg(F.lit(1).alias("is_complaint"))
    reviews = silver_reviews.groupBy("order_id").agg(F.count(F.lit(1)).alias("review_count"), F.sum("rating").alias("rating_sum"))
    orders = silver_orders.withColumn("is_delivered", F.when(F.col("status").isin("delivered", "returned"), 1))
    for part in (parcels, returns, complaints, reviews):
        orders = orders.join(part, on="order_id", how="left")
    sums = {
        "delivered_order_count": "is_delivered", "parcel_count": "parcel_count", "on_time_parcel_count": "on_time_parcel_count",
        "return_requested_order_count": "is_returned", "complaint_order_count": "is_complaint", "refund_count": "refund_count",
        "refund_seconds": "refund_seconds", "review_count": "review_count", "rating_sum": "rating_sum",
    }  # fmt: skip
    months = orders.groupBy(*TABLE.key).agg(
        F.count(F.lit(1)).alias("order_count"),
        *(F.coalesce(F.sum(part), F.lit(0)).cast("bigint").alias(name) for name, part in sums.items()),
    )
    return _scored(months).select(*TABLE.column_names)


def _scored(months: DataFrame) -> DataFrame:
    hours = F.try_divide(F.col("refund_seconds").cast("decimal(20,0)"), F.col("refund_count").cast("decimal(20,0)") * 3600)
    months = (
        months.withColumn("average_refund_hours", F.round(hours, 2).cast("decimal(12,2)"))
        .withColumn("average_rating", rate("rating_sum", "review_count"))
        .withColumns(rates_of(TABLE))
    )
    return months.withColumn(
        "trust_score",
        weighted_score(
            (30, F.col("on_time_rate")),
            (20, between_zero_and_one(F.lit(1) - F.col("return_rate"))),
            (15, F.lit(1) - F.col("complaint_rate")),
            (10, between_zero_and_one(F.lit(1) - F.col("average_refund_hours") / (24 * REFUND_DAYS))),
            (25, between_zero_and_one((F.col("average_rating") - 1) / 4)),
        ),
    )
