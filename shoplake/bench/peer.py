"""What a build is compared with: DuckDB makes the same tables of the same files by the same transforms.

Run as a process of its own, since sqlframe takes PySpark's place in it:
``python -m shoplake.bench.peer FOLDER``, with what :func:`hand_over` has put
there. Notes in the folder, one line of JSON a table, what it made, and goes on
behind those that are noted.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
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
_MEMORY = "8GB"
_PLAN = "plan.json"
_NOTED = "made.json"
_BEGUN = "begun"
_PATIENCE = 300.0


@dataclass(frozen=True)
class Made:
    """A table as DuckDB made it: wall seconds, and how many of its rows the lake's table has not; or why it could not."""

    table: str
    seconds: float | None = None
    rows: int = 0
    other_rows: int = 0
    problem: str = ""

    @property
    def is_same(self) -> bool:
        """Whether it was made, with the lake's rows."""
        return self.seconds is not None and not self.other_rows


def hand_over(settings: Settings, versions: Mapping[str, int], cut_end_lsn: int, folder: Path) -> None:
    """Put the files of the tables, each at a snapshot, into ``folder``, with what the peer has to know."""
    catalog = open_catalog(settings)
    for name, snapshot_id in versions.items():
        table, own = catalog.load_table(name), folder / name
        own.mkdir()
        # A table without a row has no file, which DuckDB would take for a mistake.
        pq.write_table(schema_to_pyarrow(table.schema(), include_field_ids=False).empty_table(), own / "empty.parquet")
        if snapshot_id == NO_SNAPSHOT:
            continue
        scan = table.scan(snapshot_id=snapshot_id)
        tasks = list(scan.plan_files())
        if any(task.delete_files for task in tasks):
            # Of these files not every row counts any more.
            with scan.to_arrow_batch_reader() as rows, pq.ParquetWriter(own / "rows.parquet", rows.schema) as copy:
                for batch in rows:
                    copy.write_batch(batch)
            continue
        for number, task in enumerate(tasks):
            with table.io.new_input(task.file.file_path).open() as source, (own / f"{number}.parquet").open("wb") as copy:
                while block := source.read(1 << 24):
                    copy.write(block)
    plan = {"cut_end_lsn": cut_end_lsn, "time_zone": settings.time_zone, "currency": settings.currency, "tables": sorted(versions)}
    folder.joinpath(_PLAN).write_text(json.dumps(plan))


def make_with_duckdb(folder: Path) -> list[Made]:
    """Make the tables above bronze that were put into ``folder``; one that DuckDB breaks off at, or waits for itself in, is left out with the reason.

    Raises BuildError when that is not for a table's sake.
    """
    while (reason := _made_the_rest(folder)) is not None:
        begun = folder / _BEGUN
        name = begun.read_text() if begun.exists() else None
        if name is None or name in {made.table for made in _noted(folder)}:
            raise BuildError(f"bench: DuckDB broke off ({reason}).")
        _note(folder, Made(name, problem=reason))
    return _noted(folder)


def _made_the_rest(folder: Path) -> str | None:
    """Let a process make what is not noted yet; returns why it did not get to the end, if it did not."""
    with folder.joinpath("told").open("w") as told, subprocess.Popen([sys.executable, "-m", __name__, str(folder)], stderr=told) as process:
        before, count = -1, len(_noted(folder))
        while process.poll() is None and count > before:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            before, count = count, len(_noted(folder))
        if process.poll() is None:
            process.kill()
            return f"no answer after {_PATIENCE:.0f} s"
    if not process.returncode:
        return None
    lines = folder.joinpath("told").read_text().splitlines()
    return next((line for line in reversed(lines) if "Error" in line), f"it ended by itself, with {process.returncode}")


def _noted(folder: Path) -> list[Made]:
    noted = folder / _NOTED
    return [Made(**json.loads(line)) for line in noted.read_text().splitlines()] if noted.exists() else []


def _note(folder: Path, made: Made) -> None:
    with folder.joinpath(_NOTED).open("a") as noted:
        noted.write(json.dumps(asdict(made)) + "\n")


def _activate(folder: Path) -> tuple[Any, Any]:
    """Let what imports PySpark find DuckDB behind it, which spills into ``folder``; returns the session and DuckDB's connection."""
    import duckdb
    from sqlframe import activate

    connection = duckdb.connect()
    connection.execute(f"set threads = {THREADS}; set timezone = 'UTC'; set preserve_insertion_order = false")
    connection.execute(f"set memory_limit = '{_MEMORY}'; set temp_directory = '{folder}/spilled'")
    activate("duckdb", conn=connection)
    from sqlframe.duckdb import Column, DuckDBSession, WindowSpec, functions

    # What it leaves out or says otherwise, in DuckDB's words.
    lit, col, call = functions.lit, functions.col, functions.call_function
    struct = functions.struct

    def named_struct(*fields: Any) -> Any:
        """DuckDB wants a name for each field."""
        columns = [col(field) for field in fields]
        return struct(*(one if one.alias_or_name else one.alias(f"_{number}") for number, one in enumerate(columns)))

    def sequence(first: Any, last: Any, step: Any = None) -> Any:
        """DuckDB has no series of dates, only of instants."""
        step = functions.expr("interval 1 day") if step is None else step
        return call("generate_series", col(first), col(last), step).cast("array<date>")

    vars(functions).update(
        broadcast=lambda rows: rows,
        count_if=lambda condition: functions.count(functions.when(col(condition), lit(1))),
        from_utc_timestamp=lambda instant, zone: call("timezone", lit(zone), col(instant)),
        sequence=sequence,
        struct=named_struct,
        unix_seconds=lambda instant: functions.floor(call("epoch", col(instant))).cast("bigint"),
        weekday=lambda day: call("isodow", col(day)) - 1,
    )
    # To mypy a method is no variable.
    ensured, ordered = Column.ensure_col, WindowSpec.orderBy

    def order_by(window: Any, *columns: Any) -> Any:
        """A window's order has no names, which sqlframe gives to every function's value."""
        spec = ordered(window, *columns)
        order = spec.expression.args["order"]
        order.set("expressions", [one.unalias() for one in order.expressions])
        return spec

    cast = Column.cast

    def widened(column: Any, to: Any) -> Any:
        """A product of two decimals of at most 18 digits has at most 18 in DuckDB, whatever it comes to, unless one of them is wider."""
        return cast(column, re.sub(r"(?<=^decimal\()\d+", lambda digits: str(max(19, int(digits[0]))), to) if isinstance(to, str) else to)

    setattr(Column, "cast", widened)  # noqa: B010
    # An expression that is used twice is one object, which sqlframe changes under itself.
    setattr(Column, "ensure_col", staticmethod(lambda value: ensured(value).copy()))  # noqa: B010
    setattr(WindowSpec, "orderBy", order_by)  # noqa: B010
    connection.execute("create macro try_parse_json(words) as case when json_valid(words) then words end")
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


def _other_rows(connection: Any, lake: str, made: str, columns: Iterable[str]) -> tuple[int, int]:
    """How many rows two selections have, and how many of one the other has not, whatever their order."""
    types = dict(connection.execute(f"select column_name, column_type from (describe select * from {lake})").fetchall())  # noqa: S608
    row = ", ".join(f'cast("{name}" as {types[name]})' for name in columns)
    counts = [
        connection.execute(f"select count(*), sum(hash({row})), bit_xor(hash({row})) from {rows}").fetchone()  # noqa: S608
        for rows in (lake, made)
    ]
    (there, *_), (here, *_) = counts
    if counts[0] == counts[1]:
        return here, 0
    other = f"select count(*) from (select hash({row}) from {{}} except all select hash({row}) from {{}})"  # noqa: S608
    return here, max(connection.execute(other.format(*pair)).fetchone()[0] for pair in ((lake, made), (made, lake))) or abs(there - here)


def main(folder: Path) -> None:
    """Make every table that was handed over, lies above bronze and is not noted, and note how long each took and whether it has the lake's rows."""
    plan = json.loads(folder.joinpath(_PLAN).read_text())
    session, connection = _activate(folder)
    from spark_jobs.tables import discover

    tables, noted = discover(), {made.table: made for made in _noted(folder)}
    made_folder = folder / "made"
    made_folder.mkdir(exist_ok=True)
    for name in plan["tables"]:
        if name.startswith("bronze."):
            connection.execute(f"create view {name.replace('.', '_', 1)} as select * from read_parquet('{folder}/{name}/*.parquet')")  # noqa: S608
    for name, table in tables.by_name.items():
        if name not in plan["tables"]:
            continue
        lake, path = f"read_parquet('{folder}/{name}/*.parquet')", made_folder / f"{name}.parquet"
        if name not in noted:
            folder.joinpath(_BEGUN).write_text(name)
            try:
                started = time.monotonic()
                query = _made(session, table, tables, plan).sql(dialect="duckdb", optimize=False, pretty=False)
                connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)")
                seconds = time.monotonic() - started
                noted[name] = Made(name, seconds, *_other_rows(connection, lake, f"'{path}'", table.table.column_names))
            except Exception as problem:
                # Whatever sqlframe or DuckDB cannot do.
                noted[name] = Made(name, problem=f"{type(problem).__name__}: {str(problem).splitlines()[0]}")
            _note(folder, noted[name])
        # What reads a table that could not be made as it is reads the lake's.
        source = f"'{path}'" if noted[name].is_same else lake
        connection.execute(f"create view {name.replace('.', '_', 1)} as select * from {source}")  # noqa: S608


if __name__ == "__main__":
    main(Path(sys.argv[1]))
