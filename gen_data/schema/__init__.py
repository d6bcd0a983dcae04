"""The shop's tables by area, and the migrations that make them."""

from gen_data.schema.catalogue import CATEGORIES, CHANNELS, PRODUCT_PRICES, PRODUCTS
from gen_data.schema.control import CLOCK, NAME_POOL, SCENARIO_SWITCHES, SHOP
from gen_data.schema.customers import CUSTOMER_ADDRESSES, CUSTOMER_HISTORY, CUSTOMERS
from gen_data.schema.metadata import CONTROL_SCHEMA, METADATA
from gen_data.schema.orders import ORDER_ITEMS, ORDER_STATUS_HISTORY, ORDER_STATUSES, ORDERS, PAYMENTS

# The operational tables, each after those it refers to.
SHOP_TABLES = (
    CHANNELS,
    CATEGORIES,
    PRODUCTS,
    PRODUCT_PRICES,
    CUSTOMERS,
    CUSTOMER_HISTORY,
    CUSTOMER_ADDRESSES,
    ORDERS,
    ORDER_ITEMS,
    ORDER_STATUS_HISTORY,
    PAYMENTS,
)

__all__ = [
    "CATEGORIES",
    "CHANNELS",
    "CLOCK",
    "CONTROL_SCHEMA",
    "CUSTOMERS",
    "CUSTOMER_ADDRESSES",
    "CUSTOMER_HISTORY",
    "METADATA",
    "NAME_POOL",
    "ORDERS",
    "ORDER_ITEMS",
    "ORDER_STATUSES",
    "ORDER_STATUS_HISTORY",
    "PAYMENTS",
    "PRODUCTS",
    "PRODUCT_PRICES",
    "SCENARIO_SWITCHES",
    "SHOP",
    "SHOP_TABLES",
]
