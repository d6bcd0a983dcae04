"""What a table is like in PostgreSQL's catalogs: by it, rows that changed without a word in the log are noticed.

The log tells what statements did to rows, not what a new definition of a table
made of them: a column added with a default, a type changed with USING, a
partition that was detached. Two fingerprints of a table, with an ingest
between, show whether that may have happened.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import psycopg


@dataclass(frozen=True)
class ColumnPrint:
    """A column that the log carries.

    Attributes:
        number: ``attnum``, which a column keeps under another name, and no other column of the table gets.
        changed_by: The transaction that wrote the column's row in ``pg_attribute``.
        facts: A digest of what that row says, but for its name and number.
        is_filled: Whether rows from before the column read a default that they were never written with.
        labels: The labels of an enum by their OIDs.
    """

    number: int
    changed_by: str
    facts: str
    is_filled: bool
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Fingerprint:
    """A table at one moment.

    Attributes:
        oid: OID of the table.
        file: ``relfilenode``, another one after every rewrite and TRUNCATE; 0 for a partitioned table.
        attributes: The highest number that a column ever had.
        columns: By name.
        partitions: ``relfilenode`` of each partition, at any depth, and the transaction that attached it, by OID.
    """

    oid: int
    file: int
    attributes: int
    columns: Mapping[str, ColumnPrint]
    partitions: Mapping[str, str]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Fingerprint":
        """From the form that it is stored in."""
        return cls(**{**values, "columns": {name: ColumnPrint(**column) for name, column in values["columns"].items()}})

    def stored(self) -> str:
        """The form in which it is kept beside the table's position."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def fingerprints(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> dict[str, Fingerprint]:
    """The tables of ``schemas`` as they are now, by ``schema.table``. Every role may read this."""
    query = files("iceberg.capture").joinpath("fingerprints.sql").read_text()
    return {name: Fingerprint.of(values) for name, values in connection.execute(query.encode(), {"schemas": list(schemas)})}


def unlogged_change(connection: psycopg.Connection[Any], before: Fingerprint, now: Fingerprint) -> str | None:
    """What may have changed rows since ``before`` without the log telling so, in words; None when nothing did.

    A TRUNCATE of an ordinary table is in the log, and a rewrite that touched no
    column (VACUUM FULL, CLUSTER) left rows as they are. TRUNCATE of a partition
    is not in the log, and cannot be told from these two.
    """
    if before == now:
        return None
    if before.oid != now.oid:
        return "another table has its name"
    for name, column in now.columns.items():
        change = _change_of(before, now, before.columns.get(name), column)
        if change is not None:
            return f"column {name} {change}"
    if before.partitions.keys() - now.partitions.keys():
        return "a partition was dropped or detached"
    if any(now.partitions[partition] != file for partition, file in before.partitions.items()):
        return "a partition was emptied, rewritten or detached for a while"
    if _hold_rows(connection, now.partitions.keys() - before.partitions.keys()):
        return "a partition came that holds rows"
    return None


def _change_of(before: Fingerprint, now: Fingerprint, was: ColumnPrint | None, column: ColumnPrint) -> str | None:
    is_rewritten = before.file != now.file
    if was is None:
        if column.number <= before.attributes:
            return "had another name or was generated"
        return "came with values in the rows that were there" if column.is_filled or is_rewritten else None
    if was.number != column.number:
        return "was dropped and another one got its name"
    if was.changed_by != column.changed_by:
        if is_rewritten:
            return "was changed and the rows were rewritten"
        if was.facts == column.facts:
            return "was changed in a way that no longer shows"
    if any(column.labels.get(label) != text for label, text in was.labels.items()):
        return "has values with other names"
    return None


def _hold_rows(connection: psycopg.Connection[Any], partitions: set[str]) -> bool:
    """Whether a partition has had rows since it was made or emptied. Its size tells, which needs no right to read it."""
    if not partitions:
        return False
    row = connection.execute(
        "select bool_or(pg_relation_size(oid) is distinct from 0) from unnest(%s::oid[]) oid", ([int(oid) for oid in partitions],)
    ).fetchone()
    return row is None or bool(row[0])
