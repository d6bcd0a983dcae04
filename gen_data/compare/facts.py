"""What became of everything that has a key in a shop, as whole numbers: of each order, visit, cart and new customer of a window of time.

Two shops of one seed give the same things the same keys, so that the rows of
both can be laid side by side. Who registers without an order has its customer
number with a minus sign as key.
"""

from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from gen_data.behaviour.feed import MESSAGES_PER_ORDER
from gen_data.randomness import IntArray
from gen_data.read import read_integers
from gen_data.schema.orders import ORDER_STATUSES

Aspect = Literal["contents", "amount", "status", "buyer", "payment", "delivery", "aftermath", "messages", "visit", "truth"]


class Fact(NamedTuple):
    """One number of a key; ``aspect`` is what about an order is another when the number is.

    Money is in hundredths, an instant in microseconds since 1970. A mark can
    only be compared, the others can be added up.
    """

    name: str
    aspect: Aspect
    kind: Literal["count", "money", "status", "instant", "mark"] = "count"


class Source(NamedTuple):
    """A query that gives, for keys of a window from ``begins`` up to ``ends``, the key and these facts; the facts of all other keys are 0."""

    facts: tuple[Fact, ...]
    query: str


class Facts(NamedTuple):
    """All facts of a window: ``keys`` rise, ``values`` is shaped (keys, FACTS)."""

    keys: IntArray
    values: IntArray


_SOURCES = (
    Source(
        (
            Fact("orders", "status"),
            Fact("status", "status", "status"),
            Fact("ordered_at", "contents", "instant"),
            Fact("customer_id", "buyer", "mark"),
            Fact("device_id", "buyer", "mark"),
            Fact("address_id", "buyer", "mark"),
            Fact("items_amount", "amount", "money"),
            Fact("discount_amount", "amount", "money"),
            Fact("shipping_amount", "amount", "money"),
            Fact("tax_amount", "amount", "money"),
            Fact("total_amount", "amount", "money"),
            Fact("cancelled_orders", "status"),
            Fact("open_orders", "status"),
        ),
        """
        select order_id, 1::bigint, array_position({statuses}::text[], status)::bigint, (extract(epoch from ordered_at) * 1000000)::bigint,
               customer_id, device_id, address_id,
               (items_amount * 100)::bigint, (discount_amount * 100)::bigint, (shipping_amount * 100)::bigint, (tax_amount * 100)::bigint,
               (total_amount * 100)::bigint,
               (status = 'cancelled')::int::bigint, (status in ('pending', 'paid', 'packed', 'shipped'))::int::bigint
        from orders
        where ordered_at >= {begins} and ordered_at < {ends}
        """,
    ),
    Source(
        (
            Fact("units", "contents"),
            Fact("lines", "contents", "mark"),
            Fact("failed_payments", "payment"),
            Fact("paid_orders", "payment"),
            Fact("revenue", "payment", "money"),
            Fact("refunded_amount", "payment", "money"),
            Fact("net_revenue", "payment", "money"),
            Fact("gross_profit", "payment", "money"),
        ),
        """
        select order_id, units, lines, failed, is_paid::int::bigint, revenue, least(refund, revenue), revenue - least(refund, revenue),
               case when is_paid then revenue - cost else 0 end
        from orders
        cross join lateral (
            select sum(quantity)::bigint as units, (sum(unit_cost * quantity) * 100)::bigint as cost,
                   hashtextextended(string_agg(concat_ws(' ', product_id, quantity, warehouse_code), ',' order by line_number), 0) as lines
            from order_items where order_items.order_id = orders.order_id
        ) as bought
        cross join lateral (
            select count(*) filter (where status = 'failed') as failed,
                   coalesce(bool_or(status = 'succeeded'), false) and orders.status <> 'cancelled' as is_paid,
                   (coalesce(sum(amount) filter (where status = 'refunded'), 0) * 100)::bigint as refund
            from payments where payments.order_id = orders.order_id
        ) as money
        cross join lateral (
            select case when is_paid then ((items_amount - discount_amount) * 100)::bigint else 0::bigint end as revenue
        ) as earned
        where ordered_at >= {begins} and ordered_at < {ends}
        """,
    ),
    Source(
        (
            Fact("parcels", "delivery"),
            Fact("delivered_parcels", "delivery"),
            Fact("late_parcels", "delivery"),
            Fact("lost_parcels", "delivery"),
            Fact("shipped_at", "delivery", "instant"),
            Fact("delivered_at", "delivery", "instant"),
        ),
        """
        select order_id, count(*), count(delivered_at), count(*) filter (where delivered_at > promised_at),
               count(*) filter (where shipments.status = 'lost'),
               (extract(epoch from min(shipped_at)) * 1000000)::bigint, coalesce((extract(epoch from max(delivered_at)) * 1000000)::bigint, 0)
        from orders join shipments using (order_id)
        where ordered_at >= {begins} and ordered_at < {ends}
        group by order_id
        """,
    ),
    Source(
        (Fact("delivered_orders", "delivery"),),
        """
        select order_id, count(*)
        from orders join order_status_history using (order_id)
        where order_status_history.status = 'delivered' and ordered_at >= {begins} and ordered_at < {ends}
        group by order_id
        """,
    ),
    Source(
        (Fact("returned_orders", "aftermath"),),
        """
        select order_id, count(*)
        from orders join order_returns using (order_id)
        where ordered_at >= {begins} and ordered_at < {ends}
        group by order_id
        """,
    ),
    Source(
        (Fact("tickets", "aftermath"),),
        """
        select order_id, count(*)
        from orders join support_tickets using (order_id)
        where ordered_at >= {begins} and ordered_at < {ends}
        group by order_id
        """,
    ),
    Source(
        (Fact("goodwill_amount", "aftermath", "money"),),
        """
        select order_id, (sum(amount) * 100)::bigint
        from orders join goodwill_credits using (order_id)
        where ordered_at >= {begins} and ordered_at < {ends}
        group by order_id
        """,
    ),
    Source(
        (Fact("feed_rows", "messages"), Fact("dirty_feed_rows", "messages")),
        """
        select order_id, count(*), count(dirty_rows.feed_id)
        from orders
        join marketplace_feed on marketplace_feed.feed_id / {messages} = orders.order_id
        left join ground_truth.dirty_rows using (feed_id)
        where ordered_at >= {begins} and ordered_at < {ends}
        group by order_id
        """,
    ),
    Source(
        (Fact("lost_units", "contents"),),
        """
        select order_id, sum(quantity)::bigint
        from ground_truth.lost_sales
        where happened_at >= {begins} and happened_at < {ends}
        group by order_id
        """,
    ),
    Source(
        (Fact("visits", "visit"), Fact("buying_visits", "visit")),
        """
        select session_id, 1::bigint, bool_or(kind = 'purchase')::int::bigint
        from customer_activity_log
        where session_id in (
            select session_id from customer_activity_log where sequence = 1 and happened_at >= {begins} and happened_at < {ends}
        )
        group by session_id
        """,
    ),
    Source(
        (Fact("carts", "visit"), Fact("abandoned_carts", "visit")),
        """
        select cart_id, 1::bigint, (status = 'abandoned')::int::bigint
        from carts
        where created_at >= {begins} and created_at < {ends}
        """,
    ),
    Source(
        (Fact("new_customers", "buyer"),),
        """
        select coalesce(order_id, -customer_history.customer_id), count(*)
        from customer_history
        left join orders on orders.customer_id = customer_history.customer_id and ordered_at = changed_at
        where operation = 'insert' and changed_at >= {begins} and changed_at < {ends}
        group by 1
        """,
    ),
    Source(
        (Fact("fraud_orders", "truth"),),
        """
        select order_id, count(*)
        from orders join ground_truth.fraud_orders using (order_id)
        where ordered_at >= {begins} and ordered_at < {ends}
        group by order_id
        """,
    ),
)

FACTS = tuple(fact for source in _SOURCES for fact in source.facts)
_PLACES = {fact.name: place for place, fact in enumerate(FACTS)}


def place_of(name: str) -> int:
    """Where a fact stands among FACTS."""
    return _PLACES[name]


def read_facts(connection: psycopg.Connection, begins: datetime, ends: datetime) -> Facts:
    """What became, until now, of everything that a shop's window brought."""
    given = {
        "begins": sql.Literal(begins),
        "ends": sql.Literal(ends),
        "statuses": sql.Literal(list(ORDER_STATUSES)),
        "messages": sql.Literal(MESSAGES_PER_ORDER),
    }
    found = [read_integers(connection, 1 + len(source.facts), sql.SQL(source.query).format(**given)) for source in _SOURCES]
    keys = np.unique(np.concatenate([rows[:, 0] for rows in found]))
    values = np.zeros((len(keys), len(FACTS)), dtype=np.int64)
    first = 0
    for source, rows in zip(_SOURCES, found, strict=True):
        values[np.searchsorted(keys, rows[:, 0]), first : first + len(source.facts)] = rows[:, 1:]
        first += len(source.facts)
    return Facts(keys, values)
