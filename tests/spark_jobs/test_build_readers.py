"""Fifty builds under readers: who asks for a release always reads that one, who reads the catalog always reads one release."""

import multiprocessing
import os
import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.sql import SqlCatalog

import iceberg.releases
from iceberg.catalog import catalog_properties
from iceberg.releases import RELEASES_KEPT
from shoplake.ask import LakeAtRelease, open_lake
from shoplake.core.settings import Settings
from spark_jobs.maintain import maintain
from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import Bronze
from tests.spark_jobs.stock import GOLD, PIECES, heads_of, one_read, opened, pieces_in, versions_by_release

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(3600)]

BUILDS = int(os.environ.get("SHOPLAKE_TEST_BUILDS", "50"))
MAINTAINED_AFTER = (BUILDS // 3, 2 * BUILDS // 3)
# Releases that are published under the reader: those of builds, and those of compactions.
UNDER_IT = BUILDS + len(MAINTAINED_AFTER)

# Readers that read all the time would keep the builds waiting.
PAUSE_SECONDS = 4.0

Hashes = list[tuple[Any, ...]]


def asked_of_duckdb(lake: LakeAtRelease) -> Hashes:
    return [(name, *lake.sql(f"select count(*), sum(hash(r)) from {name} r").fetchall()[0]) for name in sorted(PIECES)]


def asked_of_spark(lake: LakeAtRelease) -> Hashes:
    session = lake.spark()
    each = [f"select '{name}', count(*), sum(cast(xxhash64(*) as decimal(20,0))) from {name.replace('.', '_', 1)}" for name in PIECES]
    return sorted(tuple(row) for row in session.sql(" union all ".join(each)).collect())


def ask_again_and_again(settings: Settings, release_id: int, stop: Path) -> list[tuple[int, Hashes, Hashes, Hashes]]:
    """What one that stays open, one that is opened anew, and Spark read of a release each time, with the newest release then."""
    seen = []
    stays_open = open_lake(release_id, settings)
    try:
        while not stop.exists():
            newest = open_lake(None, settings).release
            seen.append((newest, asked_of_duckdb(stays_open), asked_of_duckdb(open_lake(release_id, settings)), asked_of_spark(stays_open)))
            time.sleep(PAUSE_SECONDS)
    finally:
        stays_open.spark().stop()
    return seen


def read_the_catalog_again_and_again(settings: Settings, stop: Path) -> list[tuple[dict[str, int | None], set[int]]]:
    """The head of every table in one read of the catalog, and the pieces that the tables of that read tell of, each time."""
    seen = []
    with closing(load_catalog("lake", **catalog_properties(settings, reader=True))) as catalog:
        assert isinstance(catalog, SqlCatalog)
        while not stop.exists():
            tables = one_read(catalog)
            seen.append((heads_of(tables), pieces_in(tables)))
            time.sleep(PAUSE_SECONDS / 10)
    return seen


def raise_what_failed(*readers: "Future[Any]") -> None:
    for reader in readers:
        if reader.done():
            reader.result()


def test_readers_see_one_release_while_fifty_builds_are_published_and_maintenance_clears_up(
    spark_services: Settings, fresh: Settings, bronze: Bronze, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RELEASES_KEPT > 1 + UNDER_IT, "a release outlives fifty others"
    # So few that releases before the one that is read expire, and that one is the last to be promised in the end.
    monkeypatch.setattr(iceberg.releases, "RELEASES_KEPT", 1 + UNDER_IT)
    stock = opened(fresh, bronze)
    for _ in range(2):
        pinned = build(fresh, tables=GOLD).release
        stock.step()
    assert pinned is not None
    stop = tmp_path / "stop"
    compactions = []
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        asked = pool.submit(ask_again_and_again, fresh, pinned.release_id, stop)
        plain = pool.submit(read_the_catalog_again_and_again, fresh, stop)
        try:
            for number in range(1, BUILDS + 1):
                assert build(fresh, tables=GOLD).release is not None
                raise_what_failed(asked, plain)
                if number in MAINTAINED_AFTER:
                    compactions.append(maintain(fresh, orphans_before=datetime.now(UTC) + timedelta(seconds=1)).release)
                stock.step()
        finally:
            stop.touch()
        answers, reads = asked.result(), plain.result()

    versions = versions_by_release(fresh)
    assert max(versions) == pinned.release_id + BUILDS + sum(release is not None for release in compactions)
    assert len({newest for newest, *_ in answers}) >= BUILDS / 3, "it was read under many releases"
    for number, way in enumerate(("open all the while", "opened anew", "Spark"), start=1):
        assert {tuple(map(tuple, answer[number])) for answer in answers} == {tuple(map(tuple, answers[0][number]))}, way

    releases_of = [{release for release, version in versions.items() if version == heads} for heads, _ in reads]
    assert all(releases_of), "all heads of a read are those of one release"
    assert len(set.union(*releases_of)) >= BUILDS / 2, "many releases were seen"
    assert [min(found) for found in releases_of] == sorted(min(found) for found in releases_of), "nobody goes back"
    assert all(len(pieces) == 1 for _, pieces in reads)
