"""Who buys: customers, what was ever known of them, and where they live."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, text

from gen_data.schema.metadata import INSTANT, METADATA

CUSTOMERS = Table(
    "customers",
    METADATA,
    Column("customer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("full_name", Text, nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("phone", Text),
    Column("birth_date", Date),
    Column("tier", Text, nullable=False),
    Column("signup_channel_code", Text, ForeignKey("channels.channel_code"), nullable=False),
    Column("registered_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    CheckConstraint("tier in ('bronze', 'silver', 'gold', 'platinum')", name="customers_tier_is_known"),
    CheckConstraint("email like '%_@_%'", name="customers_email_has_an_at_sign"),
)

# No foreign key to customers: the history outlives a deleted customer.
CUSTOMER_HISTORY = Table(
    "customer_history",
    METADATA,
    Column("customer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("operation", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("phone", Text),
    Column("birth_date", Date),
    Column("tier", Text, nullable=False),
    Column("signup_channel_code", Text, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    CheckConstraint("version >= 1", name="customer_history_version_counts_from_one"),
    CheckConstraint("operation in ('insert', 'update', 'delete')", name="customer_history_operation_is_known"),
)

CUSTOMER_ADDRESSES = Table(
    "customer_addresses",
    METADATA,
    Column("address_id", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("province", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("customer_addresses_one_default_each", "customer_id", unique=True, postgresql_where=text("is_default")),
)
