"""What happened to a table in a stretch, brought together: rows as they are at its end, and the changes of rows that were there before."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sqlalchemy

from gen_data.changes import Changes, Columns, Delete, Insert, Update, select
from gen_data.randomness import BoolArray, IntArray
from gen_data.write.columns import concatenate, find_rows, key_numbers, occurrences, overwrite


@dataclass(frozen=True)
class Rows:
    """New rows of a table in no particular order, or the keys of rows that go in that of their instants."""

    columns: Columns
    at: IntArray

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: IntArray | BoolArray) -> "Rows":
        """The rows at these positions, or of this mask."""
        return Rows(select(self.columns, rows), self.at[rows])


_NO_ROWS = Rows({}, np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Updated:
    """Changes of rows, in the order in which they happen.

    ``given`` says of a column which changes carry it; a column that it does not
    name is carried by all of them. Elsewhere a column's value says nothing.
    """

    columns: Columns
    given: dict[str, BoolArray]
    at: IntArray

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: IntArray | BoolArray) -> "Updated":
        """The changes at these positions, or of this mask."""
        given = {name: mask[rows] for name, mask in self.given.items()}
        return Updated(select(self.columns, rows), {name: mask for name, mask in given.items() if not mask.all()}, self.at[rows])


@dataclass(frozen=True)
class TableChanges:
    """All that happens to one table: what comes, what changes and what goes."""

    table: sqlalchemy.Table
    inserts: Rows
    updates: Updated
    deletes: Rows

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The names of the columns of the primary key."""
        return key_of(self.table)


def key_of(table: sqlalchemy.Table) -> tuple[str, ...]:
    """The names of the columns of a table's primary key."""
    return tuple(column.name for column in table.primary_key.columns)


def by_table(changes: Changes) -> dict[str, TableChanges]:
    """A stretch's changes, table by table (full name).

    Two things that happen to a row at one instant are taken in the order of
    their steps and then in the order of ``changes``, as a live shop takes them.
    """
    tables: dict[str, list[Insert | Update | Delete]] = {}
    for change in changes:
        if len(change):
            tables.setdefault(change.table.fullname, []).append(change)
    found = {}
    for name, records in tables.items():
        inserts = join_rows([Rows(record.columns, record.at) for record in records if isinstance(record, Insert)])
        updates = [record for record in records if isinstance(record, Update)]
        deletes = [record for record in records if isinstance(record, Delete)]
        found[name] = TableChanges(records[0].table, inserts, _updated(updates), _deleted(deletes))
    return found


def join_rows(parts: list[Rows]) -> Rows:
    """Rows of several stretches, one after the other."""
    if not parts:
        return _NO_ROWS
    columns = concatenate([part.columns for part in parts], [len(part) for part in parts])
    return Rows(columns, np.concatenate([part.at for part in parts]))


def join_updates(parts: list[Updated]) -> Updated:
    """Changes of several stretches, one after the other."""
    if not parts:
        return Updated({}, {}, np.empty(0, dtype=np.int64))
    counts = [len(part) for part in parts]
    columns = concatenate([part.columns for part in parts], counts)
    given = {}
    for name in columns:
        masks = [part.given.get(name, np.full(len(part), name in part.columns)) for part in parts]
        mask = np.concatenate(masks)
        if not mask.all():
            given[name] = mask
    return Updated(columns, given, np.concatenate([part.at for part in parts]))


def fold(rows: Rows, updates: Updated, key: tuple[str, ...]) -> tuple[Rows, Updated]:
    """The rows as the updates leave them, and the updates that concern none of them."""
    if not len(rows) or not len(updates):
        return rows, updates
    place = find_rows(rows.columns, updates.columns, key)
    is_known = place >= 0
    if not is_known.any():
        return rows, updates
    columns = dict(rows.columns)
    for name, values in updates.columns.items():
        if name not in key:
            carried = np.flatnonzero(is_known & updates.given.get(name, True))
            if len(carried):
                columns[name] = overwrite(columns.get(name), len(rows), place[carried], select({name: values}, carried)[name])
    return Rows(columns, rows.at), updates.take(~is_known)


def last_of_each(updates: Updated, key: tuple[str, ...]) -> Updated:
    """One change for each row that changes: what all of its changes come to."""
    if not len(updates):
        return updates
    numbers = key_numbers(updates.columns, key)
    _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    if len(first) == len(updates):
        return updates
    columns: Columns = {}
    given = {}
    for name, values in updates.columns.items():
        carried = np.flatnonzero(updates.given[name]) if name in updates.given else np.arange(len(updates))
        columns[name] = overwrite(None, len(first), place[carried], select({name: values}, carried)[name])
        is_given = np.zeros(len(first), dtype=np.bool_)
        is_given[place[carried]] = True
        if not is_given.all():
            given[name] = is_given
    last_at = np.zeros(len(first), dtype=np.int64)
    last_at[place] = updates.at
    return Updated(columns, given, last_at)


def rounds(updates: Updated, key: tuple[str, ...]) -> list[Updated]:
    """The changes in turns, in each of which a row changes once at most."""
    if not len(updates):
        return []
    turn = occurrences(key_numbers(updates.columns, key))
    return [updates.take(np.flatnonzero(turn == number)) for number in range(int(turn.max()) + 1)]


def without(rows: Rows, gone: Rows, key: tuple[str, ...]) -> tuple[Rows, Rows]:
    """The rows that stay when those with the keys ``gone`` go, and the keys that none of the rows had."""
    if not len(rows) or not len(gone):
        return rows, gone
    place = find_rows(rows.columns, gone.columns, key)
    stays = np.ones(len(rows), dtype=np.bool_)
    stays[place[place >= 0]] = False
    return rows if stays.all() else rows.take(stays), gone.take(place < 0)


def _deleted(records: list[Delete]) -> Rows:
    if not records:
        return _NO_ROWS
    joined = join_rows([Rows(record.columns, record.at) for record in records])
    order = _order(joined.at, np.concatenate([record.step for record in records]))
    return joined if order is None else joined.take(order)


def _updated(records: list[Update]) -> Updated:
    joined = join_updates([Updated(record.columns, {}, record.at) for record in records])
    order = _order(joined.at, np.concatenate([record.step for record in records])) if records else None
    return joined if order is None else joined.take(order)


def _order(at: IntArray, step: IntArray) -> IntArray | None:
    """The order of instants and steps; None where the rows are in it."""
    later, same = at[1:] > at[:-1], at[1:] == at[:-1]
    if (later | (same & (step[1:] >= step[:-1]))).all():
        return None
    return np.lexsort((step, at))
