"""The history of customers as the database's trigger keeps it, made from the changes themselves."""

import numpy as np

from gen_data.changes import Coded, Column, Columns, select
from gen_data.randomness import IntArray
from gen_data.schema import CUSTOMER_HISTORY
from gen_data.write.columns import concatenate, find_rows, occurrences
from gen_data.write.fold import Rows, Updated

_OPERATIONS = ("insert", "update", "delete")
_INSERT, _UPDATE, _DELETE = range(3)
_KEY = ("customer_id",)


def customer_history(customers: Rows, updates: Updated, deletes: Rows) -> Rows:
    """Every version of these customers, who are given as they registered; ``updates`` and ``deletes`` of others are left aside."""
    place = find_rows(customers.columns, updates.columns, _KEY) if len(updates) else np.empty(0, dtype=np.int64)
    known = np.flatnonzero(place >= 0)
    updates, place = updates.take(known), place[known]
    gone = find_rows(customers.columns, deletes.columns, _KEY) if len(deletes) else np.empty(0, dtype=np.int64)
    gone_at, gone = deletes.at[gone >= 0], gone[gone >= 0]

    # All events, each customer's in their order: first the registration, then the changes, then the end.
    operation = np.repeat([_INSERT, _UPDATE, _DELETE], [len(customers), len(updates), len(gone)])
    of_customer = np.concatenate([np.arange(len(customers)), place, gone])
    order = np.lexsort((operation, of_customer))
    operation, of_customer = operation[order], of_customer[order]

    columns: Columns = {}
    for column in CUSTOMER_HISTORY.columns:
        source = "updated_at" if column.name == "changed_at" else column.name
        if source in customers.columns:
            columns[column.name] = _versions(customers, updates, source, order)
    changed_at = columns["changed_at"]
    if not isinstance(changed_at, np.ndarray):
        raise TypeError("instants are numbers")
    changed_at[operation == _DELETE] = gone_at[order[operation == _DELETE] - len(customers) - len(updates)]
    columns |= {"operation": Coded(_OPERATIONS, operation), "version": occurrences(of_customer) + 1}
    return Rows(columns, changed_at)


def _versions(customers: Rows, updates: Updated, name: str, order: IntArray) -> Column:
    """A column's value after each event, which is the one that was last given."""
    is_given = np.zeros(len(order), dtype=np.bool_)
    is_given[: len(customers)] = True
    if name in updates.columns:
        is_given[len(customers) : len(customers) + len(updates)] = updates.given.get(name, True)
    parts: list[Columns] = [{name: customers.columns[name]}]
    if name in updates.columns:
        parts.append({name: updates.columns[name]})
    values = concatenate(parts, [len(customers), len(updates)][: len(parts)])
    # A customer's first event gives every column, so that no value reaches from one customer to the next.
    last_given = np.maximum.accumulate(np.where(is_given[order], np.arange(len(order)), 0))
    return select(values, order[last_given])[name]
