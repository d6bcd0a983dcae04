"""A lake with a release in it, built once and copied for each test that wants one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from shoplake.core.settings import LAKE_WRITER, POSTGRES_ADMIN, Settings
from shoplake.stack.private import fresh_databases

if TYPE_CHECKING:
    from tests.spark_jobs.bronze_rows import Bronze


@dataclass(frozen=True)
class Traded:
    """A lake at release 1: two orders of day one and two, and one in another channel; each of 100, paid, of one line."""

    settings: Settings
    bronze: "Bronze"


@pytest.fixture
def bronze(spark_services: Settings, fresh: Settings) -> "Bronze":
    """Empty bronze tables of the shop in a fresh lake."""
    from iceberg.catalog import prepare_lake
    from tests.spark_jobs.bronze_rows import Bronze

    return Bronze(prepare_lake(fresh), fresh.catalog_dsn).create()


@pytest.fixture(scope="session")
def template(spark_services: Settings) -> Iterator[tuple[Settings, int]]:
    """A lake that is built once and copied for each test, with its end position."""
    from iceberg.catalog import prepare_lake
    from spark_jobs.run import build
    from tests.spark_jobs.bronze_rows import START, Bronze, open_shop, place

    with fresh_databases(spark_services) as settings:
        catalog = prepare_lake(settings)
        bronze = Bronze(catalog, settings.catalog_dsn).create()
        open_shop(bronze)
        place(bronze, 1)
        place(bronze, 2, at=START + timedelta(days=1))
        place(bronze, 3, at=START + timedelta(days=1), channel_code="tiki")
        end = bronze.commit()
        assert build(settings).release is not None
        catalog.engine.dispose()
        yield settings, end


@pytest.fixture
def traded(traded_again: Callable[[], Traded]) -> Traded:
    """The lake of ``template``, to be changed freely."""
    return traded_again()


@pytest.fixture
def traded_again(template: tuple[Settings, int], fresh: Settings) -> Callable[[], Traded]:
    """Gives the lake of ``template`` anew at each call."""
    return lambda: copied(template, fresh)


def copied(template: tuple[Settings, int], fresh: Settings) -> Traded:
    """A copy of the catalog alone: files are never written twice."""
    from iceberg.catalog import open_catalog
    from tests.spark_jobs.bronze_rows import Bronze

    original, end = template
    name, source = (sql.Identifier(urlsplit(settings.catalog_dsn).path[1:]) for settings in (fresh, original))
    with psycopg.connect(fresh.postgres_url(POSTGRES_ADMIN, "postgres"), autocommit=True) as admin:
        # A database with sessions cannot be copied, and Spark's pools let go of theirs late.
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (source.as_string()[1:-1],))
        admin.execute(sql.SQL("drop database {} with (force)").format(name))
        admin.execute(sql.SQL("create database {} template {} owner {}").format(name, source, sql.Identifier(LAKE_WRITER)))
    return Traded(fresh, Bronze(open_catalog(fresh), fresh.catalog_dsn, end))
