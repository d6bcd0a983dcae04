"""What a shop's own rows say about its visitors, carts, orders, returns and products."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg

from gen_data.identity import Identity
from gen_data.randomness import FloatArray, IntArray

_HOURS = 24


@dataclass(frozen=True)
class Visits:
    """Visits to the website, and how many of them did what. ``looked`` saw a product."""

    count: int
    bounced: int
    searched: int
    looked: int
    filled_cart: int
    bought: int


class Part(NamedTuple):
    """Some of a whole, such as the returned among the delivered orders of a channel or the abandoned among the carts of a month."""

    of: str | date
    some: int
    whole: int


@dataclass(frozen=True)
class Observed:
    """A shop as it stands at ``now``, its own time.

    ``orders_by_hour`` is by local hour, ``orders_by_pieces`` by the number of
    pieces, ``pieces_by_product`` falls. ``ordered_again`` and ``not_yet`` count
    customers who came after the opening by the days since their first order:
    those who then ordered again, and those who have not until now.
    """

    now: datetime
    visits: Visits
    carts_by_month: list[Part]
    returns_by_channel: list[Part]
    orders_by_hour: IntArray
    orders_by_pieces: IntArray
    pieces_by_product: IntArray
    ordered_again: IntArray
    not_yet: IntArray


def observe(connection: psycopg.Connection, identity: Identity) -> Observed:
    """Measure an opened shop in one consistent read of its tables."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        row = connection.execute("select next_tick from shop_control.clock").fetchone()
        assert row is not None  # noqa: S101 - an opened shop has a clock
        now = identity.clock.local(row[0]).astimezone(UTC)
        about = {"now": now, "opened_at": identity.opened_at, "zone": identity.time_zone}
        again = _rows(connection, _SECOND_ORDERS, about)
        return Observed(
            now=now,
            visits=Visits(*_rows(connection, _VISITS, about)[0]),
            carts_by_month=[Part(*row) for row in _rows(connection, _CARTS_BY_MONTH, about)],
            returns_by_channel=[Part(*row) for row in _rows(connection, _RETURNS_BY_CHANNEL, about)],
            orders_by_hour=_by_number(_rows(connection, _ORDERS_BY_HOUR, about), _HOURS),
            orders_by_pieces=_by_number(_rows(connection, _ORDERS_BY_PIECES, about)),
            pieces_by_product=np.array([row[0] for row in _rows(connection, _PIECES_BY_PRODUCT, about)], dtype=np.int64),
            ordered_again=_by_number([(days, came) for days, came, _ in again]),
            not_yet=_by_number([(days, waits) for days, _, waits in again]),
        )


def repeat_shares(ordered_again: IntArray, not_yet: IntArray) -> FloatArray:
    """The share of customers who have ordered again by the end of each day after their first order.

    The product-limit estimate of Kaplan and Meier (1958, Journal of the American
    Statistical Association 53, 457-481), because nobody knows yet about those
    who came lately.
    """
    watched = np.cumsum((ordered_again + not_yet)[::-1])[::-1]
    still_waiting = np.cumprod(1.0 - ordered_again / np.maximum(watched, 1), dtype=np.float64)
    return np.asarray(1.0 - still_waiting)


def zipf_slope(pieces_by_product: IntArray) -> float:
    """The slope, without its sign, of the logarithm of pieces sold over the logarithm of rank, by least squares over all products."""
    rank = np.arange(1, len(pieces_by_product) + 1)
    return -float(np.polyfit(np.log(rank), np.log(pieces_by_product), 1)[0])


def _rows(connection: psycopg.Connection, query: str, about: dict[str, Any]) -> list[Any]:
    return connection.execute(query.encode(), about).fetchall()


def _by_number(rows: list[Any], length: int = 0) -> IntArray:
    """Counts as an array by their number, from pairs of number and count."""
    counts = np.zeros(max([length, *(int(number) + 1 for number, _ in rows)]), dtype=np.int64)
    for number, count in rows:
        counts[int(number)] = count
    return counts


_VISITS = """
    select count(*),
           count(*) filter (where row_count = 1),
           count(*) filter (where searched),
           count(*) filter (where looked),
           count(*) filter (where filled_cart),
           count(*) filter (where bought)
    from (
        select count(*) as row_count,
               bool_or(kind = 'search') as searched,
               bool_or(kind = 'view') as looked,
               bool_or(kind = 'add_to_cart') as filled_cart,
               bool_or(kind = 'purchase') as bought
        from customer_activity_log
        group by session_id
    ) as visits
"""

# Whoever may still buy or leave is not counted: a cart is given up a day after its last addition.
_CARTS_BY_MONTH = """
    select date_trunc('month', created_at at time zone %(zone)s)::date, count(*) filter (where status = 'abandoned'), count(*)
    from carts
    where created_at < %(now)s - interval '2 days'
    group by 1
    order by 1
"""

# A return is asked for within two weeks of the delivery.
_RETURNS_BY_CHANNEL = """
    select channels.name, count(order_returns.order_id), count(*)
    from order_status_history
    join orders using (order_id)
    join channels using (channel_code)
    left join order_returns using (order_id)
    where order_status_history.status = 'delivered' and order_status_history.changed_at < %(now)s - interval '15 days'
    group by 1
    order by 1
"""

_ORDERS_BY_HOUR = """
    select extract(hour from ordered_at at time zone %(zone)s), count(*) from orders group by 1
"""

_ORDERS_BY_PIECES = """
    select pieces, count(*)
    from (select sum(quantity) as pieces from order_items group by order_id) as baskets
    group by 1
"""

_PIECES_BY_PRODUCT = """
    select sum(quantity)::bigint from order_items group by product_id order by 1 desc
"""

_SECOND_ORDERS = """
    with first_two as (
        select customer_id, min(ordered_at) as first_at, (array_agg(ordered_at order by ordered_at))[2] as second_at
        from orders
        join customers using (customer_id)
        where customers.registered_at >= %(opened_at)s and orders.status <> 'cancelled'
        group by customer_id
    )
    select extract(day from coalesce(second_at, %(now)s) - first_at), count(second_at), count(*) - count(second_at)
    from first_two
    group by 1
"""
