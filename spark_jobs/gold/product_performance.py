"""How each product does: what it earns, what comes back, what people think of it, and how long its stock lasts.

Ranks and the days that stock lasts depend on the newest day, so every row may
move; there is a row for each product and it reads days already added up, so the
table is written whole.
"""

from pyiceberg.types import DateType, IntegerType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, at_most_column, sums_to
from iceberg.table import MONEY, Column, FullRefresh, Ratio, Table
from spark_jobs.definitions.rates import RATE, SCORE, between_zero_and_one, rate, rates_of, weighted_score
from spark_jobs.definitions.stock_value import TURNOVER

SALES_DAYS = 28
TABLE = Table(
    grain="one row per product",
    key=("product_id",),
    columns=(
        Column("product_id", LongType(), "which product, see silver.products"),
        Column("category_id", IntegerType(), "its category, see silver.categories"),
        Column("name", StringType(), "name as shown to customers"),
        Column("status", StringType(), "active or discontinued"),
        Column("first_order_date", DateType(), "day of its first order, in the shop's time zone; empty without one"),
        Column("last_order_date", DateType(), "day of its newest order; empty without one"),
        Column("order_count", LongType(), "orders with the product, cancelled ones included"),
        Column("paid_order_count", LongType(), "of these with a successful payment and not cancelled"),
        Column("unit_count", LongType(), "pieces in these orders, cancelled ones included"),
        Column("paid_unit_count", LongType(), "of these in paid orders"),
        Column("delivered_unit_count", LongType(), "pieces that arrived at customers, see gold.product_deliveries"),
        Column("returned_unit_count", LongType(), "of these that the shop had back until now"),
        Column("gross_merchandise_value", MONEY, "list price times quantity, before discounts, in the shop's currency"),
        Column("revenue", MONEY, "price less discount of the lines of paid orders"),
        Column("refunded_amount", MONEY, "what of that was given back until now"),
        Column("net_revenue", MONEY, "revenue less refunds"),
        Column("cost_amount", MONEY, "what the pieces of paid orders cost, first in, first out"),
        Column("gross_profit", MONEY, "revenue less cost, before refunds"),
        Column("gross_margin_rate", RATE, "gross profit by revenue; empty without revenue", made=Ratio("gross_profit", "revenue")),
        Column("revenue_rank", IntegerType(), "1 for the product with the most revenue; of equals the lower number goes first"),
        Column(
            "return_rate",
            RATE,
            "returned by delivered pieces, as in gold.return_rates, 0 to 1; empty while none arrived",
            made=Ratio("returned_unit_count", "delivered_unit_count"),
        ),
        Column("review_count", LongType(), "reviews"),
        Column("average_rating", RATE, "mean stars, 1 to 5; empty without a review"),
        Column("view_visit_count", LongType(), "visits to the website that viewed it, counted by day"),
        Column("buying_visit_count", LongType(), "of these that ordered it on the same day"),
        Column(
            "view_to_purchase_rate",
            RATE,
            "buying visits by viewing visits; empty without one",
            made=Ratio("buying_visit_count", "view_visit_count"),
        ),
        Column("available_unit_count", LongType(), "pieces in all warehouses that are not sold"),
        Column(
            "recent_unit_count", LongType(), "pieces ordered in the 28 days up to the shop's newest order date, cancelled orders included"
        ),
        Column(
            "days_of_cover",
            RATE,
            "days that the available pieces last at the pace of these 28 days (fewer where the shop is younger); empty when none was ordered",
        ),
        Column(
            "turnover",
            TURNOVER,
            "cost of goods sold by the mean stock value over the ends of the days, as in gold.inventory_turnover, over the 28 days up to the "
            "shop's newest movement of stock (fewer where its log is younger); empty where there was no stock",
        ),
        Column(
            "health_score",
            SCORE,
            "0 to 100, a rule of the house: the mean of margin (0 at none, 1 at 50 % of revenue), returns (1 at none, 0 at 30 % of pieces), "
            "rating (0 at 1 star, 1 at 5) and stock (1 from 14 days of cover on); parts without a value are left out; "
            "empty without a paid order",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        accepted_values("status", "active", "discontinued"),
        at_least("revenue", 0),
        at_least("available_unit_count", 0),
        at_least("revenue_rank", 1),
        at_most_column("returned_unit_count", "delivered_unit_count"),
        sums_to("revenue", "gold.product_daily", "revenue"),
        sums_to("gross_profit", "gold.product_daily", "gross_profit"),
        sums_to("view_visit_count", "gold.product_daily", "view_visit_count"),
        sums_to("delivered_unit_count", "gold.product_deliveries", "delivered_unit_count"),
    ),
    owner="product",
    fresh_within_minutes=15,
)

_COUNTS = (
    "order_count", "paid_order_count", "unit_count", "paid_unit_count", "review_count", "rating_sum", "view_visit_count",
    "buying_visit_count", "recent_unit_count",
)  # fmt: skip
_DELIVERED = ("delivered_unit_count", "returned_unit_count")
_SUMS = ("gross_merchandise_value", "revenue", "refunded_amount", "net_revenue", "cost_amount", "gross_profit")


def transform(
    silver_products: DataFrame,
    silver_inventory: DataFrame,
    gold_product_daily: DataFrame,
    gold_product_deliveries: DataFrame,
    gold_daily_stock_movements: DataFrame,
) -> DataFrame:
    """Every product, those that nobody ordered included."""
    ordered = F.when(F.col("order_count") > 0, F.col("activity_date"))
    shop = gold_product_daily.agg(F.min(ordered).alias("_opened"), F.max(ordered).alias("_newest"))
    is_recent = F.col("activity_date") > F.date_sub("_newest", SALES_DAYS)
    daily = gold_product_daily.crossJoin(F.broadcast(shop)).withColumn(
        "recent_unit_count", F.when(is_recent, F.col("unit_count")).otherwise(F.lit(0))
    )
    totals = daily.groupBy("product_id").agg(
        F.min(ordered).alias("first_order_date"),
        F.max(ordered).alias("last_order_date"),
        *(F.sum(name).alias(name) for name in (*_COUNTS, *_SUMS)),
    )
    stock = silver_inventory.groupBy("product_id").agg(F.sum(F.col("on_hand") - F.col("reserved")).alias("available_unit_count"))
    delivered = gold_product_deliveries.groupBy("product_id").agg(*(F.sum(name).alias(name) for name in _DELIVERED))
    filled = {name: F.coalesce(name, F.lit(0)).cast("bigint") for name in (*_COUNTS, *_DELIVERED, "available_unit_count")}
    filled |= {name: F.coalesce(name, F.lit(0)).cast("decimal(20,2)") for name in _SUMS}
    rows = (
        silver_products.join(totals, on="product_id", how="left")
        .join(stock, on="product_id", how="left")
        .join(delivered, on="product_id", how="left")
        .join(_turnover(gold_daily_stock_movements), on="product_id", how="left")
        .crossJoin(F.broadcast(shop))
        .withColumns(filled)
    )
    return _rated(rows).select(*TABLE.column_names)


def _turnover(movements: DataFrame) -> DataFrame:
    """How often the money in each product's stock turned over in the last days; the stock of a day without a movement is that of before."""
    day = F.col("happened_date")
    known = movements.agg(F.min(day).alias("_first"), F.max(day).alias("_newest"))
    day_count = F.least(F.lit(SALES_DAYS), F.datediff("_newest", "_first") + 1)
    # A change counts in the mean on its own day and on each day after it, one from before these days on all of them.
    value_days = F.col("value_change") * F.least(F.datediff("_newest", day) + 1, F.col("_days"))
    sold = F.when(F.datediff("_newest", day) < F.col("_days"), F.col("issued_cost") - F.col("returned_cost"))
    sums = (
        movements.crossJoin(F.broadcast(known))
        .withColumn("_days", day_count)
        .groupBy("product_id", "_days")
        .agg(F.sum(value_days).cast("decimal(28,2)").alias("_value_days"), F.sum(sold).cast("decimal(20,2)").alias("_sold"))
    )
    mean = F.round(F.col("_value_days") / F.col("_days"), 2).cast("decimal(20,2)")
    turnover = F.try_divide(F.coalesce("_sold", F.lit(0)).cast("decimal(20,2)"), mean)
    return sums.select("product_id", turnover.cast("decimal(12,4)").alias("turnover"))


def _rated(rows: DataFrame) -> DataFrame:
    watched = F.least(F.lit(SALES_DAYS), F.datediff("_newest", "_opened") + 1)
    # One partition, said in words that Spark does not warn of: there is a row a product.
    rank = F.row_number().over(Window.partitionBy(F.lit(True)).orderBy(F.col("revenue").desc(), "product_id"))
    rows = (
        rows.withColumns(rates_of(TABLE))
        .withColumn("revenue_rank", rank)
        .withColumn("average_rating", rate("rating_sum", "review_count"))
        .withColumn("days_of_cover", rate(F.col("available_unit_count") * watched, "recent_unit_count"))
    )
    return rows.withColumn("health_score", F.when(F.col("paid_order_count") > 0, _health()))


def _health() -> Expression:
    margin = between_zero_and_one(F.col("gross_margin_rate") * 2)
    returns = between_zero_and_one(F.lit(1) - F.col("return_rate") / F.lit(3) * 10)
    rating = between_zero_and_one((F.col("average_rating") - 1) / 4)
    stock = between_zero_and_one(F.col("days_of_cover") / 14)
    return weighted_score((1, margin), (1, returns), (1, rating), (1, stock))
