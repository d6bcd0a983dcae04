"""What really happened, which nobody who works with the shop's rows may see: read only to score what they found.

No foreign key leads from here to the shop: the truth must never make a statement of the shop wait or fail.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, SmallInteger, Table, Text

from gen_data.schema.metadata import INSTANT, METADATA, is_one_of
from shoplake.core.settings import GROUND_TRUTH_SCHEMA

FRAUD_KINDS = ("card_testing", "account_takeover", "refund_abuse", "promo_abuse")
DIRT_KINDS = ("late", "repeated", "malformed", "out_of_order", "contradicting")

CAUSED_ORDERS = Table(
    "caused_orders",
    METADATA,
    Column("order_id", BigInteger, primary_key=True, autoincrement=False, comment="which order"),
    Column(
        "scenario",
        Text,
        nullable=False,
        comment="what was in force as its customer came; normal_day when somebody came back whom a scenario had brought",
    ),
    Column("promotion_id", BigInteger, comment="voucher that brought it; null when something else did"),
    schema=GROUND_TRUTH_SCHEMA,
    comment="One row per order that would not be there without a scenario, frauds apart.",
)

FRAUD_ORDERS = Table(
    "fraud_orders",
    METADATA,
    Column("order_id", BigInteger, primary_key=True, autoincrement=False, comment="which order"),
    Column("kind", Text, nullable=False, comment="card_testing, account_takeover, refund_abuse or promo_abuse"),
    Column("campaign_id", BigInteger, nullable=False, comment="what belongs together has the same number"),
    CheckConstraint(is_one_of("kind", FRAUD_KINDS), name="fraud_orders_kind_is_known"),
    schema=GROUND_TRUTH_SCHEMA,
    comment="One row per fraudulent order.",
)

FRAUD_CUSTOMERS = Table(
    "fraud_customers",
    METADATA,
    Column("customer_id", BigInteger, primary_key=True, autoincrement=False, comment="which account"),
    Column(
        "kind",
        Text,
        nullable=False,
        comment="kind of fraud of its first such order: card_testing, account_takeover, refund_abuse or promo_abuse",
    ),
    Column("campaign_id", BigInteger, nullable=False, comment="campaign of that order, as in fraud_orders"),
    CheckConstraint(is_one_of("kind", FRAUD_KINDS), name="fraud_customers_kind_is_known"),
    schema=GROUND_TRUTH_SCHEMA,
    comment="One row per account that was used for fraud, taken-over ones included, since its first such order.",
)

DIRTY_ROWS = Table(
    "dirty_rows",
    METADATA,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False, comment="which message"),
    Column("kind", Text, nullable=False, comment="late, repeated, malformed, out_of_order or contradicting"),
    Column("note", Text, nullable=False, comment="what is wrong with it, in words"),
    CheckConstraint(is_one_of("kind", DIRT_KINDS), name="dirty_rows_kind_is_known"),
    schema=GROUND_TRUTH_SCHEMA,
    comment="One row per message of marketplace_feed that is not as it should be.",
)

LOST_SALES = Table(
    "lost_sales",
    METADATA,
    Column(
        "order_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="order that it was meant for, which is not there when nothing of it was in stock",
    ),
    Column("line_number", SmallInteger, primary_key=True, autoincrement=False, comment="place in the basket, from 1"),
    Column("product_id", BigInteger, nullable=False, comment="what was wanted"),
    Column("quantity", Integer, nullable=False, comment="pieces wanted"),
    Column("happened_at", INSTANT, nullable=False, comment="when it was wanted"),
    CheckConstraint("quantity > 0", name="lost_sales_quantity_is_positive"),
    schema=GROUND_TRUTH_SCHEMA,
    comment="One row per line of a basket that was not sold for want of stock.",
)
