"""What is sold and where: channels, categories, suppliers, products and their prices over time."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, Numeric, SmallInteger, Table, Text

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, MONEY, RATE, is_one_of

CHANNEL_CODES = ("shopee", "lazada", "tiki", "website")
PRODUCT_STATUSES = ("active", "discontinued")

CHANNELS = Table(
    "channels",
    METADATA,
    Column("channel_code", Text, primary_key=True, comment="shopee, lazada, tiki or website"),
    Column("name", Text, nullable=False, comment="what people call it"),
    Column("commission_rate", Numeric(5, 4), nullable=False, comment="share of what it sells that the channel keeps, 0 to 1"),
    Column("opened_at", INSTANT, nullable=False, comment="since when the shop sells there"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    Column("payment_fee_rate", RATE, nullable=False, comment="share of what is paid through it that the channel keeps, 0 to 1"),
    Column("fixed_fee", MONEY, nullable=False, comment="what the channel keeps of each order besides, in the shop's currency"),
    Column(
        "lead_time_hours",
        SmallInteger,
        nullable=False,
        comment="hours after an order within which the channel wants the parcel handed to a carrier",
    ),
    CheckConstraint(is_one_of("channel_code", CHANNEL_CODES), name="channels_channel_code_is_known"),
    CheckConstraint("commission_rate between 0 and 1", name="channels_commission_rate_is_a_share"),
    CheckConstraint("payment_fee_rate between 0 and 1", name="channels_payment_fee_rate_is_a_share"),
    CheckConstraint("fixed_fee >= 0", name="channels_fixed_fee_is_not_negative"),
    CheckConstraint("lead_time_hours > 0", name="channels_lead_time_hours_is_positive"),
    comment="One row per sales channel: three marketplaces and the shop's own website.",
)

CATEGORIES = Table(
    "categories",
    METADATA,
    Column("category_id", Integer, primary_key=True, autoincrement=False, comment="names the category, from 1"),
    Column("name", Text, nullable=False, comment="as shown to customers"),
    Column("parent_category_id", Integer, ForeignKey("categories.category_id"), comment="the category above it, null at the top"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint("parent_category_id <> category_id", name="categories_parent_is_another"),
    comment="One row per category of products, in a tree of two levels.",
)

SUPPLIERS = Table(
    "suppliers",
    METADATA,
    Column("supplier_id", Integer, primary_key=True, autoincrement=False, comment="names the supplier, from 1"),
    Column("name", Text, nullable=False, comment="name of the company"),
    Column("province", Text, nullable=False, comment="where it delivers from"),
    Column("lead_time_days", SmallInteger, nullable=False, comment="days that a delivery usually takes"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint("lead_time_days > 0", name="suppliers_lead_time_days_is_positive"),
    comment="One row per supplier; each product comes from one.",
)

PRODUCTS = Table(
    "products",
    METADATA,
    Column("product_id", BigInteger, primary_key=True, autoincrement=False, comment="names the product, from 1"),
    Column(
        "category_id",
        Integer,
        ForeignKey("categories.category_id"),
        nullable=False,
        comment="category of the lower level that it is shown in",
    ),
    Column("sku", Text, nullable=False, unique=True, comment="stock keeping unit, the code on its label"),
    Column("name", Text, nullable=False, comment="as shown to customers"),
    Column(
        "list_price",
        MONEY,
        nullable=False,
        comment="price of a piece now, before discounts, in the shop's currency; earlier ones are in product_prices",
    ),
    Column("unit_cost", MONEY, nullable=False, comment="what a piece usually costs the shop, in its currency"),
    Column("status", Text, nullable=False, comment="active while it is sold, else discontinued"),
    Column("created_at", INSTANT, nullable=False, comment="since when it is listed"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    Column("supplier_id", Integer, ForeignKey("suppliers.supplier_id"), nullable=False, comment="who delivers it"),
    Column("weight_grams", Integer, nullable=False, comment="weight of a piece with its wrapping, in grams"),
    CheckConstraint("list_price >= 0", name="products_list_price_is_not_negative"),
    CheckConstraint("unit_cost >= 0", name="products_unit_cost_is_not_negative"),
    CheckConstraint(is_one_of("status", PRODUCT_STATUSES), name="products_status_is_known"),
    CheckConstraint("weight_grams > 0", name="products_weight_grams_is_positive"),
    comment="One row per product that is or was sold.",
)

PRODUCT_PRICES = Table(
    "product_prices",
    METADATA,
    Column("product_id", BigInteger, ForeignKey("products.product_id"), primary_key=True, autoincrement=False, comment="whose price"),
    Column("valid_from", INSTANT, primary_key=True, comment="since when it is valid, until the product's next row"),
    Column("list_price", MONEY, nullable=False, comment="price of a piece, before discounts, in the shop's currency"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint("list_price >= 0", name="product_prices_list_price_is_not_negative"),
    comment="One row per product and instant from which a list price is valid.",
)
