"""What goods cost: by the lots that their pieces were taken from, the oldest first (first in, first out; IAS 2, paragraph 25)."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def cost_of_goods(silver_inventory_log: DataFrame, *by: str) -> DataFrame:
    """For each value of ``by``: ``cost_of_goods`` of the pieces that left, and ``returned_cost`` of those that came back into stock."""
    cost = F.col("quantity") * F.col("unit_cost")
    return silver_inventory_log.groupBy(*by).agg(
        F.coalesce(F.sum(F.when(F.col("kind") == "issue", -cost)), F.lit(0)).cast("decimal(14,2)").alias("cost_of_goods"),
        F.coalesce(F.sum(F.when(F.col("kind") == "return", cost)), F.lit(0)).cast("decimal(14,2)").alias("returned_cost"),
    )


def issued_cost(silver_inventory_log: DataFrame, *by: str) -> DataFrame:
    """For each order or line, as ``by`` names it, ``issued_cost``: what left for it, less what came back sound."""
    left = (F.col("cost_of_goods") - F.col("returned_cost")).cast("decimal(20,2)")
    return cost_of_goods(silver_inventory_log, *by).select(*by, left.alias("issued_cost"))


def with_line_costs(lines: DataFrame, silver_inventory_log: DataFrame) -> DataFrame:
    """Lines of orders with the ``cost_amount`` of their pieces besides; those that have not left yet count with what they usually cost."""
    line = ["order_id", "line_number"]
    issued = (
        silver_inventory_log.where("kind = 'issue'")
        .groupBy(*line)
        .agg(F.sum(-F.col("quantity")).alias("_issued"), F.sum(-F.col("quantity") * F.col("unit_cost")).alias("_issued_cost"))
    )
    waiting = F.col("quantity") - F.coalesce("_issued", F.lit(0))
    cost = F.coalesce("_issued_cost", F.lit(0)) + waiting * F.col("unit_cost")
    return lines.join(issued, on=line, how="left").withColumn("cost_amount", cost.cast("decimal(20,2)")).drop("_issued", "_issued_cost")
