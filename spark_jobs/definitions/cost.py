"""What goods cost: by the lots that their pieces were taken from, the oldest first (first in, first out; IAS 2, paragraph 25)."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def cost_of_goods(silver_inventory_log: DataFrame, *by: str) -> DataFrame:
    """For each value of ``by``: ``cost_of_goods`` of the pieces that left, and ``returned_cost`` of those that came back into stock."""
    return _moved(silver_inventory_log, *by).drop("issued_quantity")


def with_line_costs(lines: DataFrame, silver_inventory_log: DataFrame) -> DataFrame:
    """Lines of orders with what their pieces cost besides.

    ``issued_cost`` is what those cost that left, ``returned_cost`` what those
    did that came back into stock, ``waiting_cost`` what those usually cost that
    have not left yet, and ``cost_amount`` all that the line took or will take
    from stock: the first and the last.
    """
    line = ["order_id", "line_number"]
    moved = _moved(silver_inventory_log, *line).withColumnRenamed("cost_of_goods", "issued_cost")
    rows = lines.join(moved, on=line, how="left").fillna(0, ["issued_quantity", "issued_cost", "returned_cost"])
    waiting = (F.col("quantity") - F.col("issued_quantity")) * F.col("unit_cost")
    return (
        rows.withColumns({name: F.col(name).cast("decimal(20,2)") for name in ("issued_cost", "returned_cost")})
        .withColumn("waiting_cost", waiting.cast("decimal(20,2)"))
        .withColumn("cost_amount", (F.col("issued_cost") + F.col("waiting_cost")).cast("decimal(20,2)"))
        .drop("issued_quantity")
    )


def order_costs(silver_order_items: DataFrame, silver_inventory_log: DataFrame) -> DataFrame:
    """For each order the sums of what :func:`with_line_costs` says of its lines, but ``cost_amount``."""
    lines = with_line_costs(silver_order_items, silver_inventory_log)
    return lines.groupBy("order_id").agg(*(F.sum(name).alias(name) for name in ("issued_cost", "returned_cost", "waiting_cost")))


def _moved(log: DataFrame, *by: str) -> DataFrame:
    is_issue, cost = F.col("kind") == "issue", F.col("quantity") * F.col("unit_cost")
    return log.groupBy(*by).agg(
        F.coalesce(F.sum(F.when(is_issue, -F.col("quantity"))), F.lit(0)).alias("issued_quantity"),
        F.coalesce(F.sum(F.when(is_issue, -cost)), F.lit(0)).cast("decimal(14,2)").alias("cost_of_goods"),
        F.coalesce(F.sum(F.when(F.col("kind") == "return", cost)), F.lit(0)).cast("decimal(14,2)").alias("returned_cost"),
    )
