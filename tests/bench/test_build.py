import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from iceberg.releases import find_release
from iceberg.runs import catalog_database, load_run
from shoplake.bench import peer
from shoplake.bench.peer import hand_over, make_with_duckdb

pytestmark = [pytest.mark.integration, pytest.mark.long]


@pytest.fixture
def handed_over(traded, tmp_path):
    """A release with what it was made of, in a folder: its tables and where it ends."""
    with catalog_database(traded.settings.catalog_dsn) as connection:
        release, tables = find_release(connection)
        run = load_run(connection, release.run_id)
    versions = {name: version.snapshot_id for name, version in tables.items()} | {
        name: read.snapshot_id for name, read in run.inputs.items()
    }
    hand_over(traded.settings, versions, release.cut_end_lsn, tmp_path)
    return tables, release.cut_end_lsn


def test_duckdb_makes_the_same_rows_of_the_same_files_by_the_same_transforms(handed_over, tmp_path):
    tables, cut_end_lsn = handed_over
    made = make_with_duckdb(tmp_path)
    assert {one.table for one in made} == {*tables}
    assert [one for one in made if not one.is_same] == []
    assert json.loads(tmp_path.joinpath("plan.json").read_text())["cut_end_lsn"] == cut_end_lsn


def stop_halfway(folder):
    """Let the process that makes tables stand still within one, as one does that waits for itself."""
    while True:
        time.sleep(0.01)
        noted = {made.table for made in peer._noted(folder)}
        children = Path(f"/proc/{os.getpid()}/task/{threading.main_thread().native_id}/children").read_text().split()
        peers = [int(child) for child in children if str(folder) in Path(f"/proc/{child}/cmdline").read_text()]
        if len(noted) < 5 or not peers:
            continue
        os.kill(peers[0], signal.SIGSTOP)
        if folder.joinpath("begun").read_text() not in {made.table for made in peer._noted(folder)}:
            return
        os.kill(peers[0], signal.SIGCONT)


def test_a_table_that_duckdb_never_ends_with_is_left_out_and_the_others_are_made(handed_over, tmp_path, monkeypatch):
    tables, _ = handed_over
    monkeypatch.setattr(peer, "_PATIENCE", 8)
    threading.Thread(target=stop_halfway, args=(tmp_path,), daemon=True).start()
    made = make_with_duckdb(tmp_path)
    assert {one.table for one in made} == {*tables}
    assert [one.problem for one in made if not one.is_same] == ["no answer after 8 s"]
