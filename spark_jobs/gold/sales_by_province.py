"""Sales of one month to one province: where what is bought goes."""

from pyiceberg.types import DateType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, equals
from iceberg.table import Column, RecomputeTouched, Table
from spark_jobs.definitions.cost import order_costs
from spark_jobs.definitions.order_ledger import sums_to_ledger
from spark_jobs.definitions.profit import GROSS_MARGIN_COLUMNS, cost_of_goods_sold, gross_margin
from spark_jobs.definitions.sales import SALES_COLUMNS, average_order_value, order_sales, sales_measures

TABLE = Table(
    grain="one row per order month and province of the delivery address",
    key=("order_month", "province"),
    columns=(
        Column("order_month", DateType(), "first day of the month in which the orders were placed, in the shop's time zone"),
        Column(
            "province", StringType(), "province that the orders go to, see silver.customer_addresses; unknown where the address is gone"
        ),
        *SALES_COLUMNS,
        *GROSS_MARGIN_COLUMNS,
    ),
    refresh=RecomputeTouched("order_month", via="silver.orders", lookups={"silver.customer_addresses": ("province",)}),
    checks=(
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
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_payments: DataFrame,
    silver_inventory_log: DataFrame,
    silver_customer_addresses: DataFrame,
) -> DataFrame:
    """Sales and gross margin of each month and province."""
    sales = (
        order_sales(silver_orders, silver_order_items, silver_payments)
        .join(order_costs(silver_order_items, silver_inventory_log), on="order_id", how="left")
        .join(silver_customer_addresses.select("address_id", "province"), on="address_id", how="left")
        .withColumn("province", F.coalesce("province", F.lit("unknown")))
    )
    measured = sales.groupBy(*TABLE.key).agg(*sales_measures(), cost_of_goods_sold())
    return gross_margin(measured.withColumn("average_order_value", average_order_value())).select(*TABLE.column_names)
