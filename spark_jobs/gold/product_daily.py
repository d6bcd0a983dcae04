"""What each product sold, cost, gave back and drew on each day: the sums behind the product tables."""

from pyiceberg.types import DateType, LongType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, references
from iceberg.table import MONEY, Column, RecomputeTouched, Table, month
from spark_jobs.definitions.cost import with_line_costs
from spark_jobs.definitions.line_sales import with_line_sales
from spark_jobs.definitions.sales import order_sales

TABLE = Table(
    grain="one row per day and product that was ordered, viewed or reviewed on it",
    key=("activity_date", "product_id"),
    columns=(
        Column("activity_date", DateType(), "day of the order, of the view or of the review, in the shop's time zone"),
        Column("product_id", LongType(), "which product, see silver.products"),
        Column("order_count", LongType(), "orders of the day with the product, cancelled ones included"),
        Column("paid_order_count", LongType(), "of these with a successful payment and not cancelled"),
        Column("unit_count", LongType(), "pieces in these orders, cancelled ones included"),
        Column("paid_unit_count", LongType(), "of these in paid orders"),
        Column("returned_unit_count", LongType(), "of the day's pieces, those that came back until now"),
        Column("gross_merchandise_value", MONEY, "list price times quantity, before discounts, in the shop's currency"),
        Column("revenue", MONEY, "price less discount of the lines of paid orders"),
        Column("refunded_amount", MONEY, "what of that was given back until now; an order's refund is shared out by what came back"),
        Column("net_revenue", MONEY, "revenue less refunds"),
        Column(
            "cost_amount", MONEY, "what the pieces of paid orders cost, first in, first out; those that have not left at their usual cost"
        ),
        Column("gross_profit", MONEY, "revenue less cost, before refunds"),
        Column("view_visit_count", LongType(), "visits that viewed the product on that day"),
        Column("buying_visit_count", LongType(), "of these that ordered it on the same day"),
        Column("review_count", LongType(), "reviews written on that day, whenever it was bought"),
        Column("rating_sum", LongType(), "stars of these reviews, added up"),
    ),
    partition_by=month("activity_date"),
    refresh=RecomputeTouched(
        "activity_date",
        via="silver.orders",
        named={
            "silver.orders": ("order_date",),
            "silver.customer_activity_log": ("happened_date",),
            "silver.reviews": ("created_date",),
        },
    ),
    checks=(
        at_least("revenue", 0),
        at_least("cost_amount", 0),
        at_most_column("revenue", "gross_merchandise_value"),
        at_most_column("paid_unit_count", "unit_count"),
        at_most_column("returned_unit_count", "unit_count"),
        at_most_column("buying_visit_count", "view_visit_count"),
        references("product_id", "silver.products"),
    ),
    owner="product",
    fresh_within_minutes=15,
)

_COUNTS = (
    "order_count", "paid_order_count", "unit_count", "paid_unit_count", "returned_unit_count", "view_visit_count", "buying_visit_count",
    "review_count", "rating_sum",
)  # fmt: skip
_SUMS = ("gross_merchandise_value", "revenue", "refunded_amount", "net_revenue", "cost_amount", "gross_profit")


def transform(
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_payments: DataFrame,
    silver_return_items: DataFrame,
    silver_inventory_log: DataFrame,
    silver_customer_activity_log: DataFrame,
    silver_reviews: DataFrame,
) -> DataFrame:
    """Each product on each day."""
    sales = order_sales(silver_orders, silver_order_items, silver_payments).select(
        "order_id", F.col("order_date").alias("activity_date"), "is_paid", "refunded_amount"
    )
    returned = silver_return_items.groupBy("order_id", "line_number").agg(F.sum("quantity").alias("returned"))
    lines = with_line_sales(silver_order_items.join(sales, on="order_id", how="inner"), silver_return_items)
    sold = with_line_costs(lines, silver_inventory_log).join(returned, on=["order_id", "line_number"], how="left")
    ordered = silver_order_items.join(silver_orders.select("order_id", "order_date"), on="order_id", how="inner")
    parts = [_sold(sold), _viewed(silver_customer_activity_log, ordered), _reviewed(silver_reviews)]
    rows = parts[0].join(parts[1], on=list(TABLE.key), how="full_outer").join(parts[2], on=list(TABLE.key), how="full_outer")
    filled = {name: F.coalesce(name, F.lit(0)).cast("bigint") for name in _COUNTS}
    filled |= {name: F.coalesce(name, F.lit(0)).cast("decimal(20,2)") for name in _SUMS}
    return rows.withColumns(filled).select(*TABLE.column_names)


def _sold(lines: DataFrame) -> DataFrame:
    cost = F.when(F.col("is_paid"), F.col("cost_amount")).otherwise(F.lit(0))
    return lines.groupBy(*TABLE.key).agg(
        F.countDistinct("order_id").alias("order_count"),
        F.countDistinct(F.when(F.col("is_paid"), F.col("order_id"))).alias("paid_order_count"),
        F.sum("quantity").alias("unit_count"),
        F.sum(F.when(F.col("is_paid"), F.col("quantity"))).alias("paid_unit_count"),
        F.sum("returned").alias("returned_unit_count"),
        F.sum("list_amount").alias("gross_merchandise_value"),
        F.sum("line_revenue").alias("revenue"),
        F.sum("line_refunded").alias("refunded_amount"),
        F.sum(F.col("line_revenue") - F.col("line_refunded")).alias("net_revenue"),
        F.sum(cost).alias("cost_amount"),
        F.sum(F.col("line_revenue") - cost).alias("gross_profit"),
    )


def _viewed(activity: DataFrame, ordered: DataFrame) -> DataFrame:
    """Views by visit; an order bears the number of the visit that it came from."""
    views = activity.where("kind = 'view'").select(F.col("happened_date").alias("activity_date"), "product_id", "session_id").distinct()
    bought = ordered.select(F.col("order_date").alias("activity_date"), "product_id", F.col("order_id").alias("session_id")).distinct()
    bought = bought.withColumn("has_bought", F.lit(True))
    return (
        views.join(bought, on=["activity_date", "product_id", "session_id"], how="left")
        .groupBy(*TABLE.key)
        .agg(F.count(F.lit(1)).alias("view_visit_count"), F.count_if("has_bought").alias("buying_visit_count"))
    )


def _reviewed(reviews: DataFrame) -> DataFrame:
    return reviews.groupBy(F.col("created_date").alias("activity_date"), "product_id").agg(
        F.count(F.lit(1)).alias("review_count"), F.sum("rating").alias("rating_sum")
    )
