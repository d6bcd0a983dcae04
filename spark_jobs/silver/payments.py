"""An attempt to pay an order, as it stands now."""

from pyiceberg.types import IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, references
from iceberg.table import AMOUNT, Column, MergeByKey, Table

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
        Column("paid_at", TimestamptzType(), "when it was tried"),
    ),
    refresh=MergeByKey(),
    checks=(
        accepted_values("method", "cod", "card", "e_wallet", "bank_transfer"),
        accepted_values("status", "succeeded", "failed", "refunded"),
        at_least("amount", 0),
        references("order_id", "silver.orders"),
    ),
)


def transform(bronze_payments: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_payments.select(*TABLE.column_names)
