import pytest

from iceberg.catalog import open_catalog
from iceberg.releases import list_releases, publish_run, rollback, show_release
from shoplake.core.errors import ReleaseError
from shoplake.core.settings import Settings
from tests.iceberg.publisher import NAMES, build_run, numbers

pytestmark = pytest.mark.integration


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
    restored = rollback(fresh, 2)
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
