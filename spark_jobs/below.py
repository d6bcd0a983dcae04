"""Which rows of the layer below a published row was made of, at the snapshots that its version has consumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from iceberg.dialect import DUCKDB
from iceberg.reader import ReleaseReader
from iceberg.releases import ReleaseTable
from iceberg.table import AsOf, MadeOf, RecomputeTouched
from spark_jobs.tables import LakeTable, Tables, held_by


@dataclass(frozen=True)
class Whole:
    """All rows of an input at a snapshot, of ``columns`` alone where they are given; Spark reads them itself."""

    snapshot_id: int
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Below:
    """What makes a row of a table.

    Attributes:
        name: The table whose rows make it.
        rows: These rows, in the order of their key.
        looked_up: Further rows of that table, which those look up and which belong to other groups.
        others: What else the transform reads, by the names of the tables.
        together: All that the transform reads to make the row again.
        called: What the table whose row it is calls a column that ``rows`` name otherwise, by their name.
    """

    name: str
    rows: pa.Table
    looked_up: pa.Table
    others: Mapping[str, pa.Table | Whole]
    together: Mapping[str, pa.Table | Whole]
    called: Mapping[str, str]


def rows_of_group(
    reader: ReleaseReader, tables: Tables, table: LakeTable, refresh: RecomputeTouched, version: ReleaseTable, wanted: Mapping[str, Any]
) -> Below:
    """What makes the row with the key ``wanted`` of a table whose touched groups are recomputed: the rows of its group."""
    found: dict[str, pa.Table | Whole] = {}
    groups = _Groups(reader, tables, refresh, version)
    group = [wanted[column] for column in refresh.columns]
    with duckdb.connect() as engine:
        engine.execute("set timezone = 'UTC'")
        # What leads to the groups first, then what is led.
        for name in sorted(table.inputs, key=lambda name: name != refresh.via):
            if name in refresh.lookups:
                found[name] = Whole(version.inputs[name], (*tables[name].table.key, *refresh.lookups[name]))
            elif not refresh.looks_up_only(name):
                found[name] = groups.rows(engine, name, group, found.get(refresh.via or ""))
        below = refresh.via or next(name for name, rows in found.items() if isinstance(rows, pa.Table))
        rows = _rows(found[below]).sort_by([(name, "ascending") for name in tables[below].table.key])
        looked_up = rows.slice(0, 0)
        for link in refresh.as_of:
            more = groups.looked_up(engine, link, _rows(found[held_by(link, link.on, below, tables.by_name)]))
            if link.table == below:
                key = tables[below].table.key
                engine.register("held", rows.select(list(key)))
                engine.register("more", more)
                looked_up = engine.sql(f"select * from more anti join held using ({DUCKDB.quoted(*key)})").to_arrow_table()  # noqa: S608
            else:
                found[link.table] = more
    others = {name: rows for name, rows in found.items() if name != below}
    called = dict(zip(refresh.columns_in(below), refresh.columns, strict=True))
    return Below(below, rows, looked_up, others, {**others, below: pa.concat_tables([rows, looked_up])}, called)


@dataclass(frozen=True)
class _Groups:
    """Reads the inputs of one version of a recomputed table."""

    reader: ReleaseReader
    tables: Tables
    refresh: RecomputeTouched
    version: ReleaseTable

    def rows(self, engine: duckdb.DuckDBPyConnection, name: str, group: Sequence[Any], linking: pa.Table | Whole | None) -> pa.Table:
        """The rows of an input that belong to a group, by its columns or by the rows that link to it."""
        source = self._source(engine, name)
        columns = self.refresh.columns_in(name)
        if set(columns) <= set(self.tables[name].table.column_names):
            condition = " and ".join(f"{DUCKDB.quoted(column)} = ?" for column in columns)
            rows: pa.Table = engine.sql(f"select * from {source} where {condition}", params=list(group)).to_arrow_table()  # noqa: S608
            return rows
        key = self.tables[self.refresh.via or ""].table.key
        return _semi_joined(engine, source, _rows(linking).select(list(key)), key)

    def looked_up(self, engine: duckdb.DuckDBPyConnection, link: AsOf, looking: pa.Table) -> pa.Table:
        """What rows look up: of the declared columns, or of all where the input is more than looked up."""
        found = _semi_joined(engine, self._source(engine, link.table), looking.select([link.on]), (link.on,))
        return found.select(link.needed) if self.refresh.looks_up_only(link.table) else found

    def _source(self, engine: duckdb.DuckDBPyConnection, name: str) -> str:
        engine.register(f"rows of {name}", self.reader.rows(name, self.version.inputs[name]))
        return DUCKDB.quoted(f"rows of {name}")


def rows_of_whole(
    reader: ReleaseReader, tables: Tables, table: LakeTable, made_of: MadeOf, version: ReleaseTable, wanted: Mapping[str, Any]
) -> Below:
    """What makes the row with the key ``wanted`` of a table that is computed in whole and says which rows below these are."""
    whole: dict[str, pa.Table | Whole] = {name: Whole(snapshot_id) for name, snapshot_id in version.inputs.items()}
    columns = tables[made_of.table].table.column_names
    with duckdb.connect() as engine:
        engine.execute("set timezone = 'UTC'")
        for name in (made_of.table, *made_of.lookups):
            engine.register(f"rows of {name}", reader.rows(name, version.inputs[name]))
        source = DUCKDB.quoted(f"rows of {made_of.table}")
        for name in made_of.lookups:
            source += f" left join {DUCKDB.quoted(f'rows of {name}')} using ({DUCKDB.quoted(*tables[name].table.key)})"
        values = ", ".join(f"{expression} as _key_{place}" for place, expression in enumerate(made_of.by))
        own = ", ".join(f"{DUCKDB.quoted(f'rows of {made_of.table}')}.{DUCKDB.quoted(column)}" for column in columns)
        condition = " and ".join(f"_key_{place} = ?" for place in range(len(made_of.by)))
        query = f"""
            select {DUCKDB.quoted(*columns)} from (select {own}, {values} from {source} where {made_of.where})
            where {condition} order by {DUCKDB.quoted(*tables[made_of.table].table.key)}
        """  # noqa: S608
        rows: pa.Table = engine.sql(query, params=[wanted[name] for name in table.table.key]).to_arrow_table()
    others = {name: rows for name, rows in whole.items() if name != made_of.table}
    called = {there: here for there, here in zip(made_of.by, table.table.key, strict=True) if there in columns}
    return Below(made_of.table, rows, rows.slice(0, 0), others, whole, called)


def _rows(given: pa.Table | Whole | None) -> pa.Table:
    if not isinstance(given, pa.Table):
        raise TypeError("only rows of the group lead to others")
    return given


def _semi_joined(engine: duckdb.DuckDBPyConnection, source: str, linking: pa.Table, key: Sequence[str]) -> pa.Table:
    engine.register("linking", linking)
    first = DUCKDB.quoted(key[0])
    low, high = engine.execute(f"select min({first}), max({first}) from linking").fetchall()[0]  # noqa: S608
    query = f"select * from {source} semi join linking using ({DUCKDB.quoted(*key)}) where {first} between ? and ?"  # noqa: S608
    rows: pa.Table = engine.sql(query, params=[low, high]).to_arrow_table()
    return rows
