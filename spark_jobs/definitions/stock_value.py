"""What lay in stock was worth, month by month, and how fast it turned over: of products, warehouses, or any part of the log."""

from pyiceberg.types import DecimalType
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.definitions.local_time import month_of

TURNOVER = DecimalType(12, 4)
"""Times that the money in stock turned over."""


def stock_months(gold_daily_stock_movements: DataFrame, of: str) -> DataFrame:
    """One row per month and value of ``of``, from its first movement on, months without a movement included.

    Gives ``stock_month``, ``day_count`` (days of the month that the whole log
    knows, from ``first_day`` to ``newest_day``), ``is_complete`` (whether these
    are all of its days, and the newest movement came later), ``opening_stock_value``,
    ``closing_stock_value``, ``value_change``, ``average_stock_value`` (the mean
    over the ends of these days), ``cost_of_goods_sold`` and ``turnover``, empty
    where there was no stock (S. Ross, R. Westerfield, J. Jaffe, Corporate
    Finance, 10th edition, chapter 3).
    """
    day = F.col("happened_date")
    moves = gold_daily_stock_movements.withColumn("stock_month", month_of(day))
    known = moves.agg(F.min(day).alias("first_day"), F.max(day).alias("newest_day"))
    by_month = moves.groupBy("stock_month", of).agg(
        F.sum(F.col("issued_cost") - F.col("returned_cost")).alias("sold"),
        F.sum("value_change").alias("change"),
        F.sum(F.col("value_change") * F.dayofmonth(day)).alias("change_times_day"),
    )
    months = (
        by_month.groupBy(of)
        .agg(F.min("stock_month").alias("first_month"))
        .crossJoin(known)
        .withColumn("stock_month", F.explode(F.expr("sequence(first_month, trunc(newest_day, 'month'), interval 1 month)")))
    )
    filled = months.join(by_month, on=["stock_month", of], how="left").na.fill(0, ["sold", "change", "change_times_day"])
    before = Window.partitionBy(of).orderBy("stock_month").rowsBetween(Window.unboundedPreceding, -1)
    last_day = F.least(F.last_day("stock_month"), F.col("newest_day"))
    # A change counts in the mean on its own day and on each day after it.
    weighted = (F.dayofmonth(last_day) + 1) * F.col("change") - F.col("change_times_day")
    opening = F.coalesce(F.sum("change").over(before), F.lit(0)).cast("decimal(20,2)")
    return (
        filled.withColumn("day_count", (F.datediff(last_day, F.greatest("stock_month", "first_day")) + 1).cast("bigint"))
        .withColumn("is_complete", (F.col("first_day") <= F.col("stock_month")) & (F.col("newest_day") > F.last_day("stock_month")))
        .withColumn("value_change", F.col("change").cast("decimal(20,2)"))
        .withColumn("opening_stock_value", opening)
        .withColumn("closing_stock_value", (F.col("opening_stock_value") + F.col("change")).cast("decimal(20,2)"))
        .withColumn("_mean_change", (weighted.cast("decimal(26,2)") / F.col("day_count")).cast("decimal(28,8)"))
        .withColumn("average_stock_value", (F.col("opening_stock_value") + F.col("_mean_change")).cast("decimal(20,2)"))
        .withColumn("cost_of_goods_sold", F.col("sold").cast("decimal(20,2)"))
        .withColumn("turnover", F.try_divide("cost_of_goods_sold", "average_stock_value").cast("decimal(12,4)"))
    )
