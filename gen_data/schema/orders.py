"""What was bought: orders, their lines, their way from pending to delivered, and their payments."""

from sqlalchemy import CHAR, BigInteger, CheckConstraint, Column, ForeignKey, Integer, SmallInteger, Table, Text, UniqueConstraint

from gen_data.schema.metadata import INSTANT, METADATA, MONEY

ORDER_STATUSES = ("pending", "paid", "packed", "shipped", "delivered", "cancelled", "returned")
_STATUS_IS_KNOWN = f"status in ({', '.join(repr(status) for status in ORDER_STATUSES)})"

ORDERS = Table(
    "orders",
    METADATA,
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True),
    Column("address_id", BigInteger, ForeignKey("customer_addresses.address_id"), nullable=False, index=True),
    Column("channel_code", Text, ForeignKey("channels.channel_code"), nullable=False),
    Column("status", Text, nullable=False),
    Column("ordered_at", INSTANT, nullable=False, index=True),
    Column("currency", CHAR(3), nullable=False),
    Column("items_amount", MONEY, nullable=False),
    Column("discount_amount", MONEY, nullable=False),
    Column("shipping_amount", MONEY, nullable=False),
    Column("tax_amount", MONEY, nullable=False),
    Column("total_amount", MONEY, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    CheckConstraint(_STATUS_IS_KNOWN, name="orders_status_is_known"),
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
)

ORDER_ITEMS = Table(
    "order_items",
    METADATA,
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), primary_key=True, autoincrement=False),
    Column("line_number", SmallInteger, primary_key=True, autoincrement=False),
    Column("product_id", BigInteger, ForeignKey("products.product_id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("list_price", MONEY, nullable=False),
    Column("discount_amount", MONEY, nullable=False),
    Column("line_amount", MONEY, nullable=False),
    Column("unit_cost", MONEY, nullable=False),
    CheckConstraint("line_number >= 1", name="order_items_line_number_counts_from_one"),
    CheckConstraint("quantity > 0", name="order_items_quantity_is_positive"),
    CheckConstraint("list_price >= 0", name="order_items_list_price_is_not_negative"),
    CheckConstraint("unit_cost >= 0", name="order_items_unit_cost_is_not_negative"),
    CheckConstraint("discount_amount between 0 and list_price * quantity", name="order_items_discount_amount_is_within_the_price"),
    CheckConstraint("line_amount = list_price * quantity - discount_amount", name="order_items_line_amount_is_price_less_discount"),
)

ORDER_STATUS_HISTORY = Table(
    "order_status_history",
    METADATA,
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), primary_key=True, autoincrement=False),
    Column("sequence", SmallInteger, primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    CheckConstraint("sequence >= 1", name="order_status_history_sequence_counts_from_one"),
    CheckConstraint(_STATUS_IS_KNOWN, name="order_status_history_status_is_known"),
)

PAYMENTS = Table(
    "payments",
    METADATA,
    Column("payment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("method", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("paid_at", INSTANT, nullable=False),
    UniqueConstraint("order_id", "attempt", name="payments_one_row_per_attempt"),
    CheckConstraint("attempt >= 1", name="payments_attempt_counts_from_one"),
    CheckConstraint("method in ('cod', 'card', 'e_wallet', 'bank_transfer')", name="payments_method_is_known"),
    CheckConstraint("status in ('succeeded', 'failed', 'refunded')", name="payments_status_is_known"),
    CheckConstraint("amount >= 0", name="payments_amount_is_not_negative"),
)
