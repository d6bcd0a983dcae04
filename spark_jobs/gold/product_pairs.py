"""Products that are bought together: what to offer to whom who has one of them.

The market basket measures of association rules (R. Agrawal, T. Imielinski,
A. Swami, 1993; lift: S. Brin and others, 1997) over the orders of the last 90
days. Support and lift depend on the number of all these orders, so each order
moves every row; the window keeps what is read for it from growing with history.
"""

from pyiceberg.types import LongType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import RowCheck, at_least, at_most_column, references
from iceberg.table import Column, FullRefresh, Ratio, Table
from spark_jobs.definitions.rates import RATE, rate, rates_of

DAYS = 90
LEAST_ORDERS = 3

TABLE = Table(
    grain="one row per pair of products in at least 3 orders of the last 90 days",
    key=("product_id", "other_product_id"),
    columns=(
        Column("product_id", LongType(), "the product of the pair with the lower number, see silver.products"),
        Column("other_product_id", LongType(), "the other one"),
        Column(
            "pair_order_count", LongType(), "orders with both, of the 90 days up to the shop's newest order date, cancelled ones left out"
        ),
        Column("product_order_count", LongType(), "orders with product_id in the same time"),
        Column("other_order_count", LongType(), "orders with other_product_id in the same time"),
        Column("order_count", LongType(), "all orders in the same time"),
        Column("support", RATE, "orders with both by all orders, 0 to 1", made=Ratio("pair_order_count", "order_count")),
        Column(
            "confidence",
            RATE,
            "of the orders with product_id, the share that has the other too, 0 to 1",
            made=Ratio("pair_order_count", "product_order_count"),
        ),
        Column(
            "confidence_back",
            RATE,
            "of the orders with other_product_id, the share that has product_id too, 0 to 1",
            made=Ratio("pair_order_count", "other_order_count"),
        ),
        Column("lift", RATE, "how many times as often together as by chance: confidence by the other's share of all orders"),
    ),
    refresh=FullRefresh(),
    checks=(
        at_least("pair_order_count", LEAST_ORDERS),
        at_most_column("pair_order_count", "product_order_count"),
        at_most_column("pair_order_count", "other_order_count"),
        RowCheck("pair in order", "product_id >= other_product_id", "product_id must be below other_product_id", "are not"),
        references("product_id", "silver.products"),
    ),
    owner="product",
    fresh_within_minutes=15,
)


def transform(silver_orders: DataFrame, silver_order_items: DataFrame) -> DataFrame:
    """The pairs of the last 90 days."""
    newest = silver_orders.agg(F.max("order_date").alias("_newest"))
    orders = (
        silver_orders.where("status <> 'cancelled'")
        .crossJoin(F.broadcast(newest))
        .where(F.col("order_date") > F.date_sub("_newest", DAYS))
        .select("order_id")
    )
    bought = silver_order_items.join(orders, on="order_id", how="inner").select("order_id", "product_id").distinct()
    each = bought.groupBy("product_id").agg(F.count(F.lit(1)).alias("product_order_count"))
    other = bought.select("order_id", F.col("product_id").alias("other_product_id"))
    pairs = (
        bought.join(other, on="order_id", how="inner")
        .where("product_id < other_product_id")
        .groupBy(*TABLE.key)
        .agg(F.count(F.lit(1)).alias("pair_order_count"))
        .where(F.col("pair_order_count") >= LEAST_ORDERS)
    )
    of_other = each.select(F.col("product_id").alias("other_product_id"), F.col("product_order_count").alias("other_order_count"))
    by_chance = F.col("product_order_count") * F.col("other_order_count")
    return (
        pairs.join(each, on="product_id", how="inner")
        .join(of_other, on="other_product_id", how="inner")
        .crossJoin(F.broadcast(orders.agg(F.count(F.lit(1)).alias("order_count"))))
        .withColumns(rates_of(TABLE))
        .withColumn("lift", rate(F.col("pair_order_count") * F.col("order_count"), by_chance))
        .select(*TABLE.column_names)
    )
