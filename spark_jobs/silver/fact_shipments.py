"""A parcel with what it carried whom to, how long it took, and whether that was too long."""

from pyiceberg.types import BooleanType, DateType, IntegerType, LongType, StringType
from pyspark.sql import DataFrame

from iceberg.quality.checks import accepted_values, at_least, references, sums_to
from iceberg.table import AMOUNT, AsOf, Column, RecomputeTouched, Table, month
from spark_jobs.definitions.durations import HOURS, hours_between
from spark_jobs.definitions.lateness import with_lateness

TABLE = Table(
    grain="one row per parcel",
    key=("shipped_date", "shipment_id"),
    columns=(
        Column("shipped_date", DateType(), "day it was handed to the carrier, in the shop's time zone, see silver.dim_date"),
        Column("shipment_id", LongType(), "names the parcel, see silver.shipments"),
        Column("order_id", LongType(), "order that is in it, see silver.fact_orders"),
        Column("order_date", DateType(), "day the order was placed, in the shop's time zone"),
        Column("channel_code", StringType(), "sales channel of the order, see silver.channels"),
        Column("province", StringType(), "province that it goes to"),
        Column("customer_tier", StringType(), "loyalty tier of the customer when they ordered"),
        Column("warehouse_code", StringType(), "where it left, see silver.warehouses"),
        Column("carrier_code", StringType(), "who carries it, see silver.carriers"),
        Column("distributor_id", IntegerType(), "who brings it to the door, see silver.distributors"),
        Column("status", StringType(), "in_transit, delivered or lost"),
        Column("shipping_cost", AMOUNT, "what the carrier takes for it, in the shop's currency"),
        Column("handling_hours", HOURS, "hours from the order to the handover"),
        Column("promised_hours", HOURS, "hours from the handover to when it is to arrive at the latest"),
        Column("transit_hours", HOURS, "hours from the handover to its arrival; empty unless it arrived"),
        Column("late_hours", HOURS, "hours from when it was to arrive to its arrival, below zero when early; empty unless it arrived"),
        Column(
            "is_late",
            BooleanType(),
            "whether it is late: arrived after it was to, lost, or on its way and reported delayed, as it is when that instant passes; "
            "empty while it is on its way otherwise, when that is not known",
        ),
    ),
    partition_by=month("shipped_date"),
    refresh=RecomputeTouched(
        "shipped_date",
        via="silver.shipments",
        as_of=(
            AsOf("silver.fact_orders", on="order_id", columns=("order_date", "ordered_at", "channel_code", "province", "customer_tier")),
        ),
    ),
    checks=(
        accepted_values("status", "in_transit", "delivered", "lost"),
        references("shipped_date", "silver.dim_date", "date"),
        at_least("handling_hours", 0),
        at_least("transit_hours", 0),
        sums_to("shipping_cost", "silver.shipments", "shipping_cost"),
    ),
)


def transform(silver_shipments: DataFrame, silver_shipment_events: DataFrame, silver_fact_orders: DataFrame) -> DataFrame:
    """Each parcel with its order, as silver.fact_orders has it, its durations, and whether it is late."""
    orders = silver_fact_orders.select("order_id", "order_date", "ordered_at", "channel_code", "province", "customer_tier")
    return (
        with_lateness(silver_shipments, silver_shipment_events)
        .join(orders, on="order_id", how="left")
        .withColumns(
            {
                "handling_hours": hours_between("ordered_at", "shipped_at"),
                "promised_hours": hours_between("shipped_at", "promised_at"),
                "transit_hours": hours_between("shipped_at", "delivered_at"),
                "late_hours": hours_between("promised_at", "delivered_at"),
            }
        )
        .select(*TABLE.column_names)
    )
