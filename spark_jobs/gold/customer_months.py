"""What each customer did in each month: the sums behind the customer tables, brought up by customer."""

from pyiceberg.types import DateType, LongType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, equals, references, sums_to
from iceberg.table import MONEY, Column, RecomputeTouched, Table
from spark_jobs.definitions.cost import order_costs
from spark_jobs.definitions.profit import GROSS_MARGIN_COLUMNS, cost_of_goods_sold
from spark_jobs.definitions.sales import order_sales

TABLE = Table(
    grain="one row per customer and month in which something of theirs happened",
    key=("customer_id", "activity_month"),
    columns=(
        Column("customer_id", LongType(), "which customer, see silver.customers"),
        Column(
            "activity_month",
            DateType(),
            "first day of the month in which orders were placed, tickets opened, reviews written, points moved",
        ),
        Column("first_order_date", DateType(), "day of the month's first order, empty without one"),
        Column("next_order_date", DateType(), "first later day of the month with an order, empty without one"),
        Column("last_order_date", DateType(), "day of the month's last order, empty without one"),
        Column("last_paid_order_date", DateType(), "day of the month's last order that is paid by now, empty without one"),
        Column("order_count", LongType(), "orders placed, cancelled ones included"),
        Column("paid_order_count", LongType(), "of these with a successful payment and not cancelled"),
        Column("cancelled_order_count", LongType(), "of these cancelled by now"),
        Column(
            "returned_order_count",
            LongType(),
            "of these of which something was or is to be sent back; a return that was refused does not count",
        ),
        Column(
            "troubled_order_count",
            LongType(),
            "of these with a return that was asked for, refused or not, or with a support ticket about them; an order with both counts once",
        ),
        Column("unit_count", LongType(), "pieces in all placed lines"),
        Column("revenue", MONEY, "items less discounts, without shipping and tax, of the paid orders, in the shop's currency"),
        Column("refunded_amount", MONEY, "what of that revenue was given back until now"),
        Column("net_revenue", MONEY, "revenue less refunds"),
        Column("gross_profit", MONEY, "revenue less what the goods of the paid orders cost, first in, first out, before refunds"),
        *GROSS_MARGIN_COLUMNS[:2],
        Column("ticket_count", LongType(), "support tickets opened in the month"),
        Column("review_count", LongType(), "reviews written in the month"),
        Column("rating_sum", LongType(), "stars of these reviews, added up"),
        Column("points", LongType(), "loyalty points that came less those that went in the month; all months add up to the balance"),
    ),
    refresh=RecomputeTouched("customer_id", via="silver.orders"),
    checks=(
        at_least("net_revenue", 0),
        at_most_column("paid_order_count", "order_count"),
        at_most_column("returned_order_count", "troubled_order_count"),
        at_most_column("troubled_order_count", "order_count"),
        equals("gross_margin", "net_revenue - cost_of_goods_sold"),
        at_most_column("first_order_date", "last_order_date"),
        references("customer_id", "silver.customers"),
        sums_to("points", "silver.loyalty_transactions", "points"),
    ),
    owner="customers",
    fresh_within_minutes=15,
)

_COUNTS = (
    "order_count", "paid_order_count", "cancelled_order_count", "returned_order_count", "troubled_order_count", "unit_count",
    "ticket_count", "review_count", "rating_sum", "points",
)  # fmt: skip
_SUMS = ("revenue", "refunded_amount", "net_revenue", "gross_profit", "cost_of_goods_sold", "gross_margin")


def transform(
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_payments: DataFrame,
    silver_order_returns: DataFrame,
    silver_inventory_log: DataFrame,
    silver_support_tickets: DataFrame,
    silver_reviews: DataFrame,
    silver_loyalty_transactions: DataFrame,
) -> DataFrame:
    """The months of each customer, from every kind of thing that happens to them."""
    orders = _order_months(
        order_sales(silver_orders, silver_order_items, silver_payments)
        .join(order_costs(silver_order_items, silver_inventory_log), on="order_id", how="left")
        .join(_returns(silver_order_returns), on="order_id", how="left")
        .join(_complaints(silver_support_tickets), on=["customer_id", "order_id"], how="left")
    )
    tickets = _by_month(silver_support_tickets, "opened_date", F.count(F.lit(1)).alias("ticket_count"))
    reviews = _by_month(silver_reviews, "created_date", F.count(F.lit(1)).alias("review_count"), F.sum("rating").alias("rating_sum"))
    points = _by_month(silver_loyalty_transactions, "happened_date", F.sum("points").alias("points"))
    rows = orders
    for other in (tickets, reviews, points):
        rows = rows.join(other, on=list(TABLE.key), how="full_outer")
    filled = {name: F.coalesce(name, F.lit(0)).cast("bigint") for name in _COUNTS}
    filled |= {name: F.coalesce(name, F.lit(0)).cast("decimal(20,2)") for name in _SUMS}
    return rows.withColumns(filled).select(*TABLE.column_names)


def _returns(returns: DataFrame) -> DataFrame:
    return returns.groupBy("order_id").agg(F.lit(True).alias("has_asked"), F.bool_or(F.col("status") != "refused").alias("is_returned"))


def _complaints(tickets: DataFrame) -> DataFrame:
    """The orders that their own customer has a ticket about, so that a ticket touches nobody else."""
    return tickets.where("order_id is not null").groupBy("customer_id", "order_id").agg(F.lit(True).alias("has_ticket"))


def _order_months(orders: DataFrame) -> DataFrame:
    cost = F.coalesce(F.col("issued_cost") + F.col("waiting_cost"), F.lit(0))
    profit = F.when(F.col("is_paid"), F.col("revenue") - cost)
    measured = (
        orders.withColumnRenamed("order_month", "activity_month")
        .groupBy(*TABLE.key)
        .agg(
            F.min("order_date").alias("first_order_date"),
            F.try_element_at(F.array_sort(F.collect_set("order_date")), F.lit(2)).alias("next_order_date"),
            F.max("order_date").alias("last_order_date"),
            F.max(F.when(F.col("is_paid"), F.col("order_date"))).alias("last_paid_order_date"),
            F.count(F.lit(1)).alias("order_count"),
            F.count_if("is_paid").alias("paid_order_count"),
            F.count_if(F.col("status") == "cancelled").alias("cancelled_order_count"),
            F.count_if("is_returned").alias("returned_order_count"),
            F.count_if(F.coalesce("has_asked", "has_ticket")).alias("troubled_order_count"),
            F.sum(F.coalesce("unit_count", F.lit(0))).alias("unit_count"),
            F.sum("revenue").alias("revenue"),
            F.sum("refunded_amount").alias("refunded_amount"),
            F.sum(F.col("revenue") - F.col("refunded_amount")).alias("net_revenue"),
            F.sum(F.coalesce(profit, F.lit(0))).alias("gross_profit"),
            cost_of_goods_sold(),
        )
    )
    return measured.withColumn("gross_margin", F.col("net_revenue") - F.col("cost_of_goods_sold"))


def _by_month(rows: DataFrame, day: str, *measures: Expression) -> DataFrame:
    return rows.groupBy("customer_id", F.trunc(day, "month").alias("activity_month")).agg(*measures)
