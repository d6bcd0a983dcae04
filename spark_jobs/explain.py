"""Where a number comes from: its definition, its versions, and the rows of the layer below that make it.

A recomputed table is explained by its own transform. It runs once over the
rows of the group, which must give the published row again, and once over the
same rows with each row of the layer below in a group of its own: what comes
out is what that row contributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import duckdb
import pyarrow as pa
from pyiceberg.types import DateType, DecimalType, IcebergType, IntegerType, LongType, StringType
from pyspark.sql import SparkSession

from iceberg.quality.results import CheckResult
from iceberg.reader import ReleaseReader, quoted
from iceberg.releases import Release, ReleaseTable
from iceberg.table import Column, DistinctCount, MergeByKey, Ratio, RecomputeTouched
from shoplake.core.errors import QueryError
from shoplake.core.settings import Settings
from spark_jobs.changes import current_rows
from spark_jobs.session import spark_session
from spark_jobs.tables import LakeTable, Tables, discover

How = Literal["sum", "ratio", "distinct", "least", "greatest", "same", "newest change"]
_LONG_AGO = date(1800, 1, 1)
_COUNTED = (IntegerType, LongType, DecimalType)
_SEPARABLE = (StringType, LongType, IntegerType, DateType)


@dataclass(frozen=True)
class Part:
    """One column of the explained row.

    Attributes:
        column: Its declaration.
        value: The published value.
        how: How the rows below make it; None where that cannot be shown row by row.
        total: What they make together in that way; equal to ``value`` unless ``how`` is None.
        contributions: What each of them gives, in their order; None where nothing.
    """

    column: Column
    value: Any
    how: How | None
    total: Any
    contributions: list[Any]

    @property
    def words(self) -> str:
        """How the number is made, as the end of a sentence."""
        made = self.column.made
        match self.how:
            case "sum":
                return "the sum over the rows below"
            case "ratio" if isinstance(made, Ratio):
                return f"{made.numerator} divided by {made.denominator}, each the sum over the rows below"
            case "distinct" if isinstance(made, DistinctCount):
                return f"the number of different {made.of} of the rows below, each counted where it comes first"
            case "least":
                return "the least of the rows below"
            case "greatest":
                return "the greatest of the rows below"
            case "same":
                return "the same in all rows below"
            case "newest change":
                return "what the newest of the changes below says"
            case _:
                return "made from the rows below together; what each of them gives cannot be told apart"


@dataclass(frozen=True)
class Explanation:
    """A published row and where it comes from.

    Attributes:
        table: Its table.
        key: The values of its key.
        release: The release that it is read in.
        version: The table's version there, with the snapshots of the inputs that it has consumed.
        committed_at: When the newest change that it has consumed was committed at the source; None where bronze does not tell.
        checks: What the table's checks found when the version was built.
        parts: The columns beyond the key.
        asked: The one of them that was asked for, if one was.
        below: The table whose rows make it; None where there is no one such table.
        rows: These rows.
        below_key: The columns that name them.
        is_as_declared: Whether the table's code is the one that made this version; if not, what it makes now may be another number.
        is_reproduced: Whether the transform over the rows of the group gives the published row again; None where it was not run.
    """

    table: LakeTable
    key: tuple[Any, ...]
    release: Release
    version: ReleaseTable
    committed_at: datetime | None
    checks: list[CheckResult]
    parts: list[Part]
    is_as_declared: bool
    asked: Part | None = None
    below: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    below_key: tuple[str, ...] = ()
    is_reproduced: bool | None = None


@dataclass(frozen=True)
class _Made:
    """What the rows of the layer below make of a row."""

    below: str | None
    rows: list[dict[str, Any]]
    below_key: tuple[str, ...]
    again: dict[str, Any] | None
    contributions: list[dict[str, Any] | None]


def explain(settings: Settings, reader: ReleaseReader, name: str, key: Sequence[str], column: str | None = None) -> Explanation:
    """Explain a row of a table, or one ``column`` of it, in the reader's release; ``key`` gives its key as text.

    Needs Spark, which runs the table's transform over the rows of the group
    alone. Raises TableError and QueryError for a table, column or row that is
    not there, ReleaseError when a version that it consumed is no longer kept.
    """
    version, tables = reader.version(name), discover()
    table = tables[name]
    names = [one.name for one in table.table.columns if one.name not in table.table.key]
    if column is not None and column not in names:
        raise QueryError(f"explain: {name} has no number {column}. Choose one of {', '.join(names)}.")
    values = _key_values(table, key)
    row = _published(reader, table, values)
    made = _made(settings, reader, tables, table, version, values)
    parts = [_part(table, one, row, made) for one in table.table.columns if one.name in names]
    return Explanation(
        table,
        tuple(values),
        reader.release,
        version,
        _committed_at(reader, tables, table, version.cut_end_lsn),
        reader.checks(name),
        parts,
        version.definition == table.definition(settings),
        next((part for part in parts if part.column.name == column), None),
        made.below,
        made.rows,
        made.below_key,
        made.again == row if made.again is not None or isinstance(table.table.refresh, RecomputeTouched | MergeByKey) else None,
    )


def _key_values(table: LakeTable, key: Sequence[str]) -> list[Any]:
    names = table.table.key
    if len(key) != len(names):
        raise QueryError(f"explain: the key of {table.name} is ({', '.join(names)}), but {len(key)} values were given. Give one for each.")
    values = []
    for name, text in zip(names, key, strict=True):
        kind = table.table.column(name).type
        try:
            with duckdb.connect() as engine:
                values.append(engine.execute(f"select cast(? as {_sql_type(kind)})", [text.strip()]).fetchall()[0][0])
        except duckdb.Error as problem:
            raise QueryError(f"explain: {text} is no {kind}, which {name} of {table.name} is. Correct the key.") from problem
    return values


def _sql_type(kind: IcebergType) -> str:
    return {"string": "varchar", "long": "bigint", "int": "integer", "timestamptz": "timestamptz"}.get(str(kind), str(kind))


def _published(reader: ReleaseReader, table: LakeTable, values: Sequence[Any]) -> dict[str, Any]:
    layer, short_name = table.name.split(".", 1)
    source = f"{quoted(layer)}.{quoted(short_name)}"
    condition = " and ".join(f"{quoted(name)} = ?" for name in table.table.key)
    columns = ", ".join(quoted(name) for name in table.table.column_names)
    found = reader.sql(f"select {columns} from {source} where {condition}", values).to_pylist()  # noqa: S608
    if not found:
        first = reader.sql(f"select {', '.join(quoted(name) for name in table.table.key)} from {source} order by all limit 1").to_pylist()  # noqa: S608
        example = f"such as {','.join(str(value) for value in first[0].values())}" if first else "but the table is empty"
        raise QueryError(
            f"explain: {table.name} has no row {','.join(map(str, values))} in release {reader.release.release_id}. "
            f"Give a key ({', '.join(table.table.key)}), {example}."
        )
    row: dict[str, Any] = found[0]
    return row


def _made(
    settings: Settings, reader: ReleaseReader, tables: Tables, table: LakeTable, version: ReleaseTable, values: Sequence[Any]
) -> _Made:
    refresh = table.table.refresh
    if isinstance(refresh, MergeByKey):
        return _merged(settings, reader, table, version, values)
    if isinstance(refresh, RecomputeTouched):
        return _recomputed(settings, reader, tables, table, refresh, version, values)
    return _Made(None, [], (), None, [])


def _merged(settings: Settings, reader: ReleaseReader, table: LakeTable, version: ReleaseTable, values: Sequence[Any]) -> _Made:
    changes = _changes_of(reader, table, version, values)
    with spark_session(settings) as session:
        newest = current_rows(session.createDataFrame(changes), table.table.key, None, has_unchanged=True)
        current = _run(session, settings, table, {table.inputs[0]: newest.toArrow()})
    return _Made(table.inputs[0], changes.to_pylist(), ("_end_lsn", "_sequence"), next(iter(current), None), [])


def _recomputed(
    settings: Settings,
    reader: ReleaseReader,
    tables: Tables,
    table: LakeTable,
    refresh: RecomputeTouched,
    version: ReleaseTable,
    values: Sequence[Any],
) -> _Made:
    wanted = dict(zip(table.table.key, values, strict=True))
    inputs = _group_rows(reader, tables, refresh, version, {name: wanted[name] for name in refresh.columns})
    below = refresh.via or next(name for name in table.inputs if set(refresh.columns) <= set(inputs[name].column_names))
    below_key = tables[below].table.key
    inputs[below] = inputs[below].sort_by([(name, "ascending") for name in below_key])
    apart = _separating_column(table, refresh, inputs[below])
    with spark_session(settings) as session:
        together = _run(session, settings, table, inputs)
        separate = _run(session, settings, table, {**inputs, below: _separated(inputs[below], apart)}) if apart else []
    again = next((row for row in together if _agrees(row, wanted)), None)
    by_mark = {row[apart]: row for row in separate if apart and _agrees({**row, apart: wanted[apart]}, wanted)}
    marks = _marks(inputs[below], apart) if apart else [None] * inputs[below].num_rows
    # The group may hold rows of other keys too, as a day does of every channel.
    kept = [(row, by_mark.get(mark)) for row, mark in zip(inputs[below].to_pylist(), marks, strict=True) if _agrees(row, wanted)]
    return _Made(below, [row for row, _ in kept], below_key, again, [contribution for _, contribution in kept])


def _agrees(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a row has the wanted values, in those of their columns that it has."""
    return all(row.get(name, value) == value for name, value in wanted.items())


def _group_rows(
    reader: ReleaseReader, tables: Tables, refresh: RecomputeTouched, version: ReleaseTable, group: Mapping[str, Any]
) -> dict[str, pa.Table]:
    """The rows of each input that belong to the group, at the snapshots that the version has consumed."""
    found: dict[str, pa.Table] = {}
    with duckdb.connect() as engine:
        engine.execute("set timezone = 'UTC'")
        # What leads to the groups first, then what is led.
        for name in sorted(version.inputs, key=lambda name: name != refresh.via):
            rows = reader.rows(name, version.inputs[name])
            engine.register(f"rows of {name}", rows)
            source = quoted(f"rows of {name}")
            if set(refresh.columns) <= set(rows.schema.names):
                condition = " and ".join(f"{quoted(column)} = ?" for column in refresh.columns)
                values = [group[column] for column in refresh.columns]
                found[name] = engine.sql(f"select * from {source} where {condition}", params=values).to_arrow_table()  # noqa: S608
            else:
                found[name] = _linked(engine, source, found[refresh.via or ""], tables[refresh.via or ""].table.key)
    return found


def _linked(engine: duckdb.DuckDBPyConnection, source: str, linking: pa.Table, key: Sequence[str]) -> pa.Table:
    engine.register("linking", linking.select(list(key)))
    first = quoted(key[0])
    low, high = engine.execute(f"select min({first}), max({first}) from linking").fetchall()[0]  # noqa: S608
    using = ", ".join(quoted(column) for column in key)
    query = f"select * from {source} semi join linking using ({using}) where {first} between ? and ?"  # noqa: S608
    rows_found: pa.Table = engine.sql(query, params=[low, high]).to_arrow_table()
    return rows_found


def _changes_of(reader: ReleaseReader, table: LakeTable, version: ReleaseTable, values: Sequence[Any]) -> pa.Table:
    """Every change of a key that the version has consumed, in the log's order."""
    rows = reader.changes(table.inputs[0])
    condition = " and ".join(f"{quoted(name)} = ?" for name in table.table.key)
    with duckdb.connect() as engine:
        engine.execute("set timezone = 'UTC'")
        engine.register("changes", rows)
        query = f"select * from changes where {condition} and _end_lsn <= ? order by _end_lsn, _sequence"  # noqa: S608
        rows_found: pa.Table = engine.sql(query, params=[*values, version.cut_end_lsn]).to_arrow_table()
    return rows_found


def _run(session: SparkSession, settings: Settings, table: LakeTable, inputs: Mapping[str, pa.Table]) -> list[dict[str, Any]]:
    given: dict[str, Any] = {name.replace(".", "_", 1): session.createDataFrame(rows) for name, rows in inputs.items()}
    made = table.transform(**given, **{name: getattr(settings, name) for name in table.needs_settings})
    rows: list[dict[str, Any]] = made.select(*table.table.column_names).toArrow().to_pylist()
    return rows


def _separating_column(table: LakeTable, refresh: RecomputeTouched, rows: pa.Table) -> str | None:
    """The column of the key that can hold a mark of each row, so that each becomes a group of its own."""
    candidates = sorted(table.table.key, key=lambda name: name in refresh.columns)
    return next((name for name in candidates if name in rows.column_names and isinstance(table.table.column(name).type, _SEPARABLE)), None)


def _marks(rows: pa.Table, column: str) -> list[Any]:
    """A value for each row that no row of the shop has, so that it meets none of another input by chance."""
    kind = rows.schema.field(column).type
    if pa.types.is_date(kind):
        return [_LONG_AGO + timedelta(days=number) for number in range(rows.num_rows)]
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return [f"row {number}" if is_text else -1 - number for number in range(rows.num_rows)]


def _separated(rows: pa.Table, column: str) -> pa.Table:
    kind = rows.schema.field(column)
    return rows.set_column(rows.column_names.index(column), kind, pa.array(_marks(rows, column), kind.type))


def _part(table: LakeTable, column: Column, row: Mapping[str, Any], made: _Made) -> Part:
    value = row[column.name]
    if isinstance(table.table.refresh, MergeByKey):
        is_again = made.again is not None and made.again[column.name] == value
        return Part(column, value, "newest change" if is_again else None, value if is_again else None, [])
    given = [one[column.name] if one else None for one in made.contributions]
    if isinstance(column.made, Ratio):
        total = _ratio(column, *(_sum(made, name) for name in (column.made.numerator, column.made.denominator)))
        return _checked(column, value, "ratio", total, given)
    if isinstance(column.made, DistinctCount) and made.rows and column.made.of in made.rows[0]:
        seen: set[Any] = set()
        firsts = []
        for one in made.rows:
            counted = one[column.made.of]
            firsts.append(int(counted is not None and counted not in seen))
            seen.add(counted)
        return _checked(column, value, "distinct", sum(firsts), firsts)
    present = [one for one in given if one is not None]
    if isinstance(column.type, _COUNTED) and sum(present, start=type(value)(0) if value is not None else 0) == (value or 0):
        return _checked(column, value, "sum", value, given)
    if present and value in (min(present), max(present)):
        how: How = "same" if min(present) == max(present) else "least" if value == min(present) else "greatest"
        return _checked(column, value, how, value, given)
    return Part(column, value, None, None, given)


def _checked(column: Column, value: Any, how: How, total: Any, given: list[Any]) -> Part:
    return Part(column, value, how if total == value else None, total, given)


def _sum(made: _Made, name: str) -> Decimal:
    return sum((Decimal(one[name]) for one in made.contributions if one and one[name] is not None), Decimal(0))


def _ratio(column: Column, numerator: Decimal, denominator: Decimal) -> Decimal | None:
    if not denominator or not isinstance(column.type, DecimalType):
        return None
    return (numerator / denominator).quantize(Decimal(1).scaleb(-column.type.scale), ROUND_HALF_UP)


def _committed_at(reader: ReleaseReader, tables: Tables, table: LakeTable, cut_end_lsn: int) -> datetime | None:
    """When the newest change up to the cut, in any bronze table that the table is made from, was committed."""
    found: list[datetime] = []
    for name in tables.with_inputs([table.name]):
        for source in (source for source in tables[name].inputs if source.startswith("bronze.")):
            rows = reader.changes(source)
            # The newest change lies in a file that begins where no other begins later.
            begins = [low for low in rows.lower_bounds("_end_lsn") if low <= cut_end_lsn]
            with duckdb.connect() as engine:
                engine.execute("set timezone = 'UTC'")
                engine.register("changes", rows)
                query = "select max(_committed_at) as newest from changes where _end_lsn between ? and ?"
                newest = engine.sql(query, params=[max(begins, default=0), cut_end_lsn]).to_arrow_table().to_pylist()[0]["newest"]
            found += [newest] if newest is not None else []
    return max(found, default=None)
