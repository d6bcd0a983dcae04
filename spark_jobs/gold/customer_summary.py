"""Every customer as they stand on the newest day of the data: what they bought, how they are scored, what they may bring.

Recency moves for everybody each day, quintiles and the shop's own rhythm move
with every other customer, so each row may change with each order and the whole
table is written. That stays cheap because the orders are already added up in
gold.customer_months, which follows the touched customers alone. The reference
day is the newest order date, not today, so that the same data give the same rows.
"""

from pyiceberg.types import DateType, IntegerType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, at_most_column, sums_to
from iceberg.table import AMOUNT, MONEY, Column, FullRefresh, Table
from spark_jobs.local_time import local_date
from spark_jobs.rates import RATE, SCORE, rate, weighted_score

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
        Column("returned_order_count", LongType(), "orders of which something was or is to be sent back"),
        Column("unit_count", LongType(), "pieces in all placed lines"),
        Column("revenue", MONEY, "items less discounts, without shipping and tax, of the paid orders, in the shop's currency"),
        Column("refunded_amount", MONEY, "what of that revenue was given back until now"),
        Column("net_revenue", MONEY, "revenue less refunds"),
        Column("gross_profit", MONEY, "revenue less what the goods cost, first in, first out, before refunds"),
        Column("average_order_value", AMOUNT, "revenue per paid order, before refunds; empty where none is paid"),
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
            "order) / orders. Empty without an order, and while nobody in the shop has ordered twice",
        ),
        Column(
            "churn_risk",
            RATE,
            "0 to 1: 1 - exp(-days since the newest order / expected_interval_days), how likely somebody of that rhythm would have "
            "ordered by now; a score to rank by, no measured probability; empty where the interval is",
        ),
        Column(
            "customer_lifetime_value",
            MONEY,
            "gross profit so far plus that expected of the next 365 days: profit per paid order x 365 / expected_interval_days x "
            "(1 - churn_risk), undiscounted (historic plus expected margin, after P. Berger and N. Nasr, 1998); empty without a paid order",
        ),
        Column(
            "health_score",
            SCORE,
            "0 to 100, a rule of the house: 50 % (1 - churn_risk), 20 % mean of frequency and monetary score from 1 (0) to 5 (1), "
            "30 % 1 - (returned orders + tickets) / orders, at least 0; empty without an order",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        accepted_values("segment", *SEGMENTS),
        at_least("points_balance", 0),
        at_least("recency_days", 0),
        at_most_column("paid_order_count", "order_count"),
        at_most_column("first_order_date", "last_order_date"),
        at_most_column("last_order_date", "reference_date"),
        sums_to("order_count", "gold.customer_months", "order_count"),
        sums_to("net_revenue", "gold.customer_months", "net_revenue"),
    ),
    owner="customers",
    fresh_within_minutes=15,
)

_COUNTS = (
    "order_count", "paid_order_count", "cancelled_order_count", "returned_order_count", "unit_count", "ticket_count", "review_count",
    "rating_sum", "points",
)  # fmt: skip
_SUMS = ("revenue", "refunded_amount", "net_revenue", "gross_profit")


def transform(
    silver_customers: DataFrame, silver_customer_addresses: DataFrame, gold_customer_months: DataFrame, time_zone: str
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
    return _valued(_with_rhythm(_scored(rows))).select(*TABLE.column_names)


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
    """Add the expected interval between orders, from the customer's own and the shop's, and how overdue the next one is."""
    waited = F.col("_buyers") * F.unix_date("reference_date") - F.col("_first_days")
    own = F.datediff("last_order_date", "first_order_date")
    interval = F.try_divide(rate(waited, "_repeats") + own, F.col("order_count"))
    since = F.datediff("reference_date", "last_order_date")
    return (
        rows.withColumn("expected_interval_days", F.round(interval, 4).cast("decimal(9,4)"))
        .withColumn("_overdue", F.try_divide(since.cast("double"), F.col("expected_interval_days").cast("double")))
        .withColumn("churn_risk", F.round(F.lit(1.0) - F.exp(-F.col("_overdue")), 4).cast("decimal(9,4)"))
    )


def _valued(rows: DataFrame) -> DataFrame:
    """Add what is expected of a customer, and their health."""
    stays = F.lit(1) - F.col("churn_risk")
    # Narrow decimals leave the quotient enough digits to round once.
    profit, orders = F.col("gross_profit").cast("decimal(16,2)"), F.col("paid_order_count").cast("decimal(9,0)")
    expected = F.try_divide(profit * YEAR_DAYS * stays.cast("decimal(5,4)"), F.col("expected_interval_days") * orders)
    value = F.col("gross_profit") + F.coalesce(F.round(expected, 2), F.lit(0))
    standing = (F.col("frequency_score") + F.col("monetary_score") - 2) / F.lit(8)
    trouble = rate(F.col("returned_order_count") + F.col("ticket_count"), "order_count")
    calm = F.when(trouble.isNotNull(), F.greatest(F.lit(0), F.lit(1) - trouble))
    health = weighted_score((50, stays), (20, standing), (30, calm))
    return rows.withColumn("customer_lifetime_value", F.when(F.col("paid_order_count") > 0, value).cast("decimal(20,2)")).withColumn(
        "health_score", F.when(F.col("order_count") > 0, health)
    )
