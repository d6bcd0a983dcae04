"""What people do on the website: carts, wishlists, and every step of every visit."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, SmallInteger, Table, Text, text

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, MONEY, is_one_of

CART_STATUSES = ("active", "converted", "abandoned")
ACTIVITY_KINDS = ("visit", "search", "view", "add_to_cart", "wish", "purchase")

CARTS = Table(
    "carts",
    METADATA,
    Column(
        "cart_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="names the cart: the number of its visit in customer_activity_log",
    ),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), comment="whose cart, null as long as the visitor is not known"),
    Column("status", Text, nullable=False, comment="active, converted when it became an order, or abandoned"),
    Column("order_id", BigInteger, ForeignKey("orders.order_id"), unique=True, comment="order that it became, null unless converted"),
    Column("created_at", INSTANT, nullable=False, comment="when the first product was put in"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    # Serves the deletion of a customer.
    Index("carts_customer_id_idx", "customer_id", postgresql_where=text("customer_id is not null")),
    CheckConstraint(is_one_of("status", CART_STATUSES), name="carts_status_is_known"),
    CheckConstraint("(status = 'converted') = (order_id is not null)", name="carts_order_id_is_set_when_converted"),
    CheckConstraint("status <> 'converted' or customer_id is not null", name="carts_converted_have_a_customer"),
    CheckConstraint("updated_at >= created_at", name="carts_updated_at_is_not_before_created_at"),
    postgresql_with={"fillfactor": 80},
    comment="One row per cart on the shop's own website.",
)

CART_ITEMS = Table(
    "cart_items",
    METADATA,
    Column("cart_id", BigInteger, ForeignKey("carts.cart_id"), primary_key=True, autoincrement=False, comment="which cart"),
    Column("line_number", SmallInteger, primary_key=True, autoincrement=False, comment="place in the cart, from 1"),
    Column("product_id", BigInteger, ForeignKey("products.product_id"), nullable=False, comment="what was put in"),
    Column("quantity", Integer, nullable=False, comment="pieces put in"),
    Column("list_price", MONEY, nullable=False, comment="price of a piece on that day, before discounts, in the shop's currency"),
    Column("added_at", INSTANT, nullable=False, comment="when it was put in"),
    CheckConstraint("line_number >= 1", name="cart_items_line_number_counts_from_one"),
    CheckConstraint("quantity > 0", name="cart_items_quantity_is_positive"),
    CheckConstraint("list_price >= 0", name="cart_items_list_price_is_not_negative"),
    comment="One row per product in a cart.",
)

WISHLISTS = Table(
    "wishlists",
    METADATA,
    Column("wish_id", BigInteger, primary_key=True, autoincrement=False, comment="names the wish"),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), nullable=False, index=True, comment="who wishes"),
    Column("product_id", BigInteger, ForeignKey("products.product_id"), nullable=False, comment="what for"),
    Column("added_at", INSTANT, nullable=False, comment="when it was put on the list"),
    comment="One row per product on a customer's wishlist; deleted when it is taken off.",
)

CUSTOMER_ACTIVITY_LOG = Table(
    "customer_activity_log",
    METADATA,
    Column(
        "session_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="names the visit; its cart and its order, if any, have the same number",
    ),
    Column(
        "sequence", SmallInteger, primary_key=True, autoincrement=False, comment="number of the step for its visit, from 1 without a gap"
    ),
    Column("customer_id", BigInteger, ForeignKey("customers.customer_id"), comment="who visits, null when the visitor is not known"),
    Column("kind", Text, nullable=False, comment="visit (the first page), search, view, add_to_cart, wish or purchase"),
    Column(
        "product_id",
        BigInteger,
        ForeignKey("products.product_id"),
        comment="product that was viewed, put into the cart or wished for, null for other kinds",
    ),
    Column("search_text", Text, comment="what was searched for, null for other kinds"),
    Column("device_id", BigInteger, nullable=False, comment="device that was used"),
    Column("happened_at", INSTANT, nullable=False, comment="when the step was made"),
    # Serves the deletion of a customer.
    Index("customer_activity_log_customer_id_idx", "customer_id", postgresql_where=text("customer_id is not null")),
    CheckConstraint("sequence >= 1", name="customer_activity_log_sequence_counts_from_one"),
    CheckConstraint(is_one_of("kind", ACTIVITY_KINDS), name="customer_activity_log_kind_is_known"),
    CheckConstraint(
        "(kind in ('view', 'add_to_cart', 'wish')) = (product_id is not null)", name="customer_activity_log_product_id_fits_the_kind"
    ),
    CheckConstraint("(kind = 'search') = (search_text is not null)", name="customer_activity_log_search_text_fits_the_kind"),
    comment="One row per step of a visit to the shop's own website.",
)
