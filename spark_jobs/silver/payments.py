"""An attempt to pay an order, as it stands now."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, references, sums_to
from iceberg.table import AMOUNT, Column, MergeByKey, Table
from spark_jobs.definitions.local_time import local_date
from spark_jobs.definitions.payment_method import PAYMENT_METHODS

TABLE = Table(
    grain="one row per payment attempt",
    key=("payment_id",),
    columns=(
        Column("payment_id", LongType(), "number of the payment"),
        Column("order_id", LongType(), "what was paid, see silver.orders"),
        Column("attempt", IntegerType(), "1 for the order's first attempt, counting up"),
        Column("method", StringType(), "cod, card, e_wallet or bank_transfer"),
        Column("status", StringType(), "succeeded, failed, or refunded for money that was given back"),
        Column("amount", AMOUNT, "what was to be paid, in the order's currency"),
        Column("paid_at", TimestamptzType(), "when it was paid, paid back, or tried"),
        Column("paid_date", DateType(), "that day, in the shop's time zone"),
        Column("card_token", StringType(), "stands for the card, the same for the same card, empty unless by card", is_personal=True),
        Column("failure_reason", StringType(), "why the attempt failed, empty unless it did"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("method", *PAYMENT_METHODS),
        accepted_values("status", "succeeded", "failed", "refunded"),
        at_least("amount", 0),
        sums_to("amount", "bronze.payments", "amount", by=("payment_id",)),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_payments: DataFrame, time_zone: str) -> DataFrame:
    """The current row of each key, with its day in the shop's time zone."""
    return bronze_payments.withColumn("paid_date", local_date("paid_at", time_zone)).select(*TABLE.column_names)
