"""What comes after a delivery: returns, goodwill credits, reviews and support tickets."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, MONEY, is_one_of

RETURN_REASONS = ("not_as_described", "damaged", "wrong_size", "changed_mind", "never_arrived")
RETURN_STATUSES = ("requested", "received", "refunded", "refused")
RETURN_CONDITIONS = ("resalable", "damaged")
CREDIT_REASONS = ("late", "lost", "complaint")
TICKET_TOPICS = ("where_is_my_order", "return", "payment", "product")
TICKET_STATUSES = ("open", "answered", "resolved")

ORDER_RETURNS = Table(
    "order_returns",
    METADATA,
    Column("return_id", BigInteger, primary_key=True, autoincrement=False, comment="names the return"),
    Column(
        "order_id",
        BigInteger,
        ForeignKey("orders.order_id"),
        nullable=False,
        unique=True,
        comment="order that goes back, whole or in part; once at most",
    ),
    Column(
        "reason", Text, nullable=False, comment="not_as_described, damaged, wrong_size, changed_mind or never_arrived, as the customer says"
    ),
    Column("status", Text, nullable=False, comment="requested, received, refunded or refused"),
    Column("requested_at", INSTANT, nullable=False, comment="when the customer asked"),
    Column("received_at", INSTANT, comment="when the shop had it back, null before and when refused"),
    Column("refund_amount", MONEY, comment="what was paid back, in the order's currency, null unless refunded"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("reason", RETURN_REASONS), name="order_returns_reason_is_known"),
    CheckConstraint(is_one_of("status", RETURN_STATUSES), name="order_returns_status_is_known"),
    CheckConstraint(
        "(status in ('received', 'refunded')) = (received_at is not null)", name="order_returns_received_at_is_set_once_received"
    ),
    CheckConstraint("received_at >= requested_at", name="order_returns_received_at_is_not_before_requested_at"),
    CheckConstraint("(status = 'refunded') = (refund_amount is not null)", name="order_returns_refund_amount_is_set_once_refunded"),
    CheckConstraint("refund_amount >= 0", name="order_returns_refund_amount_is_not_negative"),
    comment="One row per return that a customer asked for.",
)

RETURN_ITEMS = Table(
    "return_items",
    METADATA,
    Column("return_id", BigInteger, ForeignKey("order_returns.return_id"), primary_key=True, autoincrement=False, comment="which return"),
    Column("line_number", SmallInteger, primary_key=True, autoincrement=False, comment="which line of the order"),
    Column("order_id", BigInteger, nullable=False, comment="order of the return"),
    Column("quantity", Integer, nullable=False, comment="pieces that came back"),
    Column("condition", Text, nullable=False, comment="resalable when it goes back into stock, else damaged"),
    Column("refund_amount", MONEY, nullable=False, comment="what is paid back for the line, in the order's currency"),
    ForeignKeyConstraint(["order_id", "line_number"], ["order_items.order_id", "order_items.line_number"]),
    CheckConstraint("quantity > 0", name="return_items_quantity_is_positive"),
    CheckConstraint(is_one_of("condition", RETURN_CONDITIONS), name="return_items_condition_is_known"),
    CheckConstraint("refund_amount >= 0", name="return_items_refund_amount_is_not_negative"),
    comment="One row per line of an order that a return brought back.",
)

GOODWILL_CREDITS = Table(
    "goodwill_credits",
    METADATA,
    Column("credit_id", BigInteger, primary_key=True, autoincrement=False, comment="names the credit"),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True, comment="who got it"),
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), nullable=False, comment="order that gave trouble"),
    Column("reason", Text, nullable=False, comment="late or lost (the parcel), or complaint (about a product)"),
    Column("amount", MONEY, nullable=False, comment="what was credited, in the order's currency"),
    Column("granted_at", INSTANT, nullable=False, comment="when it was credited"),
    CheckConstraint(is_one_of("reason", CREDIT_REASONS), name="goodwill_credits_reason_is_known"),
    CheckConstraint("amount > 0", name="goodwill_credits_amount_is_positive"),
    comment="One row per credit that a customer got for trouble with an order.",
)

REVIEWS = Table(
    "reviews",
    METADATA,
    Column("review_id", BigInteger, primary_key=True, autoincrement=False, comment="names the review"),
    Column("order_id", BigInteger, nullable=False, comment="order in which the product was bought"),
    Column("line_number", SmallInteger, nullable=False, comment="line of that order"),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True, comment="who wrote it"),
    Column("product_id", BigInteger, ForeignKey("products.product_id"), nullable=False, comment="what it is about"),
    Column("rating", SmallInteger, nullable=False, comment="stars, 1 (worst) to 5"),
    Column("body", Text, comment="text, null when stars alone were given"),
    Column("created_at", INSTANT, nullable=False, comment="when it was written"),
    ForeignKeyConstraint(["order_id", "line_number"], ["order_items.order_id", "order_items.line_number"]),
    UniqueConstraint("order_id", "line_number", name="reviews_one_per_line"),
    CheckConstraint("rating between 1 and 5", name="reviews_rating_is_one_to_five"),
    comment="One row per review that a buyer wrote about a line of an order.",
)

SUPPORT_TICKETS = Table(
    "support_tickets",
    METADATA,
    Column("ticket_id", BigInteger, primary_key=True, autoincrement=False, comment="names the ticket"),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True, comment="who asks"),
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), comment="order that it is about, null when about none"),
    Column("topic", Text, nullable=False, comment="where_is_my_order, return, payment or product"),
    Column("status", Text, nullable=False, comment="open, answered or resolved"),
    Column("opened_at", INSTANT, nullable=False, comment="when it was asked"),
    Column("first_response_at", INSTANT, comment="when support first answered, null while open"),
    Column("resolved_at", INSTANT, comment="when it was settled, null before"),
    Column(
        "satisfaction", SmallInteger, comment="stars that the customer gave support, 1 (worst) to 5, null when not resolved or not said"
    ),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("topic", TICKET_TOPICS), name="support_tickets_topic_is_known"),
    CheckConstraint(is_one_of("status", TICKET_STATUSES), name="support_tickets_status_is_known"),
    CheckConstraint("(status = 'open') = (first_response_at is null)", name="support_tickets_first_response_at_is_set_once_answered"),
    CheckConstraint("(status = 'resolved') = (resolved_at is not null)", name="support_tickets_resolved_at_is_set_once_resolved"),
    CheckConstraint("first_response_at >= opened_at", name="support_tickets_first_response_at_is_not_before_opened_at"),
    CheckConstraint("resolved_at >= first_response_at", name="support_tickets_resolved_at_is_not_before_first_response_at"),
    CheckConstraint("satisfaction between 1 and 5", name="support_tickets_satisfaction_is_one_to_five"),
    CheckConstraint("satisfaction is null or status = 'resolved'", name="support_tickets_satisfaction_is_asked_once_resolved"),
    CheckConstraint("updated_at >= opened_at", name="support_tickets_updated_at_is_not_before_opened_at"),
    # The queue of those who wait.
    Index("support_tickets_opened_at_idx", "opened_at", postgresql_where=text("status <> 'resolved'")),
    postgresql_with={"fillfactor": 70},
    comment="One row per question to the shop's support.",
)
