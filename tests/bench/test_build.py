import json

import pytest

from iceberg.releases import find_release
from iceberg.runs import catalog_database, load_run
from shoplake.bench.peer import hand_over, make_with_duckdb

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_duckdb_makes_the_same_rows_of_the_same_files_by_the_same_transforms(traded, tmp_path):
    with catalog_database(traded.settings.catalog_dsn) as connection:
        release, tables = find_release(connection)
        run = load_run(connection, release.run_id)
    versions = {name: version.snapshot_id for name, version in tables.items()} | {
        name: read.snapshot_id for name, read in run.inputs.items()
    }
    hand_over(traded.settings, versions, release.cut_end_lsn, tmp_path)
    made = make_with_duckdb(tmp_path)
    assert {one.table for one in made} == {*tables}
    assert [one for one in made if not one.is_same] == []
    assert json.loads(tmp_path.joinpath("plan.json").read_text())["cut_end_lsn"] == release.cut_end_lsn
