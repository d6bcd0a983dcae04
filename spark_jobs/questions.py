"""Questions about exact versions of tables whose answers are small: DuckDB answers them while Spark would still plan them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyRelation

from iceberg.snapshots import SnapshotRows
from spark_jobs.lake import Lake

_MEMORY = "1GB"


@dataclass(frozen=True)
class Questions:
    """The lake of one run as DuckDB reads it: relations that read only the files, columns and rows that an answer needs.

    For one thread.
    """

    lake: Lake

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        # What takes more memory spills, beside the lake's other files: Spark and the other tables of the run need theirs.
        engine = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(self.lake.settings.home / "spilled")})
        engine.execute("set timezone = 'UTC'")
        return engine

    def of(self, rows: SnapshotRows | pa.Table) -> DuckDBPyRelation:
        """Rows as DuckDB reads them."""
        return self._engine.from_arrow(rows)

    def read(self, name: str, snapshot_id: int | None = None) -> DuckDBPyRelation:
        """The rows of a table at a snapshot, by default at the run's own version of it."""
        return self.of(self.lake.rows(name, snapshot_id))

    def differing(self, name: str, consumed: int) -> tuple[DuckDBPyRelation, DuckDBPyRelation]:
        """The rows at the snapshot ``consumed`` and those of the run's version, both without the files that the two share."""
        before, now = self.lake.rows(name, consumed), self.lake.rows(name)
        return self.of(before.without(now.files)), self.of(now.without(before.files))

    def changes(self, name: str, after_lsn: int | None = None) -> DuckDBPyRelation:
        """The rows of a bronze table up to the run's cut, and behind ``after_lsn`` where given."""
        return self.read(name).filter(self.lake.window(after_lsn))


def values_of(rows: pa.Table, column: str) -> list[Any]:
    """The values of a column that are there."""
    return rows.column(column).drop_null().to_pylist()


def answers(rows: DuckDBPyRelation) -> list[tuple[Any, ...]]:
    """The rows themselves, by way of Arrow, whose instants need no further package."""
    return [tuple(row.values()) for row in rows.to_arrow_table().to_pylist()]


def few(rows: DuckDBPyRelation, most: int) -> pa.Table | None:
    """The rows, where there are no more than ``most``."""
    found = rows.limit(most + 1).to_arrow_table()
    return found if found.num_rows <= most else None
