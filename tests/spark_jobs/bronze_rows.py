"""Bronze tables for tests of the refinery, written as the capture writes them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import BooleanType, DateType, DecimalType, IcebergType, IntegerType, LongType, StringType, TimestamptzType
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric
from sqlalchemy.types import TypeEngine

from gen_data.schema import SHOP_TABLES
from iceberg.bronze import BronzeColumn, append, ensure_table, row_schema
from iceberg.cuts import record_cut

START = datetime(2026, 1, 5, tzinfo=UTC)


def _bronze_type(kind: TypeEngine[Any]) -> IcebergType:
    """What the capture makes of a column of the shop."""
    match kind:
        case BigInteger():
            return LongType()
        case Integer():
            return IntegerType()
        case Numeric():
            return DecimalType(kind.precision or 38, kind.scale or 0)
        case DateTime():
            return TimestamptzType()
        case Date():
            return DateType()
        case Boolean():
            return BooleanType()
        case _:
            return StringType()


SHOP = {
    table.name: (tuple(column.name for column in table.primary_key), {column.name: _bronze_type(column.type) for column in table.columns})
    for table in SHOP_TABLES
}

Row = Mapping[str, Any]


@dataclass
class Bronze:
    """Writes changes of the shop's tables into bronze, transaction by transaction, and records cuts."""

    catalog: SqlCatalog
    dsn: str
    lsn: int = 1000
    pending: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def create(self) -> Bronze:
        """Make all bronze tables."""
        for name, (key, columns) in SHOP.items():
            ensure_table(self.catalog, ("public", name), [BronzeColumn(c, t) for c, t in columns.items()], key, f"changes of {name}")
        return self

    def change(self, operation: str, table: str, rows: Iterable[Row], unchanged: Sequence[str] | None = None) -> None:
        """Add changes to the open transaction."""
        pending = self.pending.setdefault(table, [])
        sequence = sum(len(changes) for changes in self.pending.values())
        for row in rows:
            pending.append({**row, "_operation": operation, "_sequence": sequence, "_unchanged_columns": unchanged})
            sequence += 1

    def commit(self, cut: bool = True) -> int:
        """Commit the open transaction; with ``cut`` a build may read up to it. Gives its end position."""
        self.lsn += 100
        for name, changes in self.pending.items():
            table = self.catalog.load_table(f"bronze.{name}")
            log = {"_transaction_id": self.lsn, "_commit_lsn": self.lsn - 8, "_end_lsn": self.lsn, "_committed_at": START}
            rows = pa.Table.from_pylist([{**change, **log} for change in changes], schema=row_schema(table))
            append(self.catalog, table, [rows], self.lsn)
        self.pending = {}
        if cut:
            with psycopg.connect(self.dsn) as connection:
                record_cut(connection, self.lsn)
        return self.lsn


def channel(code: str) -> Row:
    return {"channel_code": code, "name": code.title(), "commission_rate": Decimal("0.05"), "opened_at": START, "updated_at": START}


def customer(number: int, tier: str = "bronze") -> Row:
    return {
        "customer_id": number, "full_name": f"Customer {number}", "email": f"c{number}@example.com", "tier": tier,
        "signup_channel_code": "shopee", "registered_at": START, "updated_at": START,
    }  # fmt: skip


def product(number: int) -> Row:
    price = Decimal(number * 10)
    return {
        "product_id": number, "category_id": 1, "sku": f"P{number}", "name": f"Product {number}", "list_price": price,
        "unit_cost": price / 2, "status": "active", "created_at": START, "updated_at": START,
    }  # fmt: skip


def version(customer_id: int, number: int, operation: str, tier: str = "bronze", at: datetime = START) -> Row:
    """A version of a customer in the shop's audit."""
    known = {name: value for name, value in customer(customer_id, tier).items() if name not in ("registered_at", "updated_at")}
    return {**known, "version": number, "operation": operation, "changed_at": at}


def address(number: int, customer_id: int, at: datetime = START, province: str = "Huế") -> Row:
    """An address that was entered as the customer's default."""
    return {
        "address_id": number, "customer_id": customer_id, "recipient": f"Customer {customer_id}", "street": "1 Street", "district": "1",
        "province": province, "is_default": True, "created_at": at, "updated_at": at,
    }  # fmt: skip


def price(product_id: int, amount: int, at: datetime = START) -> Row:
    """A list price from an instant on."""
    return {"product_id": product_id, "valid_from": at, "list_price": Decimal(amount), "updated_at": at}


def order(number: int, at: datetime = START, channel_code: str = "shopee", status: str = "paid", amount: int = 100) -> Row:
    total = Decimal(amount)
    return {
        "order_id": number, "customer_id": 1, "address_id": 1, "channel_code": channel_code, "status": status, "ordered_at": at,
        "currency": "VND", "items_amount": total, "discount_amount": Decimal(0), "shipping_amount": Decimal(0),
        "tax_amount": Decimal(0), "total_amount": total, "updated_at": at,
    }  # fmt: skip


def line(order_id: int, amount: int = 100, number: int = 1) -> Row:
    value = Decimal(amount)
    return {
        "order_id": order_id, "line_number": number, "product_id": 1, "quantity": 1, "list_price": value, "discount_amount": Decimal(0),
        "line_amount": value, "unit_cost": value / 2, "warehouse_code": "HAN",
    }  # fmt: skip


def payment(number: int, order_id: int, status: str = "succeeded", amount: int = 100) -> Row:
    return {
        "payment_id": number, "order_id": order_id, "attempt": 1, "method": "card", "status": status, "amount": Decimal(amount), "paid_at": START,
    }  # fmt: skip


def open_shop(bronze: Bronze) -> None:
    """The rows that orders refer to, as a first load."""
    bronze.change("snapshot", "channels", [channel(code) for code in ("shopee", "lazada", "tiki", "website")])
    bronze.change("snapshot", "categories", [{"category_id": 1, "name": "All", "updated_at": START}])
    bronze.change("snapshot", "products", [product(number) for number in range(1, 6)])
    bronze.change(
        "snapshot", "warehouses", [{"warehouse_code": "HAN", "name": "North", "region": "north", "province": "Hà Nội", "updated_at": START}]
    )
    bronze.change("snapshot", "product_prices", [price(number, 100) for number in range(1, 6)])
    bronze.change("snapshot", "customers", [customer(number) for number in range(1, 6)])
    bronze.change("snapshot", "customer_history", [version(number, 1, "insert") for number in range(1, 6)])
    bronze.change("snapshot", "customer_addresses", [address(number, number) for number in range(1, 6)])


def trade(bronze: Bronze, first: int, count: int, days: int = 1, operation: str = "insert") -> None:
    """Paid orders ``first`` and up, spread over days and channels, each with two lines, a payment and two steps."""
    chance = random.Random(first)  # noqa: S311
    orders, lines, payments, steps = [], [], [], []
    for number in range(first, first + count):
        at = START + timedelta(seconds=days * 86400 * (number - first) / count)
        amount = chance.randrange(10, 100) * 2
        orders.append(order(number, at, chance.choice(["shopee", "lazada", "tiki", "website"]), amount=amount))
        lines += [line(number, amount // 2, 1), line(number, amount // 2, 2)]
        payments.append(payment(number, number, amount=amount))
        steps += [{"order_id": number, "sequence": s, "status": status, "changed_at": at} for s, status in ((1, "pending"), (2, "paid"))]
    for name, rows in (("orders", orders), ("order_items", lines), ("payments", payments), ("order_status_history", steps)):
        bronze.change(operation, name, rows)


def place(bronze: Bronze, number: int, **values: Any) -> None:
    """Add to the open transaction a paid order of 100 with one line."""
    bronze.change("insert", "orders", [order(number, **values)])
    bronze.change("insert", "order_items", [line(number)])
    bronze.change("insert", "payments", [payment(number, number)])
