"""What was bought: orders, their lines, their way from pending to delivered, and their payments."""

from sqlalchemy import CHAR, BigInteger, CheckConstraint, Column, ForeignKey, Integer, SmallInteger, Table, Text, UniqueConstraint

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, MONEY, is_one_of

ORDER_STATUSES = ("pending", "paid", "packed", "shipped", "delivered", "cancelled", "returned")
PAYMENT_METHODS = ("cod", "card", "e_wallet", "bank_transfer")
PAYMENT_STATUSES = ("succeeded", "failed", "refunded")

ORDERS = Table(
    "orders",
    METADATA,
    Column(
        "order_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="names the order: grows with the minute in which its customer came, with gaps",
    ),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True, comment="who ordered"),
    Column("address_id", BigInteger, ForeignKey("customer_addresses.address_id"), nullable=False, index=True, comment="where it goes"),
    Column("channel_code", Text, ForeignKey("channels.channel_code"), nullable=False, comment="where it was placed"),
    Column(
        "status",
        Text,
        nullable=False,
        comment="pending, paid (or cash on delivery agreed), packed, shipped, delivered, cancelled, or returned when all of it came back",
    ),
    Column("ordered_at", INSTANT, nullable=False, index=True, comment="when it was placed"),
    Column("currency", CHAR(3), nullable=False, comment="of all its amounts, as an ISO 4217 code"),
    Column("items_amount", MONEY, nullable=False, comment="list price times quantity of all lines, before discounts"),
    Column("discount_amount", MONEY, nullable=False, comment="what its promotions took off the list prices"),
    Column("shipping_amount", MONEY, nullable=False, comment="what the customer pays for shipping"),
    Column("tax_amount", MONEY, nullable=False, comment="tax on items less discounts, not contained in them"),
    Column("total_amount", MONEY, nullable=False, comment="what the customer pays: items less discounts, plus shipping and tax"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    Column("device_id", BigInteger, nullable=False, comment="device that it was placed from"),
    Column(
        "placed_from",
        Text,
        nullable=False,
        comment="province of the network address that it was placed from, which need not be the one that it goes to",
    ),
    CheckConstraint(is_one_of("status", ORDER_STATUSES), name="orders_status_is_known"),
    CheckConstraint("items_amount >= 0", name="orders_items_amount_is_not_negative"),
    CheckConstraint("discount_amount >= 0", name="orders_discount_amount_is_not_negative"),
    CheckConstraint("shipping_amount >= 0", name="orders_shipping_amount_is_not_negative"),
    CheckConstraint("tax_amount >= 0", name="orders_tax_amount_is_not_negative"),
    CheckConstraint("total_amount >= 0", name="orders_total_amount_is_not_negative"),
    CheckConstraint(
        "total_amount = items_amount - discount_amount + shipping_amount + tax_amount", name="orders_total_amount_is_the_sum_of_its_parts"
    ),
    # An order is updated some four times; with room on its page that touches no index.
    postgresql_with={"fillfactor": 70},
    comment="One row per order as it stands now; how it got there is in order_status_history.",
)

ORDER_ITEMS = Table(
    "order_items",
    METADATA,
    Column(
        "order_id",
        BigInteger,
        ForeignKey("orders.order_id"),
        primary_key=True,
        autoincrement=False,
        comment="order that the line is part of",
    ),
    Column(
        "line_number",
        SmallInteger,
        primary_key=True,
        autoincrement=False,
        comment="place in the basket, from 1; missing where a product was out of stock",
    ),
    Column("product_id", BigInteger, ForeignKey("products.product_id"), nullable=False, comment="what was bought"),
    Column("quantity", Integer, nullable=False, comment="pieces bought"),
    Column("list_price", MONEY, nullable=False, comment="price of a piece when it was ordered, before discounts, in the order's currency"),
    Column("discount_amount", MONEY, nullable=False, comment="what was taken off the whole line, in the order's currency"),
    Column("line_amount", MONEY, nullable=False, comment="list price times quantity, less the discount, in the order's currency"),
    Column("unit_cost", MONEY, nullable=False, comment="what a piece usually cost the shop then; what it did cost is in inventory_log"),
    Column(
        "warehouse_code",
        Text,
        ForeignKey("warehouses.warehouse_code"),
        nullable=False,
        comment="where its pieces are reserved and leave from",
    ),
    CheckConstraint("line_number >= 1", name="order_items_line_number_counts_from_one"),
    CheckConstraint("quantity > 0", name="order_items_quantity_is_positive"),
    CheckConstraint("list_price >= 0", name="order_items_list_price_is_not_negative"),
    CheckConstraint("unit_cost >= 0", name="order_items_unit_cost_is_not_negative"),
    CheckConstraint("discount_amount between 0 and list_price * quantity", name="order_items_price_covers_the_discount"),
    CheckConstraint("line_amount = list_price * quantity - discount_amount", name="order_items_line_amount_is_price_less_discount"),
    comment="One row per line of an order: a product and how many pieces of it.",
)

ORDER_STATUS_HISTORY = Table(
    "order_status_history",
    METADATA,
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), primary_key=True, autoincrement=False, comment="whose status"),
    Column(
        "sequence", SmallInteger, primary_key=True, autoincrement=False, comment="number of the step for its order, from 1 without a gap"
    ),
    Column("status", Text, nullable=False, comment="what the order became, in the words of orders.status"),
    Column("changed_at", INSTANT, nullable=False, comment="when it became that"),
    CheckConstraint("sequence >= 1", name="order_status_history_sequence_counts_from_one"),
    CheckConstraint(is_one_of("status", ORDER_STATUSES), name="order_status_history_status_is_known"),
    comment="One row per status that an order reached; rows are only added.",
)

PAYMENTS = Table(
    "payments",
    METADATA,
    Column("payment_id", BigInteger, primary_key=True, autoincrement=False, comment="names the attempt or refund"),
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), nullable=False, comment="order that is paid for or paid back"),
    Column("attempt", SmallInteger, nullable=False, comment="number of the row for its order, refunds included, from 1 without a gap"),
    Column("method", Text, nullable=False, comment="cod (cash on delivery), card, e_wallet or bank_transfer"),
    Column("status", Text, nullable=False, comment="succeeded, failed, or refunded for money paid back"),
    Column("amount", MONEY, nullable=False, comment="money paid, paid back, or tried to pay, never below zero, in the order's currency"),
    Column("paid_at", INSTANT, nullable=False, comment="when it was paid, paid back, or tried"),
    Column("card_token", Text, comment="stands for the card, the same for the same card; null unless by card"),
    Column("failure_reason", Text, comment="why the attempt failed, null unless it did"),
    UniqueConstraint("order_id", "attempt", name="payments_one_row_per_attempt"),
    CheckConstraint("attempt >= 1", name="payments_attempt_counts_from_one"),
    CheckConstraint(is_one_of("method", PAYMENT_METHODS), name="payments_method_is_known"),
    CheckConstraint(is_one_of("status", PAYMENT_STATUSES), name="payments_status_is_known"),
    CheckConstraint("amount >= 0", name="payments_amount_is_not_negative"),
    CheckConstraint("card_token is null or method = 'card'", name="payments_card_token_is_of_a_card"),
    CheckConstraint("(status = 'failed') = (failure_reason is not null)", name="payments_failure_reason_is_set_when_failed"),
    comment="One row per attempt to pay for an order and per refund; rows are only added.",
)
