"""How the carriers kept what they promised: parcels of one month by carrier and region."""

from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, StringType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, at_most, at_most_column, equals, references, sums_to
from iceberg.table import MONEY, Column, RecomputeTouched, Table
from spark_jobs.definitions.durations import HOURS, mean_hours, p90_hours, seconds_between
from spark_jobs.definitions.lateness import with_lateness
from spark_jobs.definitions.profit import money
from spark_jobs.definitions.rates import rate

TABLE = Table(
    grain="one row per month of shipping, carrier and region",
    key=("shipped_month", "carrier_code", "region"),
    columns=(
        Column("shipped_month", DateType(), "first day of the month in which the parcels were handed over, in the shop's time zone"),
        Column("carrier_code", StringType(), "who carried them, see silver.carriers"),
        Column("region", StringType(), "north, central or south: where they went, as their distributor serves it"),
        Column(
            "agreed_hours", IntegerType(), "hours from handover within which a parcel is promised there now; empty where nothing is agreed"
        ),
        Column("parcel_count", LongType(), "parcels handed over"),
        Column("delivered_count", LongType(), "parcels that arrived, late ones included"),
        Column("delivered_late_count", LongType(), "of these that arrived after the instant that was promised for each"),
        Column("lost_count", LongType(), "parcels that the carrier lost"),
        Column("in_transit_count", LongType(), "parcels that are still on their way"),
        Column(
            "overdue_count",
            LongType(),
            "of these that are reported delayed, as they are when the promised instant passes; one that is out for delivery by then is not",
        ),
        Column("late_count", LongType(), "late parcels: those that arrived late, were lost or are overdue"),
        Column(
            "on_time_share",
            DecimalType(5, 4),
            "parcels that arrived as promised, of those that arrived, were lost or are overdue, 0 to 1; empty while there are none "
            "(on-time delivery, as in the SCOR model's delivery performance to customer commit date)",
        ),
        Column("mean_delivery_hours", HOURS, "mean hours from handover to arrival; empty while nothing arrived"),
        Column(
            "p90_delivery_hours", HOURS, "hours within which 9 of 10 arrived, by linear interpolation (Hyndman and Fan, 1996, definition 7)"
        ),
        Column("shipping_cost", MONEY, "what the carrier takes for the parcels, in the shop's currency"),
        Column(
            "penalty_amount",
            MONEY,
            "what it owes back of that: for each parcel that arrived late its cost times the agreed penalty rate, rounded",
        ),
    ),
    refresh=RecomputeTouched(
        "shipped_month",
        via="silver.shipments",
        lookups={"silver.distributors": ("region",), "silver.service_level_agreements": ("delivery_hours", "penalty_rate")},
        unheld=("silver.service_level_agreements",),
    ),
    checks=(
        accepted_values("region", "north", "central", "south"),
        references("carrier_code", "silver.carriers"),
        at_least("parcel_count", 1),
        at_most_column("delivered_late_count", "delivered_count"),
        at_most_column("overdue_count", "in_transit_count"),
        equals("parcel_count", "delivered_count + lost_count + in_transit_count"),
        equals("late_count", "delivered_late_count + lost_count + overdue_count"),
        at_least("on_time_share", 0),
        at_most("on_time_share", 1),
        at_most_column("penalty_amount", "shipping_cost"),
        at_least("mean_delivery_hours", 0),
        sums_to("shipping_cost", "silver.shipments", "shipping_cost"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(
    silver_shipments: DataFrame,
    silver_shipment_events: DataFrame,
    silver_distributors: DataFrame,
    silver_service_level_agreements: DataFrame,
) -> DataFrame:
    """The parcels of each month, carrier and region."""
    agreed = silver_service_level_agreements.select("carrier_code", "region", F.col("delivery_hours").alias("agreed_hours"), "penalty_rate")
    parcels = (
        with_lateness(silver_shipments, silver_shipment_events)
        .join(silver_distributors.select("distributor_id", "region"), on="distributor_id", how="left")
        .join(agreed, on=["carrier_code", "region"], how="left")
        .withColumn("is_delivered", F.col("status") == "delivered")
        .withColumn("seconds", seconds_between(F.col("shipped_at"), F.col("delivered_at")))
    )
    penalty = F.round(F.col("shipping_cost") * F.col("penalty_rate"), 2)
    arrived_late = F.col("is_delivered") & F.col("is_late")
    measured = parcels.groupBy(*TABLE.key).agg(
        F.max("agreed_hours").alias("agreed_hours"),
        F.count(F.lit(1)).alias("parcel_count"),
        F.count_if("is_delivered").alias("delivered_count"),
        F.count_if(arrived_late).alias("delivered_late_count"),
        F.count_if(F.col("status") == "lost").alias("lost_count"),
        F.count_if(F.col("status") == "in_transit").alias("in_transit_count"),
        F.count_if("is_overdue").alias("overdue_count"),
        F.count_if("is_late").alias("late_count"),
        F.count("is_late").alias("judged_count"),
        mean_hours(F.col("seconds")).alias("mean_delivery_hours"),
        p90_hours(F.col("seconds")).alias("p90_delivery_hours"),
        money(F.sum("shipping_cost")).alias("shipping_cost"),
        money(F.sum(F.when(arrived_late, penalty))).alias("penalty_amount"),
    )
    on_time = rate(F.col("judged_count") - F.col("late_count"), "judged_count")
    return measured.withColumn("on_time_share", on_time.cast("decimal(5,4)")).select(*TABLE.column_names)
