"""The rows of a table at one snapshot as an Arrow dataset: only the files, columns and rows that a question needs are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.conversions import from_bytes
from pyiceberg.io.pyarrow import PyArrowFileIO, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
)

_BOUNDED = (BooleanType, DateType, DecimalType, IntegerType, LongType, StringType, TimestampType, TimestamptzType)
# What bounds of a value that was an int before its column was widened to a long are written with.
_LONG_BYTES = 8
_PARQUET = ds.ParquetFileFormat()
_DELETES: dict[str, pa.DataType] = {"file_path": pa.string(), "pos": pa.int64()}


class SnapshotRows(ds.Dataset):
    """A table at a snapshot, for whatever reads Arrow datasets: DuckDB, Polars, pandas.

    Files are ruled out by the bounds that the manifests keep, row groups by
    Parquet's own; rows that a position delete names are left out. Columns are
    those of the table's schema now, which has all that was ever published.
    """

    def __init__(self, table: Table, tasks: Sequence[FileScanTask], opened: _Opened | None = None) -> None:
        """The rows of the files in ``tasks``; ``opened`` has those of them that were read before."""
        self._table = table
        self._tasks = list(tasks)
        self._opened = opened or _Opened(table)

    @cached_property
    def _schema(self) -> pa.Schema:
        return schema_to_pyarrow(self._table.schema(), include_field_ids=False)

    @property
    def schema(self) -> pa.Schema:
        """The columns, in order."""
        return self._schema

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that name a row, as the table declares them."""
        fields = {field.field_id: field.name for field in self._table.schema().fields}
        declared = self._table.properties.get("shoplake.key")
        return tuple(declared.split(",")) if declared else tuple(fields[number] for number in self._table.schema().identifier_field_ids)

    @property
    def files(self) -> frozenset[tuple[str, frozenset[str]]]:
        """Each data file with the files of position deletes that apply to it: equal in two snapshots, equal rows."""
        return frozenset(_identity(task) for task in self._tasks)

    @property
    def byte_count(self) -> int:
        """The size of its data files."""
        return sum(task.file.file_size_in_bytes for task in self._tasks)

    def without(self, files: frozenset[tuple[str, frozenset[str]]]) -> SnapshotRows:
        """The rows that are not in any of ``files``, as :attr:`files` names them."""
        return SnapshotRows(self._table, [task for task in self._tasks if _identity(task) not in files], self._opened)

    def lower_bounds(self, column: str) -> list[Any]:
        """The least value that each file has in a column without nulls, of the files that tell."""
        field = self._table.schema().find_field(column)
        return [limits[0] for limits in (_limits(task.file, field) for task in self._tasks) if limits is not None]

    def scanner(self, columns: Sequence[str] | None = None, filter: ds.Expression | None = None, **_: Any) -> ds.Scanner | _Scanner:  # type: ignore[override]  # noqa: A002
        """What reads ``columns`` (all when left out) of the rows for which ``filter`` holds. DuckDB calls this."""
        wanted = list(self.schema.names if columns is None else columns)
        named = [] if filter is None else _columns_in(filter, self._table.schema())
        tasks = self._tasks
        if named:
            kept = {file.path for file in self._of(self._promised(named)).get_fragments(filter)}
            tasks = [task for task in tasks if _path(task.file) in kept]
        whole = self._of([self._opened.file(task.file) for task in tasks if not task.delete_files])
        reduced = [task for task in tasks if task.delete_files]
        if not reduced:
            return whole.scanner(columns=wanted, filter=filter)

        def batches() -> Iterator[pa.RecordBatch]:
            yield from whole.scanner(columns=wanted, filter=filter).to_batches()
            # Of no column at all, nobody could count the rows.
            needed = list(dict.fromkeys([*wanted, *(field.name for field in named)])) or self.schema.names[:1]
            for task in reduced:
                for rows in self._without_deleted(task, needed, filter):
                    found = rows if filter is None else rows.filter(filter)
                    yield from (batch.select(wanted) for batch in found.to_batches())

        return _Scanner(pa.schema([self.schema.field(name) for name in wanted]), batches)

    def _promised(self, bounded: Sequence[NestedField]) -> list[Any]:
        """Each file, with the promise that its rows lie within its bounds of the columns ``bounded``."""
        return [
            _PARQUET.make_fragment(_path(task.file), self._opened.filesystem, partition_expression=self._bounds(task.file, bounded))
            for task in self._tasks
        ]

    def _of(self, files: Sequence[Any]) -> ds.FileSystemDataset:
        return ds.FileSystemDataset(list(files), self.schema, _PARQUET, self._opened.filesystem)

    def _without_deleted(self, task: FileScanTask, columns: list[str], condition: ds.Expression | None) -> Iterator[pa.Table]:
        """The rows of a file that no position delete names, of the row groups in which ``condition`` may hold."""
        file, deleted = self._opened.file(task.file), self._opened.deleted(task)
        starts = dict(zip((group.id for group in file.row_groups), _starts(file.row_groups), strict=True))
        groups = file.row_groups if condition is None else file.subset(condition, schema=self.schema).row_groups
        for group in groups:
            rows = file.subset(row_group_ids=[group.id]).to_table(schema=self.schema, columns=columns)
            first, end = np.searchsorted(deleted, [starts[group.id], starts[group.id] + group.num_rows])
            is_there = np.ones(group.num_rows, bool)
            is_there[deleted[first:end] - starts[group.id]] = False
            yield rows.filter(pa.array(is_there)) if first < end else rows

    def _bounds(self, file: DataFile, fields: Sequence[NestedField]) -> ds.Expression:
        promise = ds.scalar(True)
        for field in fields:
            limits = _limits(file, field)
            if limits is not None:
                low, high = (pa.scalar(limit, self.schema.field(field.name).type) for limit in limits)
                promise = promise & (ds.field(field.name) >= low) & (ds.field(field.name) <= high)
        return promise


class _Opened:
    """Files of a table that were read before: each keeps its footer, and the positions of its deleted rows, so that asking again reads columns alone."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._files: dict[str, Any] = {}
        self._deleted: dict[tuple[str, frozenset[str]], Any] = {}

    @cached_property
    def filesystem(self) -> Any:
        """Where the table's files are."""
        io = self._table.io
        scheme, host, _ = PyArrowFileIO.parse_location(self._table.location(), io.properties)
        return io.fs_by_scheme(scheme, host) if isinstance(io, PyArrowFileIO) else PyArrowFileIO(io.properties).fs_by_scheme(scheme, host)

    def file(self, file: DataFile) -> Any:
        """A file as it is read."""
        path = _path(file)
        if path not in self._files:
            self._files[path] = _PARQUET.make_fragment(path, self.filesystem, file_size=file.file_size_in_bytes)
        return self._files[path]

    def deleted(self, task: FileScanTask) -> Any:
        """The positions of a file's deleted rows, ascending."""
        known = _identity(task)
        if known not in self._deleted:
            # A file of deletes that serves many data files is sorted by their paths.
            named = ds.FileSystemDataset([self.file(file) for file in task.delete_files], pa.schema(_DELETES), _PARQUET, self.filesystem)
            rows = named.to_table(columns=["pos"], filter=ds.field("file_path") == task.file.file_path)
            self._deleted[known] = np.unique(rows.column("pos").to_numpy())
        return self._deleted[known]


@dataclass(frozen=True)
class _Scanner:
    """What reads rows batch by batch, in the thread that asks.

    Arrow's own scanner would run ``batches`` on the threads that these batches wait for: a few of them at once, and none ends.
    """

    projected_schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]

    def to_reader(self) -> pa.RecordBatchReader:
        """The rows as a stream."""
        return pa.RecordBatchReader.from_batches(self.projected_schema, self.batches())

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in batches."""
        return self.batches()

    def to_table(self) -> pa.Table:
        """All rows."""
        return self.to_reader().read_all()

    def count_rows(self) -> int:
        """How many rows there are."""
        return sum(batch.num_rows for batch in self.batches())


def _starts(groups: Sequence[Any]) -> list[int]:
    """The position of each row group's first row in its file."""
    return list(accumulate((group.num_rows for group in groups), initial=0))[:-1]


def _identity(task: FileScanTask) -> tuple[str, frozenset[str]]:
    return task.file.file_path, frozenset(file.file_path for file in task.delete_files)


def _path(file: DataFile) -> str:
    return PyArrowFileIO.parse_location(file.file_path)[2]


def _columns_in(condition: ds.Expression, schema: Schema) -> list[NestedField]:
    """The columns that a condition names, and perhaps some that its text only looks like naming."""
    words = str(condition)
    return [field for field in schema.fields if field.name in words]


def _limits(file: DataFile, field: NestedField) -> tuple[Any, Any] | None:
    """The least and the greatest value that a file has in a column without nulls; None where it is not known."""
    low, high = ((bounds or {}).get(field.field_id) for bounds in (file.lower_bounds, file.upper_bounds))
    nulls = (file.null_value_counts or {}).get(field.field_id)
    if low is None or high is None or nulls != 0 or not isinstance(field.field_type, _BOUNDED):
        return None
    if isinstance(field.field_type, LongType) and not len(low) == len(high) == _LONG_BYTES:
        return None
    return from_bytes(field.field_type, low), from_bytes(field.field_type, high)
