"""What moved between two releases: rows that came, went and changed, read from the files that differ alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from iceberg.dialect import DUCKDB
from iceberg.reader import ReleaseReader
from iceberg.snapshots import SnapshotRows

MOST_EXAMPLES = 5


@dataclass(frozen=True)
class ChangedValue:
    """One value of a row that is in both, named by its key: what it was and what it is, as text; None for no value."""

    row_key: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class TableDifference:
    """How a table's version in one release differs from that in another.

    Attributes:
        table_name: With its layer.
        status: ``new`` or ``gone`` where only one of the releases has it; ``rewritten`` where files moved but every row is the same.
        rows_added: Rows whose key only the later release has; None where the catalog does not have the table any more, so that nobody can count.
        rows_removed: Rows whose key only the earlier release has; None likewise.
        rows_changed: Rows of a key in both that differ in any column.
        changed_columns: In how many of those each column differs, of the columns that differ in any.
        examples: Keys of up to five rows of each kind, as text, by the kind: added, removed, changed.
        changed_values: What differs in the changed ones of them.
    """

    table_name: str
    status: Literal["new", "gone", "moved", "rewritten"]
    rows_added: int | None = 0
    rows_removed: int | None = 0
    rows_changed: int = 0
    changed_columns: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    changed_values: list[ChangedValue] = field(default_factory=list)


def differences(before: ReleaseReader, after: ReleaseReader) -> list[TableDifference]:
    """The tables of which two releases have different versions, by name."""
    found = []
    for name in sorted(before.versions.keys() | after.versions.keys()):
        old, new = before.versions.get(name), after.versions.get(name)
        if old is not None and new is not None and old.snapshot_id == new.snapshot_id:
            continue
        if (old is None or new is None) and not before.has_table(name):
            found.append(TableDifference(name, "gone", rows_removed=None) if new is None else TableDifference(name, "new", rows_added=None))
            continue
        # Opened once for both, so that both have the same columns.
        present = after if new is not None else before
        old_rows = present.rows(name, old.snapshot_id) if old is not None else None
        new_rows = present.rows(name, new.snapshot_id) if new is not None else None
        found.append(_difference(name, old_rows, new_rows))
    return found


def _difference(name: str, old: SnapshotRows | None, new: SnapshotRows | None) -> TableDifference:
    if old is None:
        return TableDifference(name, "new", rows_added=new.count_rows() if new is not None else 0)
    if new is None:
        return TableDifference(name, "gone", rows_removed=old.count_rows())
    common = old.files & new.files
    with duckdb.connect() as engine:
        engine.register("old_rows", old.without(common))
        engine.register("new_rows", new.without(common))
        return _compared(engine, name, new.keys, [column for column in new.schema.names if column not in new.keys])


def _compared(engine: duckdb.DuckDBPyConnection, name: str, keys: Sequence[str], columns: Sequence[str]) -> TableDifference:
    on = " and ".join(f"o.{DUCKDB.quoted(key)} = n.{DUCKDB.quoted(key)}" for key in keys)
    differs = [f"o.{DUCKDB.quoted(column)} is distinct from n.{DUCKDB.quoted(column)}" for column in columns]
    kind = f"case when o.found is null then 'added' when n.found is null then 'removed' when {' or '.join(differs or ['false'])} then 'changed' end"
    shown = " || ',' || ".join(f"cast(coalesce(n.{DUCKDB.quoted(key)}, o.{DUCKDB.quoted(key)}) as varchar)" for key in keys)
    values = [
        f"{one} as differs_{number}, case when {one} then [cast(o.{DUCKDB.quoted(column)} as varchar), cast(n.{DUCKDB.quoted(column)} as varchar)] end as values_{number}"
        for number, (column, one) in enumerate(zip(columns, differs, strict=True))
    ]
    engine.execute(
        f"""
        create temp table compared as
        select {kind} as kind, {shown} as row_key, {", ".join(values) or "1"}
        from (select *, true as found from old_rows) o full outer join (select *, true as found from new_rows) n on {on}
        where {kind} is not null
        """  # noqa: S608
    )
    counts = dict(engine.execute("select kind, count(*) from compared group by kind").fetchall())
    by_column = {
        column: int(engine.execute(f"select count(*) from compared where kind = 'changed' and differs_{number}").fetchall()[0][0])  # noqa: S608
        for number, column in enumerate(columns)
    }
    examples = {
        kind: [
            str(row[0])
            for row in engine.execute("select row_key from compared where kind = ? order by 1 limit ?", (kind, MOST_EXAMPLES)).fetchall()
        ]
        for kind in sorted(counts)
    }
    return TableDifference(
        name,
        "moved" if counts else "rewritten",
        counts.get("added", 0),
        counts.get("removed", 0),
        counts.get("changed", 0),
        {column: count for column, count in by_column.items() if count},
        examples,
        _values(engine, columns) if "changed" in counts else [],
    )


def _values(engine: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> list[ChangedValue]:
    names = ", ".join(f"values_{number}" for number in range(len(columns)))
    rows = engine.execute(f"select row_key, {names} from compared where kind = 'changed' order by 1 limit {MOST_EXAMPLES}").fetchall()  # noqa: S608
    return [
        ChangedValue(str(row[0]), column, *values)
        for row in rows
        for column, values in zip(columns, row[1:], strict=True)
        if values is not None
    ]
