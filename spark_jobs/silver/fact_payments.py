"""Money that came in for an order, went back, or failed to come, with who its customer was at that instant."""

from pyiceberg.types import BooleanType, DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import Ledger, RowCheck, Severity, accepted_values, at_least, not_null, references, sums_to
from iceberg.table import AMOUNT, AsOf, Column, RecomputeTouched, Table, month
from spark_jobs.definitions.durations import HOURS, hours_between
from spark_jobs.definitions.payment_method import PAYMENT_METHODS
from spark_jobs.instants import valid_at

MONEY_MOVED = Ledger(
    "the payments by day of the order",
    key=("payment_id",),
    tables=("silver.orders", "silver.payments"),
    sql="""
        select payment_id, order_date, amount, case paid.status when 'succeeded' then amount when 'refunded' then -amount else 0 end as moved
        from {silver_payments} as paid join {silver_orders} using (order_id)
    """,
)

TABLE = Table(
    grain="one row per attempt to pay an order and per refund",
    key=("order_date", "payment_id"),
    columns=(
        Column("order_date", DateType(), "day the order was placed, in the shop's time zone, see silver.dim_date"),
        Column("payment_id", LongType(), "number of the attempt or refund, see silver.payments"),
        Column("order_id", LongType(), "order that is paid for or paid back, see silver.fact_orders"),
        Column("attempt", IntegerType(), "number of the row for its order, refunds included, from 1"),
        Column("paid_at", TimestamptzType(), "when the money moved, or should have"),
        Column("paid_date", DateType(), "that day, in the shop's time zone"),
        Column("after_order_hours", HOURS, "hours from the order to then"),
        Column("channel_code", StringType(), "sales channel of the order, see silver.channels"),
        Column("customer_id", LongType(), "who ordered"),
        Column("customer_version", IntegerType(), "who they were when the money moved, see version of silver.dim_customers"),
        Column("customer_tier", StringType(), "their loyalty tier when the money moved"),
        Column("method", StringType(), "cod, card, e_wallet or bank_transfer"),
        Column("status", StringType(), "succeeded, failed, or refunded for money that was given back"),
        Column("is_refund", BooleanType(), "whether money was given back"),
        Column("amount", AMOUNT, "what was paid, given back or tried to pay, never below zero, in the shop's currency"),
        Column("signed_amount", AMOUNT, "what the shop has more by it: below zero for a refund, 0 for a failed attempt"),
        Column("failure_reason", StringType(), "why the attempt failed, empty unless it did"),
    ),
    partition_by=month("order_date"),
    refresh=RecomputeTouched(
        "order_date",
        via="silver.orders",
        as_of=(AsOf("silver.dim_customers", on="customer_id", columns=("version", "tier"), at="paid_at", of="silver.payments"),),
    ),
    checks=(
        accepted_values("method", *PAYMENT_METHODS),
        accepted_values("status", "succeeded", "failed", "refunded"),
        references("order_date", "silver.dim_date", "date"),
        # Who ordered may become known later than the payment: then its day is restated.
        not_null("customer_version", Severity.WARN),
        at_least("amount", 0),
        at_least("after_order_hours", 0, Severity.WARN),
        RowCheck(
            "signed_amount has the sign of its status",
            "case status when 'succeeded' then signed_amount < 0 when 'refunded' then signed_amount > 0 else signed_amount <> 0 end",
            "signed_amount must be above zero for money that came, below for money that went back, else 0",
            "are not",
        ),
        sums_to("amount", MONEY_MOVED, "amount", by=("order_date",)),
        sums_to("signed_amount", MONEY_MOVED, "moved", by=("order_date",)),
    ),
)


def transform(silver_payments: DataFrame, silver_orders: DataFrame, silver_dim_customers: DataFrame) -> DataFrame:
    """Each payment with its order, and with its customer as they were when the money moved."""
    orders = silver_orders.select("order_id", "order_date", "ordered_at", "channel_code", "customer_id")
    customers = silver_dim_customers.select(
        F.col("customer_id").alias("known_id"), F.col("version").alias("customer_version"), F.col("tier").alias("customer_tier"),
        "valid_from", "valid_to",
    )  # fmt: skip
    paid_by = (F.col("customer_id") == F.col("known_id")) & valid_at("paid_at")
    is_refund = F.col("status") == "refunded"
    signed = F.when(is_refund, -F.col("amount")).when(F.col("status") == "succeeded", F.col("amount")).otherwise(F.lit(0))
    return (
        silver_payments.join(orders, on="order_id", how="inner")
        .join(customers, on=paid_by, how="left")
        .withColumns(
            {
                "after_order_hours": hours_between("ordered_at", "paid_at"),
                "is_refund": is_refund,
                "signed_amount": signed.cast("decimal(14,2)"),
            }
        )
        .select(*TABLE.column_names)
    )
