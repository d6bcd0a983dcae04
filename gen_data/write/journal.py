"""A tick's changes as they are kept while they are written step by step: Arrow streams, one after the other."""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from gen_data.changes import Changes, Coded, Column, Delete, Insert, Update
from gen_data.randomness import IntArray
from gen_data.schema import METADATA

# Untyped on purpose: the published stubs refuse valid calls.
_pa: Any = pa

_OPERATIONS: dict[str, type[Insert | Update | Delete]] = {"insert": Insert, "update": Update, "delete": Delete}
# Names that no column of a table has.
_AT, _STEP = "(at)", "(step)"


def pack(changes: Changes, clock: dict[str, int]) -> bytes:
    """The changes, and the clock's row as it is after them."""
    sink = _pa.BufferOutputStream()
    _append(sink, _pa.record_batch([], schema=_pa.schema([], metadata={"clock": json.dumps(clock)})))
    for change in changes:
        if not len(change):
            continue
        columns: dict[str, Column] = {**change.columns, _AT: change.at, _STEP: change.step}
        operation = next(name for name, kind in _OPERATIONS.items() if isinstance(change, kind))
        batch = _pa.record_batch([_arrow(column) for column in columns.values()], names=list(columns))
        _append(sink, batch.replace_schema_metadata({"operation": operation, "table": change.table.fullname}))
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack(packed: bytes) -> tuple[Changes, dict[str, int]]:
    """What :func:`pack` was given."""
    source = _pa.BufferReader(packed)
    clock: dict[str, int] = json.loads(_next(source).schema.metadata[b"clock"])
    changes: Changes = []
    while source.tell() < len(packed):
        rows = _next(source)
        said = {name.decode(): value.decode() for name, value in rows.schema.metadata.items()}
        columns = {name: _column(rows.column(name).chunk(0)) for name in rows.schema.names}
        at, step = _instants(columns.pop(_AT)), _instants(columns.pop(_STEP))
        changes.append(_OPERATIONS[said["operation"]](METADATA.tables[said["table"]], columns, at, step))
    return changes, clock


def _append(sink: Any, batch: Any) -> None:
    with _pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)


def _next(source: Any) -> Any:
    with _pa.ipc.open_stream(source) as stream:
        return stream.read_all()


def _arrow(column: Column) -> Any:
    if isinstance(column, Coded):
        codes = _pa.array(column.codes.astype(np.int32), mask=column.codes < 0)
        return _pa.DictionaryArray.from_arrays(codes, _pa.array(column.values, _pa.string()))
    return _pa.array(column) if isinstance(column, np.ndarray) else column


def _column(values: Any) -> Column:
    if isinstance(values, pa.DictionaryArray):
        return Coded(tuple(map(str, values.dictionary.to_pylist())), np.asarray(values.indices.fill_null(-1), dtype=np.int64))
    if pa.types.is_integer(values.type):
        return values.to_numpy()  # type: ignore[no-any-return]
    if pa.types.is_boolean(values.type):
        return values.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
    return values  # type: ignore[no-any-return]


def _instants(column: Column) -> IntArray:
    if not isinstance(column, np.ndarray):
        raise TypeError("instants are numbers")
    return column
