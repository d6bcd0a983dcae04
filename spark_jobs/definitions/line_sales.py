"""What each line of an order sold and gave back: the definition of a sale, brought down to products."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def with_line_sales(lines: DataFrame, silver_return_items: DataFrame) -> DataFrame:
    """Lines joined to their order of :func:`spark_jobs.definitions.sales.order_sales`, with ``line_revenue`` and ``line_refunded`` besides.

    ``lines`` has ``line_amount``, ``is_paid`` and the order's ``refunded_amount``.
    That is shared out by what the return gave back for each line, or by what the
    lines were sold for where it names none, and adds up to the order's exactly:
    each line takes the whole cents that its share adds to those before it.
    """
    line = ["order_id", "line_number"]
    returned = silver_return_items.groupBy(*line).agg(F.sum("refund_amount").alias("returned_amount"))
    of_order = Window.partitionBy("order_id")
    until_here = of_order.orderBy("line_number").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    has_returned = F.sum(F.coalesce("returned_amount", F.lit(0))).over(of_order) > 0
    weight = F.when(has_returned, F.coalesce("returned_amount", F.lit(0))).otherwise(F.col("line_amount"))
    return (
        lines.join(returned, on=line, how="left")
        .withColumn("_weight", (weight * 100).cast("decimal(18,0)"))
        .withColumn("_refund", (F.coalesce("refunded_amount", F.lit(0)) * 100).cast("decimal(18,0)"))
        .withColumn("_upto", F.sum("_weight").over(until_here).cast("decimal(19,0)"))
        .withColumn("_all", F.sum("_weight").over(of_order).cast("decimal(19,0)"))
        .withColumn("_cents", F.expr("case when _all > 0 then _refund * _upto div _all - _refund * (_upto - _weight) div _all else 0 end"))
        .withColumn("line_refunded", (F.col("_cents") / F.lit(100)).cast("decimal(14,2)"))
        .withColumn("line_revenue", F.when(F.col("is_paid"), F.col("line_amount")).otherwise(F.lit(0)).cast("decimal(14,2)"))
        .drop("returned_amount", "_weight", "_refund", "_upto", "_all", "_cents")
    )
