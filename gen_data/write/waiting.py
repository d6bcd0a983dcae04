"""What a first load holds in memory: rows that may still change, until they do not, so that memory does not grow with the days."""

from collections.abc import Iterator

import numpy as np
import sqlalchemy

from gen_data.clock import DAY
from gen_data.schema import CARTS, CUSTOMERS, INVENTORY, PRODUCTS, WISHLISTS
from gen_data.write.change import check_found
from gen_data.write.fold import Rows, TableChanges, Updated, fold, join_rows, join_updates, key_of, last_of_each, without
from gen_data.write.history import customer_history

# How long rows wait for their changes. What changes later is changed in the database, at the load's end.
_USUAL_WAIT = 40 * DAY
_WAITS = {CARTS: 2 * DAY, WISHLISTS: 31 * DAY}
# Few rows that change all the time.
_WAIT_TO_THE_END = (PRODUCTS, INVENTORY)
_MOST_WAITING_ROWS = 500_000
_ROWS_PER_COPY = 50_000


class WaitingRows:
    """The rows of one table."""

    def __init__(self, table: sqlalchemy.Table) -> None:
        self.table = table
        self._key = key_of(table)
        # Rows that change say when they did.
        self._may_change = "updated_at" in table.columns or table in _WAITS
        self._rows: list[Rows] = []
        self._updates: list[Updated] = []
        self._deletes: list[Rows] = []
        self._fresh_count = self._settled_count = self._ready_count = 0
        self._now = 0
        self._ready: list[Rows] = []
        self._late_updates: list[Updated] = []
        self._late_deletes: list[Rows] = []

    def hold(self, rows: Rows) -> None:
        """Take rows that were there at the beginning."""
        if len(rows):
            self._rows.append(rows)
            self._fresh_count += len(rows)

    def add(self, changes: TableChanges) -> Rows | None:
        """Take a stretch's changes of the table; returns rows to copy once there are enough that have waited long enough."""
        self.hold(changes.inserts)
        if len(changes.updates):
            self._updates.append(changes.updates)
            self._fresh_count += len(changes.updates)
        if len(changes.deletes):
            self._deletes.append(changes.deletes)
        self._now = max(self._now, *(int(part.at.max(initial=0)) for part in (changes.inserts, changes.updates, changes.deletes)))
        # Settling when a third is fresh touches every waiting row a few times at most.
        if self._fresh_count >= max(_ROWS_PER_COPY, self._settled_count // 2):
            self._settle(is_end=False)
        return self._take_ready() if self._ready_count >= _ROWS_PER_COPY else None

    def rest(self) -> Rows | None:
        """All rows that still wait."""
        self._settle(is_end=True)
        return self._take_ready() if self._ready else None

    def late_updates(self) -> Updated | None:
        """What changed after its row was copied, one change a row; None when nothing did."""
        return last_of_each(join_updates(self._late_updates), self._key) if self._late_updates else None

    def late_deletes(self) -> Rows | None:
        """The keys of rows that went after they were copied; None when none did."""
        return join_rows(self._late_deletes) if self._late_deletes else None

    def _settle(self, is_end: bool) -> None:
        """Bring rows and changes together, and let go of the rows that are old enough."""
        rows = join_rows(self._rows)
        if self._updates:
            rows, late = fold(rows, join_updates(self._updates), self._key)
            if len(late):
                self._late_updates.append(late)
        if self._deletes:
            rows, gone_late = without(rows, join_rows(self._deletes), self._key)
            if len(gone_late):
                self._late_deletes.append(gone_late)
        self._updates, self._deletes, self._fresh_count = [], [], 0
        stays = np.zeros(len(rows), dtype=np.bool_)
        if self._may_change and not is_end:
            stays = np.ones(len(rows), dtype=np.bool_) if self.table in _WAIT_TO_THE_END else rows.at >= self._now - self._wait
            stays[: max(0, len(rows) - _MOST_WAITING_ROWS)] = False
        goes = rows.take(~stays)
        if len(goes):
            self._ready.append(goes)
            self._ready_count += len(goes)
            rows = rows.take(stays)
        self._rows, self._settled_count = [rows], len(rows)

    @property
    def _wait(self) -> int:
        return _WAITS.get(self.table, _USUAL_WAIT)

    def _take_ready(self) -> Rows:
        rows = join_rows(self._ready)
        self._ready, self._ready_count = [], 0
        return rows


class WaitingCustomers:
    """The customers, who wait to the end, because every version of them is kept."""

    def __init__(self) -> None:
        self._rows: list[Rows] = []
        self._updates: list[Updated] = []
        self._deletes: list[Rows] = []

    def hold(self, rows: Rows) -> None:
        """Take customers who were there at the beginning."""
        if len(rows):
            self._rows.append(rows)

    def add(self, changes: TableChanges) -> None:
        """Take a stretch's changes."""
        self.hold(changes.inserts)
        if len(changes.updates):
            self._updates.append(changes.updates)
        if len(changes.deletes):
            self._deletes.append(changes.deletes)

    def rest(self) -> Iterator[tuple[Rows, Rows]]:
        """Customers as they are at the end, with all versions that there were of them, some at a time.

        Raises ShopError when somebody changed or went who is not there.
        """
        key = key_of(CUSTOMERS)
        updates, deletes = join_updates(self._updates), join_rows(self._deletes)
        wanted = len(updates) + len(deletes)
        while self._rows:
            part, count = [], 0
            while self._rows and count < _ROWS_PER_COPY:
                part.append(self._rows.pop(0))
                count += len(part[-1])
            registered = join_rows(part)
            versions = customer_history(registered, updates, deletes)
            customers, updates = fold(registered, updates, key)
            customers, deletes = without(customers, deletes, key)
            yield customers, versions
        check_found(CUSTOMERS, wanted - len(updates) - len(deletes), wanted)
