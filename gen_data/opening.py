"""The day the shop opens: its channels and carriers, its assortment and first stock, and the customers that it brings along."""

from decimal import Decimal

import numpy as np
import psycopg
import sqlalchemy

from gen_data import schema
from gen_data.behaviour.catalogue import CATEGORIES, PRODUCT_COUNT, Assortment, opening_products
from gen_data.behaviour.channels import CHANNELS, ORDER_SHARES
from gen_data.behaviour.loyalty import tier_columns
from gen_data.behaviour.money import Currency
from gen_data.behaviour.people import People, fill_name_pool
from gen_data.behaviour.shipping import CARRIERS, REGIONS
from gen_data.behaviour.stock import SUPPLIERS, WAREHOUSES, regions, supplier_ids, weight_grams
from gen_data.changes import NULL, Changes, Coded, Columns, Insert
from gen_data.clock import DAY, to_instant
from gen_data.identity import Identity, record_switch, write_identity, write_name_pool
from gen_data.ids import base_customer_id
from gen_data.randomness import Dice, IntArray
from gen_data.rows import address_columns, customer_columns
from gen_data.schedule import Switch
from gen_data.schema.catalogue import PRODUCT_STATUSES
from gen_data.simulate.inventory import opening_stock
from gen_data.simulate.state import stock_levels
from gen_data.simulate.stock import noise_table
from gen_data.texts import join, numerals, texts
from gen_data.write.batch import write_batch

_LEAST_CUSTOMERS, _MOST_CUSTOMERS = 500, 100_000


def open_shop(connection: psycopg.Connection, identity: Identity, first_switch: Switch) -> None:
    """Write the rows that the shop opens with, and its clock at tick 0, within the caller's transaction."""
    pool = fill_name_pool(identity.seed, identity.locale)
    dice, currency, opened_at = Dice(identity.seed), Currency(identity.currency), to_instant(identity.opened_at)
    people = People(dice, pool)
    customer_count = min(_LEAST_CUSTOMERS + first_switch.orders_per_day // 2, _MOST_CUSTOMERS)
    write_batch(
        connection,
        [
            *_partners(currency, opened_at),
            *_shelves(dice, currency, people, opened_at, first_switch.orders_per_day),
            *_customers(dice, people, opened_at, customer_count),
        ],
    )
    write_identity(connection, identity)
    write_name_pool(connection, pool)
    record_switch(connection, first_switch)
    connection.execute(
        """
        insert into shop_control.clock (next_tick, customer_count, guest_count, day_customer_count, day_guest_count)
        values (0, %s, 0, %s, 0)
        """,
        (customer_count, customer_count),
    )


def _partners(currency: Currency, at: int) -> Changes:
    """Channels, tiers, suppliers, warehouses, carriers, and the distributors of the last mile."""
    served = [(carrier, region) for carrier in CARRIERS for region in range(len(REGIONS))]
    return [
        _rows(schema.LOYALTY_TIERS, tier_columns(at), at),
        _rows(
            schema.CHANNELS,
            {
                "channel_code": texts([channel.code for channel in CHANNELS]),
                "name": texts([channel.name for channel in CHANNELS]),
                "commission_rate": _rates([channel.commission_rate for channel in CHANNELS]),
                "payment_fee_rate": _rates([channel.payment_fee_rate for channel in CHANNELS]),
                "fixed_fee": currency.price(np.array([channel.fixed_fee_dong for channel in CHANNELS], dtype=np.float64)),
                "lead_time_hours": np.array([channel.lead_time_hours for channel in CHANNELS]),
                "opened_at": np.full(len(CHANNELS), at),
            },
            at,
        ),
        _rows(
            schema.SUPPLIERS,
            {
                "supplier_id": np.arange(1, len(SUPPLIERS) + 1),
                "name": texts([supplier.name for supplier in SUPPLIERS]),
                "province": texts([supplier.province for supplier in SUPPLIERS]),
                "lead_time_days": np.array([supplier.lead_days for supplier in SUPPLIERS]),
            },
            at,
        ),
        _rows(
            schema.WAREHOUSES,
            {name: texts([getattr(one, field) for one in WAREHOUSES]) for name, field in
             (("warehouse_code", "code"), ("name", "name"), ("region", "region"), ("province", "province"))},
            at,
        ),
        _rows(
            schema.CARRIERS,
            {"carrier_code": texts([carrier.code for carrier in CARRIERS]), "name": texts([carrier.name for carrier in CARRIERS])},
            at,
        ),
        _rows(
            schema.SERVICE_LEVEL_AGREEMENTS,
            {
                "carrier_code": texts([carrier.code for carrier, _ in served]),
                "region": texts([REGIONS[region] for _, region in served]),
                "delivery_hours": np.array([carrier.delivery_hours[region] for carrier, region in served]),
                "penalty_rate": _rates([carrier.penalty_rate for carrier, _ in served]),
            },
            at,
        ),
        _rows(
            schema.DISTRIBUTORS,
            {
                "distributor_id": np.arange(1, len(served) + 1),
                "name": texts([f"{carrier.name} {REGIONS[region].title()}" for carrier, region in served]),
                "carrier_code": texts([carrier.code for carrier, _ in served]),
                "region": texts([REGIONS[region] for _, region in served]),
            },
            at,
        ),
    ]  # fmt: skip


def _shelves(dice: Dice, currency: Currency, people: People, opened_at: int, orders_per_day: int) -> Changes:
    """Categories, products with their prices, and what lies in the warehouses."""
    parents = sorted({category.parent for category in CATEGORIES})
    first_leaf = len(parents) + 1
    names = [*parents, *(category.name for category in CATEGORIES)]
    parent_ids = [NULL] * len(parents) + [parents.index(category.parent) + 1 for category in CATEGORIES]
    products = opening_products(dice, currency)
    product_id = np.arange(1, PRODUCT_COUNT + 1)
    created_at = _before(dice, "product created", product_id, opened_at)
    supplier_id = supplier_ids(dice, products.category)
    prices: Columns = {"product_id": product_id, "list_price": products.list_price, "updated_at": created_at}
    sold: Columns = {
        **prices,
        "category_id": first_leaf + products.category,
        "sku": join("", texts(["SKU-"] * PRODUCT_COUNT), numerals(product_id, width=5)),
        "name": texts(products.name),
        "unit_cost": products.unit_cost,
        "status": Coded(PRODUCT_STATUSES, np.where(products.is_active, 0, 1)),
        "created_at": created_at,
        "supplier_id": supplier_id,
        "weight_grams": weight_grams(dice, products.category),
    }
    lead_days = np.array([supplier.lead_days for supplier in SUPPLIERS])[supplier_id - 1]
    levels = stock_levels(Assortment(dice, products.is_active), people, regions(people.province_pool), lead_days, orders_per_day)
    _, stocked = opening_stock(levels, products.unit_cost, lead_days, currency.smallest, noise_table(dice), opened_at)
    return [
        _rows(
            schema.CATEGORIES,
            {"category_id": np.arange(1, len(names) + 1), "name": texts(names), "parent_category_id": np.array(parent_ids)},
            opened_at,
        ),
        Insert(schema.PRODUCTS, sold, created_at, product_id),
        Insert(schema.PRODUCT_PRICES, {**prices, "valid_from": created_at}, created_at, product_id),
        *stocked,
    ]


def _customers(dice: Dice, people: People, opened_at: int, count: int) -> Changes:
    customer_id = base_customer_id(np.arange(count))
    registered_at = np.sort(_before(dice, "customer registered", customer_id, opened_at))
    channel = dice.choose("signup channel of the opening", customer_id, ORDER_SHARES)
    customers = customer_columns(people, customer_id, registered_at, channel, opened_at)
    addresses = address_columns(people, customer_id, customer_id, registered_at)
    return [
        Insert(schema.CUSTOMERS, customers, registered_at, customer_id),
        Insert(schema.CUSTOMER_ADDRESSES, addresses, registered_at, customer_id),
    ]


def _rows(table: sqlalchemy.Table, columns: Columns, at: int) -> Insert:
    """Rows that are there from the opening on."""
    first = next(iter(columns.values()))
    count = len(first.codes) if isinstance(first, Coded) else len(first)
    instants = np.full(count, at)
    return Insert(table, {**columns, "updated_at": instants}, instants, np.zeros(count, dtype=np.int64))


def _rates(rates: list[Decimal]) -> IntArray:
    """Shares as whole ten-thousandths."""
    return np.array([int(rate * 10_000) for rate in rates], dtype=np.int64)


def _before(dice: Dice, purpose: str, ids: IntArray, opened_at: int) -> IntArray:
    """Instants in the year before the opening."""
    return opened_at - 1 - dice.integers(purpose, ids, 365 * DAY)
