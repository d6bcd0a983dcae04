from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from iceberg.catalog import open_catalog
from iceberg.maintenance.files import Layout, layout_of, referenced
from iceberg.maintenance.orphans import Orphans
from iceberg.maintenance.store import Store, without_scheme
from iceberg.releases import publish_run, rollback
from shoplake.core.errors import TableError
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
    finder = Orphans(catalog, fresh.catalog_dsn, store)
    _, from_publishing = finder.of(LEFT, datetime.now(UTC) + timedelta(seconds=1))
    left = {stray(catalog), stray(catalog, "metadata/stray.avro")}
    files, orphans = finder.of(LEFT, datetime.now(UTC) + timedelta(seconds=1))
    assert {file.location for file in orphans} == left | {file.location for file in from_publishing}
    assert {file.location for file in files} >= left
    _, young = finder.of(LEFT, datetime.now(UTC) - timedelta(hours=24))
    assert young == [], "a writer may still be at it"


@pytest.mark.long
def test_every_release_can_be_read_and_rolled_back_to_when_all_orphans_are_gone(fresh: Settings, store: Store) -> None:
    for _ in range(4):
        publish_run(fresh, build_run(fresh))
    build_run(fresh)  # never published: its branch names snapshots
    catalog = open_catalog(fresh)
    for name in NAMES:
        _, orphans = Orphans(catalog, fresh.catalog_dsn, store).of(name, datetime.now(UTC) + timedelta(seconds=1))
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
    files, _ = Orphans(catalog, fresh.catalog_dsn, store).of(LEFT, datetime.now(UTC) + timedelta(seconds=1))
    assert without_scheme(table.metadata_location) not in {file.location for file in files}


def remove_all_orphans(settings: Settings, store: Store, *names: str) -> None:
    finder = Orphans(open_catalog(settings), settings.catalog_dsn, store)
    for name in names:
        store.remove(finder.of(name, datetime.now(UTC) + timedelta(seconds=1))[1])


def rows(settings: Settings, name: str) -> list[int]:
    return sorted(open_catalog(settings).load_table(name).scan().to_arrow()["number"].to_pylist())


@pytest.mark.parametrize("cared_for", [(LEFT,), ("gold.kept",), (LEFT, "gold.kept")])
def test_a_table_made_anew_and_the_one_that_had_its_name_before_keep_their_files(
    fresh: Settings, store: Store, cared_for: tuple[str, ...]
) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    held = catalog.load_table(LEFT).scan().to_arrow()
    catalog.rename_table(LEFT, "gold.kept")
    catalog.create_table(LEFT, catalog.load_table("gold.kept").schema()).append(pa.concat_tables([held, held]))
    assert catalog.load_table(LEFT).location() == catalog.load_table("gold.kept").location()
    left = stray(catalog)
    remove_all_orphans(fresh, store, *cared_for)
    assert (rows(fresh, LEFT), rows(fresh, "gold.kept")) == ([1, 1], [1])
    assert left not in {file.location for file in store.files(catalog.load_table(LEFT).location())}, "nobody's file is none's"


@pytest.mark.parametrize("cared_for", [(LEFT,), ("my.inner",)])
def test_a_table_in_a_folder_of_anothers_keeps_its_files(fresh: Settings, store: Store, cared_for: tuple[str, ...]) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    outer = catalog.load_table(LEFT)
    catalog.create_namespace("my")
    # Iceberg's clients write both of the scheme's names for one store.
    location = f"{outer.location()}/data/".replace("s3://", "s3a://")
    inner = catalog.create_table("my.inner", outer.schema(), location=location)
    inner.append(outer.scan().to_arrow())
    remove_all_orphans(fresh, store, *cared_for)
    assert (rows(fresh, LEFT), rows(fresh, "my.inner")) == ([1], [1])


def test_what_a_dropped_table_left_goes_with_the_folder_s_next_table_and_stays_without_one(fresh: Settings, store: Store) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    dropped = catalog.load_table(LEFT)
    catalog.drop_table(LEFT)
    remove_all_orphans(fresh, store, NAMES[1])
    assert {without_scheme(location) for location in referenced(dropped)} <= {file.location for file in store.files(dropped.location())}
    catalog.create_table(LEFT, dropped.schema())
    remove_all_orphans(fresh, store, LEFT)
    assert len(list(store.files(dropped.location()))) == 1, "the new table's metadata alone"


def test_a_table_that_nobody_can_ask_what_it_needs_stops_the_removal(fresh: Settings, store: Store) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    broken = catalog.create_table("gold.broken", catalog.load_table(LEFT).schema())
    broken.io.delete(broken.metadata_location)
    with pytest.raises(TableError, match=r"metadata of gold\.broken is gone from the store .* no orphans are removed"):
        remove_all_orphans(fresh, store, LEFT)


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
