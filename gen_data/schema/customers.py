"""Who buys: customers, what was ever known of them, where they live, and what their loyalty earned them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, is_one_of

TIERS = ("bronze", "silver", "gold", "platinum")
LOYALTY_MOVES = ("earn", "reverse", "redeem")

LOYALTY_TIERS = Table(
    "loyalty_tiers",
    METADATA,
    Column("tier", Text, primary_key=True, comment="bronze, silver, gold or platinum"),
    Column("rank", SmallInteger, nullable=False, unique=True, comment="1 for the lowest tier, counting upwards"),
    Column(
        "qualifying_points",
        Integer,
        nullable=False,
        comment="points earned in the last 90 days, less those taken back, from which on a customer is in this tier",
    ),
    Column("points_factor", Numeric(4, 2), nullable=False, comment="what the points that an order earns are multiplied by"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("tier", TIERS), name="loyalty_tiers_tier_is_known"),
    CheckConstraint("qualifying_points >= 0", name="loyalty_tiers_qualifying_points_is_not_negative"),
    CheckConstraint("points_factor > 0", name="loyalty_tiers_points_factor_is_positive"),
    comment="One row per tier of the loyalty programme, which customers reach by the points of the last 90 days.",
)

CUSTOMERS = Table(
    "customers",
    METADATA,
    Column(
        "customer_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="names the account, in no order",
    ),
    Column("full_name", Text, nullable=False, comment="name in the order that is usual in the shop's locale"),
    Column(
        "email",
        Text,
        nullable=False,
        unique=True,
        comment="address for messages, at a host reserved for examples; no two accounts share one",
    ),
    Column("phone", Text, comment="telephone number, null when none was given"),
    Column("birth_date", Date, comment="null when it was not given"),
    Column("tier", Text, ForeignKey("loyalty_tiers.tier"), nullable=False, comment="loyalty tier, reviewed at every midnight of the shop"),
    Column(
        "signup_channel_code", Text, ForeignKey("channels.channel_code"), nullable=False, comment="channel on which the account was opened"
    ),
    Column("registered_at", INSTANT, nullable=False, comment="when the account was opened"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("tier", TIERS), name="customers_tier_is_known"),
    CheckConstraint("email like '%_@_%'", name="customers_email_has_an_at_sign"),
    comment="One row per customer account; deleted when its owner asks for that.",
)

# No foreign key to customers: the history outlives a deleted customer.
CUSTOMER_HISTORY = Table(
    "customer_history",
    METADATA,
    Column("customer_id", BigInteger, primary_key=True, autoincrement=False, comment="whose version; the customer may be gone"),
    Column(
        "version", Integer, primary_key=True, autoincrement=False, comment="number of the version for its customer, from 1 without a gap"
    ),
    Column("operation", Text, nullable=False, comment="insert, update or delete: what made the version; a delete repeats the last values"),
    Column("full_name", Text, nullable=False, comment="name in this version"),
    Column("email", Text, nullable=False, comment="address for messages in this version"),
    Column("phone", Text, comment="telephone number in this version, null when none was given"),
    Column("birth_date", Date, comment="null when it was not given"),
    Column("tier", Text, nullable=False, comment="loyalty tier in this version"),
    Column("signup_channel_code", Text, nullable=False, comment="channel on which the account was opened"),
    Column("changed_at", INSTANT, nullable=False, comment="since when the version is valid, until the customer's next one"),
    CheckConstraint("version >= 1", name="customer_history_version_counts_from_one"),
    CheckConstraint("operation in ('insert', 'update', 'delete')", name="customer_history_operation_is_known"),
    comment="One row per version of a customer, the deletion included; kept by triggers, rows are only added.",
)

CUSTOMER_ADDRESSES = Table(
    "customer_addresses",
    METADATA,
    Column("address_id", BigInteger, primary_key=True, autoincrement=False, comment="names the address"),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True, comment="whose address"),
    Column("recipient", Text, nullable=False, comment="name on the parcel"),
    Column("street", Text, nullable=False, comment="house number and street"),
    Column("district", Text, nullable=False, comment="commune, or city outside Vietnam"),
    Column("province", Text, nullable=False, comment="province that parcels for it go to"),
    Column("is_default", Boolean, nullable=False, comment="whether it stands as the customer's address now; one each does"),
    Column("created_at", INSTANT, nullable=False, comment="when it was added"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    Index("customer_addresses_one_default_each", "customer_id", unique=True, postgresql_where=text("is_default")),
    comment="One row per address that a customer has or had.",
)

LOYALTY_TRANSACTIONS = Table(
    "loyalty_transactions",
    METADATA,
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), primary_key=True, autoincrement=False, comment="whose points"),
    Column(
        "sequence", Integer, primary_key=True, autoincrement=False, comment="number of the movement for its customer, from 1 without a gap"
    ),
    Column(
        "kind",
        Text,
        nullable=False,
        comment="earn when an order is delivered, reverse when it is returned, redeem when points become a voucher",
    ),
    Column("points", Integer, nullable=False, comment="points that came (above zero) or went (below zero)"),
    Column("balance_after", Integer, nullable=False, comment="points left afterwards"),
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), comment="order that earned them or lost them again, null for redeem"),
    Column("happened_at", INSTANT, nullable=False, comment="when the points moved"),
    UniqueConstraint("order_id", "kind", name="loyalty_transactions_one_of_a_kind_per_order"),
    CheckConstraint("sequence >= 1", name="loyalty_transactions_sequence_counts_from_one"),
    CheckConstraint(is_one_of("kind", LOYALTY_MOVES), name="loyalty_transactions_kind_is_known"),
    CheckConstraint("points <> 0 and (points > 0) = (kind = 'earn')", name="loyalty_transactions_points_have_the_sign_of_their_kind"),
    CheckConstraint("balance_after >= 0", name="loyalty_transactions_balance_after_is_not_negative"),
    CheckConstraint("(kind = 'redeem') = (order_id is null)", name="loyalty_transactions_earn_and_reverse_name_their_order"),
    comment="One row per movement of a customer's points; rows are only added.",
)
