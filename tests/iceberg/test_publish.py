import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyiceberg.catalog import load_catalog

from iceberg.catalog import catalog_properties, open_catalog
from iceberg.publish import Move, move_tables
from iceberg.releases import latest_release, publish_run
from iceberg.runs import catalog_database
from shoplake.core.errors import ReleaseError
from shoplake.core.settings import PROJECT_FOLDER, Settings
from tests.iceberg.publisher import NAMES, build_run, numbers

pytestmark = pytest.mark.integration


def publisher(settings: Settings, count: int, step: str = "never") -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.iceberg.publisher", str(count), step]
    return subprocess.Popen(command, env=os.environ | settings.environment(), cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True)


def current(settings: Settings) -> int:
    with catalog_database(settings.catalog_dsn) as connection:
        release, _ = latest_release(connection)
    return release.release_id if release else 0


@contextmanager
def reader(settings: Settings) -> Iterator[list[tuple[int, int]]]:
    """A plain client that loads one table, the other, and the first again, and keeps what it saw whenever the first had not moved."""
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def read() -> None:
        catalog = load_catalog("lake", **catalog_properties(settings, reader=False))
        while not stop.is_set():
            left, right, again = (catalog.load_table(name) for name in (*NAMES, NAMES[0]))
            heads = [table.metadata.current_snapshot_id for table in (left, right, again)]
            if heads[0] == heads[2] and None not in heads:
                counts = [int(table.current_snapshot().summary["total-records"]) for table in (left, right)]
                seen.append((counts[0], counts[1]))
        catalog.close()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("step", "is_published"),
    [
        ("one metadata file written", False),
        ("before the transaction", False),
        ("one table moved", False),
        ("before the commit", False),
        ("after the commit", True),
    ],
)
def test_a_kill_between_any_two_steps_leaves_the_old_release_or_the_new(fresh: Settings, step: str, is_published: bool) -> None:
    publish_run(fresh, build_run(fresh))
    victim = publisher(fresh, 1, step)
    victim.communicate(timeout=60)
    assert victim.returncode == -9
    left, right = numbers(fresh)
    assert left == right == ([1, 2] if is_published else [1])
    assert current(fresh) == len(left)
    publish_run(fresh, build_run(fresh))
    assert numbers(fresh) == (([1, 2, 3],) * 2 if is_published else ([1, 2],) * 2), "the next publication heals"


@pytest.mark.long
def test_a_plain_client_never_sees_two_releases_at_once_while_publishers_are_killed(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh))
    chance = random.Random(7)  # noqa: S311
    with reader(fresh) as seen:
        for _ in range(3):
            victim = publisher(fresh, 1000)
            assert victim.stdout is not None
            victim.stdout.readline()
            time.sleep(chance.uniform(0, 0.8))
            victim.kill()
            victim.communicate(timeout=60)
            left, right = numbers(fresh)
            assert left == right == list(range(1, current(fresh) + 1))
    assert len(seen) > 20
    assert len({pair[0] for pair in seen}) > 3, "releases were published under the reader"
    assert all(left == right for left, right in seen)


def test_a_main_that_moved_since_the_run_began_stops_all_tables(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh))
    run_id = build_run(fresh)
    catalog = open_catalog(fresh)
    table = catalog.load_table(NAMES[1])
    table.append(table.scan().to_arrow())
    with pytest.raises(ReleaseError, match=r"main of gold\.right was moved by somebody else"):
        publish_run(fresh, run_id)
    left, right = numbers(fresh)
    assert (left, right) == ([1], [1, 1]), "only what somebody else did"


def test_a_table_that_changes_while_it_is_published_stops_all_tables(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    heads = {name: catalog.load_table(name).metadata.current_snapshot_id or 0 for name in NAMES}
    catalog.load_table(NAMES[1]).append(catalog.load_table(NAMES[1]).scan().to_arrow())
    newer = catalog.load_table(NAMES[1]).metadata.current_snapshot_id
    moves = [Move(NAMES[0], heads[NAMES[0]], heads[NAMES[0]]), Move(NAMES[1], heads[NAMES[1]], newer)]
    original = catalog.load_table

    def load_and_be_overtaken(name: str):  # type: ignore[no-untyped-def]
        table = original(name)
        if name == NAMES[1]:
            with original(name).transaction() as change:
                change.set_properties({"somebody": "else"})
        return table

    monkeypatch.setattr(catalog, "load_table", load_and_be_overtaken)
    with pytest.raises(ReleaseError, match=r"gold\.right was changed by somebody else at this moment"):
        move_tables(catalog, fresh.catalog_dsn, moves, 2, [1], lambda transaction, locations: None)
    assert "release_2" not in open_catalog(fresh).load_table(NAMES[0]).metadata.refs


def test_metadata_files_that_nothing_refers_to_are_all_a_failed_publication_leaves(fresh: Settings, tmp_path: Path) -> None:
    publish_run(fresh, build_run(fresh))
    run_id = build_run(fresh)
    before = {name: open_catalog(fresh).load_table(name).metadata_location for name in NAMES}
    victim_moves = [Move(name, 404, None) for name in NAMES]
    with pytest.raises(ReleaseError, match="snapshot 404 of gold"):
        move_tables(open_catalog(fresh), fresh.catalog_dsn, victim_moves, 2, [1], lambda transaction, locations: None)
    assert before == {name: open_catalog(fresh).load_table(name).metadata_location for name in NAMES}
    assert publish_run(fresh, run_id) is not None
