"""An order with all that is measured of it, and with its customer as they were when they placed it."""

from pyiceberg.types import BooleanType, DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import Severity, accepted_values, at_least, at_most_column, equals, not_null, references
from iceberg.table import AMOUNT, AsOf, Column, RecomputeTouched, Table, month
from spark_jobs.definitions.cost import cost_of_goods
from spark_jobs.definitions.durations import HOURS, hours_between
from spark_jobs.definitions.order_ledger import sums_to_ledger
from spark_jobs.definitions.payment_method import NOT_PAID, PAYMENT_METHODS, with_payment_method
from spark_jobs.definitions.sales import order_sales
from spark_jobs.definitions.vocabulary import ORDER_STATUSES
from spark_jobs.instants import valid_at

TABLE = Table(
    grain="one row per order",
    key=("order_date", "order_id"),
    columns=(
        Column("order_date", DateType(), "day the order was placed, in the shop's time zone, see silver.dim_date"),
        Column("order_id", LongType(), "number of the order, see silver.orders"),
        Column("ordered_at", TimestamptzType(), "when it was placed"),
        Column("channel_code", StringType(), "sales channel, see silver.channels"),
        Column("status", StringType(), "what it is by now: pending, paid, packed, shipped, delivered, cancelled or returned"),
        Column("province", StringType(), "province that it goes to"),
        Column("customer_id", LongType(), "who ordered"),
        Column("customer_version", IntegerType(), "who they were when they ordered, see version of silver.dim_customers"),
        Column("customer_tier", StringType(), "their loyalty tier when they ordered"),
        Column("is_first_order", BooleanType(), "whether it is the customer's first, cancelled ones included"),
        Column("is_paid", BooleanType(), "whether a payment succeeded and it is not cancelled: only then it has revenue"),
        Column(
            "payment_method",
            StringType(),
            "cod, card, e_wallet or bank_transfer, as of the payment that succeeded; not_paid without one, see gold.sales_by_payment_method",
        ),
        Column("gross_merchandise_value", AMOUNT, "list price times quantity of its lines, before discounts, in the shop's currency"),
        Column("discount_amount", AMOUNT, "what was taken off that"),
        Column("revenue", AMOUNT, "items less discounts, without shipping and tax; 0 unless paid"),
        Column("refunded_amount", AMOUNT, "what of that revenue was given back until now"),
        Column("net_revenue", AMOUNT, "revenue less refunds"),
        Column("shipping_amount", AMOUNT, "what the customer pays for shipping"),
        Column("line_count", LongType(), "lines of the order"),
        Column("unit_count", LongType(), "pieces in all lines"),
        Column(
            "cost_of_goods", AMOUNT, "what its pieces cost that left a warehouse, by the lots they were taken from (first in, first out)"
        ),
        Column(
            "returned_cost",
            AMOUNT,
            "what the pieces cost that came back into stock, all of a line at the cost of the last lot that it left from, "
            "so that it may be above cost_of_goods",
        ),
        Column("parcel_count", LongType(), "parcels that it was sent in so far"),
        Column("shipping_cost", AMOUNT, "what the carriers take for these"),
        Column("shipped_hours", HOURS, "hours from the order to the last parcel's handover; empty before"),
        Column("promised_hours", HOURS, "hours from the order to when the last parcel is to arrive at the latest; empty before it is sent"),
        Column("delivered_hours", HOURS, "hours from the order to the last parcel's arrival; empty unless all arrived"),
    ),
    partition_by=month("order_date"),
    refresh=RecomputeTouched(
        "order_date",
        via="silver.orders",
        as_of=(
            AsOf("silver.dim_customers", on="customer_id", columns=("version", "tier"), at="ordered_at"),
            AsOf("silver.orders", on="customer_id", columns=("order_id",), at="ordered_at", since="ordered_at", until=None),
            AsOf("silver.customer_addresses", on="address_id", columns=("province",)),
        ),
    ),
    checks=(
        accepted_values("status", *ORDER_STATUSES),
        accepted_values("payment_method", *PAYMENT_METHODS, NOT_PAID),
        references("order_date", "silver.dim_date", "date"),
        # Who ordered, and where to, may become known later than the order: then its day is restated.
        not_null("customer_version", Severity.WARN),
        not_null("province", Severity.WARN),
        not_null("is_first_order"),
        at_least("gross_merchandise_value", 0),
        at_least("net_revenue", 0),
        equals("net_revenue", "revenue - refunded_amount"),
        at_most_column("revenue", "gross_merchandise_value"),
        at_least("cost_of_goods", 0),
        at_least("returned_cost", 0),
        at_most_column("shipped_hours", "delivered_hours"),
        *sums_to_ledger("order_date"),
    ),
)


def transform(
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_payments: DataFrame,
    silver_inventory_log: DataFrame,
    silver_shipments: DataFrame,
    silver_customer_addresses: DataFrame,
    silver_dim_customers: DataFrame,
) -> DataFrame:
    """Sales, cost and delivery of each order. Who it was placed by is looked up at its instant."""
    first = silver_orders.groupBy("customer_id").agg(F.min(F.struct("ordered_at", "order_id")).alias("first"))
    line_counts = silver_order_items.groupBy("order_id").agg(F.count(F.lit(1)).alias("line_count"))
    customers = silver_dim_customers.withColumnsRenamed({"version": "customer_version", "tier": "customer_tier"})
    orders = with_payment_method(order_sales(silver_orders, silver_order_items, silver_payments), silver_payments)
    placed_by = (orders["customer_id"] == customers["customer_id"]) & valid_at("ordered_at")
    return (
        orders.join(customers, on=placed_by, how="left")
        .drop(customers["customer_id"])
        .join(first, on=orders["customer_id"].eqNullSafe(first["customer_id"]), how="left")
        .drop(first["customer_id"])
        .join(silver_customer_addresses.select("address_id", "province"), on="address_id", how="left")
        .join(line_counts, on="order_id", how="left")
        .join(cost_of_goods(silver_inventory_log, "order_id"), on="order_id", how="left")
        .join(_parcels(silver_shipments), on="order_id", how="left")
        .withColumns(
            {
                "is_first_order": F.col("order_id") == F.col("first.order_id"),
                "gross_merchandise_value": _amount(F.coalesce("list_amount", F.lit(0))),
                "revenue": _amount(F.col("revenue")),
                "refunded_amount": _amount(F.col("refunded_amount")),
                "net_revenue": _amount(F.col("revenue") - F.col("refunded_amount")),
                "line_count": F.coalesce("line_count", F.lit(0)),
                "unit_count": F.coalesce("unit_count", F.lit(0)),
                "parcel_count": F.coalesce("parcel_count", F.lit(0)),
                **{name: _amount(F.coalesce(name, F.lit(0))) for name in ("cost_of_goods", "returned_cost", "shipping_cost")},
                **{f"{step}_hours": hours_between("ordered_at", f"{step}_at") for step in ("shipped", "promised", "delivered")},
            }
        )
        .select(*TABLE.column_names)
    )


def _parcels(shipments: DataFrame) -> DataFrame:
    """When the last parcel of each order left, is to arrive and did; it did not as long as one is missing."""
    return shipments.groupBy("order_id").agg(
        F.count(F.lit(1)).alias("parcel_count"),
        F.sum("shipping_cost").alias("shipping_cost"),
        F.max("shipped_at").alias("shipped_at"),
        F.max("promised_at").alias("promised_at"),
        F.when(F.count("delivered_at") == F.count(F.lit(1)), F.max("delivered_at")).alias("delivered_at"),
    )


def _amount(value: SparkColumn) -> SparkColumn:
    return value.cast("decimal(14,2)")
