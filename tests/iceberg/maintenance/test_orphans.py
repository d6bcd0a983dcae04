from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from pyiceberg.catalog import Catalog

from iceberg.catalog import open_catalog
from iceberg.maintenance.files import Layout, layout_of, referenced
from iceberg.maintenance.orphans import orphans_of
from iceberg.maintenance.store import Store, without_scheme
from iceberg.releases import publish_run, rollback
from shoplake.core.settings import Settings
from tests.iceberg.publisher import NAMES, build_run, numbers

pytestmark = pytest.mark.integration

LEFT = NAMES[0]


@pytest.fixture
def store(fresh: Settings) -> Iterator[Store]:
    with closing(Store(fresh)) as store:
        yield store


def stray(catalog: Catalog, where: str = "data/stray.parquet") -> str:
    """A file under a table's location that nobody refers to, such as a killed writer leaves."""
    table = catalog.load_table(LEFT)
    location = f"{table.location()}/{where}"
    with table.io.new_output(location).create() as file:
        file.write(b"nobody's")
    return without_scheme(location)


def test_what_no_metadata_refers_to_is_an_orphan_once_it_is_old_enough(fresh: Settings, store: Store) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    # What the publication left: the manifest list of a snapshot that nothing names any more.
    _, from_publishing = orphans_of(catalog, store, LEFT, datetime.now(UTC) + timedelta(seconds=1))
    left = {stray(catalog), stray(catalog, "metadata/stray.avro")}
    files, orphans = orphans_of(catalog, store, LEFT, datetime.now(UTC) + timedelta(seconds=1))
    assert {file.location for file in orphans} == left | {file.location for file in from_publishing}
    assert {file.location for file in files} >= left
    _, young = orphans_of(catalog, store, LEFT, datetime.now(UTC) - timedelta(hours=24))
    assert young == [], "a writer may still be at it"


@pytest.mark.long
def test_every_release_can_be_read_and_rolled_back_to_when_all_orphans_are_gone(fresh: Settings, store: Store) -> None:
    for _ in range(4):
        publish_run(fresh, build_run(fresh))
    build_run(fresh)  # never published: its branch names snapshots
    catalog = open_catalog(fresh)
    for name in NAMES:
        _, orphans = orphans_of(catalog, store, name, datetime.now(UTC) + timedelta(seconds=1))
        store.remove(orphans)
        store.remove(orphans)
        stored = {file.location for file in store.files(catalog.load_table(name).location())}
        assert {without_scheme(location) for location in referenced(catalog.load_table(name))} <= stored
    rollback(fresh, 2)
    assert numbers(fresh) == ([1, 2], [1, 2])
    rollback(fresh, 4)
    assert numbers(fresh) == ([1, 2, 3, 4], [1, 2, 3, 4])


def test_a_table_whose_name_begins_like_anothers_keeps_its_files(fresh: Settings, store: Store) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    table = catalog.create_table(f"{LEFT}_too", catalog.load_table(LEFT).schema())
    assert table.location() == f"{catalog.load_table(LEFT).location()}_too"
    files, _ = orphans_of(catalog, store, LEFT, datetime.now(UTC) + timedelta(seconds=1))
    assert without_scheme(table.metadata_location) not in {file.location for file in files}


def test_five_small_files_are_worth_compacting_and_four_are_not(fresh: Settings) -> None:
    seen = []
    for _ in range(5):
        publish_run(fresh, build_run(fresh))
        layout = layout_of(open_catalog(fresh).load_table(LEFT))
        seen.append((layout.data_file_count, layout.is_scattered))
    # An empty append made the table's first snapshot, and no file.
    assert seen == [(1, False), (2, False), (3, False), (4, False), (5, True)]
    assert layout_of(open_catalog(fresh).load_table(LEFT)).delete_file_count == 0
    empty = open_catalog(fresh).create_table("gold.empty", open_catalog(fresh).load_table(LEFT).schema())
    assert layout_of(empty) == Layout()
