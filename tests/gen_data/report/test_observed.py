from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from psycopg import sql

from gen_data import schema
from gen_data.identity import Identity
from gen_data.report.observed import Part, Visits, observe, repeat_shares, zipf_slope
from gen_data.schema.upgrade import migrate

OPENED_AT = datetime(2025, 12, 31, 17, tzinfo=UTC)
IDENTITY = Identity(1, "Asia/Ho_Chi_Minh", "VND", "vi_VN", OPENED_AT)
STEPS = ("pending", "paid", "packed", "shipped", "delivered")


def put(connection, table, **values):
    """Insert a row; columns that must hold something and do not matter here get 1, x or the opening's instant."""
    neutral = {int: 1, str: "x", datetime: OPENED_AT, bool: True}
    for column in table.columns:
        if not column.nullable and column.name not in values and column.server_default is None:
            values[column.name] = neutral.get(column.type.python_type, 0)
    names = sql.SQL(", ").join(map(sql.Identifier, values))
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table.schema or "public", table.name), names, sql.SQL(", ").join([sql.Placeholder()] * len(values))
    )
    connection.execute(statement, list(values.values()))


def after(days=0, hours=0):
    return OPENED_AT + timedelta(days=days, hours=hours)


def order(connection, order_id, customer_id, at, *pieces, channel="website", delivered_at=None):
    """An order of products 1, 2, ... with so many pieces of each."""
    status = "delivered" if delivered_at else "pending"
    put(
        connection,
        schema.ORDERS,
        order_id=order_id,
        customer_id=customer_id,
        channel_code=channel,
        status=status,
        ordered_at=at,
        currency="VND",
    )
    for line, quantity in enumerate(pieces, 1):
        put(connection, schema.ORDER_ITEMS, order_id=order_id, line_number=line, product_id=line, quantity=quantity, warehouse_code="SGN")
    for sequence, step in enumerate(STEPS if delivered_at else STEPS[:1], 1):
        changed_at = delivered_at if step == "delivered" else at
        put(connection, schema.ORDER_STATUS_HISTORY, order_id=order_id, sequence=sequence, status=step, changed_at=changed_at)


def visit(connection, session_id, *kinds):
    for sequence, kind in enumerate(kinds, 1):
        product = 1 if kind in ("view", "add_to_cart", "wish") else None
        text = "son môi" if kind == "search" else None
        put(
            connection,
            schema.CUSTOMER_ACTIVITY_LOG,
            session_id=session_id,
            sequence=sequence,
            customer_id=None,
            kind=kind,
            product_id=product,
            search_text=text,
        )


@pytest.fixture
def shop(fresh):
    """An opened shop 60 days old, with two products, two channels and customers 1 to 5, of whom 1 was there at the opening."""
    migrate(fresh.shop_dsn)
    with psycopg.connect(fresh.shop_dsn, autocommit=True) as connection:
        put(connection, schema.CLOCK, next_tick=60 * 24 * 60)
        for code, name in (("website", "Own website"), ("tiki", "Tiki")):
            put(connection, schema.CHANNELS, channel_code=code, name=name)
        put(connection, schema.CATEGORIES)
        put(connection, schema.SUPPLIERS)
        put(connection, schema.WAREHOUSES, warehouse_code="SGN", region="south")
        put(connection, schema.LOYALTY_TIERS, tier="bronze", points_factor=1)
        for product_id in (1, 2):
            put(connection, schema.PRODUCTS, product_id=product_id, sku=str(product_id), status="active")
        for customer_id in (1, 2, 3, 4, 5):
            registered_at = after(days=-3 if customer_id == 1 else 1)
            put(
                connection,
                schema.CUSTOMERS,
                customer_id=customer_id,
                email=f"{customer_id}@example.com",
                tier="bronze",
                signup_channel_code="tiki",
                registered_at=registered_at,
            )
        put(connection, schema.CUSTOMER_ADDRESSES, address_id=1, customer_id=1)
        yield connection


@pytest.mark.integration
def test_a_new_shop_has_nothing_to_say(shop):
    observed = observe(shop, IDENTITY)
    assert observed.now == after(days=60)
    assert observed.visits == Visits(0, 0, 0, 0, 0, 0)
    assert (observed.carts_by_month, observed.returns_by_channel) == ([], [])
    assert observed.orders_by_hour.tolist() == [0] * 24
    assert [
        len(column) for column in (observed.orders_by_pieces, observed.pieces_by_product, observed.ordered_again, observed.not_yet)
    ] == [0] * 4


@pytest.mark.integration
def test_visits_are_counted_by_what_happened_in_them(shop):
    visit(shop, 1, "visit")
    visit(shop, 2, "visit", "search", "view")
    visit(shop, 3, "visit", "view", "add_to_cart")
    visit(shop, 4, "visit", "search", "view", "add_to_cart", "purchase")
    visit(shop, 5, "visit", "view", "view")
    assert observe(shop, IDENTITY).visits == Visits(count=5, bounced=1, searched=2, looked=4, filled_cart=2, bought=1)


@pytest.mark.integration
def test_carts_are_counted_by_local_month_once_their_time_is_over(shop):
    order(shop, 1, 1, after(days=1), 1)
    # After 31 days February begins in Vietnam, while it is January in UTC.
    for cart_id, at, status in (
        (1, after(days=1), "converted"),
        (2, after(days=30), "abandoned"),
        (3, after(days=31), "abandoned"),
        (4, after(days=59), "abandoned"),
    ):
        owner = {"customer_id": 1, "order_id": 1} if status == "converted" else {}
        put(shop, schema.CARTS, cart_id=cart_id, status="active", created_at=at, updated_at=at)
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value)) for name, value in {"status": status, **owner}.items()
        )
        shop.execute(sql.SQL("update carts set {} where cart_id = {}").format(assignments, sql.Literal(cart_id)))
    months = observe(shop, IDENTITY).carts_by_month
    assert [(part.of.month, part.some, part.whole) for part in months] == [(1, 1, 2), (2, 1, 1)]


@pytest.mark.integration
def test_returns_are_counted_among_orders_delivered_long_enough_ago(shop):
    for order_id, channel, delivered_day in ((1, "tiki", 5), (2, "tiki", 6), (3, "website", 7), (4, "website", 50)):
        order(shop, order_id, 1, after(days=2), 1, channel=channel, delivered_at=after(days=delivered_day))
    order(shop, 5, 1, after(days=2), 1)
    put(shop, schema.ORDER_RETURNS, return_id=2, order_id=2, reason="damaged", status="requested", requested_at=after(days=9))
    assert observe(shop, IDENTITY).returns_by_channel == [Part("Own website", 0, 1), Part("Tiki", 1, 2)]


@pytest.mark.integration
def test_orders_are_counted_by_local_hour_and_pieces_and_products_by_what_sold(shop):
    order(shop, 1, 1, after(days=1, hours=20), 1)
    order(shop, 2, 1, after(days=2, hours=20.5), 2, 3)
    order(shop, 3, 1, after(days=3, hours=9), 1)
    observed = observe(shop, IDENTITY)
    assert {hour: count for hour, count in enumerate(observed.orders_by_hour.tolist()) if count} == {9: 1, 20: 2}
    assert observed.orders_by_pieces.tolist() == [0, 2, 0, 0, 0, 1]
    assert observed.pieces_by_product.tolist() == [4, 3]


@pytest.mark.integration
def test_second_orders_are_counted_for_customers_who_came_after_the_opening(shop):
    for order_id, customer_id, day in ((1, 1, 1), (2, 1, 2), (3, 2, 10), (4, 2, 13), (5, 2, 20), (6, 3, 55), (7, 4, 58)):
        order(shop, order_id, customer_id, after(days=day), 1)
    shop.execute("update orders set status = 'cancelled' where order_id = 7")
    observed = observe(shop, IDENTITY)
    assert observed.ordered_again.tolist() == [0, 0, 0, 1, 0, 0]
    assert observed.not_yet.tolist() == [0, 0, 0, 0, 0, 1]


@pytest.mark.unit
def test_the_share_that_ordered_again_counts_everybody_as_long_as_they_were_watched():
    # 10 customers: 2 order again on day 1; 4 are only 1 day old; 2 of the other 4 order again on day 3; 2 never until day 5.
    shares = repeat_shares(np.array([0, 2, 0, 2, 0, 0]), np.array([0, 4, 0, 0, 0, 2]))
    assert shares.tolist() == pytest.approx([0, 0.2, 0.2, 0.6, 0.6, 0.6])


@pytest.mark.unit
@pytest.mark.parametrize("slope", [0.6, 1.0])
def test_the_slope_of_zipf_s_law_is_found(slope):
    assert zipf_slope(np.round(1e6 * np.arange(1, 301) ** -slope).astype(np.int64)) == pytest.approx(slope, abs=0.001)
