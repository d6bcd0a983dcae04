"""Rows that are known before their time: held by day, given back when their instant has come."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow

from gen_data.changes import Changes, Coded, Column, Columns, Delete, Insert, Update, select
from gen_data.clock import DAY
from gen_data.randomness import IntArray

# Untyped on purpose: the published stubs refuse columns of text from a list.
_pa: Any = pyarrow

Record = Insert | Update | Delete
_Kind = tuple[type[Record], str, tuple[str, ...]]


class Later:
    """Changes whose instants lie in the future."""

    def __init__(self) -> None:
        self._queues: dict[_Kind, _Queue] = {}

    def add(self, changes: Changes) -> None:
        """Hold changes until they are due."""
        for record in changes:
            if len(record):
                kind = (type(record), record.table.fullname, tuple(record.columns))
                self._queues.setdefault(kind, _Queue()).add(record)

    def take(self, before: int) -> Changes:
        """Take out what happens before an instant."""
        return [record for queue in self._queues.values() for record in queue.take(before)]

    def __iter__(self) -> Iterator[Record]:
        """Everything that is held, in no particular order."""
        for queue in self._queues.values():
            yield from queue

    def split(self, changes: Changes, before: int) -> Changes:
        """Hold what is not due before an instant and return the rest."""
        due: Changes = []
        for record in changes:
            is_due = record.at < before
            if is_due.all():
                due.append(record)
                continue
            if is_due.any():
                due.append(rows_of(record, np.flatnonzero(is_due)))
            self.add([rows_of(record, np.flatnonzero(~is_due))])
        return [record for record in due if len(record)]


class _Queue:
    """Records of one kind: the rest of the current day in the order of instants, what came to it since, and later days."""

    def __init__(self) -> None:
        self._day: int | None = None
        self._sorted: Record | None = None
        self._taken = 0
        self._fresh: list[Record] = []
        self._days: dict[int, list[Record]] = {}

    def add(self, record: Record) -> None:
        days = record.at // DAY
        first, last = int(days.min()), int(days.max())
        if first == last:
            self._put(first, record)
            return
        order = np.argsort(days, kind="stable")
        found, starts = np.unique(days[order], return_index=True)
        ordered = rows_of(record, order)
        for day, start, end in zip(found.tolist(), starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
            self._put(day, _slice(ordered, start, end))

    def take(self, before: int) -> Iterator[Record]:
        while True:
            if self._day is None:
                if not self._days or min(self._days) * DAY >= before:
                    return
                self._open(min(self._days))
            due = self._due(before)
            if due is not None:
                yield due
            if self._sorted is not None or self._fresh:
                return
            self._day = None

    def __iter__(self) -> Iterator[Record]:
        if self._sorted is not None:
            yield _slice(self._sorted, self._taken, len(self._sorted))
        yield from self._fresh
        for records in self._days.values():
            yield from records

    def _put(self, day: int, record: Record) -> None:
        if self._day is not None and day <= self._day:
            self._fresh.append(record)
        else:
            self._days.setdefault(day, []).append(record)

    def _open(self, day: int) -> None:
        self._day, self._taken = day, 0
        held = concatenate(self._days.pop(day))
        self._sorted = rows_of(held, np.argsort(held.at, kind="stable"))

    def _due(self, before: int) -> Record | None:
        parts: list[Record] = []
        if self._sorted is not None:
            end = int(np.searchsorted(self._sorted.at, before))
            if end > self._taken:
                parts.append(_slice(self._sorted, self._taken, end))
                self._taken = end
            if self._taken == len(self._sorted):
                self._sorted = None
        if self._fresh:
            fresh = concatenate(self._fresh)
            is_due = fresh.at < before
            parts += [rows_of(fresh, np.flatnonzero(is_due))] if is_due.any() else []
            self._fresh = [] if is_due.all() else [rows_of(fresh, np.flatnonzero(~is_due))]
            self._merge()
        return concatenate(parts) if parts else None

    def _merge(self) -> None:
        """Put what came since into order once it is much, so that every row is moved a few times at most."""
        left = 0 if self._sorted is None else len(self._sorted) - self._taken
        if self._fresh and 4 * len(self._fresh[0]) > left:
            parts = self._fresh if self._sorted is None else [_slice(self._sorted, self._taken, len(self._sorted)), *self._fresh]
            held = concatenate(parts)
            self._sorted, self._taken, self._fresh = rows_of(held, np.argsort(held.at, kind="stable")), 0, []


def rows_of(record: Record, rows: IntArray) -> Record:
    """The given rows of a record."""
    return type(record)(record.table, select(record.columns, rows), record.at[rows], record.step[rows])


def concatenate(records: list[Record]) -> Record:
    """Records of one kind as one."""
    if len(records) == 1:
        return records[0]
    first = records[0]
    columns: Columns = {name: _joined([record.columns[name] for record in records]) for name in first.columns}
    return type(first)(
        first.table, columns, np.concatenate([record.at for record in records]), np.concatenate([record.step for record in records])
    )


def _joined(parts: list[Column]) -> Column:
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate([part for part in parts if isinstance(part, np.ndarray)])
    if all(isinstance(part, Coded) and part.values == first.values for part in parts if isinstance(first, Coded)) and isinstance(
        first, Coded
    ):
        return Coded(first.values, np.concatenate([part.codes for part in parts if isinstance(part, Coded)]))
    joined: Column = _pa.concat_arrays([part.texts() if isinstance(part, Coded) else part for part in parts])
    return joined


def _slice(record: Record, start: int, end: int) -> Record:
    columns: Columns = {}
    for name, column in record.columns.items():
        if isinstance(column, Coded):
            columns[name] = Coded(column.values, column.codes[start:end])
        elif isinstance(column, np.ndarray):
            columns[name] = column[start:end]
        else:
            columns[name] = column.slice(start, end - start)
    return type(record)(record.table, columns, record.at[start:end], record.step[start:end])
