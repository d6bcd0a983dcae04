"""What counts as a sale: the one definition behind every gold table of sales.

Gross merchandise value takes every placed line at list price, as marketplaces
report it. Revenue takes the orders with a successful payment that are not
cancelled, by the day of the order, less discounts and without shipping and tax;
net revenue is what is left of it after refunds, the consideration that the shop
expects to keep (IFRS 15, paragraphs 47 and 55). Average order value is revenue
per paid order before refunds, as Shopify reports it.
"""

from pyiceberg.types import LongType
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from iceberg.table import AMOUNT, MONEY, Ratio
from iceberg.table import Column as TableColumn

SALES_COLUMNS = (
    TableColumn(
        "gross_merchandise_value", MONEY, "list price times quantity of all placed lines, before discounts, in the shop's currency"
    ),
    TableColumn("discount_amount", MONEY, "discounts on all placed lines"),
    TableColumn("revenue", MONEY, "items less discounts, without shipping and tax, of the paid orders"),
    TableColumn(
        "refunded_amount",
        MONEY,
        "what of that revenue was given back by refunds until now, without their tax and shipping, whatever the day of the refund",
    ),
    TableColumn("net_revenue", MONEY, "revenue less refunds"),
    TableColumn("order_count", LongType(), "orders placed, cancelled ones included"),
    TableColumn("paid_order_count", LongType(), "orders with a successful payment that are not cancelled, refunded ones included"),
    TableColumn("cancelled_order_count", LongType(), "orders that are cancelled by now"),
    TableColumn("fully_returned_order_count", LongType(), "orders that came back whole until now; for pieces see gold.return_rates"),
    TableColumn("unit_count", LongType(), "pieces in all placed lines"),
    TableColumn(
        "average_order_value",
        AMOUNT,
        "revenue per paid order, before refunds; empty where none is paid",
        made=Ratio("revenue", "paid_order_count"),
    ),
)
"""What :func:`sales_measures` and :func:`average_order_value` give: all but the last can be added up."""

MONEY_COLUMNS = tuple(column.name for column in SALES_COLUMNS if column.type == MONEY)
"""Those of them that are sums of money."""


def order_sales(silver_orders: DataFrame, silver_order_items: DataFrame, silver_payments: DataFrame) -> DataFrame:
    """One row per order: silver.orders with ``list_amount``, ``unit_count``, ``is_paid``, ``revenue`` and ``refunded_amount``.

    A refund is a payment of its own, beside the one that succeeded. It gives back
    tax in the proportion that the order has it, which was never revenue (IFRS 15,
    paragraph 47), and shipping too at times, so that it takes from revenue at
    most the revenue of its order.
    """
    lines = silver_order_items.groupBy("order_id").agg(F.sum("list_amount").alias("list_amount"), F.sum("quantity").alias("unit_count"))
    money = silver_payments.groupBy("order_id").agg(
        F.bool_or(F.col("status") == "succeeded").alias("has_payment"),
        F.sum(F.when(F.col("status") == "refunded", F.col("amount"))).alias("refund"),
    )
    is_paid = F.coalesce(F.col("has_payment"), F.lit(False)) & (F.col("status") != "cancelled")
    # Of these types a quotient has eleven decimals, so that rounding it is rounding the exact one.
    refund, with_tax = F.col("refund").cast("decimal(14,2)"), (F.col("net_amount") + F.col("tax_amount")).cast("decimal(15,2)")
    without_tax = F.round(F.try_divide(refund * F.col("net_amount"), with_tax), 2).cast("decimal(14,2)")
    return (
        silver_orders.join(lines, on="order_id", how="left")
        .join(money, on="order_id", how="left")
        .withColumn("is_paid", is_paid)
        .withColumn("revenue", F.when(F.col("is_paid"), F.col("net_amount")).otherwise(F.lit(0)))
        .withColumn("refunded_amount", F.least(F.coalesce(without_tax, F.lit(0)), F.col("revenue")))
    )


def sales_measures() -> list[Column]:
    """The additive measures of a group of :func:`order_sales` rows."""
    return [
        _money(F.sum(F.coalesce("list_amount", F.lit(0)))).alias("gross_merchandise_value"),
        _money(F.sum("discount_amount")).alias("discount_amount"),
        _money(F.sum("revenue")).alias("revenue"),
        _money(F.sum("refunded_amount")).alias("refunded_amount"),
        _money(F.sum(F.col("revenue") - F.col("refunded_amount"))).alias("net_revenue"),
        F.count(F.lit(1)).alias("order_count"),
        F.count_if("is_paid").alias("paid_order_count"),
        F.count_if(F.col("status") == "cancelled").alias("cancelled_order_count"),
        F.count_if(F.col("status") == "returned").alias("fully_returned_order_count"),
        F.sum(F.coalesce("unit_count", F.lit(0))).alias("unit_count"),
    ]


def added_up() -> list[Column]:
    """The same measures, from rows that have them."""
    types = {"decimal(20, 2)": "decimal(20,2)", "long": "bigint"}
    return [F.sum(column.name).cast(types[str(column.type)]).alias(column.name) for column in SALES_COLUMNS[:-1]]


def average_order_value() -> Column:
    """Revenue per paid order, null where there is none; needs both columns."""
    return F.try_divide("revenue", "paid_order_count").cast("decimal(14,2)")


def _money(amount: Column) -> Column:
    return amount.cast("decimal(20,2)")
