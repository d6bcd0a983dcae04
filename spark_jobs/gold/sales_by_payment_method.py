"""Sales of one month by how they were paid.

An order that is not paid has no method, so what was cancelled before it was paid
stands in a row of its own, and the counts of a method give no cancellation rate.
"""

from pyiceberg.types import DateType, StringType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, at_most_column, equals
from iceberg.table import Column, RecomputeTouched, Table
from spark_jobs.definitions.cost import order_costs
from spark_jobs.definitions.order_ledger import sums_to_ledger
from spark_jobs.definitions.payment_method import NOT_PAID, PAYMENT_METHODS, with_payment_method
from spark_jobs.definitions.profit import GROSS_MARGIN_COLUMNS, cost_of_goods_sold, gross_margin
from spark_jobs.definitions.sales import SALES_COLUMNS, average_order_value, order_sales, sales_measures

TABLE = Table(
    grain="one row per order month and payment method",
    key=("order_month", "payment_method"),
    columns=(
        Column("order_month", DateType(), "first day of the month in which the orders were placed, in the shop's time zone"),
        Column(
            "payment_method",
            StringType(),
            "cod, card, e_wallet or bank_transfer, as of the payment that succeeded; not_paid without one, so that orders that were "
            "cancelled before, and cash on delivery up to the door, are there: cancelled orders by orders of a method is no cancellation rate",
        ),
        *SALES_COLUMNS,
        *GROSS_MARGIN_COLUMNS,
    ),
    refresh=RecomputeTouched("order_month", via="silver.orders"),
    checks=(
        accepted_values("payment_method", *PAYMENT_METHODS, NOT_PAID),
        at_least("gross_merchandise_value", 0),
        at_most_column("revenue", "gross_merchandise_value"),
        at_most_column("refunded_amount", "revenue"),
        at_least("order_count", 1),
        equals("net_revenue", "revenue - refunded_amount"),
        *sums_to_ledger("order_month"),
    ),
    owner="finance",
    fresh_within_minutes=15,
)


def transform(
    silver_orders: DataFrame, silver_order_items: DataFrame, silver_payments: DataFrame, silver_inventory_log: DataFrame
) -> DataFrame:
    """Sales and gross margin of each month and method."""
    sales = order_sales(silver_orders, silver_order_items, silver_payments).join(
        order_costs(silver_order_items, silver_inventory_log), on="order_id", how="left"
    )
    measured = with_payment_method(sales, silver_payments).groupBy(*TABLE.key).agg(*sales_measures(), cost_of_goods_sold())
    return gross_margin(measured.withColumn("average_order_value", average_order_value())).select(*TABLE.column_names)
