"""A small lake of stock, where four tables must say the same, and what a plain client finds in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow.compute as pc
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.table import StaticTable, Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from iceberg.runs import catalog_database
from shoplake.core.settings import Settings
from tests.spark_jobs.bronze_rows import START, Bronze, open_shop

GOLD = ("gold.daily_stock_movements", "gold.stock_today")
PIECES = {
    "silver.inventory_log": "quantity",
    "silver.inventory": "on_hand",
    "gold.daily_stock_movements": "unit_change",
    "gold.stock_today": "on_hand",
}
"""The tables that change, and the column that adds up to the pieces in stock in each."""

_PRODUCTS = (1, 2, 3)


@dataclass
class Stock:
    """Each step brings a piece into the warehouse: a row of the log and one of the stock, which are never in step for one table alone."""

    settings: Settings
    bronze: Bronze
    pieces: dict[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The pieces at the source now."""
        return sum(self.pieces.values())

    def step(self) -> None:
        """One more piece, committed, and within the cut."""
        product = _PRODUCTS[self.total % len(_PRODUCTS)]
        is_new = product not in self.pieces
        count = self.pieces[product] = self.pieces.get(product, 0) + 1
        at = START + timedelta(days=self.total % 5)
        names = {"product_id": product, "warehouse_code": "HAN"}
        receipt = {"kind": "receipt", "quantity": 1, "lot": count, "unit_cost": Decimal(10), "lot_after": 1, "on_hand_after": count}
        self.bronze.change("insert", "inventory_log", [{**names, **receipt, "sequence": count, "happened_at": at}])
        stock = {"on_hand": count, "reserved": 0, "on_order": 0, "safety_stock": 0, "reorder_point": 0, "updated_at": at}
        self.bronze.change("insert" if is_new else "update", "inventory", [{**names, **stock}])
        self.bronze.commit()


def opened(settings: Settings, bronze: Bronze) -> Stock:
    """The shop with its first pieces; nothing is built yet."""
    open_shop(bronze)
    stock = Stock(settings, bronze)
    for _ in _PRODUCTS:
        stock.step()
    return stock


def one_read(catalog: SqlCatalog) -> dict[str, Table]:
    """Every table of silver and gold as one query to the catalog's database shows it."""
    with Session(catalog.engine) as session:
        rows = session.execute(select(IcebergTables.table_namespace, IcebergTables.table_name, IcebergTables.metadata_location)).all()
    return {
        f"{layer}.{name}": StaticTable.from_metadata(location, catalog.properties)
        for layer, name, location in rows
        if layer in ("silver", "gold")
    }


def heads_of(tables: Mapping[str, Table]) -> dict[str, int | None]:
    """What main of each table is."""
    return {name: table.metadata.current_snapshot_id for name, table in tables.items()}


def pieces_in(tables: Mapping[str, Table]) -> set[int]:
    """How many pieces each of the four tables tells of: one number where they agree."""
    sums = [pc.sum(tables[name].scan(selected_fields=(column,)).to_arrow()[column]).as_py() for name, column in PIECES.items()]
    return {int(found) for found in sums}


def versions_by_release(settings: Settings) -> dict[int, dict[str, int]]:
    """The snapshot of each table in each release, as the books have it."""
    with catalog_database(settings.catalog_dsn) as connection:
        rows = connection.execute("select release_id, table_name, snapshot_id from shoplake.release_tables").fetchall()
    versions: dict[int, dict[str, Any]] = {}
    for release_id, name, snapshot_id in rows:
        versions.setdefault(release_id, {})[name] = snapshot_id
    return versions
