"""Where the newest sale is: in the shop, in bronze, in the release that readers see, and how long each step took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import duckdb
import psycopg

from iceberg.catalog import open_catalog
from iceberg.cuts import latest_cut
from iceberg.failures import service_failures
from iceberg.reader import ReleaseReader
from iceberg.runs import catalog_database
from shoplake.core.errors import ReleaseError, ShopError
from shoplake.core.settings import Settings

GOLD = "gold.daily_sales"
_BRONZE = "bronze.orders"

Place = Literal["shop", "bronze", "release"]


@dataclass(frozen=True)
class Sighting:
    """The newest order that a place knows.

    Attributes:
        place: Where it was seen.
        order_id: Its number; None where the place knows no order.
        ordered_at: When it was placed, by the shop's clock.
        committed_at: When the shop's database committed it, by the wall clock; in the shop itself nobody knows that yet.
        there_at: Since when the place knows it, by the wall clock.
    """

    place: Place
    order_id: int | None = None
    ordered_at: datetime | None = None
    committed_at: datetime | None = None
    there_at: datetime | None = None

    @property
    def lag(self) -> timedelta | None:
        """How long it took from the commit to here."""
        return self.there_at - self.committed_at if self.there_at is not None and self.committed_at is not None else None


def look(settings: Settings) -> list[Sighting]:
    """The newest order in the shop, in bronze and in the current release, in this order.

    Raises ShopError where the shop has no orders' table, ReleaseError before
    the first release, ServiceError when a service does not answer.
    """
    with service_failures("watch", refused=ShopError), psycopg.connect(settings.source_dsn) as shop:
        newest = shop.execute("select order_id, ordered_at from orders order by ordered_at desc, order_id desc limit 1").fetchone()
    reader = ReleaseReader(open_catalog(settings, reader=True), settings.reader_catalog_dsn)
    with service_failures("watch", refused=ReleaseError), catalog_database(settings.reader_catalog_dsn) as books:
        return [
            Sighting("shop", *newest) if newest else Sighting("shop"),
            _in_bronze(reader, books),
            _in_release(reader, books),
        ]


def follow(settings: Settings, wait: Callable[[], None]) -> Iterator[Sighting]:
    """Each place's newest order, whenever it is another than before; ``wait`` is called between two looks, and ends it by raising."""
    seen: dict[Place, int | None] = {}
    while True:
        for sighting in look(settings):
            if seen.get(sighting.place) != sighting.order_id:
                seen[sighting.place] = sighting.order_id
                yield sighting
        wait()


def _in_bronze(reader: ReleaseReader, books: psycopg.Connection[Any]) -> Sighting:
    cut = latest_cut(books)
    order = _newest(reader, cut) if cut is not None else None
    if order is None:
        return Sighting("bronze")
    captured = _first(books, "select recorded_at from shoplake.cuts where end_lsn >= %s order by end_lsn limit 1", order["_end_lsn"])
    return Sighting("bronze", order["order_id"], order["ordered_at"], order["_committed_at"], captured)


def _in_release(reader: ReleaseReader, books: psycopg.Connection[Any]) -> Sighting:
    order = _newest(reader, reader.version(GOLD).cut_end_lsn)
    if order is None:
        return Sighting("release")
    published = _first(
        books,
        """
        select published_at from shoplake.releases join shoplake.release_tables version using (release_id)
        where version.table_name = %s and version.cut_end_lsn >= %s order by release_id limit 1
        """,
        GOLD,
        order["_end_lsn"],
    )
    return Sighting("release", order["order_id"], order["ordered_at"], order["_committed_at"], published)


def _newest(reader: ReleaseReader, cut_end_lsn: int) -> dict[str, Any] | None:
    """The first change of the newest order that bronze has up to a cut; None where it has no order."""
    with duckdb.connect() as engine:
        engine.execute("set timezone = 'UTC'")
        engine.register("changes", reader.changes(_BRONZE))
        known = "from changes where _end_lsn <= ? and ordered_at is not null"
        newest = engine.sql(f"select order_id {known} order by ordered_at desc, order_id desc limit 1", params=[cut_end_lsn]).fetchall()
        if not newest:
            return None
        columns = "order_id, ordered_at, _committed_at, _end_lsn"
        query = f"select {columns} {known} and order_id = ? order by _end_lsn, _sequence limit 1"
        first: dict[str, Any] = engine.sql(query, params=[cut_end_lsn, newest[0][0]]).to_arrow_table().to_pylist()[0]
    return first


def _first(books: psycopg.Connection[Any], query: str, *values: Any) -> Any:
    row = books.execute(query.encode(), values).fetchone()
    return row[0] if row else None
