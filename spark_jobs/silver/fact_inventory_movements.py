"""Pieces that came to a warehouse or left it, with what their lot had cost and what their product was at that instant."""

from pyiceberg.types import BooleanType, DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import RowCheck, Severity, accepted_values, not_null, references, sums_to
from iceberg.table import AMOUNT, AsOf, Column, RecomputeTouched, Table, month
from spark_jobs.instants import valid_at

TABLE = Table(
    grain="one row per product, warehouse and movement, which touches one lot",
    key=("happened_date", "product_id", "warehouse_code", "sequence"),
    columns=(
        Column("happened_date", DateType(), "day the pieces moved, in the shop's time zone, see silver.dim_date"),
        Column("product_id", LongType(), "what moved, see silver.products"),
        Column("warehouse_code", StringType(), "where it moved, see silver.warehouses"),
        Column("sequence", IntegerType(), "number of the movement for product and warehouse, see silver.inventory_log"),
        Column("happened_at", TimestamptzType(), "when the pieces moved"),
        Column("kind", StringType(), "receipt from the supplier, issue with a parcel, return of sound pieces, or loss"),
        Column("product_version", IntegerType(), "what the product was then, see version of silver.dim_products"),
        Column("category_id", IntegerType(), "category of the product, see silver.categories"),
        Column("supplier_id", IntegerType(), "where the product comes from, see silver.suppliers"),
        Column(
            "order_id", LongType(), "order for which pieces left or came back, empty for a receipt or loss, see silver.fact_order_items"
        ),
        Column("line_number", IntegerType(), "line of that order, empty for a receipt or loss"),
        Column("lot", IntegerType(), "the lot that was touched: the sequence of the receipt or return that opened it"),
        Column("quantity", IntegerType(), "pieces that came (above zero) or went (below zero)"),
        Column("unit_cost", AMOUNT, "what a piece of the lot cost the shop, in its currency"),
        Column("cost_amount", AMOUNT, "by how much the value of the stock changed: quantity times unit cost, below zero for what went"),
        Column("list_amount", AMOUNT, "the same at the list price of then, before discounts: below zero for what went"),
        Column("on_hand_after", IntegerType(), "pieces left in the warehouse afterwards"),
        Column("is_stock_out", BooleanType(), "whether the warehouse's last piece of the product went"),
    ),
    partition_by=month("happened_date"),
    refresh=RecomputeTouched(
        "happened_date",
        via="silver.inventory_log",
        as_of=(
            AsOf(
                "silver.dim_products",
                on="product_id",
                columns=("version", "list_price", "category_id", "supplier_id"),
                at="happened_at",
            ),
        ),
    ),
    checks=(
        accepted_values("kind", "receipt", "issue", "return", "loss"),
        references("happened_date", "silver.dim_date", "date"),
        references("warehouse_code", "silver.warehouses"),
        # What a product cost may become known later than its movement: then the day is restated.
        not_null("product_version", Severity.WARN),
        RowCheck(
            "quantity has the sign of its kind",
            "(quantity > 0) <> (kind in ('receipt', 'return'))",
            "quantity must be above zero for what came and below for what went",
            "are not",
        ),
        RowCheck(
            "issues and returns name their order",
            "(kind in ('issue', 'return')) <> (order_id is not null)",
            "order_id must be there for what left for an order or came back of it, and for nothing else",
            "are not",
        ),
        sums_to("quantity", "silver.inventory_log", "quantity", by=("happened_date",)),
    ),
)


def transform(silver_inventory_log: DataFrame, silver_dim_products: DataFrame) -> DataFrame:
    """Each movement with its worth, and with its product as it was when it moved."""
    products = silver_dim_products.select(
        F.col("product_id").alias("known_id"), F.col("version").alias("product_version"), "list_price", "category_id", "supplier_id",
        "valid_from", "valid_to",
    )  # fmt: skip
    was_then = (F.col("product_id") == F.col("known_id")) & valid_at("happened_at")
    return (
        silver_inventory_log.join(products, on=was_then, how="left")
        .withColumns(
            {
                "cost_amount": (F.col("quantity") * F.col("unit_cost")).cast("decimal(14,2)"),
                "list_amount": (F.col("quantity") * F.col("list_price")).cast("decimal(14,2)"),
                "is_stock_out": (F.col("quantity") < 0) & (F.col("on_hand_after") == 0),
            }
        )
        .select(*TABLE.column_names)
    )
