"""The rows of a table at one snapshot as an Arrow dataset: only the files, columns and rows that a question needs are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, PyArrowFileIO, schema_to_pyarrow
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


class SnapshotRows(ds.Dataset):
    """A table at a snapshot, for whatever reads Arrow datasets: DuckDB, Polars, pandas.

    Files are ruled out by the bounds that the manifests keep, row groups by
    Parquet's own; rows that a position delete names are left out. Columns are
    those of the table's schema now, which has all that was ever published.
    """

    def __init__(self, table: Table, tasks: Sequence[FileScanTask]) -> None:
        self._table = table
        self._tasks = list(tasks)

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
        return SnapshotRows(self._table, [task for task in self._tasks if _identity(task) not in files])

    def lower_bounds(self, column: str) -> list[Any]:
        """The least value that each file has in a column without nulls, of the files that tell."""
        field = self._table.schema().find_field(column)
        return [limits[0] for limits in (_limits(task.file, field) for task in self._tasks) if limits is not None]

    def scanner(self, columns: Sequence[str] | None = None, filter: ds.Expression | None = None, **_: Any) -> ds.Scanner:  # type: ignore[override]  # noqa: A002
        """What reads ``columns`` (all when left out) of the rows for which ``filter`` holds. DuckDB calls this."""
        wanted = list(self.schema.names if columns is None else columns)
        named = [] if filter is None else _columns_in(filter, self._table.schema())
        kept = (
            {file.path for file in self._of(self._promised(named)).get_fragments(filter)} if named else {file.path for file in self._files}
        )
        whole = self._of([file for file, task in zip(self._files, self._tasks, strict=True) if file.path in kept and not task.delete_files])
        reduced = [task for file, task in zip(self._files, self._tasks, strict=True) if file.path in kept and task.delete_files]
        if not reduced:
            return whole.scanner(columns=wanted, filter=filter)

        def batches() -> Iterator[pa.RecordBatch]:
            yield from whole.scanner(columns=wanted, filter=filter).to_batches()
            for batch in self._without_deleted(reduced, list(dict.fromkeys([*wanted, *(field.name for field in named)]))):
                found = batch if filter is None else batch.filter(filter)
                yield found.select(wanted)

        schema = pa.schema([self.schema.field(name) for name in wanted])
        return ds.Scanner.from_batches(pa.RecordBatchReader.from_batches(schema, batches()))

    @cached_property
    def _files(self) -> list[Any]:
        """Each file as it is read; it keeps its footer, so that asking again reads columns alone."""
        return [
            self._format.make_fragment(_path(task.file), self._filesystem, file_size=task.file.file_size_in_bytes) for task in self._tasks
        ]

    def _promised(self, bounded: Sequence[NestedField]) -> list[Any]:
        """Each file, with the promise that its rows lie within its bounds of the columns ``bounded``."""
        return [
            self._format.make_fragment(_path(task.file), self._filesystem, partition_expression=self._bounds(task.file, bounded))
            for task in self._tasks
        ]

    def _of(self, files: Sequence[Any]) -> ds.FileSystemDataset:
        return ds.FileSystemDataset(list(files), self.schema, self._format, self._filesystem)

    def _without_deleted(self, tasks: list[FileScanTask], columns: list[str]) -> Iterator[pa.RecordBatch]:
        # Of no column at all, nobody could count the rows.
        wanted = columns or self.schema.names[:1]
        schema = pa.schema([self.schema.field(name) for name in wanted])
        scan = ArrowScan(self._table.metadata, self._table.io, self._table.schema().select(*wanted), AlwaysTrue())
        for batch in scan.to_record_batches(tasks):
            yield batch.select(wanted).cast(schema)

    def _bounds(self, file: DataFile, fields: Sequence[NestedField]) -> ds.Expression:
        promise = ds.scalar(True)
        for field in fields:
            limits = _limits(file, field)
            if limits is not None:
                low, high = (pa.scalar(limit, self.schema.field(field.name).type) for limit in limits)
                promise = promise & (ds.field(field.name) >= low) & (ds.field(field.name) <= high)
        return promise

    @cached_property
    def _format(self) -> ds.ParquetFileFormat:
        return ds.ParquetFileFormat()

    @cached_property
    def _filesystem(self) -> Any:
        io = self._table.io
        scheme, host, _ = PyArrowFileIO.parse_location(self._table.location(), io.properties)
        return io.fs_by_scheme(scheme, host) if isinstance(io, PyArrowFileIO) else PyArrowFileIO(io.properties).fs_by_scheme(scheme, host)


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
