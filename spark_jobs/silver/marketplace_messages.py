"""A message from a marketplace, its text taken apart."""

from pyiceberg.types import BooleanType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table

EVENTS = ("order_created", "order_delivered", "order_cancelled")
_FIELDS = ("event", "channel", "order", "sent_at", "total", "currency")

TABLE = Table(
    grain="one row per message of a marketplace, broken ones included",
    key=("feed_id",),
    columns=(
        Column("feed_id", LongType(), "names the message as it was received"),
        Column(
            "order_id",
            LongType(),
            "number of the order that it is about, see silver.orders; minus feed_id where the text tells none, so that such a message stands alone",
            required=True,
        ),
        Column("channel_code", StringType(), "marketplace that sent it, see silver.channels"),
        Column("received_at", TimestamptzType(), "when it was received"),
        Column("event", StringType(), "what it tells: " + ", ".join(EVENTS) + "; empty where the text tells none"),
        Column("sent_at", TimestamptzType(), "when the marketplace says that it sent it, empty where unreadable"),
        Column("total", AMOUNT, "what the order costs, as the marketplace says, empty where unreadable"),
        Column("currency", StringType(), "currency of that, ISO 4217, empty where unreadable"),
        Column("is_valid", BooleanType(), "whether all of it could be read", required=True),
        Column("fault", StringType(), "what is wrong with the text, in words; empty when it is valid"),
        Column("payload", StringType(), "the text as it was received"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("event", *EVENTS),
        not_null("received_at"),
        at_least("total", 0),
        references("channel_code", "silver.channels"),
    ),
)


def transform(bronze_marketplace_feed: DataFrame) -> DataFrame:
    """The current row of each message, with what its text says as far as it can be read."""
    says = F.from_json("payload", ", ".join(f"`{field}` string" for field in _FIELDS))
    read = bronze_marketplace_feed.withColumn("_says", says)
    text = {field: F.col("_says").getField(field) for field in _FIELDS}
    is_json = F.expr("try_parse_json(payload) is not null")
    order = F.when(is_json & text["order"].rlike("^[0-9]{1,18}$"), text["order"].cast("bigint"))
    event = F.when(is_json & text["event"].isin(*EVENTS), text["event"])
    sent_at = F.when(is_json, F.try_to_timestamp(text["sent_at"], F.lit("yyyy-MM-dd'T'HH:mm:ssX")))
    total = F.when(is_json & text["total"].rlike(r"^[0-9]{1,12}(\.[0-9]{1,2})?$"), text["total"].cast("decimal(14,2)"))
    currency = F.when(is_json & text["currency"].rlike("^[A-Z]{3}$"), text["currency"])
    faults = (
        (~F.coalesce(is_json, F.lit(False)), "it is no JSON"),
        (order.isNull(), "it names no order"),
        (event.isNull(), "it tells no known event"),
        (sent_at.isNull(), "it does not say when it was sent"),
        (total.isNull(), "its total is no amount"),
        (currency.isNull(), "it names no currency"),
        (~text["channel"].eqNullSafe(F.col("channel_code")), "it names another channel than the one that sent it"),
    )
    return (
        read.withColumn("fault", F.coalesce(*(F.when(is_wrong, F.lit(words)) for is_wrong, words in faults)))
        .withColumn("is_valid", F.col("fault").isNull())
        .withColumn("order_id", F.coalesce(order, -F.col("feed_id")))
        .withColumn("event", event)
        .withColumn("sent_at", sent_at)
        .withColumn("total", total)
        .withColumn("currency", currency)
        .select(*TABLE.column_names)
    )
