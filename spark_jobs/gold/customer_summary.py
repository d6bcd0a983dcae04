"""Every customer as they stand on the newest day of the data: what they bought, how they are scored, what they may bring.

Recency moves for everybody each day, quintiles and the shop's own rhythm move
with every other customer, so each row may change with each order and the whole
table is written. That stays cheap because the orders are already added up in
gold.customer_months, which follows the touched customers alone, and what became
of past forecasts in gold.churn_calibration. The reference day is the newest
order date, not today, so that the same data give the same rows.
"""

from pyiceberg.types import DateType, IntegerType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, at_most_column, sums_to
from iceberg.table import AMOUNT, MONEY, Column, FullRefresh, Ratio, Table
from spark_jobs.definitions.churn import HORIZON_DAYS, came_true, churn_risk, expected_interval, foretold, score_band
from spark_jobs.definitions.local_time import local_date
from spark_jobs.definitions.rates import RATE, SCORE, rate, weighted_score

SEGMENTS = (
    "champions", "loyal", "potential_loyalist", "new", "promising", "need_attention", "about_to_sleep", "at_risk", "cannot_lose",
    "hibernating", "no_purchase",
)  # fmt: skip
YEAR_DAYS = 365

TABLE = Table(
    grain="one row per customer",
    key=("customer_id",),
    columns=(
        Column("customer_id", LongType(), "which customer, see silver.customers"),
        Column(
            "reference_date",
            DateType(),
            "newest order date of the shop: the day as of which everything is said; empty while nobody has ordered",
        ),
        Column("registered_date", DateType(), "day they signed up, in the shop's time zone"),
        Column("signup_channel_code", StringType(), "channel they came through, see silver.channels"),
        Column("tier", StringType(), "loyalty tier now: bronze, silver, gold or platinum"),
        Column("province", StringType(), "province of their default address, empty without one"),
        Column("points_balance", LongType(), "loyalty points left"),
        Column("first_order_date", DateType(), "day of their first order, cancelled ones included; empty without one"),
        Column("next_order_date", DateType(), "first later day on which they ordered again; empty when they did not"),
        Column("last_order_date", DateType(), "day of their newest order, cancelled ones included; empty without one"),
        Column("last_paid_order_date", DateType(), "day of their newest paid order; empty without one"),
        Column("order_count", LongType(), "orders placed, cancelled ones included"),
        Column("paid_order_count", LongType(), "orders with a successful payment that are not cancelled"),
        Column("cancelled_order_count", LongType(), "orders cancelled by now"),
        Column("returned_order_count", LongType(), "orders of which something was or is to be sent back; refused returns do not count"),
        Column(
            "troubled_order_count",
            LongType(),
            "orders with a return that was asked for, refused or not, or with a support ticket about them; an order with both counts once",
        ),
        Column("unit_count", LongType(), "pieces in all placed lines"),
        Column("revenue", MONEY, "items less discounts, without shipping and tax, of the paid orders, in the shop's currency"),
        Column("refunded_amount", MONEY, "what of that revenue was given back until now"),
        Column("net_revenue", MONEY, "revenue less refunds"),
        Column("gross_profit", MONEY, "revenue less what the goods cost, first in, first out, before refunds"),
        Column(
            "gross_margin",
            MONEY,
            "net revenue less the cost of goods sold, which leaves out what came back sound: what is left after refunds "
            "(IAS 1, paragraph 103); below 0 where more was lost than earned",
        ),
        Column(
            "average_order_value",
            AMOUNT,
            "revenue per paid order, before refunds; empty where none is paid",
            made=Ratio("revenue", "paid_order_count"),
        ),
        Column("ticket_count", LongType(), "support tickets opened"),
        Column("review_count", LongType(), "reviews written"),
        Column("average_rating", RATE, "mean stars of their reviews, 1 to 5; empty without one"),
        Column("recency_days", IntegerType(), "days from their newest paid order to the reference date; empty without one"),
        Column(
            "recency_score",
            IntegerType(),
            "1 to 5 by quintiles of recency_days over all customers with a paid order, 5 the most recent (A. Hughes, Strategic Database "
            "Marketing, 1994); equal values score alike; empty without a paid order",
        ),
        Column("frequency_score", IntegerType(), "1 to 5 by quintiles of paid_order_count, 5 the most orders"),
        Column("monetary_score", IntegerType(), "1 to 5 by quintiles of net_revenue, 5 the most money"),
        Column(
            "segment",
            StringType(),
            "by recency and frequency score, the ten-segment grid common in RFM practice: champions (5, 4-5), loyal (3-4, 4-5), "
            "potential_loyalist (4-5, 2-3), new (5, 1), promising (4, 1), need_attention (3, 3), about_to_sleep (3, 1-2), "
            "at_risk (1-2, 3-4), cannot_lose (1-2, 5), hibernating (1-2, 1-2); no_purchase without a paid order",
        ),
        Column(
            "expected_interval_days",
            RATE,
            "days expected between two of their orders: the posterior of a Poisson rate with a gamma prior worth one order at the shop's "
            "mean rate (A. Ehrenberg, 1959; D. Schmittlein and others, 1987). (shop's days per repeat order + days from first to newest "
            "order) / orders. Empty without an order, while nobody in the shop has ordered twice, and from 100,000 days on",
        ),
        Column(
            "churn_risk",
            RATE,
            "0 to 1: 1 - exp(-days since the newest order / expected_interval_days), how likely somebody of that rhythm would have "
            "ordered by now; a score to rank by, no measured probability; empty where the interval is",
        ),
        Column(
            "order_probability_28d",
            RATE,
            "measured probability, 0 to 1, of an order within 28 days of the reference date; what is missing to 1 is that of staying away. "
            "The share who ordered among the customers of past month starts with a like score: the same band in gold.churn_calibration of "
            "(1 - churn_risk) x (1 - exp(-28 / expected_interval_days)). Neighbouring bands are pooled until they hold 100 forecasts and a "
            "higher band has no lower share (isotonic regression: R. Barlow and others, 1972). Empty where the interval is, and until 100 "
            "forecasts have had their 28 days, so in a shop that is younger",
        ),
        Column(
            "expected_order_count_28d",
            RATE,
            "orders, cancelled ones included, expected within these 28 days: the mean that customers of past month starts with a like score "
            "placed, pooled likewise; empty where order_probability_28d is",
        ),
        Column(
            "customer_lifetime_value",
            MONEY,
            "gross margin so far plus that expected of the next 365 days, undiscounted: gross_margin / order_count x "
            "expected_order_count_28d x 365 / 28, which takes a customer to go on for a year as those with a like score did for 28 days "
            "(historic plus expected margin, after P. Berger and N. Nasr, 1998); empty without a paid order and where "
            "order_probability_28d is",
        ),
        Column(
            "health_score",
            SCORE,
            "0 to 100, a rule of the house: 50 % (1 - churn_risk), 20 % mean of frequency and monetary score from 1 (0) to 5 (1), "
            "30 % orders without trouble: 1 - troubled_order_count / order_count; empty without an order",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        accepted_values("segment", *SEGMENTS),
        at_least("points_balance", 0),
        at_least("recency_days", 0),
        at_most_column("paid_order_count", "order_count"),
        at_most_column("troubled_order_count", "order_count"),
        at_most_column("order_probability_28d", "expected_order_count_28d"),
        at_most_column("first_order_date", "last_order_date"),
        at_most_column("last_order_date", "reference_date"),
        sums_to("order_count", "gold.customer_months", "order_count"),
        sums_to("net_revenue", "gold.customer_months", "net_revenue"),
        sums_to("gross_margin", "gold.customer_months", "gross_margin"),
    ),
    owner="customers",
    fresh_within_minutes=15,
)

_COUNTS = (
    "order_count", "paid_order_count", "cancelled_order_count", "returned_order_count", "troubled_order_count", "unit_count",
    "ticket_count", "review_count", "rating_sum", "points",
)  # fmt: skip
_SUMS = ("revenue", "refunded_amount", "net_revenue", "gross_profit", "gross_margin")


def transform(
    silver_customers: DataFrame,
    silver_customer_addresses: DataFrame,
    gold_customer_months: DataFrame,
    gold_churn_calibration: DataFrame,
    time_zone: str,
) -> DataFrame:
    """Every customer, those without an order included, with scores among all of them."""
    totals = _totals(gold_customer_months)
    provinces = silver_customer_addresses.where("is_default").groupBy("customer_id").agg(F.min("province").alias("province"))
    rows = (
        silver_customers.withColumn("registered_date", local_date("registered_at", time_zone))
        .join(provinces, on="customer_id", how="left")
        .join(totals, on="customer_id", how="left")
        .crossJoin(F.broadcast(_shop(totals)))
        .withColumns({name: F.coalesce(name, F.lit(0)).cast("bigint") for name in _COUNTS})
        .withColumns({name: F.coalesce(name, F.lit(0)).cast("decimal(20,2)") for name in _SUMS})
        .withColumn("points_balance", F.col("points"))
        .withColumn("average_order_value", F.round(F.try_divide("revenue", "paid_order_count"), 2).cast("decimal(14,2)"))
        .withColumn("average_rating", rate("rating_sum", "review_count"))
        .withColumn("recency_days", F.datediff("reference_date", "last_paid_order_date"))
    )
    foreseen = _with_rhythm(_scored(rows)).join(F.broadcast(came_true(gold_churn_calibration)), on="score_band", how="left")
    return _valued(foreseen).select(*TABLE.column_names)


def _totals(months: DataFrame) -> DataFrame:
    """All months of each customer together."""
    # The second day of all is the first or the second of some month.
    days = F.array_sort(F.array_distinct(F.flatten(F.collect_list(F.array_compact(F.array("first_order_date", "next_order_date"))))))
    return months.groupBy("customer_id").agg(
        F.min("first_order_date").alias("first_order_date"),
        F.try_element_at(days, F.lit(2)).alias("next_order_date"),
        F.max("last_order_date").alias("last_order_date"),
        F.max("last_paid_order_date").alias("last_paid_order_date"),
        *(F.sum(name).alias(name) for name in (*_COUNTS, *_SUMS)),
    )


_SHARES = ("0.2", "0.4", "0.6", "0.8")
# Later is more recent, whatever the reference date, so that quintiles of the day are those of recency.
_RANKS = {
    "recency_score": "double(unix_date(last_paid_order_date))",
    "frequency_score": "double(paid_order_count)",
    "monetary_score": "double(net_revenue)",
}


def _shop(totals: DataFrame) -> DataFrame:
    """One row: what each customer is measured against, from one look at all of them."""
    borders = [
        F.expr(f"percentile_disc({share}) within group (order by case when paid_order_count > 0 then {rank} end)").alias(f"_{name}_{place}")
        for name, rank in _RANKS.items()
        for place, share in enumerate(_SHARES)
    ]
    return totals.agg(
        F.max("last_order_date").alias("reference_date"),
        F.count("first_order_date").alias("_buyers"),
        F.sum(F.unix_date("first_order_date")).alias("_first_days"),
        F.sum(F.when(F.col("order_count") > 0, F.col("order_count") - 1)).alias("_repeats"),
        *borders,
    )


def _scored(rows: DataFrame) -> DataFrame:
    """Scores by the quintiles of the customers with a paid order; values that are equal score alike, unlike with ntile."""
    for name, rank in _RANKS.items():
        score = F.lit(1)
        for place in range(len(_SHARES)):
            score = score + F.when(F.expr(rank) > F.col(f"_{name}_{place}"), 1).otherwise(0)
        rows = rows.withColumn(name, F.when(F.col("paid_order_count") > 0, score).cast("int"))
    return rows.withColumn("segment", _segment(F.col("recency_score"), F.col("frequency_score")))


def _segment(recency: Expression, frequency: Expression) -> Expression:
    return (
        F.when(recency.isNull(), "no_purchase")
        .when((recency == 5) & (frequency >= 4), "champions")
        .when((recency >= 3) & (frequency >= 4), "loyal")
        .when((recency >= 4) & (frequency >= 2), "potential_loyalist")
        .when(recency == 5, "new")
        .when(recency == 4, "promising")
        .when((recency == 3) & (frequency == 3), "need_attention")
        .when(recency == 3, "about_to_sleep")
        .when(frequency == 5, "cannot_lose")
        .when(frequency >= 3, "at_risk")
        .otherwise("hibernating")
    )


def _with_rhythm(rows: DataFrame) -> DataFrame:
    """Add the expected interval between orders, from the customer's own and the shop's, how overdue the next one is, and its band."""
    waited = F.col("_buyers") * F.unix_date("reference_date") - F.col("_first_days")
    own = F.datediff("last_order_date", "first_order_date")
    silent, interval = F.datediff("reference_date", "last_order_date"), F.col("expected_interval_days")
    return (
        rows.withColumn("expected_interval_days", expected_interval(waited, F.col("_repeats"), own, F.col("order_count")))
        .withColumn("churn_risk", churn_risk(silent, interval))
        .withColumn("score_band", score_band(foretold(silent, interval)))
    )


def _valued(rows: DataFrame) -> DataFrame:
    """Add what is expected of a customer, and their health."""
    # Narrow decimals leave the quotient enough digits to round once.
    margin, orders = F.col("gross_margin").cast("decimal(16,2)"), F.col("order_count").cast("decimal(9,0)")
    expected = F.try_divide(margin * YEAR_DAYS * F.col("expected_order_count_28d"), orders * HORIZON_DAYS)
    value = F.col("gross_margin") + F.round(expected, 2)
    standing = (F.col("frequency_score") + F.col("monetary_score") - 2) / F.lit(8)
    calm = F.lit(1) - rate("troubled_order_count", "order_count")
    health = weighted_score((50, F.lit(1) - F.col("churn_risk")), (20, standing), (30, calm))
    return rows.withColumn("customer_lifetime_value", F.when(F.col("paid_order_count") > 0, value).cast("decimal(20,2)")).withColumn(
        "health_score", F.when(F.col("order_count") > 0, health)
    )
