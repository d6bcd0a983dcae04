"""When a parcel is late: the one rule behind every table that counts parcels on time.

Nothing here asks what time it is, so that a row changes only with its data: that
a parcel on its way is overdue is known from its carrier, who reports it delayed
when the promised instant passes (silver.shipment_events).
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def with_lateness(silver_shipments: DataFrame, silver_shipment_events: DataFrame) -> DataFrame:
    """Parcels with ``is_overdue`` and ``is_late``.

    Overdue is a parcel on its way that is reported delayed. Late is one that
    arrived after the promised instant, was lost, or is overdue; empty while it
    is on its way and not overdue, when that is not known.
    """
    delayed = silver_shipment_events.where("kind = 'delayed'").select("shipment_id").distinct().withColumn("_is_delayed", F.lit(True))
    is_overdue = (F.col("status") == "in_transit") & F.coalesce("_is_delayed", F.lit(False))
    is_late = (
        F.when((F.col("status") == "lost") | F.col("is_overdue"), F.lit(True))
        .when(F.col("status") == "delivered", F.col("delivered_at") > F.col("promised_at"))
    )  # fmt: skip
    return (
        silver_shipments.join(delayed, on="shipment_id", how="left")
        .withColumn("is_overdue", is_overdue)
        .withColumn("is_late", is_late)
        .drop("_is_delayed")
    )
