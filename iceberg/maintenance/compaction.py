"""Compactions in the books: a run that gives tables of a release other files with the same rows, published as a release.

Rows are the same, so what consumed the former version of a table has consumed
its compacted one, and what its checks found holds for it. The note of what the
run touched is empty. A build therefore goes on as if nothing had happened.
"""

from collections.abc import Collection, Container, Mapping
from dataclasses import replace
from typing import Any

import psycopg

from iceberg.quality.results import carry_results
from iceberg.releases import latest_release, still_there
from iceberg.runs import Run, TableRun, save_table, start_run

STRATEGY = "compact"
NOTHING: dict[str, Any] = {}
"""What a compaction touches, as the note of a version."""


def begin_compaction(
    connection: psycopg.Connection[Any], names: Collection[str], present: Container[str], declared: Collection[str]
) -> Run | None:
    """Record a run that compacts those of ``names`` that the current release has and keeps its other tables; None where it has none.

    Tables that are neither ``present`` in the catalog nor ``declared`` are left out; raises ReleaseError for one that is declared and gone.
    """
    release, versions = latest_release(connection)
    versions = still_there(versions, present, declared)
    if release is None or not versions.keys() & set(names):
        return None
    tables = [
        TableRun(
            name, "waiting" if name in names else "kept", version.definition, STRATEGY if name in names else "keep",
            version.snapshot_id, version.snapshot_id, version.cut_end_lsn, version.inputs,
        )
        for name, version in versions.items()
    ]  # fmt: skip
    # It says nothing of what bronze holds, as a run that was asked for some tables only.
    return start_run(connection, release.release_id, release.cut_end_lsn, False, {}, tables, is_limited=True)


def finish_compaction(connection: psycopg.Connection[Any], run: Run, heads: Mapping[str, int], seconds: Mapping[str, float]) -> None:
    """Record the compacted snapshot of each table, so that the run can be published; a head that is the base changed nothing."""
    moved = {(name, run.tables[name].base_snapshot_id): head for name, head in heads.items() if head != run.tables[name].base_snapshot_id}
    for name, table in run.tables.items():
        inputs = {source: moved.get((source, consumed), consumed) for source, consumed in table.inputs.items()}
        head = moved.get((name, table.base_snapshot_id))
        if head is not None and table.base_snapshot_id is not None:
            carry_results(connection, run.run_id, name, table.base_snapshot_id)
            done = replace(table, status="built", snapshot_id=head, touched=NOTHING, inputs=inputs, seconds=seconds.get(name, 0.0))
        else:
            done = replace(table, status="unchanged" if table.status == "waiting" else table.status, inputs=inputs)
        save_table(connection, run.run_id, done)
