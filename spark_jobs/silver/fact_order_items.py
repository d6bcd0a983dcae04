"""A line of an order with what was sold in it and what that cost, as its product was then."""

from pyiceberg.types import BooleanType, DateType, IntegerType, LongType, StringType
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import RowCheck, Severity, at_least, at_most_column, not_null, references, sums_to
from iceberg.table import AMOUNT, AsOf, Column, RecomputeTouched, Table, month
from spark_jobs.definitions.cost import cost_of_goods
from spark_jobs.instants import valid_at

TABLE = Table(
    grain="one row per order and line",
    key=("order_date", "order_id", "line_number"),
    columns=(
        Column("order_date", DateType(), "day the order was placed, in the shop's time zone, see silver.dim_date"),
        Column("order_id", LongType(), "number of the order, see silver.fact_orders"),
        Column("line_number", IntegerType(), "1 for the first line, counting up"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("province", StringType(), "province that the order goes to"),
        Column("customer_id", LongType(), "who ordered"),
        Column("customer_tier", StringType(), "their loyalty tier when they ordered"),
        Column("payment_method", StringType(), "how the order was paid, see silver.fact_orders"),
        Column("is_paid", BooleanType(), "whether the order is paid and not cancelled: only then the line has revenue"),
        Column("product_id", LongType(), "what was bought, see silver.products"),
        Column("product_version", IntegerType(), "what it was when it was bought, see version of silver.dim_products"),
        Column("category_id", IntegerType(), "category of the product, see silver.categories"),
        Column("supplier_id", IntegerType(), "where the product comes from, see silver.suppliers"),
        Column("warehouse_code", StringType(), "where its pieces leave from, see silver.warehouses"),
        Column("quantity", IntegerType(), "pieces bought"),
        Column("returned_quantity", LongType(), "pieces that came back"),
        Column("list_price", AMOUNT, "price of a piece on the line, before discounts, in the shop's currency"),
        Column(
            "valid_list_price", AMOUNT, "price that the product's history gives for the instant of the order: the same, unless one is wrong"
        ),
        Column("list_amount", AMOUNT, "list price times quantity: the line's part of the gross merchandise value"),
        Column("discount_amount", AMOUNT, "discount on the line"),
        Column("revenue", AMOUNT, "list amount less discount, if the order is paid; else 0. Refunds are not taken off"),
        Column(
            "cost_of_goods", AMOUNT, "what its pieces cost that left the warehouse, by the lots they were taken from (first in, first out)"
        ),
        Column(
            "returned_cost",
            AMOUNT,
            "what the pieces cost that came back into stock, all of a line at the cost of the last lot that it left from, "
            "so that it may be above cost_of_goods",
        ),
    ),
    partition_by=month("order_date"),
    refresh=RecomputeTouched(
        "order_date",
        via="silver.orders",
        as_of=(
            AsOf(
                "silver.dim_products",
                on="product_id",
                columns=("version", "list_price", "category_id", "supplier_id"),
                at="ordered_at",
                of="silver.order_items",
            ),
        ),
    ),
    checks=(
        at_least("quantity", 1),
        at_most_column("returned_quantity", "quantity"),
        not_null("product_version", Severity.WARN),
        RowCheck(
            "list_price is valid",
            "list_price <> valid_list_price",
            "list_price must be what the product's history gives for the instant of the order",
            "are not",
            Severity.WARN,
        ),
        at_most_column("revenue", "list_amount"),
        at_least("cost_of_goods", 0),
        at_least("returned_cost", 0),
        references("supplier_id", "silver.suppliers"),
        sums_to("revenue", "silver.fact_orders", "revenue", by=("order_date",)),
        sums_to("list_amount", "silver.fact_orders", "gross_merchandise_value", by=("order_date",)),
        sums_to("cost_of_goods", "silver.fact_orders", "cost_of_goods", by=("order_date",)),
    ),
)


def transform(
    silver_orders: DataFrame,
    silver_fact_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_return_items: DataFrame,
    silver_inventory_log: DataFrame,
    silver_dim_products: DataFrame,
) -> DataFrame:
    """Each line with its order's attributes, its product at the instant of the order, and what its pieces cost."""
    orders = silver_orders.select("order_id", "ordered_at").join(
        silver_fact_orders.select(
            "order_id", "order_date", "channel_code", "province", "customer_id", "customer_tier", "payment_method", "is_paid"
        ),
        on="order_id",
        how="inner",
    )
    products = silver_dim_products.withColumnsRenamed(
        {"product_id": "sold_product_id", "version": "product_version", "list_price": "valid_list_price"}
    )
    goods = cost_of_goods(silver_inventory_log, "order_id", "line_number")
    returned = silver_return_items.groupBy("order_id", "line_number").agg(F.sum("quantity").alias("returned_quantity"))
    return (
        silver_order_items.join(orders, on="order_id", how="inner")
        .join(products, on=(F.col("product_id") == F.col("sold_product_id")) & valid_at("ordered_at"), how="left")
        .join(goods, on=["order_id", "line_number"], how="left")
        .join(returned, on=["order_id", "line_number"], how="left")
        .withColumns(
            {
                "revenue": _amount(F.when(F.col("is_paid"), F.col("line_amount")).otherwise(F.lit(0))),
                "cost_of_goods": _amount(F.coalesce("cost_of_goods", F.lit(0))),
                "returned_cost": _amount(F.coalesce("returned_cost", F.lit(0))),
                "returned_quantity": F.coalesce("returned_quantity", F.lit(0)),
            }
        )
        .select(*TABLE.column_names)
    )


def _amount(value: SparkColumn) -> SparkColumn:
    return value.cast("decimal(14,2)")
