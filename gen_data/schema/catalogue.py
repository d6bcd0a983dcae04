"""What is sold and where: channels, categories, products and their prices over time."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, Numeric, Table, Text

from gen_data.schema.metadata import INSTANT, METADATA, MONEY

CHANNELS = Table(
    "channels",
    METADATA,
    Column("channel_code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("commission_rate", Numeric(5, 4), nullable=False),
    Column("opened_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    CheckConstraint("channel_code in ('shopee', 'lazada', 'tiki', 'website')", name="channels_channel_code_is_known"),
    CheckConstraint("commission_rate between 0 and 1", name="channels_commission_rate_is_a_share"),
)

CATEGORIES = Table(
    "categories",
    METADATA,
    Column("category_id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("parent_category_id", Integer, ForeignKey("categories.category_id")),
    Column("updated_at", INSTANT, nullable=False),
    CheckConstraint("parent_category_id <> category_id", name="categories_parent_is_another"),
)

PRODUCTS = Table(
    "products",
    METADATA,
    Column("product_id", BigInteger, primary_key=True, autoincrement=False),
    Column("category_id", Integer, ForeignKey("categories.category_id"), nullable=False),
    Column("sku", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("list_price", MONEY, nullable=False),
    Column("unit_cost", MONEY, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    CheckConstraint("list_price >= 0", name="products_list_price_is_not_negative"),
    CheckConstraint("unit_cost >= 0", name="products_unit_cost_is_not_negative"),
    CheckConstraint("status in ('active', 'discontinued')", name="products_status_is_known"),
)

PRODUCT_PRICES = Table(
    "product_prices",
    METADATA,
    Column("product_id", BigInteger, ForeignKey("products.product_id"), primary_key=True, autoincrement=False),
    Column("valid_from", INSTANT, primary_key=True),
    Column("list_price", MONEY, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    CheckConstraint("list_price >= 0", name="product_prices_list_price_is_not_negative"),
)
