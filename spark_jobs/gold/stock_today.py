"""What lies in stock now, and how long it will last."""

from pyiceberg.types import BooleanType, DateType, DecimalType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, references, sums_to
from iceberg.table import MONEY, Column, FullRefresh, Table

DAYS = 28
"""Four weeks, so that each weekday counts alike."""

TABLE = Table(
    grain="one row per product and warehouse",
    key=("product_id", "warehouse_code"),
    columns=(
        Column("product_id", LongType(), "what lies there, see silver.products"),
        Column("warehouse_code", StringType(), "where it lies, see silver.warehouses"),
        Column("as_of_date", DateType(), "day of the newest movement of stock in the shop, in its time zone; empty before there is one"),
        Column("on_hand", LongType(), "pieces in the warehouse, reserved ones included"),
        Column("reserved", LongType(), "pieces of these that are sold and have not left"),
        Column("available", LongType(), "pieces on hand that are not reserved"),
        Column("on_order", LongType(), "pieces that the supplier will bring"),
        Column("expected_at", TimestamptzType(), "when the supplier brings them, empty when nothing is on order"),
        Column("safety_stock", LongType(), "available pieces below which there is an alert"),
        Column("is_below_safety", BooleanType(), "whether fewer than that are available"),
        Column("below_safety_since", TimestamptzType(), "since when, empty while there are enough"),
        Column("stock_value", MONEY, "what the pieces on hand had cost, lot by lot, in the shop's currency"),
        Column("issued_unit_count", LongType(), f"pieces that left with parcels in the last {DAYS} days up to as_of_date"),
        Column(
            "days_of_cover",
            DecimalType(12, 2),
            f"days for which the available pieces last at the mean of these {DAYS} days, or of as many as the shop's log has; empty where none left "
            "(days of supply, in E. Silver, D. Pyke, D. Thomas, Inventory and Production Management in Supply Chains, 4th edition)",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        references("product_id", "silver.products"),
        references("warehouse_code", "silver.warehouses"),
        at_least("available", 0),
        at_most_column("reserved", "on_hand"),
        at_least("stock_value", 0),
        at_least("days_of_cover", 0),
        sums_to("on_hand", "gold.daily_stock_movements", "unit_change"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(silver_inventory: DataFrame, gold_daily_stock_movements: DataFrame) -> DataFrame:
    """The stock of each product in each warehouse."""
    day = F.col("happened_date")
    known = gold_daily_stock_movements.agg(F.min(day).alias("first_date"), F.max(day).alias("as_of_date"))
    is_recent = day > F.date_sub("as_of_date", DAYS)
    moved = (
        gold_daily_stock_movements.crossJoin(F.broadcast(known))
        .groupBy("product_id", "warehouse_code")
        .agg(
            F.sum("value_change").cast("decimal(20,2)").alias("stock_value"),
            F.sum(F.when(is_recent, F.col("issued_unit_count"))).alias("issued_unit_count"),
        )
    )
    whole_numbers = {name: F.col(name).cast("bigint") for name in ("on_hand", "reserved", "on_order", "safety_stock")}
    day_count = F.least(F.lit(DAYS), F.datediff("as_of_date", "first_date") + 1)
    return (
        silver_inventory.withColumns(whole_numbers)
        .crossJoin(F.broadcast(known))
        .join(moved, on=["product_id", "warehouse_code"], how="left")
        .na.fill(0, ["stock_value", "issued_unit_count"])
        .withColumn("available", F.col("on_hand") - F.col("reserved"))
        .withColumn("is_below_safety", F.col("available") < F.col("safety_stock"))
        .withColumn("days_of_cover", F.try_divide(F.col("available") * day_count, F.col("issued_unit_count")).cast("decimal(12,2)"))
        .select(*TABLE.column_names)
    )
