"""How parcels reach people: carriers and what they promise, distributors of the last mile, shipments and their way."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, SmallInteger, Table, Text, UniqueConstraint

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, MONEY, RATE, is_one_of
from gen_data.schema.stock import REGIONS

SHIPMENT_STATUSES = ("in_transit", "delivered", "lost")
SHIPMENT_EVENT_KINDS = ("picked_up", "delayed", "out_for_delivery", "delivered", "lost")

CARRIERS = Table(
    "carriers",
    METADATA,
    Column("carrier_code", Text, primary_key=True, comment="names the carrier in three letters"),
    Column("name", Text, nullable=False, comment="name of the company"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    comment="One row per carrier of parcels.",
)

SERVICE_LEVEL_AGREEMENTS = Table(
    "service_level_agreements",
    METADATA,
    Column("carrier_code", Text, ForeignKey("carriers.carrier_code"), primary_key=True, comment="with whom"),
    Column("region", Text, primary_key=True, comment="north, central or south: where the parcel goes"),
    Column("delivery_hours", SmallInteger, nullable=False, comment="hours from handover within which a parcel is promised"),
    Column(
        "penalty_rate", RATE, nullable=False, comment="share of the shipping cost that the carrier gives back for a late parcel, 0 to 1"
    ),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("region", REGIONS), name="service_level_agreements_region_is_known"),
    CheckConstraint("delivery_hours > 0", name="service_level_agreements_delivery_hours_is_positive"),
    CheckConstraint("penalty_rate between 0 and 1", name="service_level_agreements_penalty_rate_is_a_share"),
    comment="One row per carrier and region: what is agreed about its parcels there.",
)

DISTRIBUTORS = Table(
    "distributors",
    METADATA,
    Column("distributor_id", Integer, primary_key=True, autoincrement=False, comment="names the partner, from 1"),
    Column("name", Text, nullable=False, comment="name of the company"),
    Column("carrier_code", Text, ForeignKey("carriers.carrier_code"), nullable=False, comment="whose parcels"),
    Column("region", Text, nullable=False, comment="north, central or south: where it delivers"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("region", REGIONS), name="distributors_region_is_known"),
    comment="One row per partner who brings a carrier's parcels to the door in a region.",
)

SHIPMENTS = Table(
    "shipments",
    METADATA,
    Column("shipment_id", BigInteger, primary_key=True, autoincrement=False, comment="names the parcel"),
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), nullable=False, comment="order that is in it"),
    Column("warehouse_code", Text, ForeignKey("warehouses.warehouse_code"), nullable=False, comment="where it left"),
    Column("carrier_code", Text, ForeignKey("carriers.carrier_code"), nullable=False, comment="who carries it"),
    Column("distributor_id", Integer, ForeignKey("distributors.distributor_id"), nullable=False, comment="who brings it to the door"),
    Column("status", Text, nullable=False, comment="in_transit, delivered or lost"),
    Column("shipping_cost", MONEY, nullable=False, comment="what the carrier takes for it, in the shop's currency"),
    Column("shipped_at", INSTANT, nullable=False, comment="when it was handed over"),
    Column("promised_at", INSTANT, nullable=False, comment="when it is to arrive at the latest"),
    Column("delivered_at", INSTANT, comment="when it arrived, null unless it did"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    UniqueConstraint("order_id", "warehouse_code", name="shipments_one_per_order_and_warehouse"),
    CheckConstraint(is_one_of("status", SHIPMENT_STATUSES), name="shipments_status_is_known"),
    CheckConstraint("shipping_cost >= 0", name="shipments_shipping_cost_is_not_negative"),
    CheckConstraint("promised_at > shipped_at", name="shipments_promised_at_is_after_shipped_at"),
    CheckConstraint("(status = 'delivered') = (delivered_at is not null)", name="shipments_delivered_at_is_set_when_delivered"),
    CheckConstraint("delivered_at >= shipped_at", name="shipments_delivered_at_is_not_before_shipped_at"),
    postgresql_with={"fillfactor": 80},
    comment="One row per parcel: what an order gets out of one warehouse.",
)

SHIPMENT_EVENTS = Table(
    "shipment_events",
    METADATA,
    Column("shipment_id", BigInteger, ForeignKey("shipments.shipment_id"), primary_key=True, autoincrement=False, comment="which parcel"),
    Column(
        "sequence", SmallInteger, primary_key=True, autoincrement=False, comment="number of the report for its parcel, from 1 without a gap"
    ),
    Column("kind", Text, nullable=False, comment="picked_up, delayed when the promise has passed, out_for_delivery, delivered or lost"),
    Column("place", Text, nullable=False, comment="province that the report is from"),
    Column("happened_at", INSTANT, nullable=False, comment="when it was reported"),
    CheckConstraint("sequence >= 1", name="shipment_events_sequence_counts_from_one"),
    CheckConstraint(is_one_of("kind", SHIPMENT_EVENT_KINDS), name="shipment_events_kind_is_known"),
    comment="One row per report of where a parcel is; rows are only added.",
)
