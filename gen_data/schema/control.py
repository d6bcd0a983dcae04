"""The generator's own bookkeeping, apart from the shop's tables: who the shop is, where its clock stands, what was switched when."""

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
    true,
)

from gen_data.schema.metadata import CONTROL_SCHEMA, INSTANT, METADATA

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
    comment="One row: who the shop is, which with the switches decides all other rows; it never changes.",
)

CLOCK = Table(
    "clock",
    METADATA,
    Column("only_row", Boolean, primary_key=True, server_default=true()),
    Column("next_tick", BigInteger, nullable=False),
    Column("customer_count", BigInteger, nullable=False),
    # Customers who come through a scenario count apart, so that the others keep their ids with and without it.
    Column("guest_count", BigInteger, nullable=False),
    Column("day_customer_count", BigInteger, nullable=False),
    Column("day_guest_count", BigInteger, nullable=False),
    CheckConstraint("only_row", name="clock_has_one_row"),
    schema=CONTROL_SCHEMA,
    comment="One row: where the shop's time stands, committed with the rows of its last step.",
)

SCENARIO_SWITCHES = Table(
    "scenario_switches",
    METADATA,
    Column("from_tick", BigInteger, primary_key=True, autoincrement=False),
    # Several at once are joined by a plus sign.
    Column("scenario", Text, nullable=False),
    Column("orders_per_day", Integer, nullable=False),
    Column("intensity", Double, nullable=False, server_default=text("1")),
    CheckConstraint("from_tick >= 0", name="scenario_switches_from_tick_is_not_negative"),
    CheckConstraint("orders_per_day > 0", name="scenario_switches_orders_per_day_is_positive"),
    CheckConstraint("intensity > 0 and intensity < 'infinity'", name="scenario_switches_intensity_is_positive"),
    schema=CONTROL_SCHEMA,
    comment="One row per switch: from which tick on which scenario is in force, how strong, and how many orders a day there are.",
)

NAME_POOL = Table(
    "name_pool",
    METADATA,
    Column("part", Text, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("value", Text, nullable=False),
    schema=CONTROL_SCHEMA,
    comment="One row per part of which names and addresses are made, kept so that a newer faker renames nobody.",
)

TICK_JOURNAL = Table(
    "tick_journal",
    METADATA,
    Column("only_row", Boolean, primary_key=True, server_default=true()),
    Column("tick", BigInteger, nullable=False),
    Column("steps_done", BigInteger, nullable=False),
    Column("changes", LargeBinary, nullable=False),
    CheckConstraint("only_row", name="tick_journal_has_one_row"),
    CheckConstraint("steps_done >= 0", name="tick_journal_steps_done_is_not_negative"),
    schema=CONTROL_SCHEMA,
    comment="At most one row: the changes of a tick that is written step by step, for whoever owns the clock next to finish.",
)
