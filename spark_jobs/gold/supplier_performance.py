"""What each supplier's products do: how they sell, come back and run out."""

from pyiceberg.types import DecimalType, IntegerType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, sums_to
from iceberg.table import MONEY, Column, FullRefresh, MadeOf, Ratio, Table
from spark_jobs.definitions.profit import money

TABLE = Table(
    grain="one row per supplier",
    key=("supplier_id",),
    columns=(
        Column("supplier_id", IntegerType(), "who delivers, see silver.suppliers"),
        Column("supplier_name", StringType(), "name of the company"),
        Column("lead_time_days", IntegerType(), "days that a delivery usually takes, as the supplier says"),
        Column("product_count", LongType(), "products that come from it now"),
        Column("receipt_count", LongType(), "deliveries of one product to one warehouse until now, the opening stock included"),
        Column("received_unit_count", LongType(), "pieces in these"),
        Column("sold_unit_count", LongType(), "pieces that left with parcels until now"),
        Column("stock_out_count", LongType(), "times that the last piece of a product went in a warehouse"),
        Column("delivered_unit_count", LongType(), "pieces that arrived at customers"),
        Column("returned_unit_count", LongType(), "pieces of these that the shop had back until now"),
        Column(
            "return_rate",
            DecimalType(5, 4),
            "returned pieces divided by delivered ones, 0 to 1; empty while none arrived",
            made=Ratio("returned_unit_count", "delivered_unit_count"),
        ),
        Column("refund_amount", MONEY, "what was paid back for returned pieces, with their tax, without shipping, in the shop's currency"),
    ),
    refresh=FullRefresh(MadeOf("gold.product_deliveries", "supplier_id", lookups=("silver.products",))),
    checks=(
        at_least("product_count", 0),
        at_most_column("returned_unit_count", "delivered_unit_count"),
        at_most_column("delivered_unit_count", "sold_unit_count"),
        sums_to("received_unit_count", "gold.daily_stock_movements", "received_unit_count"),
        sums_to("delivered_unit_count", "gold.product_deliveries", "delivered_unit_count"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(
    silver_suppliers: DataFrame, silver_products: DataFrame, gold_daily_stock_movements: DataFrame, gold_product_deliveries: DataFrame
) -> DataFrame:
    """The products of each supplier added up."""
    moved = gold_daily_stock_movements.groupBy("product_id").agg(
        F.sum("receipt_count").alias("receipt_count"),
        F.sum("received_unit_count").alias("received_unit_count"),
        F.sum("issued_unit_count").alias("sold_unit_count"),
        F.sum("stock_out_count").alias("stock_out_count"),
    )
    delivered = gold_product_deliveries.groupBy("product_id").agg(
        F.sum("delivered_unit_count").alias("delivered_unit_count"),
        F.sum("returned_unit_count").alias("returned_unit_count"),
        F.sum("refund_amount").alias("refund_amount"),
    )
    counts = [*moved.columns[1:], *delivered.columns[1:-1]]
    by_supplier = (
        silver_products.select("product_id", "supplier_id")
        .join(moved, on="product_id", how="left")
        .join(delivered, on="product_id", how="left")
        .groupBy("supplier_id")
        .agg(
            F.count(F.lit(1)).alias("product_count"),
            *(F.sum(name).alias(name) for name in counts),
            F.sum("refund_amount").alias("refund_amount"),
        )
    )
    return (
        silver_suppliers.select("supplier_id", F.col("name").alias("supplier_name"), "lead_time_days")
        .join(by_supplier, on="supplier_id", how="left")
        .na.fill(0, ["product_count", *counts])
        .withColumn("refund_amount", money(F.col("refund_amount")))
        .withColumn("return_rate", F.try_divide("returned_unit_count", "delivered_unit_count").cast("decimal(5,4)"))
        .select(*TABLE.column_names)
    )
