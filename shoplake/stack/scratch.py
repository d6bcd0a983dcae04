"""Shops to try something in and throw away: databases of their own in the stack's PostgreSQL, beside the shop's."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psycopg

from shoplake.core.errors import BusyError, ServiceError
from shoplake.core.lock import only_one
from shoplake.core.settings import POSTGRES_ADMIN, SHOP_CAPTURE, SHOP_OWNER, Settings
from shoplake.stack.local.databases import copy_shop, create_shop, database_names, drop_databases

_PREFIX = "scratch_"


class ScratchShops:
    """Makes the shops of one run. Their databases bear its name, so that they are nobody else's."""

    def __init__(self, stack: Settings, run: str) -> None:
        self._stack = stack
        self._run = run
        self._databases: list[str] = []

    def empty(self) -> Settings:
        """Settings of a new database without a shop in it."""
        database = self._next()
        create_shop(self._stack, database)
        return self._settings(database)

    def copy_of(self, shop: Settings) -> Settings:
        """Settings of a shop that is what one of these is now, to which nobody may be connected meanwhile."""
        database = self._next()
        copy_shop(self._stack, urlsplit(shop.shop_dsn).path.lstrip("/"), database)
        return self._settings(database)

    def drop(self) -> None:
        """Drop them all."""
        drop_databases(self._stack, *self._databases)

    def _next(self) -> str:
        self._databases.append(f"{_PREFIX}{self._run}_{len(self._databases)}")
        return self._databases[-1]

    def _settings(self, database: str) -> Settings:
        owner = self._stack.postgres_url(SHOP_OWNER, database)
        return self._stack.changed(shop_url=owner, source_url=self._stack.postgres_url(SHOP_CAPTURE, database), source_owner_url=owner)


@contextmanager
def scratch_shops(stack: Settings) -> Iterator[ScratchShops]:
    """Make shops in a running stack while the body runs; they are dropped at its end, however it ends.

    What a killed run has left behind is dropped first. Raises SettingsError
    when the stack was never started, ServiceError when its PostgreSQL does not
    answer.
    """
    admin, run = stack.postgres_url(POSTGRES_ADMIN, "postgres"), uuid.uuid4().hex[:12]
    try:
        psycopg.connect(admin).close()
    except psycopg.OperationalError as problem:
        raise ServiceError("scratch shops: the stack's PostgreSQL does not answer. Start it with `shoplake up postgres`.") from problem
    # Whoever holds the lock of a run is alive.
    with only_one(admin, _work(run)):
        _drop_abandoned(stack, admin)
        shops = ScratchShops(stack, run)
        try:
            yield shops
        finally:
            # When PostgreSQL itself is gone, the next run drops them.
            with suppress(psycopg.OperationalError):
                shops.drop()


def _drop_abandoned(stack: Settings, admin: str) -> None:
    for database in database_names(stack, _PREFIX):
        with suppress(BusyError), only_one(admin, _work(database.split("_")[1]), wait=False):
            drop_databases(stack, database)


def _work(run: str) -> str:
    return f"scratch {run}"
