"""What came and went of one product in one warehouse on one day: the log of stock, added up."""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, references, sums_to
from iceberg.table import MONEY, Column, RecomputeTouched, Table, month
from spark_jobs.definitions.profit import money

TABLE = Table(
    grain="one row per day, product and warehouse with a movement of stock",
    key=("happened_date", "product_id", "warehouse_code"),
    columns=(
        Column("happened_date", DateType(), "day the pieces moved, in the shop's time zone"),
        Column("product_id", LongType(), "what moved, see silver.products"),
        Column("warehouse_code", StringType(), "where it moved, see silver.warehouses"),
        Column("receipt_count", LongType(), "deliveries from the supplier"),
        Column("received_unit_count", LongType(), "pieces in these"),
        Column("issued_unit_count", LongType(), "pieces that left with parcels"),
        Column("returned_unit_count", LongType(), "sound pieces that came back"),
        Column("lost_unit_count", LongType(), "pieces that were lost in the warehouse"),
        Column("unit_change", LongType(), "pieces that came less those that went"),
        Column("stock_out_count", LongType(), "times that the last piece went"),
        Column("issued_cost", MONEY, "what the pieces that left had cost, lot by lot, first in first out, in the shop's currency"),
        Column("returned_cost", MONEY, "what the pieces that came back had cost"),
        Column("value_change", MONEY, "what all that came had cost, less what all that went had"),
    ),
    partition_by=month("happened_date"),
    refresh=RecomputeTouched("happened_date"),
    checks=(
        references("product_id", "silver.products"),
        references("warehouse_code", "silver.warehouses"),
        sums_to("unit_change", "silver.inventory_log", "quantity"),
        at_least("issued_unit_count", 0),
        at_least("lost_unit_count", 0),
        at_least("issued_cost", 0),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(silver_inventory_log: DataFrame) -> DataFrame:
    """The movements of each day, product and warehouse."""
    quantity, cost = F.col("quantity"), F.col("quantity") * F.col("unit_cost")
    return (
        silver_inventory_log.groupBy(*TABLE.key)
        .agg(
            F.count_if(F.col("kind") == "receipt").alias("receipt_count"),
            _units("receipt", quantity).alias("received_unit_count"),
            _units("issue", -quantity).alias("issued_unit_count"),
            _units("return", quantity).alias("returned_unit_count"),
            _units("loss", -quantity).alias("lost_unit_count"),
            F.sum(quantity).alias("unit_change"),
            F.count_if((quantity < 0) & (F.col("on_hand_after") == 0)).alias("stock_out_count"),
            money(F.sum(F.when(F.col("kind") == "issue", -cost))).alias("issued_cost"),
            money(F.sum(F.when(F.col("kind") == "return", cost))).alias("returned_cost"),
            money(F.sum(cost)).alias("value_change"),
        )
        .select(*TABLE.column_names)
    )


def _units(kind: str, quantity: Expression) -> Expression:
    return F.coalesce(F.sum(F.when(F.col("kind") == kind, quantity)), F.lit(0))
