"""A stretch in one transaction, with every key, check and trigger on."""

import numpy as np
import psycopg
import sqlalchemy

from gen_data.changes import Changes
from gen_data.clock import to_datetime
from gen_data.schema import CUSTOMERS, GROUND_TRUTH_TABLES, SHOP_TABLES
from gen_data.write.change import change_rows, delete_rows
from gen_data.write.encode import copy_in
from gen_data.write.fold import Rows, TableChanges, by_table, fold, last_of_each, rounds, without

# A table after all that it refers to and that its rules read.
TABLES = (*SHOP_TABLES, *GROUND_TRUTH_TABLES)


def write_batch(connection: psycopg.Connection, changes: Changes) -> None:
    """Write a stretch within the caller's transaction.

    Rows that come are written as they are at the stretch's end; only customers
    come as they registered and change afterwards, so that their history is whole.

    Raises ShopError when a row that changes or goes is not there.
    """
    found = by_table(changes)
    ordered = [found[table.fullname] for table in TABLES if table.fullname in found]
    gone = [(of_table.table, _write_table(connection, of_table)) for of_table in ordered]
    for table, keys in reversed(gone):
        if table is CUSTOMERS:
            _delete_customers(connection, keys)
        else:
            delete_rows(connection, table, keys)


def _write_table(connection: psycopg.Connection, of_table: TableChanges) -> Rows:
    """Write what comes and changes; returns the keys of rows that still have to go."""
    table, key = of_table.table, of_table.key
    if table is CUSTOMERS:
        copy_in(connection, table, of_table.inserts.columns)
        for turn in rounds(of_table.updates, key):
            change_rows(connection, table, turn)
        return of_table.deletes
    rows, updates = fold(of_table.inserts, of_table.updates, key)
    rows, gone = without(rows, of_table.deletes, key)
    # Old rows change first: a row that comes may take the place of one that makes room.
    for turn in rounds(updates, key) if _goes_step_by_step(table) else [last_of_each(updates, key)]:
        change_rows(connection, table, turn)
    copy_in(connection, table, rows.columns)
    return gone


def _goes_step_by_step(table: sqlalchemy.Table) -> bool:
    """Whether a rule looks at every change of a row, and not at what they come to."""
    return "status" in table.columns


def _delete_customers(connection: psycopg.Connection, keys: Rows) -> None:
    for at in np.unique(keys.at).tolist():
        # The history takes the time of a deletion from here.
        connection.execute("select set_config('shop.now', %s, true)", (to_datetime(at).isoformat(),))
        delete_rows(connection, CUSTOMERS, keys.take(keys.at == at))
