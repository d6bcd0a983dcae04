"""Each warehouse, month by month: what came and went, how fast orders left it, and how much money lay in it.

A month's stock follows from all that came before it, and hours do not add up
from day to day, so the table is written whole; it has a row for each month and
warehouse.
"""

from functools import reduce

from pyiceberg.types import BooleanType, DateType, LongType, StringType
from pyspark.sql import DataFrame, GroupedData
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, references, sums_to
from iceberg.table import MONEY, Column, FullRefresh, Ratio, Table
from spark_jobs.definitions.durations import HOURS, percentile_of_hours
from spark_jobs.definitions.local_time import month_of
from spark_jobs.definitions.profit import money
from spark_jobs.definitions.rates import RATE, rates_of
from spark_jobs.definitions.stock_value import TURNOVER, stock_months

TABLE = Table(
    grain="one row per month and warehouse, from its first movement of stock on",
    key=("stock_month", "warehouse_code"),
    columns=(
        Column("stock_month", DateType(), "first day of the month, in the shop's time zone"),
        Column("warehouse_code", StringType(), "which warehouse, see silver.warehouses"),
        Column("received_unit_count", LongType(), "pieces that suppliers brought in the month"),
        Column("issued_unit_count", LongType(), "pieces that left with parcels"),
        Column("returned_unit_count", LongType(), "sound pieces that came back into stock"),
        Column("lost_unit_count", LongType(), "pieces that were lost in the warehouse"),
        Column("stock_out_count", LongType(), "times that the last piece of a product went"),
        Column("parcel_count", LongType(), "parcels that were handed to a carrier in the month"),
        Column("median_handling_hours", HOURS, "hours from the order to the handover that half of these took at most; empty without one"),
        Column(
            "p90_handling_hours", HOURS, "hours that 9 of 10 took at most, by linear interpolation (Hyndman and Fan, 1996, definition 7)"
        ),
        Column("shipping_cost", MONEY, "what the carriers take for these parcels, in the shop's currency"),
        Column("shipped_order_count", LongType(), "orders placed in the month, with a line from here, that were handed over until now"),
        Column("handed_over_in_time_count", LongType(), "of these within the hours that their channel wants, see gold.fulfilment_times"),
        Column(
            "handed_over_in_time_share",
            RATE,
            "handed over in time by handed over, 0 to 1; empty without one",
            made=Ratio("handed_over_in_time_count", "shipped_order_count"),
        ),
        Column("closing_stock_value", MONEY, "what the pieces on hand had cost at the month's end, or after the newest movement"),
        Column("average_stock_value", MONEY, "mean of that value over the ends of the month's days, as far as the log of stock goes"),
        Column("cost_of_goods_sold", MONEY, "what the pieces that left with parcels had cost, first in first out, less what came back"),
        Column(
            "turnover",
            TURNOVER,
            "cost of goods sold divided by the average stock value, in this month, as in gold.inventory_turnover; "
            "empty where there was no stock",
            made=Ratio("cost_of_goods_sold", "average_stock_value"),
        ),
        Column(
            "is_complete",
            BooleanType(),
            "whether the shop's log of stock has the whole month, see gold.inventory_turnover; "
            "while false, the month's sums are those of fewer days",
            required=True,
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        references("warehouse_code", "silver.warehouses"),
        at_least("issued_unit_count", 0),
        at_least("closing_stock_value", 0),
        at_least("median_handling_hours", 0),
        at_most_column("median_handling_hours", "p90_handling_hours"),
        at_most_column("handed_over_in_time_count", "shipped_order_count"),
        sums_to("issued_unit_count", "gold.daily_stock_movements", "issued_unit_count"),
        sums_to("received_unit_count", "gold.daily_stock_movements", "received_unit_count"),
        sums_to("shipping_cost", "silver.fact_shipments", "shipping_cost"),
        sums_to("shipped_order_count", "gold.fulfilment_times", "shipped_order_count"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)

_UNITS = ("received_unit_count", "issued_unit_count", "returned_unit_count", "lost_unit_count", "stock_out_count")
_ORDERS = ("shipped_order_count", "handed_over_in_time_count")


def transform(gold_daily_stock_movements: DataFrame, silver_fact_shipments: DataFrame, gold_fulfilment_times: DataFrame) -> DataFrame:
    """Movements, parcels and orders of each month and warehouse, beside its stock."""
    parcels = _by_month(silver_fact_shipments, "shipped_date").agg(
        F.count(F.lit(1)).alias("parcel_count"),
        percentile_of_hours("handling_hours", 0.5).alias("median_handling_hours"),
        percentile_of_hours("handling_hours", 0.9).alias("p90_handling_hours"),
        F.sum("shipping_cost").alias("shipping_cost"),
    )
    parts = (
        _by_month(gold_daily_stock_movements, "happened_date").agg(*(F.sum(name).alias(name) for name in _UNITS)),
        parcels,
        _by_month(gold_fulfilment_times, "order_date").agg(*(F.sum(name).alias(name) for name in _ORDERS)),
    )
    months = stock_months(gold_daily_stock_movements, "warehouse_code")
    counts = {name: F.coalesce(name, F.lit(0)).cast("bigint") for name in (*_UNITS, "parcel_count", *_ORDERS)}
    return (
        reduce(lambda rows, part: rows.join(part, on=list(TABLE.key), how="left"), parts, months)
        .withColumns(counts)
        .withColumn("shipping_cost", money(F.col("shipping_cost")))
        .withColumns(rates_of(TABLE))
        .select(*TABLE.column_names)
    )


def _by_month(rows: DataFrame, day: str) -> GroupedData:
    return rows.groupBy(month_of(F.col(day)).alias("stock_month"), "warehouse_code")
