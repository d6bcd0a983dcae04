"""The generator's own bookkeeping, apart from the shop's tables: who the shop is, where its clock stands, what was switched when."""

from sqlalchemy import CHAR, BigInteger, Boolean, CheckConstraint, Column, Integer, SmallInteger, Table, Text, true

from gen_data.schema.metadata import CONTROL_SCHEMA, INSTANT, METADATA

# What decides the rows besides the schedule; it never changes once the shop has opened.
SHOP = Table(
    "shop",
    METADATA,
    Column("only_row", Boolean, primary_key=True, server_default=true()),
    Column("seed", BigInteger, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("locale", Text, nullable=False),
    Column("opened_at", INSTANT, nullable=False),
    CheckConstraint("only_row", name="shop_has_one_row"),
    schema=CONTROL_SCHEMA,
)

# Committed with the rows that the clock's last step made.
CLOCK = Table(
    "clock",
    METADATA,
    Column("only_row", Boolean, primary_key=True, server_default=true()),
    Column("next_tick", BigInteger, nullable=False),
    Column("next_customer_id", BigInteger, nullable=False),
    Column("next_address_id", BigInteger, nullable=False),
    Column("next_order_id", BigInteger, nullable=False),
    Column("next_payment_id", BigInteger, nullable=False),
    Column("day_customer_count", BigInteger, nullable=False),
    CheckConstraint("only_row", name="clock_has_one_row"),
    schema=CONTROL_SCHEMA,
)

SCENARIO_SWITCHES = Table(
    "scenario_switches",
    METADATA,
    Column("from_tick", BigInteger, primary_key=True, autoincrement=False),
    Column("scenario", Text, nullable=False),
    Column("orders_per_day", Integer, nullable=False),
    CheckConstraint("from_tick >= 0", name="scenario_switches_from_tick_is_not_negative"),
    CheckConstraint("orders_per_day > 0", name="scenario_switches_orders_per_day_is_positive"),
    schema=CONTROL_SCHEMA,
)

# Kept, so that a newer faker does not rename the people of a running shop.
NAME_POOL = Table(
    "name_pool",
    METADATA,
    Column("part", Text, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("value", Text, nullable=False),
    schema=CONTROL_SCHEMA,
)
