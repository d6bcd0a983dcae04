"""Incremental equals full for every table, whatever happens to the source: random sequences of changes in one lake, a few or a hundred."""

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest

import spark_jobs.run
from gen_data.generate import backfill
from gen_data.schema import SHOP_TABLES
from iceberg.capture.ingest import ingest
from iceberg.catalog import open_catalog
from iceberg.cuts import latest_cut
from iceberg.runs import catalog_database
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.run import build
from spark_jobs.tables import discover
from tests.spark_jobs.bronze_rows import Bronze
from tests.spark_jobs.lake_rows import Rows, rows_of
from tests.spark_jobs.source_changes import Source

pytestmark = pytest.mark.integration

A_FEW = 3
A_HUNDRED = 100
MANY = int(os.environ.get("SHOPLAKE_TEST_SEQUENCES", str(A_HUNDRED)))
COMPARED_EVERY = 10
ALL = ("*",)


@pytest.fixture
def shop_lake(spark_services: Settings) -> Iterator[Settings]:
    """A lake with every table, of a small shop in which everything happens."""
    with fresh_databases(spark_services) as settings:
        backfill(settings, 6, "flash_sale+fraud_attack+dirty_data+promotion_blast", 40)
        ingest(settings)
        yield settings.changed(tables=ALL)


@pytest.mark.timeout(10_800)
@pytest.mark.parametrize("sequences", [A_FEW, pytest.param(MANY, marks=pytest.mark.long)])
def test_sequences_of_any_changes_give_the_rows_of_a_build_from_scratch(
    shop_lake: Settings, sequences: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Checks would refuse most of what happens here, and rightly: it is the refresh that must not mind.
    monkeypatch.setattr(spark_jobs.run, "audit", lambda *_: ([], 0))
    chance = random.Random(5)  # noqa: S311
    build(shop_lake)
    with catalog_database(shop_lake.catalog_dsn) as connection:
        cut = latest_cut(connection)
    assert cut is not None
    catalog, tables = open_catalog(shop_lake), discover()
    source = Source.of(Bronze(catalog, shop_lake.catalog_dsn, cut), catalog, chance)
    built: Counter[str] = Counter()
    told: list[str] = []
    for number in range(1, sequences + 1):
        for _ in range(chance.randint(1, 3)):
            touched = chance.sample(SHOP_TABLES, chance.randint(1, 3))
            told += [source.change(chance.choice(touched)) for _ in range(chance.randint(1, 8))]
            # A transaction may come before the next cut, and a build may find nothing new.
            source.bronze.commit(cut=chance.random() < 0.8)
            if chance.random() < 0.8:
                run = build(shop_lake).run
                built.update(name for name, table in run.tables.items() if table.status == "built")
        if number % COMPARED_EVERY == 0 or number == sequences:
            source.bronze.commit()
            build(shop_lake)
            before = {name: rows_of(shop_lake, name) for name in tables.by_name}
            build(shop_lake, full=True)
            different = {name: _difference(rows, rows_of(shop_lake, name)) for name, rows in before.items()}
            assert {name: rows for name, rows in different.items() if rows} == {}, "\n".join(told)
            told = []
    if sequences >= A_HUNDRED:
        # The calendar changes when a day comes or goes, which is seldom.
        assert {*tables.by_name} - {*built} <= {"silver.dim_date"}, "every table was built by some sequence"


def _difference(before: Rows, after: Rows) -> list[str]:
    """The first rows that only one side has."""
    incremental, full = Counter(map(repr, before)), Counter(map(repr, after))
    sides = {"incremental": incremental - full, "full": full - incremental}
    return [f"{side}: {row}" for side, rows in sides.items() for row in sorted(rows)[:3]]
