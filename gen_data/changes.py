"""What a stretch of shop time does to the database: rows that come, change and go, each with its instant and its business step.

Columns are numpy arrays of instants (microseconds since 1970), money
(hundredths), numbers and booleans, or text: :class:`Coded` where it comes from a
short list, Arrow where it does not.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy

from gen_data.randomness import IntArray
from gen_data.texts import Texts, only_where, pick

# Stands for null in a column of whole numbers.
NULL = int(np.iinfo(np.int64).min)


class Coded(NamedTuple):
    """Text from a short list: the position in ``values`` of each row, -1 for null."""

    values: tuple[str, ...]
    codes: IntArray

    def texts(self) -> Texts:
        """The column as Arrow text."""
        is_given = self.codes >= 0
        found = pick(self.values, np.where(is_given, self.codes, 0))
        return found if is_given.all() else only_where(is_given, found)


Column = npt.NDArray[Any] | Coded | Texts
# A table's columns by name, all of one length.
Columns = dict[str, Column]


@dataclass(frozen=True)
class _Rows:
    table: sqlalchemy.Table
    columns: Columns
    at: IntArray
    step: IntArray

    def __len__(self) -> int:
        return len(self.at)


class Insert(_Rows):
    """New rows, with the values that they have at their instant ``at``."""


class Update(_Rows):
    """Rows that change at ``at``: ``columns`` holds the key and the columns that change."""


class Delete(_Rows):
    """Rows that go at ``at``: ``columns`` holds the key."""


# Parents before children. Rows of one ``at`` and ``step`` belong to one transaction of a live shop.
Changes = list[Insert | Update | Delete]


def constant(value: str, count: int) -> Coded:
    """A column that says the same in every row."""
    return Coded((value,), np.zeros(count, dtype=np.int64))


def select(columns: Columns, rows: npt.NDArray[Any]) -> Columns:
    """The given rows (positions, or a mask) of each column."""
    if rows.dtype == np.bool_:
        rows = np.flatnonzero(rows)
    return {name: _take(column, rows) for name, column in columns.items()}


def _take(column: Column, rows: npt.NDArray[Any]) -> Column:
    if isinstance(column, Coded):
        return Coded(column.values, column.codes[rows])
    taken: Column = column[rows] if isinstance(column, np.ndarray) else column.take(rows)
    return taken
