"""What a build is compared with: DuckDB makes the same tables of the same files by the same transforms.

Run as a process of its own, since sqlframe takes PySpark's place in it:
``python -m shoplake.bench.peer FOLDER``, with what :func:`hand_over` has put
there. Prints one line of JSON a table.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import schema_to_pyarrow

from iceberg.catalog import open_catalog
from iceberg.runs import NO_SNAPSHOT
from iceberg.table import MergeByKey, RecomputeTouched
from shoplake.core.errors import BuildError
from shoplake.core.settings import Settings

THREADS = 2
_PLAN = "plan.json"


@dataclass(frozen=True)
class Made:
    """A table as DuckDB made it: wall seconds, and whether it has the lake's rows; or why it could not."""

    table: str
    seconds: float | None = None
    is_same: bool = False
    problem: str = ""


def hand_over(settings: Settings, versions: Mapping[str, int], cut_end_lsn: int, folder: Path) -> None:
    """Put the files of the tables, each at a snapshot, into ``folder``, with what the peer has to know."""
    catalog = open_catalog(settings)
    for name, snapshot_id in versions.items():
        table, own = catalog.load_table(name), folder / name
        own.mkdir()
        # A table without a row has no file, which DuckDB would take for a mistake.
        pq.write_table(schema_to_pyarrow(table.schema(), include_field_ids=False).empty_table(), own / "empty.parquet")
        files = table.scan(snapshot_id=snapshot_id).plan_files() if snapshot_id != NO_SNAPSHOT else []
        for number, task in enumerate(files):
            with table.io.new_input(task.file.file_path).open() as source, (own / f"{number}.parquet").open("wb") as copy:
                while block := source.read(1 << 24):
                    copy.write(block)
    plan = {"cut_end_lsn": cut_end_lsn, "time_zone": settings.time_zone, "currency": settings.currency, "tables": sorted(versions)}
    folder.joinpath(_PLAN).write_text(json.dumps(plan))


def make_with_duckdb(folder: Path) -> list[Made]:
    """Make the tables above bronze that were put into ``folder``. Raises BuildError when that breaks off."""
    ended = subprocess.run([sys.executable, "-m", __name__, str(folder)], capture_output=True, text=True, check=False)
    if ended.returncode:
        told = next((line for line in reversed(ended.stderr.splitlines()) if "Error" in line), "it says nothing")
        raise BuildError(f"bench: DuckDB broke off ({told}).")
    return [Made(**json.loads(line)) for line in ended.stdout.splitlines()]


def _activate() -> tuple[Any, Any]:
    """Let what imports PySpark find DuckDB behind it; returns the session and DuckDB's connection."""
    import duckdb
    from sqlframe import activate

    connection = duckdb.connect()
    connection.execute(f"set threads = {THREADS}; set timezone = 'UTC'; set preserve_insertion_order = false")
    activate("duckdb", conn=connection)
    from sqlframe.duckdb import DuckDBSession, functions

    # What it leaves out, in DuckDB's words.
    lit, col, call = functions.lit, functions.col, functions.call_function
    vars(functions).update(
        broadcast=lambda rows: rows,
        from_utc_timestamp=lambda instant, zone: call("timezone", lit(zone), col(instant)),
        weekday=lambda day: call("isodow", col(day)) - 1,
    )
    return DuckDBSession.builder.getOrCreate(), connection


def _made(session: Any, table: Any, tables: Any, plan: Mapping[str, Any]) -> Any:
    """The rows of a table, as :mod:`spark_jobs.refresh` computes them in full, not yet read."""
    from spark_jobs.changes import current_rows

    def read(name: str) -> Any:
        rows = session.table(name.replace(".", "_", 1))
        return rows.where(f"_end_lsn <= {plan['cut_end_lsn']}") if name.startswith("bronze.") else rows

    inputs = {name: read(name) for name in table.inputs}
    refresh = table.table.refresh
    if isinstance(refresh, MergeByKey):
        inputs = {name: current_rows(rows, table.table.key) for name, rows in inputs.items()}
    if isinstance(refresh, RecomputeTouched):
        inputs |= {name: read(name).select(*tables[name].table.key, *columns) for name, columns in refresh.lookups.items()}
        inputs |= {link.table: read(link.table).select(*link.needed) for link in refresh.as_of if link.table != refresh.via}
    given = {name.replace(".", "_", 1): rows for name, rows in inputs.items()}
    return table.transform(**given, **{name: plan[name] for name in table.needs_settings})


def _is_same(connection: Any, lake: str, made: str, columns: Iterable[str]) -> bool:
    """Whether two selections have the same rows, whatever their order."""
    types = dict(connection.execute(f"select column_name, column_type from (describe select * from {lake})").fetchall())  # noqa: S608
    row = ", ".join(f'cast("{name}" as {types[name]})' for name in columns)
    counts = [
        connection.execute(f"select count(*), sum(hash({row})), bit_xor(hash({row})) from {rows}").fetchone()  # noqa: S608
        for rows in (lake, made)
    ]
    return bool(counts[0] == counts[1])


def main(folder: Path) -> None:
    """Make every table that was handed over and lies above bronze, and say how long each took and whether it has the lake's rows."""
    plan = json.loads(folder.joinpath(_PLAN).read_text())
    session, connection = _activate()
    from spark_jobs.tables import discover

    tables = discover()
    made_folder = folder / "made"
    made_folder.mkdir()
    for name in plan["tables"]:
        if name.startswith("bronze."):
            connection.execute(f"create view {name.replace('.', '_', 1)} as select * from read_parquet('{folder}/{name}/*.parquet')")  # noqa: S608
    for name, table in tables.by_name.items():
        if name not in plan["tables"]:
            continue
        lake, path = f"read_parquet('{folder}/{name}/*.parquet')", made_folder / f"{name}.parquet"
        try:
            started = time.monotonic()
            query = _made(session, table, tables, plan).sql(dialect="duckdb", pretty=False)
            connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)")
            made = Made(name, time.monotonic() - started, _is_same(connection, lake, f"'{path}'", table.table.column_names))
        except Exception as problem:
            # Whatever sqlframe or DuckDB cannot do.
            made = Made(name, problem=f"{type(problem).__name__}: {str(problem).splitlines()[0]}")
        # What reads a table that could not be made as it is reads the lake's.
        source = f"'{path}'" if made.is_same else lake
        connection.execute(f"create view {name.replace('.', '_', 1)} as select * from {source}")  # noqa: S608
        sys.stdout.write(json.dumps(asdict(made)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
