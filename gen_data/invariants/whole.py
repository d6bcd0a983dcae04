"""What is true of the whole database: time, and what the ground truth names."""

from sqlalchemy import DateTime

from gen_data.invariants.invariant import Invariant
from gen_data.schema import GROUND_TRUTH_TABLES, SHOP_TABLES

# What is promised or planned may lie ahead.
_AHEAD = {"inventory.expected_at", "promotions.starts_at", "promotions.ends_at", "shipments.promised_at"}


def _latest() -> str:
    """The latest instant of each column of each table, one pass a table."""
    selects = []
    for table in (*SHOP_TABLES, *GROUND_TRUTH_TABLES):
        names = [
            column.name for column in table.columns if isinstance(column.type, DateTime) and f"{table.name}.{column.name}" not in _AHEAD
        ]
        if names:
            largest = ", ".join(f"max({name}) as {name}" for name in names)
            pairs = ", ".join(f"('{table.name}', '{name}', {name})" for name in names)
            selects.append(f"select instant.* from (select {largest} from {table.fullname}) latest, lateral (values {pairs}) instant")  # noqa: S608 -- names of our own tables
    return " union all ".join(selects)


WHOLE = (
    Invariant(
        "ground_truth_names_rows_of_the_shop",
        "The orders, customers and feed rows that the ground truth tells of are there.",
        """
        select 'caused_orders' as told_in, order_id as id from ground_truth.caused_orders
        where not exists (select from orders where orders.order_id = caused_orders.order_id)
        union all
        select 'fraud_orders', order_id from ground_truth.fraud_orders
        where not exists (select from orders where orders.order_id = fraud_orders.order_id)
        union all
        select 'fraud_customers', customer_id from ground_truth.fraud_customers
        where not exists (select from customers where customers.customer_id = fraud_customers.customer_id)
        union all
        select 'caused_orders', promotion_id from ground_truth.caused_orders
        where promotion_id is not null and not exists (select from promotions where promotions.promotion_id = caused_orders.promotion_id)
        union all
        select 'dirty_rows', feed_id from ground_truth.dirty_rows
        where not exists (select from marketplace_feed where marketplace_feed.feed_id = dirty_rows.feed_id)
        """,
    ),
    Invariant(
        "nothing_lies_in_the_future",
        "No row bears an instant that the shop's clock has not reached, but for what is promised or planned.",
        f"select * from ({_latest()}) latest (table_name, column_name, instant) where instant > (select instant from shop_time)",  # noqa: S608 -- as above
    ),
)
