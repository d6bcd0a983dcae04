"""The one way to write to PostgreSQL: new rows by binary COPY, changes by one statement for all rows that change alike.

Every key, check and trigger stays on.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pgpq
import psycopg
import pyarrow as pa
import sqlalchemy
from psycopg import sql

from gen_data import schema
from gen_data.behaviour.loyalty import review_tiers
from gen_data.clock import to_datetime
from gen_data.rows import Columns
from gen_data.simulate import Changes
from gen_data.state import Counters, State
from gen_data.texts import Texts

_BYTES_PER_MESSAGE = 1 << 20


def insert(connection: psycopg.Connection, table: sqlalchemy.Table, columns: Columns) -> int:
    """Add rows to a table; returns how many. Columns that are left out stay null."""
    given = [column for column in table.columns if column.name in columns]
    batch = pa.record_batch([_arrow(column.type, columns[column.name]) for column in given], names=[column.name for column in given])
    if not batch.num_rows:
        return 0
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    data = memoryview(encoder.write_header() + encoder.write_batch(batch) + encoder.finish())
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(table.schema or "public", table.name), sql.SQL(", ").join(sql.Identifier(column.name) for column in given)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(data), _BYTES_PER_MESSAGE):
            copy.write(data[start : start + _BYTES_PER_MESSAGE])
    return batch.num_rows


def write(connection: psycopg.Connection, changes: Changes, state: State) -> dict[str, int]:
    """Write one stretch, which the state has just made, and the clock with it, within the caller's transaction; returns the rows added per table."""
    if changes.tiers_reviewed_at is not None:
        review_tiers(connection, to_datetime(changes.tiers_reviewed_at), state.currency)
    added = {"customers": insert(connection, schema.CUSTOMERS, changes.customers)}
    _change_contacts(connection, changes.contact_changes)
    _supersede_addresses(connection, changes.superseded_addresses)
    added["customer_addresses"] = insert(connection, schema.CUSTOMER_ADDRESSES, changes.addresses)
    added["product_prices"] = _change_prices(connection, changes.price_changes)
    for table, columns in (
        (schema.ORDERS, changes.orders),
        (schema.ORDER_ITEMS, changes.order_items),
        (schema.PAYMENTS, changes.payments),
    ):
        added[table.name] = insert(connection, table, columns)
    _change_statuses(connection, changes.status_changes)
    added["order_status_history"] = insert(connection, schema.ORDER_STATUS_HISTORY, changes.order_status_history)
    _erase_customers(connection, changes.erasures)
    _write_counters(connection, state.counters)
    return added


def _arrow(kind: sqlalchemy.types.TypeEngine[Any], values: npt.NDArray[Any] | Texts) -> Texts:
    """A column as PostgreSQL's binary COPY of this type needs it."""
    if isinstance(values, pa.Array):
        return values
    column: Texts
    make: Any = pa.array
    if isinstance(kind, sqlalchemy.Numeric):
        column = _decimals(values, kind)
    elif isinstance(kind, sqlalchemy.DateTime):
        column = make(values, pa.timestamp("us", "UTC"))
    elif isinstance(kind, sqlalchemy.SmallInteger):
        column = make(values.astype(np.int16))
    elif isinstance(kind, sqlalchemy.BigInteger | sqlalchemy.Boolean):
        column = make(values)
    else:
        column = make(values.astype(np.int32))
    return column


def _decimals(scaled: npt.NDArray[np.int64], kind: sqlalchemy.Numeric[Any]) -> Texts:
    """Exact decimals from integers in units of the last digit: Arrow's 128 bits are the number and its sign."""
    words = np.empty((len(scaled), 2), dtype=np.int64)
    words[:, 0] = scaled
    words[:, 1] = scaled >> 63
    decimals: Texts = pa.Array.from_buffers(
        pa.decimal128(kind.precision or 38, kind.scale or 0), len(scaled), [None, pa.py_buffer(words.tobytes())]
    )
    return decimals


def _change_statuses(connection: psycopg.Connection, changes: Columns) -> None:
    for rows in _rounds(changes["round"]):
        connection.execute(
            """
            update orders set status = change.status, updated_at = timestamptz 'epoch' + change.at * interval '1 microsecond'
            from unnest(%s::bigint[], %s::text[], %s::bigint[]) as change (order_id, status, at)
            where orders.order_id = change.order_id
            """,
            [changes[name].take(rows).tolist() for name in ("order_id", "status", "at")],
        )


def _change_contacts(connection: psycopg.Connection, changes: Columns) -> None:
    for rows in _rounds(_occurrence(changes["customer_id"])):
        connection.execute(
            """
            update customers set phone = change.phone, updated_at = timestamptz 'epoch' + change.at * interval '1 microsecond'
            from unnest(%s::bigint[], %s::text[], %s::bigint[]) as change (customer_id, phone, at)
            where customers.customer_id = change.customer_id
            """,
            [changes[name].take(rows).tolist() for name in ("customer_id", "phone", "at")],
        )


def _supersede_addresses(connection: psycopg.Connection, changes: Columns) -> None:
    if len(changes["at"]):
        connection.execute(
            """
            update customer_addresses
            set is_default = false, updated_at = timestamptz 'epoch' + change.at * interval '1 microsecond'
            from unnest(%s::bigint[], %s::bigint[]) as change (address_id, at)
            where customer_addresses.address_id = change.address_id
            """,
            [changes[name].tolist() for name in ("address_id", "at")],
        )


def _change_prices(connection: psycopg.Connection, changes: Columns) -> int:
    for rows in _rounds(_occurrence(changes["product_id"])):
        connection.execute(
            """
            update products
            set list_price = change.hundredths / 100.0, updated_at = timestamptz 'epoch' + change.at * interval '1 microsecond'
            from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) as change (product_id, hundredths, at)
            where products.product_id = change.product_id
            """,
            [changes[name].take(rows).tolist() for name in ("product_id", "list_price", "at")],
        )
    prices = {"valid_from": changes["at"], "updated_at": changes["at"]}
    return insert(connection, schema.PRODUCT_PRICES, {**prices, "product_id": changes["product_id"], "list_price": changes["list_price"]})


def _erase_customers(connection: psycopg.Connection, erasures: Columns) -> None:
    for customer_id, at in zip(erasures["customer_id"].tolist(), erasures["at"].tolist(), strict=True):
        # The history takes the time of a deletion from here.
        connection.execute("select set_config('shop.now', %s, true)", (to_datetime(at).isoformat(),))
        connection.execute("delete from customer_addresses where customer_id = %s", (customer_id,))
        connection.execute("delete from customers where customer_id = %s", (customer_id,))


def _write_counters(connection: psycopg.Connection, counters: Counters) -> None:
    connection.execute(
        """
        update shop_control.clock
        set next_tick = %(next_tick)s, next_customer_id = %(next_customer_id)s, next_address_id = %(next_address_id)s,
            next_order_id = %(next_order_id)s, next_payment_id = %(next_payment_id)s, day_customer_count = %(day_customer_count)s
        """,
        vars(counters),
    )


def _occurrence(ids: npt.NDArray[Any] | Texts) -> npt.NDArray[np.int64]:
    """How often each id has come before its own position."""
    seen: dict[object, int] = {}
    occurrence = []
    for entity in ids.tolist():
        occurrence.append(seen.get(entity, 0))
        seen[entity] = occurrence[-1] + 1
    return np.array(occurrence, dtype=np.int64)


def _rounds(round_numbers: npt.NDArray[Any] | Texts) -> Iterator[npt.NDArray[np.int64]]:
    """Positions of each round in turn, so that no statement changes a row twice and every step meets the rules."""
    numbers = np.asarray(round_numbers)
    for number in range(int(numbers.max(initial=-1)) + 1):
        yield np.flatnonzero(numbers == number)
