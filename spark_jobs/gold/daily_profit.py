"""What the orders of one day in one channel leave after what they cost."""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import Severity, at_least, equals, sums_to
from iceberg.table import MONEY, Column, Ratio, RecomputeTouched, Table, month
from spark_jobs.definitions.cost import order_costs
from spark_jobs.definitions.profit import (
    GROSS_MARGIN_COLUMNS,
    SHARE,
    cost_of_goods_sold,
    gross_margin,
    is_sold_or_lost,
    money,
    share_of_net_revenue,
)
from spark_jobs.definitions.sales import order_sales

TABLE = Table(
    grain="one row per order date and channel",
    key=("order_date", "channel_code"),
    columns=(
        Column(
            "order_date", DateType(), "day the orders were placed, in the shop's time zone; what happens to them later counts there too"
        ),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("paid_order_count", LongType(), "orders with a successful payment that are not cancelled"),
        Column("revenue", MONEY, "items less discounts, without shipping and tax, of the paid orders, in the shop's currency"),
        Column("net_revenue", MONEY, "revenue less what was refunded until now (IFRS 15, paragraphs 47 and 55)"),
        *GROSS_MARGIN_COLUMNS,
        Column("commission_amount", MONEY, "the channel's commission rate times the revenue of each paid order, rounded per order"),
        Column("payment_fee_amount", MONEY, "the channel's payment fee rate times the total of each paid order, rounded per order"),
        Column("fixed_fee_amount", MONEY, "the channel's fixed fee for each paid order"),
        Column("channel_fee_amount", MONEY, "commission, payment fees and fixed fees; none is taken to be given back with a refund"),
        Column("shipping_cost", MONEY, "what carriers take for the parcels of the paid and the cancelled orders, before penalties"),
        Column("shipping_charged", MONEY, "what customers pay for shipping in the paid orders, once a parcel has left"),
        Column("goodwill_amount", MONEY, "credits given for trouble with the orders until now"),
        Column(
            "contribution_margin",
            MONEY,
            "gross margin less channel fees, less shipping cost plus shipping charged, less goodwill credits "
            "(Horngren, Datar and Rajan, Cost Accounting, 15th edition, chapter 3)",
        ),
        Column(
            "contribution_margin_share",
            SHARE,
            "contribution margin as a share of net revenue; empty where there is none",
            made=Ratio("contribution_margin", "net_revenue"),
        ),
    ),
    partition_by=month("order_date"),
    refresh=RecomputeTouched(
        "order_date", via="silver.orders", lookups={"silver.channels": ("commission_rate", "payment_fee_rate", "fixed_fee")}
    ),
    checks=(
        sums_to("revenue", "gold.daily_sales", "revenue", by=("order_date", "channel_code")),
        sums_to("net_revenue", "gold.daily_sales", "net_revenue", by=("order_date", "channel_code")),
        equals("gross_margin", "net_revenue - cost_of_goods_sold"),
        equals("contribution_margin", "gross_margin - channel_fee_amount - shipping_cost + shipping_charged - goodwill_amount"),
        # Where nearly all came back, at the cost of newer lots than some of it left from, a little below zero is right.
        at_least("cost_of_goods_sold", 0, Severity.WARN),
        at_least("channel_fee_amount", 0),
        at_least("shipping_cost", 0),
        at_least("goodwill_amount", 0),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_payments: DataFrame,
    silver_inventory_log: DataFrame,
    silver_shipments: DataFrame,
    silver_goodwill_credits: DataFrame,
    silver_channels: DataFrame,
    gold_daily_sales: DataFrame,
) -> DataFrame:
    """Profit of each day and channel that gold.daily_sales has."""
    parcels = silver_shipments.groupBy("order_id").agg(F.sum("shipping_cost").alias("shipping_cost"))
    credits_given = silver_goodwill_credits.groupBy("order_id").agg(F.sum("amount").alias("goodwill_amount"))
    orders = (
        order_sales(silver_orders, silver_order_items, silver_payments)
        .join(order_costs(silver_order_items, silver_inventory_log), on="order_id", how="left")
        .join(parcels, on="order_id", how="left")
        .join(credits_given, on="order_id", how="left")
        .join(silver_channels.select("channel_code", "commission_rate", "payment_fee_rate", "fixed_fee"), on="channel_code", how="left")
    )
    measured = orders.groupBy(*TABLE.key).agg(
        F.count_if("is_paid").alias("paid_order_count"),
        money(F.sum("revenue")).alias("revenue"),
        money(F.sum(F.col("revenue") - F.col("refunded_amount"))).alias("net_revenue"),
        cost_of_goods_sold(),
        _of_paid(F.round(F.col("commission_rate") * F.col("net_amount"), 2)).alias("commission_amount"),
        _of_paid(F.round(F.col("payment_fee_rate") * F.col("total_amount"), 2)).alias("payment_fee_amount"),
        _of_paid(F.col("fixed_fee")).alias("fixed_fee_amount"),
        money(F.sum(F.when(is_sold_or_lost(), F.col("shipping_cost")))).alias("shipping_cost"),
        _of_paid(F.when(F.col("shipping_cost").isNotNull(), F.col("shipping_amount"))).alias("shipping_charged"),
        money(F.sum("goodwill_amount")).alias("goodwill_amount"),
    )
    fees = F.col("commission_amount") + F.col("payment_fee_amount") + F.col("fixed_fee_amount")
    shipping = F.col("shipping_cost") - F.col("shipping_charged")
    return (
        gross_margin(gold_daily_sales.select(*TABLE.key).join(measured, on=list(TABLE.key), how="inner"))
        .withColumn("channel_fee_amount", money(fees))
        .withColumn("contribution_margin", money(F.col("gross_margin") - F.col("channel_fee_amount") - shipping - F.col("goodwill_amount")))
        .withColumn("contribution_margin_share", share_of_net_revenue("contribution_margin"))
        .select(*TABLE.column_names)
    )


def _of_paid(amount: Expression) -> Expression:
    return money(F.sum(F.when(F.col("is_paid"), amount)))
