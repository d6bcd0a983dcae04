"""What counts as a sale: the one definition behind every gold table of sales.

Gross merchandise value takes every placed line at list price, as marketplaces
report it. Net revenue follows IFRS 15, the consideration that the shop keeps:
discounts, cancelled and refunded orders are left out, and so are shipping and tax.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def order_sales(silver_orders: DataFrame, silver_order_items: DataFrame, silver_payments: DataFrame) -> DataFrame:
    """One row per order: silver.orders with ``list_amount``, ``unit_count`` (of its lines) and ``is_paid``."""
    lines = silver_order_items.groupBy("order_id").agg(F.sum("list_amount").alias("list_amount"), F.sum("quantity").alias("unit_count"))
    paid = silver_payments.where(F.col("status") == "succeeded").select("order_id").distinct().withColumn("has_succeeded", F.lit(True))
    is_paid = F.coalesce(F.col("has_succeeded"), F.lit(False)) & (F.col("status") != "cancelled")
    return silver_orders.join(lines, on="order_id", how="left").join(paid, on="order_id", how="left").withColumn("is_paid", is_paid)


def sales_measures() -> list[Column]:
    """The additive measures of a group of :func:`order_sales` rows."""
    return [
        _money(F.sum(F.coalesce("list_amount", F.lit(0)))).alias("gross_merchandise_value"),
        _money(F.sum("discount_amount")).alias("discount_amount"),
        _money(F.sum(F.when(F.col("is_paid"), F.col("net_amount")).otherwise(F.lit(0)))).alias("net_revenue"),
        F.count(F.lit(1)).alias("order_count"),
        F.count_if("is_paid").alias("paid_order_count"),
        F.count_if(F.col("status") == "cancelled").alias("cancelled_order_count"),
        F.count_if(F.col("status") == "returned").alias("returned_order_count"),
        F.sum(F.coalesce("unit_count", F.lit(0))).alias("unit_count"),
    ]


def average_order_value() -> Column:
    """Net revenue per paid order, null where there is none; needs both columns."""
    return F.try_divide("net_revenue", "paid_order_count").cast("decimal(14,2)")


def _money(amount: Column) -> Column:
    return amount.cast("decimal(20,2)")
