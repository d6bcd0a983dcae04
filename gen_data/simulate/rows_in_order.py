"""Rows that are added at the end, keep their place, and are dropped from the front when they are old."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gen_data.randomness import IntArray


class RowsInOrder:
    """A structured array that grows. A row's place never changes, so that others may remember it."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._rows = np.empty(1024, dtype=dtype)
        self._first = 0
        self._count = 0

    @property
    def end(self) -> int:
        """The place of the next row that is added."""
        return self._first + self._count

    def append(self, rows: npt.NDArray[np.void]) -> IntArray:
        """Add rows; returns their places."""
        needed = self._count + len(rows)
        if needed > len(self._rows):
            grown = np.empty(max(needed, 2 * len(self._rows)), dtype=self._rows.dtype)
            grown[: self._count] = self._rows[: self._count]
            self._rows = grown
        self._rows[self._count : needed] = rows
        places = np.arange(self.end, self.end + len(rows))
        self._count = needed
        return places

    def at(self, places: IntArray) -> npt.NDArray[np.void]:
        """A copy of the rows at these places."""
        return self._rows[places - self._first]

    def put(self, places: IntArray, name: str, values: npt.NDArray[Any]) -> None:
        """Change one field of the rows at these places."""
        self._rows[name][places - self._first] = values

    def all(self) -> npt.NDArray[np.void]:
        """All rows that are held, from the oldest on."""
        return self._rows[: self._count]

    def drop_first(self, count: int) -> None:
        """Forget the oldest rows; their room is used again once it is half of all."""
        if count <= 0:
            return
        kept = self._count - count
        self._rows[:kept] = self._rows[count : self._count].copy()
        self._first += count
        self._count = kept

    def drop_before(self, place: int) -> None:
        """Forget the rows before a place."""
        self.drop_first(place - self._first)
