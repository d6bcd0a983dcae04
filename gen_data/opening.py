"""The day the shop opens: its channels, its assortment, and the customers that it brings along."""

from datetime import datetime

import numpy as np
import psycopg

from gen_data import schema
from gen_data.behaviour.catalogue import CATEGORIES, PRODUCT_COUNT, opening_products
from gen_data.behaviour.channels import CHANNELS, ORDER_SHARES
from gen_data.behaviour.money import Currency
from gen_data.behaviour.people import People, fill_name_pool
from gen_data.clock import DAY, to_instant
from gen_data.identity import Identity, record_switch, write_identity, write_name_pool
from gen_data.randomness import Dice
from gen_data.rows import address_columns, customer_columns
from gen_data.schedule import Switch
from gen_data.texts import numerals, texts
from gen_data.write import insert

_LEAST_CUSTOMERS, _MOST_CUSTOMERS = 500, 100_000


def open_shop(connection: psycopg.Connection, identity: Identity, first_switch: Switch) -> None:
    """Write the rows that the shop opens with, and its clock at tick 0, within the caller's transaction."""
    pool = fill_name_pool(identity.seed, identity.locale)
    dice = Dice(identity.seed)
    _open_channels(connection, identity)
    _stock_shelves(connection, dice, identity)
    customer_count = min(_LEAST_CUSTOMERS + first_switch.orders_per_day // 2, _MOST_CUSTOMERS)
    _bring_customers(connection, dice, People(dice, pool), to_instant(identity.opened_at), customer_count)
    write_identity(connection, identity)
    write_name_pool(connection, pool)
    record_switch(connection, first_switch)
    connection.execute(
        """
        insert into shop_control.clock
            (next_tick, next_customer_id, next_address_id, next_order_id, next_payment_id, day_customer_count)
        values (0, %(next_customer_id)s, %(next_customer_id)s, 1, 1, %(customer_count)s)
        """,
        {"next_customer_id": customer_count + 1, "customer_count": customer_count},
    )


def _open_channels(connection: psycopg.Connection, identity: Identity) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into channels (channel_code, name, commission_rate, opened_at, updated_at) values (%s, %s, %s, %s, %s)",
            [(channel.code, channel.name, channel.commission_rate, identity.opened_at, identity.opened_at) for channel in CHANNELS],
        )


def _stock_shelves(connection: psycopg.Connection, dice: Dice, identity: Identity) -> None:
    parents = sorted({category.parent for category in CATEGORIES})
    rows: list[tuple[int, str, int | None, datetime]] = [
        (position + 1, parent, None, identity.opened_at) for position, parent in enumerate(parents)
    ]
    first_leaf = len(parents) + 1
    rows += [
        (first_leaf + position, category.name, parents.index(category.parent) + 1, identity.opened_at)
        for position, category in enumerate(CATEGORIES)
    ]
    with connection.cursor() as cursor:
        cursor.executemany("insert into categories (category_id, name, parent_category_id, updated_at) values (%s, %s, %s, %s)", rows)

    products = opening_products(dice, Currency(identity.currency))
    product_id = np.arange(1, PRODUCT_COUNT + 1)
    created_at = _before(dice, "product created", product_id, to_instant(identity.opened_at))
    prices = {"product_id": product_id, "list_price": products.list_price, "updated_at": created_at}
    insert(
        connection,
        schema.PRODUCTS,
        {
            **prices,
            "category_id": first_leaf + products.category,
            "sku": texts([f"SKU-{number}" for number in numerals(product_id, width=5).to_pylist()]),
            "name": texts(products.name),
            "unit_cost": products.unit_cost,
            "status": texts(["active" if is_active else "discontinued" for is_active in products.is_active]),
            "created_at": created_at,
        },
    )
    insert(connection, schema.PRODUCT_PRICES, {**prices, "valid_from": created_at})


def _bring_customers(connection: psycopg.Connection, dice: Dice, people: People, opened_at: int, count: int) -> None:
    customer_id = np.arange(1, count + 1)
    registered_at = np.sort(_before(dice, "customer registered", customer_id, opened_at))
    channel = dice.choose("signup channel of the opening", customer_id, ORDER_SHARES)
    everybody = np.ones(count, dtype=np.bool_)
    insert(connection, schema.CUSTOMERS, customer_columns(people, customer_id, registered_at, channel, opened_at))
    insert(
        connection,
        schema.CUSTOMER_ADDRESSES,
        address_columns(people, customer_id, customer_id, registered_at, everybody, registered_at),
    )


def _before(dice: Dice, purpose: str, ids: np.ndarray, opened_at: int) -> np.ndarray:
    """Instants in the year before the opening."""
    return opened_at - 1 - dice.integers(purpose, ids, 365 * DAY)
