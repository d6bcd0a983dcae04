"""Pieces of one product that were delivered, and what came back of them: what return rates are added up from."""

from pyiceberg.types import DateType, LongType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, references
from iceberg.table import MONEY, Column, RecomputeTouched, Table
from spark_jobs.definitions.local_time import local_month
from spark_jobs.definitions.profit import money
from spark_jobs.definitions.vocabulary import RETURN_REASONS

TABLE = Table(
    grain="one row per order month, month of delivery and product",
    key=("order_month", "delivered_month", "product_id"),
    columns=(
        Column("order_month", DateType(), "first day of the month in which the orders were placed, in the shop's time zone"),
        Column("delivered_month", DateType(), "first day of the month in which the parcels arrived, in the shop's time zone"),
        Column("product_id", LongType(), "what arrived, see silver.products"),
        Column("delivered_unit_count", LongType(), "pieces that arrived"),
        Column("returned_unit_count", LongType(), "pieces of these that the shop had back until now"),
        *(Column(f"{reason}_unit_count", LongType(), f"returned pieces for the reason {reason}") for reason in RETURN_REASONS),
        Column("refund_amount", MONEY, "what was paid back for returned pieces until now, with their tax, without shipping"),
    ),
    refresh=RecomputeTouched("order_month", via="silver.orders"),
    checks=(
        references("product_id", "silver.products"),
        at_least("delivered_unit_count", 1),
        at_most_column("returned_unit_count", "delivered_unit_count"),
        at_least("refund_amount", 0),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_shipments: DataFrame,
    silver_order_returns: DataFrame,
    silver_return_items: DataFrame,
    time_zone: str,
) -> DataFrame:
    """The pieces of each product by month of order and of delivery."""
    arrived = silver_shipments.where("delivered_at is not null").select(
        "order_id", "warehouse_code", local_month("delivered_at", time_zone).alias("delivered_month")
    )
    returns = silver_order_returns.select("return_id", "reason", F.col("status").alias("return_status"))
    returned = (
        silver_return_items.select("return_id", "order_id", "line_number", F.col("quantity").alias("returned"), "refund_amount")
        .join(returns, on="return_id", how="inner")
        .drop("return_id")
    )
    lines = (
        silver_order_items.select("order_id", "line_number", "product_id", "quantity", "warehouse_code")
        .join(silver_orders.select("order_id", "order_month"), on="order_id", how="inner")
        .join(arrived, on=["order_id", "warehouse_code"], how="inner")
        .join(returned, on=["order_id", "line_number"], how="left")
    )
    is_refunded = F.col("return_status") == "refunded"
    return (
        lines.groupBy(*TABLE.key)
        .agg(
            F.sum("quantity").alias("delivered_unit_count"),
            _units(F.col("returned")).alias("returned_unit_count"),
            *(_units(F.when(F.col("reason") == reason, F.col("returned"))).alias(f"{reason}_unit_count") for reason in RETURN_REASONS),
            money(F.sum(F.when(is_refunded, F.col("refund_amount")))).alias("refund_amount"),
        )
        .select(*TABLE.column_names)
    )


def _units(pieces: Expression) -> Expression:
    return F.coalesce(F.sum(pieces), F.lit(0))
