"""Where a number comes from: its definition, its versions, and the rows of the layer below that make it.

A recomputed table is explained by its own transform. It runs once over the
rows of the group, which must give the published row again, and once over the
same rows with each row of the layer below in a group of its own: what comes
out is what that row contributes. A table that is computed in whole, and says
which rows below make one of its own, is explained likewise; where none of its
key is in these rows, each contributes what it holds under the column's name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import duckdb
import pyarrow as pa
from pyiceberg.types import DateType, DecimalType, IcebergType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from iceberg.dialect import DUCKDB
from iceberg.quality.results import CheckResult
from iceberg.reader import ReleaseReader
from iceberg.releases import Release, ReleaseTable
from iceberg.runs import NO_SNAPSHOT
from iceberg.table import Column, DistinctCount, FullRefresh, MergeByKey, Ratio, RecomputeTouched
from shoplake.core.errors import QueryError
from shoplake.core.settings import CATALOG_NAME, Settings
from spark_jobs.below import Below, Whole, rows_of_group, rows_of_whole
from spark_jobs.changes import current_rows
from spark_jobs.session import spark_session
from spark_jobs.tables import LakeTable, Tables, discover

How = Literal["sum", "ratio", "distinct", "least", "greatest", "same", "newest change"]
_LONG_AGO = date(1800, 1, 1)
_COUNTED = (IntegerType, LongType, DecimalType)
_ORDERED = (DateType, TimestamptzType)
_SEPARABLE = (StringType, LongType, IntegerType, DateType)


@dataclass(frozen=True)
class Part:
    """One column of the explained row.

    Attributes:
        column: Its declaration.
        value: The published value.
        how: How the rows below make it; None where that cannot be shown row by row.
        total: What they make together in that way, or the quotient of the two columns; equal to ``value`` unless ``how`` is None.
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
                return f"{made.numerator} divided by {made.denominator}"
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
                return "made from many rows together, and no sum of what single ones give"


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
        asked: The one of them that was asked for, if one was, and the two that it is the quotient of, if it is one.
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
    asked: tuple[Part, ...] = ()
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
    columns = {one.name: one for one in table.table.columns if one.name not in table.table.key}
    if column is not None and column not in columns:
        raise QueryError(f"explain: {name} has no number {column}. Choose one of {', '.join(columns)}.")
    values = _key_values(table, key)
    row = _published(reader, table, values)
    made = _made(settings, reader, tables, table, version, values)
    parts = {one: _part(table, columns[one], row, made) for one in columns}
    return Explanation(
        table,
        tuple(values),
        reader.release,
        version,
        _committed_at(reader, tables, table, version.cut_end_lsn),
        reader.checks(name),
        list(parts.values()),
        version.definition == table.definition(settings),
        tuple(parts[one] for one in _asked(columns, column) if one in parts),
        made.below,
        made.rows,
        made.below_key,
        made.again == row if made.below is not None else None,
    )


def _asked(columns: Mapping[str, Column], column: str | None) -> list[str]:
    made = columns[column].made if column is not None else None
    parts = [made.numerator, made.denominator] if isinstance(made, Ratio) else []
    return [column, *parts] if column is not None else []


def key_text(values: Sequence[Any]) -> str:
    """The values of a key as they are asked for: one row of CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(["" if value is None else str(value) for value in values])
    return written.getvalue()


def _key_values(table: LakeTable, key: Sequence[str]) -> list[Any]:
    names = table.table.key
    if len(key) != len(names):
        raise QueryError(f"explain: the key of {table.name} is ({', '.join(names)}), but {len(key)} values were given. Give one for each.")
    values = []
    for name, text in zip(names, key, strict=True):
        kind = table.table.column(name).type
        try:
            with duckdb.connect() as engine:
                given = text if isinstance(kind, StringType) else text.strip()
                values.append(engine.execute(f"select cast(? as {_sql_type(kind)})", [given]).fetchall()[0][0])
        except duckdb.Error as problem:
            raise QueryError(f"explain: {text} is no {kind}, which {name} of {table.name} is. Correct the key.") from problem
    return values


def _sql_type(kind: IcebergType) -> str:
    return {"string": "varchar", "long": "bigint", "int": "integer", "timestamptz": "timestamptz"}.get(str(kind), str(kind))


def _published(reader: ReleaseReader, table: LakeTable, values: Sequence[Any]) -> dict[str, Any]:
    layer, short_name = table.name.split(".", 1)
    source = f"{DUCKDB.quoted(layer)}.{DUCKDB.quoted(short_name)}"
    condition = " and ".join(f"{DUCKDB.quoted(name)} = ?" for name in table.table.key)
    columns = DUCKDB.quoted(*table.table.column_names)
    found = reader.sql(f"select {columns} from {source} where {condition}", values).to_pylist()  # noqa: S608
    if not found:
        first = reader.sql(f"select {DUCKDB.quoted(*table.table.key)} from {source} order by all limit 1").to_pylist()  # noqa: S608
        example = f"such as {key_text(list(first[0].values()))}" if first else "but the table is empty"
        raise QueryError(
            f"explain: {table.name} has no row {key_text(values)} in release {reader.release.release_id}. "
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
    wanted = dict(zip(table.table.key, values, strict=True))
    if isinstance(refresh, RecomputeTouched):
        return _again(settings, tables, table, rows_of_group(reader, tables, table, refresh, version, wanted), wanted)
    if isinstance(refresh, FullRefresh) and refresh.made_of is not None:
        return _again(settings, tables, table, rows_of_whole(reader, tables, table, refresh.made_of, version, wanted), wanted)
    return _Made(None, [], (), None, [])


def _merged(settings: Settings, reader: ReleaseReader, table: LakeTable, version: ReleaseTable, values: Sequence[Any]) -> _Made:
    changes = _changes_of(reader, table, version, values)
    with spark_session(settings) as session:
        newest = current_rows(session.createDataFrame(changes), table.table.key, None, has_unchanged=True)
        current = _run(session, settings, table, {table.inputs[0]: newest.toArrow()})
    return _Made(table.inputs[0], changes.to_pylist(), ("_end_lsn", "_sequence"), next(iter(current), None), [])


def _again(settings: Settings, tables: Tables, table: LakeTable, found: Below, wanted: Mapping[str, Any]) -> _Made:
    """The row made again, and what each of the rows below gives to it."""
    below_key = tables[found.name].table.key
    apart = _separating_column(tables, table, found)
    with spark_session(settings) as session:
        together = _run(session, settings, table, found.together, wanted)
        separate = []
        if apart is not None:
            each = pa.concat_tables([_separated(found.rows, apart), found.looked_up])
            here = found.called.get(apart, apart)
            others = {name: _repeated(tables, table, name, rows, here, _marks(found.rows, apart)) for name, rows in found.others.items()}
            separate = _run(session, settings, table, {**others, found.name: each}, {k: v for k, v in wanted.items() if k != here})
    rows = found.rows.to_pylist()
    if apart is None:
        # Nothing sets one row apart from the others, so it gives what it holds itself.
        contributions: list[dict[str, Any] | None] = [{name: row.get(name) for name in table.table.column_names} for row in rows]
    else:
        by_mark = {row[found.called.get(apart, apart)]: row for row in separate}
        contributions = [by_mark.get(mark) for mark in _marks(found.rows, apart)]
    # The group may hold rows of other keys too, as a day does of every channel, and rows that give nothing to this one.
    kept = [(row, given) for row, given in zip(rows, contributions, strict=True) if _agrees(row, wanted)]
    kept = [(row, given) for row, given in kept if given is not None] or kept
    return _Made(found.name, [row for row, _ in kept], below_key, next(iter(together), None), [given for _, given in kept])


def _agrees(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a row has the wanted values, in those of their columns that it has."""
    return all(row.get(name, value) == value for name, value in wanted.items())


def _changes_of(reader: ReleaseReader, table: LakeTable, version: ReleaseTable, values: Sequence[Any]) -> pa.Table:
    """Every change of a key that the version has consumed, in the log's order."""
    rows = reader.changes(table.inputs[0])
    condition = " and ".join(f"{DUCKDB.quoted(name)} = ?" for name in table.table.key)
    with duckdb.connect() as engine:
        engine.execute("set timezone = 'UTC'")
        engine.register("changes", rows)
        query = f"select * from changes where {condition} and _end_lsn <= ? order by _end_lsn, _sequence"  # noqa: S608
        rows_found: pa.Table = engine.sql(query, params=[*values, version.cut_end_lsn]).to_arrow_table()
    return rows_found


def _run(
    session: SparkSession,
    settings: Settings,
    table: LakeTable,
    inputs: Mapping[str, pa.Table | Whole],
    wanted: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rows that the transform makes of ``inputs``, those alone that have the ``wanted`` values."""
    given: dict[str, Any] = {name.replace(".", "_", 1): _frame(session, name, rows) for name, rows in inputs.items()}
    made = table.transform(**given, **{name: getattr(settings, name) for name in table.needs_settings})
    for name, value in (wanted or {}).items():
        made = made.where(F.col(name) == F.lit(value))
    rows: list[dict[str, Any]] = made.select(*table.table.column_names).toArrow().to_pylist()
    return rows


def _frame(session: SparkSession, name: str, rows: pa.Table | Whole) -> DataFrame:
    if isinstance(rows, pa.Table):
        # Of no row at all, Spark could not tell the columns.
        return session.createDataFrame(rows) if rows.num_rows else session.createDataFrame([], from_arrow_schema(rows.schema))
    if rows.snapshot_id == NO_SNAPSHOT:
        frame = session.table(f"{CATALOG_NAME}.{name}").where("false")
    else:
        frame = session.read.option("versionAsOf", str(rows.snapshot_id)).table(f"{CATALOG_NAME}.{name}")
    return frame.select(*rows.columns) if rows.columns else frame


def _separating_column(tables: Tables, table: LakeTable, found: Below) -> str | None:
    """The column of the rows below that can hold a mark of each of them, so that each becomes a group of its own.

    It is part of the table's key, by this name or by that of ``called``. What
    leads from these rows to other inputs must stay as it is.
    """
    leading = _leading(tables, table, found.name)
    here = {there: found.called.get(there, there) for there in found.rows.column_names}
    candidates = [there for there, name in here.items() if name in table.table.key and there not in leading]
    candidates.sort(key=lambda there: (there in found.called, table.table.key.index(here[there])))
    return next((there for there in candidates if isinstance(table.table.column(here[there]).type, _SEPARABLE)), None)


def _leading(tables: Tables, table: LakeTable, below: str) -> set[str]:
    """The columns by which a recomputed table finds rows of other inputs: the key of what links them, and those of what is looked up."""
    refresh = table.table.refresh
    if not isinstance(refresh, RecomputeTouched):
        return set()
    key = tables[below].table.key
    linked = [name for name in table.inputs if name != below and name not in refresh.lookups and not refresh.looks_up_only(name)]
    columns = {column for name in refresh.lookups for column in tables[name].table.key} | {link.on for link in refresh.as_of}
    return columns | ({*key} if any(set(key) <= set(tables[name].table.column_names) for name in linked) else set())


def _marks(rows: pa.Table, column: str) -> list[Any]:
    """A value for each row that no row of the shop has, so that it meets none of another input by chance."""
    kind = rows.schema.field(column).type
    if pa.types.is_date(kind):
        return [_LONG_AGO + timedelta(days=number) for number in range(rows.num_rows)]
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return [f"row {number}" if is_text else -1 - number for number in range(rows.num_rows)]


def _separated(rows: pa.Table, column: str) -> pa.Table:
    """The rows with a mark each; where that is a day, their other days move along, so that what lies between them stays."""
    marks = _marks(rows, column)
    changed = {column: marks}
    if pa.types.is_date(rows.schema.field(column).type):
        moves = [mark - day for mark, day in zip(marks, rows[column].to_pylist(), strict=True)]
        for other in rows.schema:
            if pa.types.is_date(other.type) and other.name != column:
                days = rows[other.name].to_pylist()
                changed[other.name] = [day + move if day is not None else None for day, move in zip(days, moves, strict=True)]
    for name, values in changed.items():
        kind = rows.schema.field(name)
        rows = rows.set_column(rows.column_names.index(name), kind, pa.array(values, kind.type))
    return rows


def _repeated(tables: Tables, table: LakeTable, name: str, rows: pa.Table | Whole, column: str, marks: Sequence[Any]) -> pa.Table | Whole:
    """Another input as the groups of one row each need it: one that says which rows the table has says so of each of them."""
    if not isinstance(rows, pa.Table) or name not in tables.by_name or tables[name].table.key != table.table.key or not marks:
        return rows
    kind, place = rows.schema.field(column), rows.column_names.index(column)
    return pa.concat_tables(rows.set_column(place, kind, pa.array([mark] * rows.num_rows, kind.type)) for mark in marks)


def _part(table: LakeTable, column: Column, row: Mapping[str, Any], made: _Made) -> Part:
    value = row[column.name]
    if isinstance(table.table.refresh, MergeByKey):
        is_again = made.again is not None and made.again[column.name] == value
        return Part(column, value, "newest change" if is_again else None, value if is_again else None, [])
    given = [one[column.name] if one else None for one in made.contributions]
    if isinstance(column.made, Ratio):
        return _checked(column, value, "ratio", _ratio(column, row[column.made.numerator], row[column.made.denominator]), given)
    if made.below is None:
        return Part(column, value, None, None, [])
    if isinstance(column.made, DistinctCount) and made.rows and column.made.of in made.rows[0]:
        seen: set[Any] = set()
        firsts = []
        for one in made.rows:
            counted = one[column.made.of]
            firsts.append(int(counted is not None and counted not in seen))
            seen.add(counted)
        return _checked(column, value, "distinct", sum(firsts), firsts)
    present = [one for one in given if one is not None]
    is_number = isinstance(column.type, _COUNTED) and not column.name.endswith("_id")
    if is_number and value is not None and sum(present, start=type(value)(0)) == value:
        return _checked(column, value, "sum", value, given)
    is_measure = is_number and isinstance(column.type, LongType | DecimalType)
    if present and not is_measure and all(one == value for one in present):
        return _checked(column, value, "same", value, given)
    if present and isinstance(column.type, _ORDERED) and value in (min(present), max(present)):
        return _checked(column, value, "least" if value == min(present) else "greatest", value, given)
    return Part(column, value, None, None, given)


def _checked(column: Column, value: Any, how: How, total: Any, given: list[Any]) -> Part:
    return Part(column, value, how if total == value else None, total, given)


def _ratio(column: Column, numerator: Any, denominator: Any) -> Decimal | None:
    if numerator is None or not denominator or not isinstance(column.type, DecimalType):
        return None
    return (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1).scaleb(-column.type.scale), ROUND_HALF_UP)


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
