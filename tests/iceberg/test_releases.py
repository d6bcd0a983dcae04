from contextlib import closing

import pytest

from iceberg.catalog import metadata_locations, open_catalog
from iceberg.maintenance.compaction import begin_compaction, finish_compaction
from iceberg.publish import forget_outlived
from iceberg.reader import ReleaseReader
from iceberg.releases import list_releases, named_references, publish_run, rollback, show_release
from iceberg.runs import catalog_database
from shoplake.core.errors import ReleaseError
from shoplake.core.settings import Settings
from tests.iceberg.publisher import NAMES, build_run, numbers

pytestmark = pytest.mark.integration

LATER = "gold.later"


def tables_of(settings: Settings, release_id: int) -> list[str]:
    return [table.table_name for table in show_release(settings, release_id).tables]


def test_each_release_is_tagged_and_branches_of_runs_are_gone(fresh: Settings) -> None:
    for _ in range(2):
        publish_run(fresh, build_run(fresh))
    for name in NAMES:
        assert sorted(open_catalog(fresh).load_table(name).metadata.refs) == ["main", "release_1", "release_2"]


def test_only_the_newest_releases_keep_their_tags(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iceberg.releases.RELEASES_KEPT", 2)
    for _ in range(3):
        publish_run(fresh, build_run(fresh))
    assert sorted(open_catalog(fresh).load_table(NAMES[0]).metadata.refs) == ["main", "release_2", "release_3"]
    assert [(release.release_id, release.state) for release in list_releases(fresh)] == [(3, "current"), (2, "kept"), (1, "expired")]
    with pytest.raises(ReleaseError, match="release: 1 is expired"):
        rollback(fresh, 1)


def test_a_rollback_moves_every_table_and_is_a_release_of_its_own(fresh: Settings) -> None:
    for _ in range(3):
        publish_run(fresh, build_run(fresh))
    restored = rollback(fresh, 2).release
    assert (restored.release_id, restored.rolled_back_to, restored.cut_end_lsn) == (4, 2, 2)
    assert numbers(fresh) == ([1, 2], [1, 2])
    with pytest.raises(ReleaseError, match=r"there is no release 9\. Choose one from 1 to 4"):
        rollback(fresh, 9)


def test_a_release_is_shown_with_the_version_of_each_table(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh))
    detail = show_release(fresh, 1)
    catalog = open_catalog(fresh)
    assert {table.table_name: table.snapshot_id for table in detail.tables} == {
        name: catalog.load_table(name).metadata.current_snapshot_id for name in NAMES
    }


def test_a_table_that_no_catalog_and_no_code_has_any_more_leaves_the_releases(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh, (*NAMES, LATER)))
    publish_run(fresh, build_run(fresh))
    assert tables_of(fresh, 2) == [LATER, *NAMES], "its code alone was removed"
    open_catalog(fresh).drop_table(LATER)
    publish_run(fresh, build_run(fresh))
    assert tables_of(fresh, 3) == [*NAMES]
    restored = rollback(fresh, 1, declared=NAMES)
    assert (restored.release.release_id, restored.gone, restored.withdrawn) == (4, [LATER], [])
    assert tables_of(fresh, 4) == [*NAMES]
    assert numbers(fresh) == ([1], [1])


def test_a_release_is_compacted_without_a_table_that_is_gone(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh, (*NAMES, LATER)))
    catalog = open_catalog(fresh)
    catalog.drop_table(LATER)
    with catalog_database(fresh.catalog_dsn) as connection:
        present = metadata_locations(connection, catalog.name)
        with pytest.raises(ReleaseError, match=r"gold\.later is gone from the catalog\. Give it back its name if it was renamed"):
            begin_compaction(connection, NAMES, present, declared=(*NAMES, LATER))
        run = begin_compaction(connection, NAMES, present, declared=NAMES)
        assert run is not None
        assert run.waiting == [*NAMES]
        table = catalog.load_table(NAMES[0])
        table.manage_snapshots().create_branch(table.metadata.current_snapshot_id or 0, run.branch).commit()
        table.append(table.scan().to_arrow(), branch=run.branch)
        finish_compaction(connection, run, {NAMES[0]: table.refresh().metadata.refs[run.branch].snapshot_id}, {})
    assert publish_run(fresh, run.run_id) is not None
    assert tables_of(fresh, 2) == [*NAMES]


def test_a_table_that_is_declared_and_gone_stops_the_rollback(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh))
    publish_run(fresh, build_run(fresh))
    open_catalog(fresh).rename_table(NAMES[1], "gold.kept")
    with pytest.raises(ReleaseError, match=r"gold\.right is gone from the catalog\. Give it back its name if it was renamed"):
        rollback(fresh, 1, declared=NAMES)
    assert [release.release_id for release in list_releases(fresh)] == [2, 1]
    open_catalog(fresh).rename_table("gold.kept", NAMES[1])
    rollback(fresh, 1, declared=NAMES)
    assert numbers(fresh) == ([1], [1])


def test_a_table_that_is_younger_than_the_release_is_withdrawn_and_can_be_built_and_restored(fresh: Settings) -> None:
    def later() -> list[int]:
        return sorted(open_catalog(fresh).load_table(LATER).scan().to_arrow()["number"].to_pylist())

    publish_run(fresh, build_run(fresh))
    publish_run(fresh, build_run(fresh, (*NAMES, LATER)))
    assert later() == [2]
    restored = rollback(fresh, 1, declared=(*NAMES, LATER))
    assert (restored.withdrawn, restored.gone) == ([LATER], [])
    assert tables_of(fresh, 3) == [*NAMES]
    assert numbers(fresh) == ([1], [1])
    assert later() == [], "nobody reads it beside older tables"
    with closing(open_catalog(fresh)) as catalog:
        assert ReleaseReader(catalog, fresh.catalog_dsn, 2).sql(f"select number from {LATER}").to_pylist() == [{"number": 2}]
    assert rollback(fresh, 2).withdrawn == []
    assert later() == [2]
    rollback(fresh, 1)
    publish_run(fresh, build_run(fresh, (*NAMES, LATER)))
    assert later() == [6], "built from nothing"
    assert tables_of(fresh, 6) == [LATER, *NAMES]


def test_what_was_carried_over_is_kept_for_the_releases_that_have_it(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iceberg.releases.RELEASES_KEPT", 3)
    for names in (NAMES, (*NAMES, LATER), NAMES):
        publish_run(fresh, build_run(fresh, names))
    assert rollback(fresh, 1).withdrawn == [LATER]
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    with catalog_database(fresh.catalog_dsn) as connection:
        kept = named_references(connection)
    # Release 2, which made the table's version, is no longer promised; release 3, which only carried it over, is.
    assert {"release_2", "release_3"} - kept == {"release_2"}
    forget_outlived(catalog, fresh.catalog_dsn, catalog.load_table(LATER), kept)
    assert rollback(fresh, 3).withdrawn == []
    assert catalog.load_table(LATER).scan().to_arrow()["number"].to_pylist() == [2]
