"""Publishes releases of two small tables, one after the other; a program, so that a test can kill it at any moment.

Arguments: how many releases, and the step at which to die (or "never").
"""

import os
import signal
import sys

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.types import LongType

import iceberg.publish
from iceberg.catalog import catalog_properties, prepare_lake
from iceberg.evolution import create_or_evolve
from iceberg.releases import latest_release, publish_run
from iceberg.runs import TableRun, catalog_database, start_run
from iceberg.table import Column, FullRefresh, Table
from shoplake.core.settings import Settings, load_settings

NAMES = ("gold.left", "gold.right")
NUMBERS = Table("one row per release", ("number",), (Column("number", LongType(), "a release"),), FullRefresh())


def build_run(settings: Settings, names: tuple[str, ...] = NAMES) -> int:
    """A run whose branches hold, in each of ``names``, one row more than the last release; gives its number."""
    catalog = prepare_lake(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        release, base = latest_release(connection)
    number = release.release_id + 1 if release else 1
    row = pa.table({"number": [number]}, schema=pa.schema([pa.field("number", pa.int64(), nullable=False)]))
    built = []
    for name in names:
        table = create_or_evolve(catalog, name, NUMBERS, "numbers")
        branch = f"run_of_{number}_{os.getpid()}"
        before = base[name].snapshot_id if name in base else None
        if before is None and table.current_snapshot() is None:
            table.append(row.slice(0, 0))
        start = before or table.refresh().metadata.current_snapshot_id
        table.manage_snapshots().create_branch(start, branch).commit()
        table.append(row, branch=branch)
        head = table.refresh().metadata.refs[branch].snapshot_id
        built.append(TableRun(name, "built", "same", "full", before, head, number, {}))
    with catalog_database(settings.catalog_dsn) as connection:
        run = start_run(connection, release.release_id if release else None, number, False, {}, built)
        connection.execute("update shoplake.runs set status = 'running' where run_id = %s", (run.run_id,))
    return run.run_id


def numbers(settings: Settings) -> tuple[list[int], list[int]]:
    """What a plain client reads from both tables while nobody writes."""
    catalog = load_catalog("lake", **catalog_properties(settings))
    left, right = (sorted(catalog.load_table(name).scan().to_arrow()["number"].to_pylist()) for name in NAMES)
    return left, right


def die_at(step: str) -> None:
    """Let the next publication be killed at ``step``."""

    def dying(call, when):  # type: ignore[no-untyped-def]
        def run(*arguments, **named):  # type: ignore[no-untyped-def]
            if when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*arguments, **named)
            os.kill(os.getpid(), signal.SIGKILL)
            return result

        return run

    if step == "one metadata file written":
        iceberg.publish._stage = dying(iceberg.publish._stage, "after")
    elif step == "before the transaction":
        iceberg.publish._point = dying(iceberg.publish._point, "before")
    elif step == "one table moved":
        iceberg.publish._point = dying(iceberg.publish._point, "after")
    elif step == "before the commit":
        iceberg.releases.end_run = dying(iceberg.releases.end_run, "after")
    elif step == "after the commit":
        iceberg.releases._find = dying(iceberg.releases._find, "before")


def main() -> None:
    """Publish, printing each release once it is current."""
    settings = load_settings()
    for _ in range(int(sys.argv[1])):
        run_id = build_run(settings)
        die_at(sys.argv[2])
        release = publish_run(settings, run_id)
        print(release.release_id if release else None, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
