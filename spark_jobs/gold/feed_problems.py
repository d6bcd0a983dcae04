"""What is wrong with messages of the marketplaces, found from the feed and the shop's own orders."""

from functools import reduce

from pyiceberg.types import LongType, StringType, TimestamptzType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, not_null, references
from iceberg.table import Column, RecomputeTouched, Table

PROBLEMS = ("malformed", "repeated", "late", "out_of_order", "contradicting")
LATE_AFTER_SECONDS = 24 * 3_600
"""A message takes seconds; one that comes a day after it was sent was held up."""
AFTER_THE_END_SECONDS = 60
"""Messages overtake each other by less than a minute, so that an order's first one is out of place only when it comes later after the end."""

TABLE = Table(
    grain="one row per message of a marketplace and problem that it has",
    key=("order_id", "feed_id", "problem"),
    columns=(
        Column(
            "order_id",
            LongType(),
            "number of the order that the message is about; minus feed_id where it tells none, see silver.marketplace_messages",
        ),
        Column("feed_id", LongType(), "names the message, see silver.marketplace_messages"),
        Column("problem", StringType(), ", ".join(PROBLEMS)),
        Column("channel_code", StringType(), "marketplace that sent it, see silver.channels"),
        Column("received_at", TimestamptzType(), "when it was received"),
        Column("note", StringType(), "what is wrong, in words"),
    ),
    refresh=RecomputeTouched("order_id"),
    checks=(
        accepted_values("problem", *PROBLEMS),
        not_null("note"),
        references("feed_id", "silver.marketplace_messages"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(silver_marketplace_messages: DataFrame, silver_orders: DataFrame, silver_order_status_history: DataFrame) -> DataFrame:
    """Every problem of every message, next to the order as the shop has it.

    Of equal messages the first to come is sound. What cannot be read has no
    other problem, since nothing else is known of it.
    """
    ends = (
        silver_order_status_history.where(F.col("status").isin("delivered", "cancelled"))
        .groupBy("order_id")
        .agg(F.min("changed_at").alias("ended_at"))
    )
    orders = silver_orders.select(
        "order_id",
        F.lit(True).alias("is_known"),
        F.col("channel_code").alias("own_channel"),
        F.col("currency").alias("own_currency"),
        "total_amount",
    )
    copies = Window.partitionBy("order_id", "channel_code", "payload").orderBy("received_at", "feed_id")
    messages = (
        silver_marketplace_messages.withColumn("copy", F.row_number().over(copies))
        .join(orders, on="order_id", how="left")
        .join(ends, on="order_id", how="left")
    )
    readable = F.col("is_valid")
    delay = F.unix_seconds("received_at") - F.unix_seconds("sent_at")
    after_end = F.unix_seconds("received_at") - F.unix_seconds("ended_at")
    told = {
        "malformed": [(~readable, F.col("fault"))],
        "repeated": [(F.col("copy") > 1, F.lit("the same message came before"))],
        "late": [
            (
                readable & (delay > LATE_AFTER_SECONDS),
                F.concat(F.lit("received "), F.floor(delay / 3600), F.lit(" hours after it was sent")),
            )
        ],
        "out_of_order": [
            (
                readable & (F.col("event") == "order_created") & (after_end > AFTER_THE_END_SECONDS),
                F.lit("it tells of a new order that had ended by then"),
            )
        ],
        "contradicting": [
            (readable & F.col("is_known").isNull(), F.lit("the shop has no such order")),
            (
                readable & (F.col("total") != F.col("total_amount")),
                F.concat(F.lit("it says a total of "), F.col("total"), F.lit(", the order has "), F.col("total_amount")),
            ),
            (readable & (F.col("currency") != F.col("own_currency")), F.lit("it says another currency than the order has")),
            (readable & (F.col("channel_code") != F.col("own_channel")), F.lit("the order came through another channel")),
        ],
    }
    notes = [_problem(name, cases) for name, cases in told.items()]
    return messages.withColumn("found", F.explode(F.array_compact(F.array(*notes)))).select(
        *(F.col("found").getField(name).alias(name) if name in ("problem", "note") else F.col(name) for name in TABLE.column_names)
    )


def _problem(name: str, cases: list[tuple[Expression, Expression]]) -> Expression:
    """The problem with its note; null where no case holds."""
    holds = reduce(lambda one, other: one | other, (F.coalesce(condition, F.lit(False)) for condition, _ in cases))
    note = F.coalesce(*(F.when(condition, words) for condition, words in cases))
    return F.when(holds, F.struct(F.lit(name).alias("problem"), note.alias("note")))
