from datetime import timedelta

import pytest

import iceberg.releases
from iceberg.catalog import open_catalog
from iceberg.maintenance.books import RUNS_KEPT_DAYS, prune_runs
from iceberg.publish import Move, adopt_branch, forget_outlived, outlived_snapshots
from iceberg.releases import is_behind, list_releases, named_references, publish_run, rollback
from iceberg.runs import catalog_database
from shoplake.core.errors import OvertakenError
from shoplake.core.settings import Settings
from tests.iceberg.publisher import NAMES, build_run, numbers

pytestmark = pytest.mark.integration

LEFT = NAMES[0]


def names_to_keep(settings: Settings) -> set[str]:
    with catalog_database(settings.catalog_dsn) as connection:
        return named_references(connection)


def test_snapshots_stay_of_releases_that_are_promised_and_of_runs_under_way(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    left_behind, living = (catalog.load_table(LEFT).metadata.current_snapshot_id or 0 for _ in range(2))
    with catalog_database(fresh.catalog_dsn) as connection:
        build = connection.execute("insert into shoplake.runs (cut_end_lsn, is_full) values (1, false), (1, false) returning run_id")
        dead, alive = [row[0] for row in [build.fetchone(), build.fetchone()] if row]
        connection.execute("update shoplake.runs set started_at = now() - interval '4 hours' where run_id = %s", (dead,))
    table = catalog.load_table(LEFT)
    for run, start in ((dead, left_behind), (alive, living)):
        table.manage_snapshots().create_branch(start, f"run_{run}").commit()
        table.append(table.scan().to_arrow().slice(0, 1), branch=f"run_{run}")
    monkeypatch.setattr(iceberg.releases, "RELEASES_KEPT", 2)
    table = catalog.load_table(LEFT)
    assert names_to_keep(fresh) >= {"release_3", "release_4", f"run_{alive}"}
    count = len(table.metadata.snapshots)
    going = outlived_snapshots(table, names_to_keep(fresh))
    assert len(catalog.load_table(LEFT).metadata.snapshots) == count, "asking changes nothing"
    forget_outlived(catalog, fresh.catalog_dsn, table, names_to_keep(fresh))
    metadata = catalog.load_table(LEFT).metadata
    assert set(metadata.refs) == {"main", "release_3", "release_4", f"run_{alive}"}
    assert len(metadata.snapshots) == count - going
    assert {reference.snapshot_id for reference in metadata.refs.values()} == {snapshot.snapshot_id for snapshot in metadata.snapshots}
    rollback(fresh, 3)
    assert numbers(fresh) == ([1, 2, 3], [1, 2, 3])


def test_a_table_that_somebody_else_changes_meanwhile_stays_as_it_is(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        publish_run(fresh, build_run(fresh))
    monkeypatch.setattr(iceberg.releases, "RELEASES_KEPT", 1)
    catalog = open_catalog(fresh)
    table = catalog.load_table(LEFT)
    with catalog.load_table(LEFT).transaction() as change:
        change.set_properties({"somebody": "else"})
    with pytest.raises(OvertakenError, match=r"gold\.left was changed by somebody else"):
        forget_outlived(catalog, fresh.catalog_dsn, table, names_to_keep(fresh))
    assert {"release_1", "release_2", "release_3"} <= set(catalog.load_table(LEFT).metadata.refs)


def test_a_branch_that_is_adopted_is_main_and_gone(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh))
    catalog = open_catalog(fresh)
    table = catalog.load_table(LEFT)
    base = table.metadata.current_snapshot_id or 0
    table.manage_snapshots().create_branch(base, "compaction").commit()
    table.append(table.scan().to_arrow(), branch="compaction")
    head = catalog.load_table(LEFT).metadata.refs["compaction"].snapshot_id
    adopt_branch(catalog, fresh.catalog_dsn, "compaction", Move(LEFT, head, base))
    after = catalog.load_table(LEFT)
    assert after.metadata.current_snapshot_id == head
    assert "compaction" not in after.metadata.refs
    with pytest.raises(OvertakenError, match=r"main of gold\.left was moved by somebody else"):
        adopt_branch(catalog, fresh.catalog_dsn, "compaction", Move(LEFT, base, base))
    assert catalog.load_table(LEFT).metadata.current_snapshot_id == head


def test_runs_of_long_ago_that_no_release_names_leave_the_books(fresh: Settings) -> None:
    published = [build_run(fresh)]
    publish_run(fresh, published[0])
    failed, young = build_run(fresh), build_run(fresh)
    with catalog_database(fresh.catalog_dsn) as connection:
        connection.execute("update shoplake.runs set status = 'failed', ended_at = now() where run_id = any(%s)", ([failed, young],))
        connection.execute(
            """
            insert into shoplake.check_results (run_id, table_name, check_name, severity, passed, failing_count, examples, sentence)
            values (%s, 'gold.left', 'key', 'stop', false, 1, '[]', 'twice')
            """,
            (failed,),
        )
        connection.execute(
            "update shoplake.runs set started_at = now() - %(age)s::interval, ended_at = now() - %(age)s::interval where run_id <> %(young)s",
            {"age": timedelta(days=RUNS_KEPT_DAYS + 1), "young": young},
        )
        nothing = connection.execute(
            """
            insert into shoplake.runs (started_at, ended_at, status, cut_end_lsn, is_full)
            values (now() - interval '90 days', now() - interval '90 days', 'nothing_new', 1, false),
                   (now() - interval '60 days', now() - interval '60 days', 'nothing_new', 500, false) returning run_id
            """
        )
        old, newest_cut = [row[0] for row in [nothing.fetchone(), nothing.fetchone()] if row]
        connection.execute("insert into shoplake.cuts (end_lsn) values (500)")
    assert not is_behind(fresh)
    with catalog_database(fresh.catalog_dsn) as connection:
        assert prune_runs(connection, dry_run=True) == 2
        assert connection.execute("select count(*) from shoplake.runs").fetchone() == (5,), "a dry run changes nothing"
        assert prune_runs(connection) == 2
        left = [row[0] for row in connection.execute("select run_id from shoplake.runs order by run_id").fetchall()]
        assert left == [published[0], young, newest_cut]
        assert connection.execute("select count(*) from shoplake.check_results").fetchone() == (0,)
        assert {row[0] for row in connection.execute("select run_id from shoplake.run_tables").fetchall()} == {published[0], young}
    assert old not in left
    assert not is_behind(fresh), "what was consumed is still known"
    assert [release.run_id for release in list_releases(fresh)] == published
