"""What goods cost: by the lots that their pieces were taken from, the oldest first."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def cost_of_goods(silver_inventory_log: DataFrame, *by: str) -> DataFrame:
    """For each value of ``by``: ``cost_of_goods`` of the pieces that left, and ``returned_cost`` of those that came back into stock."""
    cost = F.col("quantity") * F.col("unit_cost")
    return silver_inventory_log.groupBy(*by).agg(
        F.coalesce(F.sum(F.when(F.col("kind") == "issue", -cost)), F.lit(0)).cast("decimal(14,2)").alias("cost_of_goods"),
        F.coalesce(F.sum(F.when(F.col("kind") == "return", cost)), F.lit(0)).cast("decimal(14,2)").alias("returned_cost"),
    )
