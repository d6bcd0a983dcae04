"""What counts as a cost of a sale: the one definition behind every gold table of margins.

Cost of goods sold is what the lots cost that left for an order, oldest first
(first in, first out: IAS 2, paragraphs 25 and 27), less what came back sound.
It counts once the order is paid, in the period of its revenue (IAS 2, paragraph
34): pieces that have not left by then count with the catalogue's cost, until
they do. Of a cancelled order it counts what left and did not come back, which
is lost; what travels unpaid is still the shop's stock. Gross margin is net
revenue less that cost (IAS 1, paragraph 103). Contribution margin takes off all
that the order costs besides (C. Horngren, S. Datar, M. Rajan, Cost Accounting,
15th edition, chapter 3).
"""

from pyiceberg.types import DecimalType
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from iceberg.table import MONEY, Ratio
from iceberg.table import Column as TableColumn

SHARE = DecimalType(12, 4)
"""A part of a sum of money, usually between 0 and 1; below 0 for a loss."""

GROSS_MARGIN_COLUMNS = (
    TableColumn(
        "cost_of_goods_sold",
        MONEY,
        "what the pieces of the paid orders cost, at their lots' cost, first in first out, those that have not left yet at the catalogue's, "
        "and what was lost of the cancelled ones, less what came back sound (IAS 2, paragraphs 25, 27 and 34)",
    ),
    TableColumn("gross_margin", MONEY, "net revenue less cost of goods sold (IAS 1, paragraph 103)"),
    TableColumn(
        "gross_margin_share",
        SHARE,
        "gross margin as a share of net revenue; empty where there is none",
        made=Ratio("gross_margin", "net_revenue"),
    ),
)
"""What :func:`cost_of_goods_sold` and :func:`gross_margin` give."""


def is_sold_or_lost() -> Column:
    """Whether the goods of an :func:`~spark_jobs.definitions.sales.order_sales` row are sold, or lost with a cancelled order."""
    return F.col("is_paid") | (F.col("status") == "cancelled")


def cost_of_goods_sold() -> Column:
    """The cost of a group of orders or lines with ``is_paid``, ``status`` and what :mod:`spark_jobs.definitions.cost` says of them."""
    gone = F.col("issued_cost") - F.col("returned_cost")
    cost = F.when(F.col("is_paid"), gone + F.col("waiting_cost")).when(is_sold_or_lost(), gone)
    return money(F.sum(cost)).alias("cost_of_goods_sold")


def gross_margin(measured: DataFrame) -> DataFrame:
    """``measured`` with ``gross_margin`` and its share, from ``net_revenue`` and ``cost_of_goods_sold``."""
    margin = (F.col("net_revenue") - F.col("cost_of_goods_sold")).cast("decimal(20,2)")
    return measured.withColumn("gross_margin", margin).withColumn("gross_margin_share", share_of_net_revenue("gross_margin"))


def share_of_net_revenue(amount: str) -> Column:
    """A column of money divided by net revenue, null where that is zero."""
    return F.try_divide(amount, "net_revenue").cast("decimal(12,4)")


def money(amount: Column) -> Column:
    """A sum of money, zero where there is nothing to add up."""
    return F.coalesce(amount, F.lit(0)).cast("decimal(20,2)")
