"""What is going to happen: future events, kept by day, taken when their time has come."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gen_data.clock import DAY

Events = npt.NDArray[np.void]


def events(dtype: np.dtype[Any], **columns: npt.ArrayLike) -> Events:
    """A structured array of events from its columns, all of one length."""
    made = np.empty(len(np.asarray(columns["at"])), dtype=dtype)
    for name, values in columns.items():
        made[name] = values
    return made


class Agenda:
    """Future events of one kind: structured arrays with an instant ``at`` in microseconds."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._days: dict[int, list[Events]] = {}

    def add(self, future: Events) -> None:
        """Note events that are to come."""
        if not len(future):
            return
        days = future["at"] // DAY
        order = np.argsort(days, kind="stable")
        found, starts = np.unique(days[order], return_index=True)
        for day, part in zip(found.tolist(), np.split(future[order], starts[1:]), strict=True):
            self._days.setdefault(day, []).append(part)

    def take(self, before: int) -> Events:
        """Take out the events before an instant, in no particular order."""
        taken = []
        for day in sorted(self._days):
            if day * DAY >= before:
                break
            held = np.concatenate(self._days.pop(day))
            is_due = held["at"] < before
            taken.append(held[is_due])
            if not is_due.all():
                self._days[day] = [held[~is_due]]
        return np.concatenate(taken) if taken else np.empty(0, dtype=self._dtype)
