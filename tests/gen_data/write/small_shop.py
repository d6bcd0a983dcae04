"""A few days of a small shop, made by plain dice: every kind of column, rows that come, change and go, and many things at one instant."""

import contextlib
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import psycopg
import pyarrow as pa

from gen_data import schema
from gen_data.changes import NULL, Changes, Coded, Delete, Insert, Update, constant
from gen_data.clock import DAY
from gen_data.schema.upgrade import migrate
from gen_data.simulate.later import rows_of
from gen_data.write.batch import TABLES
from gen_data.write.encode import copy_in, identifier
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases

BEGIN = 1_767_200_400_000_000
QUARTER = 15 * 60 * 1_000_000
DAYS = 3
PRODUCTS, WAREHOUSES = (1, 2, 3), ("HAN", "SGN")
TIERS = ("bronze", "silver", "gold", "platinum")
PATHS = (
    ("pending",),
    ("pending", "paid"),
    ("pending", "cancelled"),
    ("pending", "paid", "packed", "shipped", "delivered"),
    ("pending", "paid", "packed", "shipped", "delivered", "returned"),
)


def texts(values):
    return pa.array(values, pa.string())


def numbers(*values):
    return np.array(values, dtype=np.int64)


def constants(count, **values):
    """Columns that say the same in every row."""
    return {name: constant(value, count) if isinstance(value, str) else np.full(count, value) for name, value in values.items()}


def customers(ids, at):
    count = len(ids)
    return {
        "customer_id": numbers(*ids),
        "full_name": texts([f"Nguyễn {number}" for number in ids]),
        "email": texts([f"n{number}@example.vn" for number in ids]),
        "phone": texts([None if number % 3 == 0 else f"09{number:08}" for number in ids]),
        "birth_date": pa.array([None if number % 4 == 0 else 7_000 + number for number in ids], pa.int32()).cast(pa.date32()),
        **constants(count, tier="bronze", signup_channel_code="website"),
        "registered_at": at,
        "updated_at": at,
    }


def addresses(ids, of_customers, at):
    return {
        "address_id": numbers(*ids),
        "customer_id": numbers(*of_customers),
        "is_default": np.ones(len(ids), dtype=np.bool_),
        **constants(len(ids), recipient="An", street="1 Lê Lợi", district="Quận 1", province="Hà Nội"),
        "created_at": at,
        "updated_at": at,
    }


def open_small_shop(connection: psycopg.Connection) -> None:
    """Empty the tables and write what the shop opens with."""
    connection.execute(psycopg.sql.SQL("truncate {}").format(psycopg.sql.SQL(", ").join(map(identifier, TABLES))))
    connection.execute("delete from shop_control.tick_journal")
    instant = np.full(len(TIERS), BEGIN)
    levels = {"rank": np.arange(4), "qualifying_points": np.arange(4) * 100, "points_factor": np.arange(4) * 25 + 100}
    copy_in(connection, schema.LOYALTY_TIERS, {"tier": texts(TIERS), **levels, "updated_at": instant})
    connection.execute("insert into channels values ('website', 'Shop', 0, '2026-01-01', '2026-01-01', %s, 0, 24)", (Decimal("0.02"),))
    connection.execute("insert into suppliers values (1, 'Supplier', 'Hà Nội', 7, '2026-01-01')")
    connection.execute("insert into categories values (1, 'All', null, '2026-01-01')")
    for number in PRODUCTS:
        connection.execute(
            "insert into products values (%s, 1, %s, 'Thing', 100, 50, 'active', '2026-01-01', '2026-01-01', 1, 100)",
            (number, f"S{number}"),
        )
    for code in WAREHOUSES:
        connection.execute("insert into warehouses values (%s, %s, 'north', 'Hà Nội', '2026-01-01')", (code, code))
        for number in PRODUCTS:
            connection.execute("insert into inventory values (%s, %s, 1000, 0, 0, null, 0, 0, null, '2026-01-01')", (number, code))
    first = np.full(3, BEGIN)
    copy_in(connection, schema.CUSTOMERS, customers((1, 2, 3), first))
    copy_in(connection, schema.CUSTOMER_ADDRESSES, addresses((1, 2, 3), (1, 2, 3), first))


def some_days(seed: int) -> Changes:
    """All that happens in :data:`DAYS` days, in quarters of an hour, so that much happens at once."""
    dice = np.random.default_rng(seed)

    def later(*after):
        """An instant each, some quarters of an hour later."""
        return numbers(*after) + dice.integers(1, 20, len(after)) * QUARTER

    changes: Changes = []
    new = list(range(4, 14))
    registered = later(*np.full(len(new), BEGIN))
    known = np.concatenate([np.full(3, BEGIN), registered])
    everybody = numbers(1, 2, 3, *new)
    changes += [
        Insert(schema.CUSTOMERS, customers(new, registered), registered, numbers(*new)),
        Insert(schema.CUSTOMER_ADDRESSES, addresses(new, new, registered), registered, numbers(*new)),
    ]
    buyers = [number for number in everybody.tolist() if number % 3]
    changes += _changes_of_customers(dice, later, everybody, known)
    changes += _moves(later, buyers, known)
    changes += _orders(dice, later, buyers, known)
    changes += _stock(dice, later)
    changes += _wishes(dice, later, buyers, known)
    # They bought nothing, and nothing changes of them any more.
    gone = numbers(9, 12)
    gone_at = later(*np.full(2, BEGIN + DAYS * DAY - 30 * QUARTER))
    changes += [
        Delete(schema.CUSTOMER_ADDRESSES, {"address_id": gone}, gone_at, gone),
        Delete(schema.CUSTOMERS, {"customer_id": gone}, gone_at, gone),
    ]
    return changes


def between(changes: Changes, start: int, end: int) -> Changes:
    """What happens from one instant up to another."""
    return [rows_of(change, np.flatnonzero((change.at >= start) & (change.at < end))) for change in changes]


def _changes_of_customers(dice, later, ids, known):
    changed = np.repeat(np.arange(len(ids)), dice.integers(0, 4, len(ids)))
    at = later(*known[changed])
    is_tier = dice.random(len(changed)) < 0.5
    phones, tiers = np.flatnonzero(~is_tier), np.flatnonzero(is_tier)
    return [
        Update(
            schema.CUSTOMERS,
            {
                "customer_id": ids[changed[phones]],
                "phone": texts([None if row % 5 == 0 else f"08{row:08}" for row in phones.tolist()]),
                "updated_at": at[phones],
            },
            at[phones],
            ids[changed[phones]],
        ),
        Update(
            schema.CUSTOMERS,
            {
                "customer_id": ids[changed[tiers]],
                "tier": Coded(TIERS[::-1], dice.integers(0, 4, len(tiers))),
                "updated_at": at[tiers],
            },
            at[tiers],
            ids[changed[tiers]],
        ),
    ]


def _moves(later, buyers, known):
    movers = numbers(*buyers[::2])
    at = later(*known[movers - 1])
    old = {"address_id": movers, "is_default": np.zeros(len(movers), dtype=np.bool_), "updated_at": at}
    return [
        Update(schema.CUSTOMER_ADDRESSES, old, at, movers),
        Insert(schema.CUSTOMER_ADDRESSES, addresses((10**12 + movers).tolist(), movers.tolist(), at), at, movers),
    ]


def _orders(dice, later, buyers, known):
    count = 25
    order_id = np.arange(1, count + 1) * 1_000_000
    customer = numbers(*buyers)[dice.integers(0, len(buyers), count)]
    at = later(*known[customer - 1])
    price = dice.integers(1, 10**9, count)
    orders = {
        "order_id": order_id,
        "customer_id": customer,
        "address_id": customer,
        **constants(count, channel_code="website", status="pending", currency="VND", placed_from="Huế"),
        "ordered_at": at,
        **constants(count, discount_amount=0, shipping_amount=0, tax_amount=0),
        "items_amount": price,
        "total_amount": price,
        "device_id": order_id * 3,
        "updated_at": at,
    }
    line = np.repeat(np.arange(count), 2)
    items = {
        "order_id": order_id[line],
        "line_number": np.tile([1, 2], count),
        "product_id": dice.integers(1, 4, 2 * count),
        **constants(2 * count, quantity=1, discount_amount=0, list_price=5_050, line_amount=5_050, unit_cost=4_999),
        "warehouse_code": Coded(WAREHOUSES, dice.integers(0, 2, 2 * count)),
    }
    changes = [Insert(schema.ORDERS, orders, at, order_id), Insert(schema.ORDER_ITEMS, items, at[line], order_id[line])]
    paths = [PATHS[number] for number in dice.integers(0, len(PATHS), count)]
    reached = at
    for sequence in range(6):
        here = np.flatnonzero([len(path) > sequence for path in paths])
        if sequence:
            reached = later(*reached)
        status = Coded(schema.ORDER_STATUSES, numbers(*(schema.ORDER_STATUSES.index(paths[row][sequence]) for row in here)))
        past = {"order_id": order_id[here], "status": status, "changed_at": reached[here], "sequence": np.full(len(here), sequence + 1)}
        if sequence:
            now = {"order_id": order_id[here], "status": status, "updated_at": reached[here]}
            changes.append(Update(schema.ORDERS, now, reached[here], order_id[here]))
        changes.append(Insert(schema.ORDER_STATUS_HISTORY, past, reached[here], order_id[here]))
    payments = {
        "payment_id": order_id * 8,
        "order_id": order_id,
        **constants(count, attempt=1, method="card", status="succeeded"),
        "amount": price,
        "paid_at": at,
        "card_token": texts([f"card {number}" for number in range(count)]),
    }
    carts = {
        "cart_id": order_id,
        "customer_id": np.full(count, NULL),
        **constants(count, status="active"),
        "created_at": at,
        "updated_at": at,
    }
    converted = {
        "cart_id": order_id,
        "customer_id": customer,
        "order_id": order_id,
        **constants(count, status="converted"),
        "updated_at": at,
    }
    changes += [
        Insert(schema.PAYMENTS, payments, at, order_id),
        Insert(schema.CARTS, carts, at, order_id),
        Update(schema.CARTS, converted, at, order_id),
    ]
    return changes


def _stock(dice, later):
    count = 60
    at = later(*np.full(count, BEGIN))
    key = {"product_id": dice.integers(1, 4, count), "warehouse_code": Coded(WAREHOUSES, dice.integers(0, 2, count))}
    is_order = dice.random(count) < 0.3
    reserved, ordered = np.flatnonzero(~is_order), np.flatnonzero(is_order)
    on_order = dice.integers(0, 2, len(ordered)) * 10
    return [
        Update(
            schema.INVENTORY,
            {
                "product_id": key["product_id"][reserved],
                "warehouse_code": Coded(WAREHOUSES, key["warehouse_code"].codes[reserved]),
                "reserved": dice.integers(0, 1000, len(reserved)),
                "updated_at": at[reserved],
            },
            at[reserved],
            reserved,
        ),
        Update(
            schema.INVENTORY,
            {
                "product_id": key["product_id"][ordered],
                "warehouse_code": Coded(WAREHOUSES, key["warehouse_code"].codes[ordered]),
                "on_order": on_order,
                "expected_at": np.where(on_order > 0, at[ordered] + DAY, NULL),
                "updated_at": at[ordered],
            },
            at[ordered],
            ordered,
        ),
    ]


def _wishes(dice, later, buyers, known):
    count = 15
    wish_id = np.arange(1, count + 1)
    customer = numbers(*buyers)[dice.integers(0, len(buyers), count)]
    at = later(*known[customer - 1])
    gone = np.flatnonzero(dice.random(count) < 0.6)
    gone_at = later(*at[gone])
    wishes = {"wish_id": wish_id, "customer_id": customer, "product_id": dice.integers(1, 4, count), "added_at": at}
    log = {
        "session_id": wish_id,
        **constants(count, sequence=1, device_id=7),
        "customer_id": np.where(wish_id % 2 == 0, customer, NULL),
        "kind": Coded(("search", "wish"), wish_id % 2),
        "product_id": np.where(wish_id % 2 == 1, 2, NULL),
        "search_text": texts([None if number % 2 else "áo dài" for number in wish_id.tolist()]),
        "happened_at": at,
    }
    return [
        Insert(schema.WISHLISTS, wishes, at, wish_id),
        Delete(schema.WISHLISTS, {"wish_id": wish_id[gone]}, gone_at, wish_id[gone]),
        Insert(schema.CUSTOMER_ACTIVITY_LOG, log, at, wish_id),
    ]


@contextlib.contextmanager
def opened_small_shop(services: Settings) -> Iterator[psycopg.Connection]:
    """A session of a small shop that has opened, in a database of its own."""
    with fresh_databases(services) as settings:
        migrate(settings.shop_dsn)
        with psycopg.connect(settings.shop_dsn, autocommit=True) as connection:
            open_small_shop(connection)
            connection.execute("insert into shop_control.clock values (true, 0, 1, 0, 0, 0)")
            yield connection
