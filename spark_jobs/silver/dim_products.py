"""A product over time: one row for each list price it had, with what it is otherwise known as now."""

from pyiceberg.types import BooleanType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, not_null, references, without_gap
from iceberg.table import AMOUNT, AsOf, Column, RecomputeTouched, Table

TABLE = Table(
    grain="one row per product and version",
    key=("product_id", "version"),
    columns=(
        Column("product_id", LongType(), "number of the product, see silver.products"),
        Column("version", IntegerType(), "1 for the first list price, counting up; a price that was set again as it was has none"),
        Column("valid_from", TimestamptzType(), "when the list price began"),
        Column("valid_to", TimestamptzType(), "when it ended: the instant itself is not part of it; empty while it goes on"),
        Column("is_current", BooleanType(), "whether it goes on"),
        Column("list_price", AMOUNT, "price of a piece before discounts, in the shop's currency"),
        Column("sku", StringType(), "stock keeping unit, the code on the shelf"),
        Column("name", StringType(), "name as shown to customers now"),
        Column("category_id", IntegerType(), "its category now, see silver.categories: the shop keeps no history of it"),
        Column("category_name", StringType(), "name of that category"),
        Column("supplier_id", IntegerType(), "where it comes from now, see silver.suppliers: the shop keeps no history of it"),
        Column("supplier_name", StringType(), "name of that supplier"),
        Column("status", StringType(), "active or discontinued now"),
    ),
    refresh=RecomputeTouched(
        "product_id",
        via="silver.products",
        as_of=(
            AsOf("silver.categories", on="category_id", columns=("name",)),
            AsOf("silver.suppliers", on="supplier_id", columns=("name",)),
        ),
    ),
    checks=(
        at_least("version", 1),
        at_least("list_price", 0),
        not_null("valid_from"),
        without_gap("product_id", "valid_from", "valid_to"),
        references("category_id", "silver.categories"),
        references("supplier_id", "silver.suppliers"),
    ),
)


def transform(
    silver_product_prices: DataFrame, silver_products: DataFrame, silver_categories: DataFrame, silver_suppliers: DataFrame
) -> DataFrame:
    """The list prices of each product, in the order of their instants, however late they became known."""
    by_time = Window.partitionBy("product_id").orderBy("valid_from")
    is_new = ~F.coalesce(F.col("list_price") == F.lag("list_price").over(by_time), F.lit(False))
    prices = silver_product_prices.withColumn("is_new", is_new).where("is_new")
    versions = prices.select(
        "product_id",
        F.row_number().over(by_time).alias("version"),
        "valid_from",
        F.lead("valid_from").over(by_time).alias("valid_to"),
        "list_price",
    )
    products = (
        silver_products.drop("list_price")
        .join(silver_categories.select("category_id", F.col("name").alias("category_name")), on="category_id", how="left")
        .join(silver_suppliers.select("supplier_id", F.col("name").alias("supplier_name")), on="supplier_id", how="left")
    )
    return (
        versions.withColumn("is_current", F.col("valid_to").isNull())
        .join(products, on="product_id", how="left")
        .select(*TABLE.column_names)
    )
