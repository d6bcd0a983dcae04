"""What to do next for each customer: which discount, how often to write, and the one thing to do now, with the reason.

Rules of the house over gold.customer_summary, which moves as a whole each day;
so does this. The first rule that fits a customer holds.
"""

from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import Column, FullRefresh, MadeOf, Table
from spark_jobs.definitions.rates import RATE

ACTIONS = ("settle_trouble", "welcome", "win_back", "remind", "thank", "spend_points", "raise_order", "second_order", "leave_alone")
LEAST_RISK, HIGH_RISK = "0.5", "0.8"
POINTS_WORTH_A_WORD = 100

TABLE = Table(
    grain="one row per customer",
    key=("customer_id",),
    columns=(
        Column("customer_id", LongType(), "which customer, see gold.customer_summary"),
        Column("reference_date", DateType(), "the day as of which this is recommended; empty while nobody in the shop has ordered"),
        Column("tier", StringType(), "loyalty tier now"),
        Column("segment", StringType(), "RFM segment, see gold.customer_summary"),
        Column("churn_risk", RATE, "as in gold.customer_summary"),
        Column(
            "discount_tier",
            StringType(),
            "none, small, medium or large: what an offer may take off. None for who buys anyway (risk below 0.5) or has left no gross margin; "
            "else large for gold and platinum, medium for silver and segment cannot_lose, small for the others",
        ),
        Column("discount_rate", DecimalType(5, 4), "the same as a share of the price: 0, 0.05, 0.10 or 0.15"),
        Column(
            "reminder_cadence_days",
            IntegerType(),
            "days between two messages: half of the customer's expected interval between orders, at least 7 and at most 90; 30 without one",
        ),
        Column(
            "next_best_action",
            StringType(),
            "the first that fits: welcome (never ordered), settle_trouble (orders with a return or a ticket at least half of the orders), "
            "win_back (risk from 0.8 and a gross margin so far), remind (risk from 0.5), thank (champions), spend_points (100 points or more), "
            "second_order (one paid order), raise_order (paid before), leave_alone (nothing of these)",
        ),
        Column("reason", StringType(), "why, in words with the customer's own numbers"),
    ),
    refresh=FullRefresh(MadeOf("gold.customer_summary", "customer_id")),
    checks=(
        accepted_values("next_best_action", *ACTIONS),
        accepted_values("discount_tier", "none", "small", "medium", "large"),
        at_least("reminder_cadence_days", 7),
        not_null("next_best_action"),
        not_null("reason"),
        references("customer_id", "gold.customer_summary"),
    ),
    owner="customers",
    fresh_within_minutes=15,
)


def transform(gold_customer_summary: DataFrame) -> DataFrame:
    """One recommendation for each customer."""
    risk = F.col("churn_risk")
    may_offer = (risk >= F.lit(LEAST_RISK).cast("decimal(9,4)")) & (F.col("gross_margin") > 0)
    discount = (
        F.when(~F.coalesce(may_offer, F.lit(False)), "none")
        .when(F.col("tier").isin("gold", "platinum"), "large")
        .when((F.col("tier") == "silver") | (F.col("segment") == "cannot_lose"), "medium")
        .otherwise("small")
    )
    share = F.when(F.col("discount_tier") == "large", "0.15").when(F.col("discount_tier") == "medium", "0.10")
    share = share.when(F.col("discount_tier") == "small", "0.05").otherwise("0")
    cadence = F.greatest(F.lit(7), F.least(F.lit(90), F.ceil(F.coalesce(F.col("expected_interval_days"), F.lit(60)) / 2)))
    action, reason = _action()
    return (
        gold_customer_summary.withColumn("discount_tier", discount)
        .withColumn("discount_rate", share.cast("decimal(5,4)"))
        .withColumn("reminder_cadence_days", cadence.cast("int"))
        .withColumn("next_best_action", action)
        .withColumn("reason", reason)
        .select(*TABLE.column_names)
    )


def _action() -> tuple[Expression, Expression]:
    """The action by the first rule that fits, and its reason."""
    since = F.datediff("reference_date", "last_order_date")
    interval = F.round("expected_interval_days", 0).cast("int")
    silence = ("the last order was ", since, " days ago, and ", interval, " days between orders are expected")
    rules: list[tuple[str, Expression, tuple[str | Expression, ...]]] = [
        ("welcome", F.col("order_count") == 0, ("signed up on ", F.col("registered_date"), " and has not ordered yet")),
        (
            "settle_trouble",
            F.col("troubled_order_count") * 2 >= F.col("order_count"),
            (F.col("troubled_order_count"), " of ", F.col("order_count"), " orders had a return or a ticket"),
        ),
        (
            "win_back",
            (F.col("churn_risk") >= F.lit(HIGH_RISK).cast("decimal(9,4)")) & (F.col("gross_margin") > 0),
            ("has left a margin before, but ", *silence),
        ),
        ("remind", F.col("churn_risk") >= F.lit(LEAST_RISK).cast("decimal(9,4)"), silence),
        (
            "thank",
            F.col("segment") == "champions",
            ("among the most recent and most frequent, with ", F.col("paid_order_count"), " paid orders"),
        ),
        (
            "spend_points",
            F.col("points_balance") >= POINTS_WORTH_A_WORD,
            ("has ", F.col("points_balance"), " points to spend"),
        ),
        ("second_order", F.col("paid_order_count") == 1, ("has one paid order, on ", F.col("last_paid_order_date"))),
        (
            "raise_order",
            F.col("paid_order_count") > 1,
            ("orders regularly: ", F.col("paid_order_count"), " paid orders of ", F.col("average_order_value"), " on average"),
        ),
    ]
    action, reason = F.lit("leave_alone"), F.lit("has ordered, and none of it is paid yet")
    for name, holds, words in reversed(rules):
        holds = F.coalesce(holds, F.lit(False))
        sentence = F.concat(*(F.lit(word) if isinstance(word, str) else word.cast("string") for word in words))
        action, reason = F.when(holds, name).otherwise(action), F.when(holds, sentence).otherwise(reason)
    return action, reason
