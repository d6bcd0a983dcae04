"""Sales of one month in one category of products."""

from pyiceberg.types import DateType, IntegerType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, equals, references
from iceberg.table import MONEY, Column, RecomputeTouched, Table
from spark_jobs.definitions.cost import with_line_costs
from spark_jobs.definitions.line_sales import with_line_sales
from spark_jobs.definitions.order_ledger import sums_to_ledger
from spark_jobs.definitions.profit import GROSS_MARGIN_COLUMNS, cost_of_goods_sold, gross_margin, money
from spark_jobs.definitions.sales import order_sales

TABLE = Table(
    grain="one row per order month and category",
    key=("order_month", "category_id"),
    columns=(
        Column("order_month", DateType(), "first day of the month in which the orders were placed, in the shop's time zone"),
        Column("category_id", IntegerType(), "category that the products are in now, see silver.categories"),
        Column("category_name", StringType(), "its name"),
        Column("parent_category_name", StringType(), "name of the category above it, empty at the top"),
        Column("gross_merchandise_value", MONEY, "list price times quantity of all placed lines, before discounts, in the shop's currency"),
        Column("discount_amount", MONEY, "discounts on all placed lines"),
        Column("revenue", MONEY, "lines less discounts, without shipping and tax, of the paid orders"),
        Column(
            "refunded_amount",
            MONEY,
            "what of that revenue was given back until now: an order's refund, spread over the lines that came back in proportion to what "
            "was paid back for each, or over all lines by their amounts when none did",
        ),
        Column("net_revenue", MONEY, "revenue less refunds"),
        Column("order_count", LongType(), "orders placed with a line of the category; an order with several categories counts in each"),
        Column("paid_order_count", LongType(), "those of them that are paid"),
        Column("unit_count", LongType(), "pieces in all placed lines"),
        Column("paid_unit_count", LongType(), "pieces in the lines of paid orders"),
        *GROSS_MARGIN_COLUMNS,
    ),
    refresh=RecomputeTouched(
        "order_month",
        via="silver.orders",
        lookups={"silver.products": ("category_id",), "silver.categories": ("name", "parent_category_id")},
    ),
    checks=(
        at_least("gross_merchandise_value", 0),
        at_most_column("revenue", "gross_merchandise_value"),
        at_least("refunded_amount", 0),
        at_least("order_count", 1),
        equals("net_revenue", "revenue - refunded_amount"),
        *sums_to_ledger("order_month"),
        references("category_id", "silver.categories"),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_payments: DataFrame,
    silver_return_items: DataFrame,
    silver_inventory_log: DataFrame,
    silver_products: DataFrame,
    silver_categories: DataFrame,
) -> DataFrame:
    """Sales and gross margin of each month and category."""
    orders = order_sales(silver_orders, silver_order_items, silver_payments)
    lines = silver_order_items.join(
        orders.select("order_id", "order_month", "status", "is_paid", "refunded_amount"), on="order_id", how="inner"
    ).join(silver_products.select("product_id", "category_id"), on="product_id", how="left")
    is_paid = F.col("is_paid")
    measured = (
        with_line_costs(with_line_sales(lines, silver_return_items), silver_inventory_log)
        .groupBy(*TABLE.key)
        .agg(
            money(F.sum("list_amount")).alias("gross_merchandise_value"),
            money(F.sum("discount_amount")).alias("discount_amount"),
            money(F.sum("line_revenue")).alias("revenue"),
            money(F.sum("line_refunded")).alias("refunded_amount"),
            F.countDistinct("order_id").alias("order_count"),
            F.countDistinct(F.when(is_paid, F.col("order_id"))).alias("paid_order_count"),
            F.sum("quantity").alias("unit_count"),
            F.coalesce(F.sum(F.when(is_paid, F.col("quantity"))), F.lit(0)).alias("paid_unit_count"),
            cost_of_goods_sold(),
        )
        .withColumn("net_revenue", (F.col("revenue") - F.col("refunded_amount")).cast("decimal(20,2)"))
    )
    return gross_margin(measured).join(_named(silver_categories), on="category_id", how="left").select(*TABLE.column_names)


def _named(silver_categories: DataFrame) -> DataFrame:
    above = silver_categories.select(F.col("category_id").alias("parent_category_id"), F.col("name").alias("parent_category_name"))
    return silver_categories.join(above, on="parent_category_id", how="left").select(
        "category_id", F.col("name").alias("category_name"), "parent_category_name"
    )
