"""What is cheaper for a while, who was drawn for it, and which orders took it."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Table, Text

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, MONEY, RATE, is_one_of

PROMOTION_KINDS = ("flash_sale", "voucher", "campaign")

PROMOTIONS = Table(
    "promotions",
    METADATA,
    Column("promotion_id", BigInteger, primary_key=True, autoincrement=False, comment="names the promotion"),
    Column("code", Text, nullable=False, unique=True, comment="what customers know it by"),
    Column("name", Text, nullable=False, comment="what is offered, and on which day"),
    Column("kind", Text, nullable=False, comment="flash_sale for some hours, campaign for whole days, voucher for those who got one"),
    Column("discount_rate", RATE, nullable=False, comment="share taken off the list price, 0 to 1"),
    Column("starts_at", INSTANT, nullable=False, comment="from when on orders take it"),
    Column("ends_at", INSTANT, nullable=False, comment="from when on they do not any more, as planned at its beginning"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("kind", PROMOTION_KINDS), name="promotions_kind_is_known"),
    CheckConstraint("discount_rate > 0 and discount_rate <= 1", name="promotions_discount_rate_is_a_share"),
    CheckConstraint("ends_at > starts_at", name="promotions_end_after_they_start"),
    comment="One row per promotion, written when it begins.",
)

CAMPAIGN_CONTACTS = Table(
    "campaign_contacts",
    METADATA,
    # The customer first: what is deleted looks for what refers to it.
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), primary_key=True, autoincrement=False, comment="who was drawn"),
    Column(
        "promotion_id", BigInteger, ForeignKey("promotions.promotion_id"), primary_key=True, autoincrement=False, comment="which voucher"
    ),
    Column("is_held_out", Boolean, nullable=False, comment="whether the customer got no voucher, to compare with those who did"),
    Column("drawn_at", INSTANT, nullable=False, comment="when the campaign began"),
    comment="One row per customer who was drawn for a voucher campaign; a lot decides who gets the voucher and who is held out.",
)

ORDER_PROMOTIONS = Table(
    "order_promotions",
    METADATA,
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), primary_key=True, autoincrement=False, comment="which order"),
    Column(
        "promotion_id", BigInteger, ForeignKey("promotions.promotion_id"), primary_key=True, autoincrement=False, comment="which promotion"
    ),
    Column("discount_amount", MONEY, nullable=False, comment="what the promotion took off the order, in its currency"),
    CheckConstraint("discount_amount > 0", name="order_promotions_discount_amount_is_positive"),
    comment="One row per promotion that an order took.",
)
