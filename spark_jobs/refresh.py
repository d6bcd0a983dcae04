"""The refresh strategies: how a table on the run's branch is brought up to its inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyRelation
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.dialect import DUCKDB, SPARK, Dialect
from iceberg.runs import TableRun
from iceberg.table import FullRefresh, MergeByKey, RecomputeTouched
from shoplake.core.settings import CATALOG_NAME
from spark_jobs.as_of import looked_up
from spark_jobs.bounds import in_ranges, ranges_around, ranges_of
from spark_jobs.changes import Truncation, current_rows
from spark_jobs.lake import Lake
from spark_jobs.questions import Questions, answers, values_of
from spark_jobs.session import describe_jobs, expect_rows
from spark_jobs.tables import LakeTable
from spark_jobs.touched import Groups, GroupsTouched, KeysTouched, Touched, group_condition, touched_groups

MOST_NAMED_KEYS = 10_000
MOST_FEW_ROWS = 200_000
EVERYTHING = "true"


@dataclass(frozen=True)
class Refreshed:
    """What a strategy did.

    Attributes:
        strategy: In words, such as ``merge``.
        is_changed: Whether the branch was written at all.
        touched: What differs from the base; None: anything may.
        scope: SQL over the table that holds for every row that was written, to bound the checks.
        inputs: The inputs, restricted to what the rows in scope were made from, for checks that compare sums.
        changed_row_count: Rows changed, where the strategy knows; else None and the rows in scope count.
        keys: The keys that were written, where the scope holds others too; None: all in scope.
    """

    strategy: str
    is_changed: bool
    touched: Touched | None
    scope: str
    inputs: dict[str, DataFrame]
    changed_row_count: int | None = None
    keys: DataFrame | None = None


def refresh(lake: Lake, table: LakeTable, state: TableRun, is_full: bool) -> Refreshed:
    """Write the table's branch, by its declared strategy or in full; ``state`` says what its base had consumed."""
    strategy = table.table.refresh
    if is_full or isinstance(strategy, FullRefresh) or state.base_snapshot_id is None or state.cut_end_lsn is None:
        return _full(lake, table, state)
    if isinstance(strategy, MergeByKey):
        return _merge_by_key(lake, table, state, state.cut_end_lsn)
    groups = touched_groups(lake, table, strategy, dict(state.inputs))
    return _full(lake, table, state) if groups is None else _recompute(lake, table, state, strategy, groups)


def _full(lake: Lake, table: LakeTable, state: TableRun) -> Refreshed:
    expect_rows(lake.session, sum(lake.row_count(name) for name in table.inputs) > MOST_FEW_ROWS)
    if isinstance(table.table.refresh, MergeByKey):
        changes = lake.changes(table.inputs[0])
        truncated, has_unchanged = _look_at(Questions(lake).changes(table.inputs[0]))
        inputs = {table.inputs[0]: current_rows(changes, table.table.key, truncated, has_unchanged)}
    else:
        inputs = {name: lake.read(name) for name in table.inputs} | _lookups(lake, table) | looked_up(lake, table)
    make_branch(lake, table.name, state.base_snapshot_id)
    describe_jobs(lake.session, f"{table.name} full")
    lake.transform(table, inputs).writeTo(lake.branch(table.name)).overwrite(F.lit(True))
    return Refreshed("full", True, None, EVERYTHING, inputs)


def _look_at(changes: DuckDBPyRelation) -> tuple[Truncation | None, bool]:
    """Where the source table was last emptied, and whether an update ever left out a value."""
    truncates = changes.filter("_operation = 'truncate'").select("_end_lsn, _sequence")
    last = answers(truncates.order("_end_lsn desc, _sequence desc").limit(1))
    has_unchanged = bool(answers(changes.filter("_unchanged_columns is not null").select("_end_lsn").limit(1)))
    return Truncation(*last[0]) if last else None, has_unchanged


def _merge_by_key(lake: Lake, table: LakeTable, state: TableRun, after_lsn: int) -> Refreshed:
    key, source = table.table.key, table.inputs[0]
    window = Questions(lake).changes(source, after_lsn)
    key_count, low, high, is_new, has_truncate, has_unchanged = _summed_up(window, key)
    if key_count == 0:
        return Refreshed("merge", False, None, EVERYTHING, {}, 0)
    if has_truncate:
        return _full(lake, table, state)
    is_much = key_count > MOST_NAMED_KEYS
    expect_rows(lake.session, is_much)
    values = [] if is_much else values_of(window.select(DUCKDB.quoted(key[0])).distinct().to_arrow_table(), key[0])
    ranges = ranges_around([(low, high)]) if is_much else ranges_of(values)
    changes = lake.changes(source, after_lsn)
    keys = changes.select(*key).distinct()
    rows = current_rows(_reaching_back(lake, source, changes, keys, key) if has_unchanged else changes, key, None, has_unchanged)
    made = lake.transform(table, {source: rows})
    make_branch(lake, table.name, state.base_snapshot_id)
    describe_jobs(lake.session, f"{table.name} merge")
    if is_new:
        made.writeTo(lake.branch(table.name)).append()
    else:
        _merge(lake, table, keys, made, in_ranges(key[0], table.table.column(key[0]).type, ranges, "target"))
    scope = in_ranges(key[0], table.table.column(key[0]).type, ranges)
    return Refreshed("append" if is_new else "merge", True, KeysTouched(after_lsn, ranges), scope, {source: rows}, key_count, keys)


def _summed_up(changes: DuckDBPyRelation, key: Sequence[str]) -> tuple[Any, ...]:
    """How many keys changed, the least and the greatest value of the first column; whether all are new, one was emptied, one left out a value."""
    first = DUCKDB.quoted(key[0])
    by_key = changes.aggregate(
        f"""
        {first},
        bool_and(_operation = 'insert') as _is_new,
        bool_or(_operation = 'truncate') as _has_truncate,
        bool_or(_unchanged_columns is not null) as _has_unchanged
        """,
        DUCKDB.quoted(*key),
    )
    return answers(
        by_key.aggregate(
            f"""
            count(*) as keys, min({first}) as low, max({first}) as high,
            bool_and(_is_new) as is_new, bool_or(_has_truncate) as has_truncate, bool_or(_has_unchanged) as has_unchanged
            """
        )
    )[0]


def _reaching_back(lake: Lake, source: str, changes: DataFrame, keys: DataFrame, key: Sequence[str]) -> DataFrame:
    """All changes of the touched keys since the beginning, where a value that was not sent again must be found."""
    return lake.changes(source).join(F.broadcast(keys), on=list(key), how="left_semi").select(*changes.columns)


def _recompute(lake: Lake, table: LakeTable, state: TableRun, strategy: RecomputeTouched, found: Groups) -> Refreshed:
    if not found.groups:
        return Refreshed("recompute", False, None, EVERYTHING, {}, 0)
    expect_rows(lake.session, _is_much(lake, table, strategy, found))
    scope = group_condition(table, strategy, found.groups)
    restricted = {name: lake.read(name).where(sql) for name, sql in _conditions(lake, table, strategy, found, SPARK).items()}
    inputs = _lookups(lake, table) | restricted
    # What is looked up may bring rows of other groups along.
    made = lake.transform(table, inputs | looked_up(lake, table, inputs, found.via_ranges)).where(scope)
    make_branch(lake, table.name, state.base_snapshot_id)
    describe_jobs(lake.session, f"{table.name} recompute")
    # By snapshot, since a MERGE cannot plan a view of its own target.
    held = lake.read(table.name, state.base_snapshot_id).where(scope).select(*table.table.key)
    _merge(lake, table, held, made, group_condition(table, strategy, found.groups, "target"))
    return Refreshed("recompute", True, GroupsTouched(found.groups), scope, inputs)


def _conditions(lake: Lake, table: LakeTable, strategy: RecomputeTouched, found: Groups, dialect: Dialect) -> dict[str, str]:
    """SQL, for each input that has rows of the groups, that holds for all of these and for few others."""
    conditions = {}
    for name in table.inputs:
        if name in strategy.lookups or strategy.looks_up_only(name):
            continue
        if set(strategy.columns_in(name)) <= set(lake.tables[name].table.column_names):
            conditions[name] = group_condition(table, strategy, found.groups, source=name, dialect=dialect)
        elif strategy.via and found.via_ranges is not None:
            first = lake.tables[strategy.via].table.key[0]
            conditions[name] = in_ranges(first, lake.tables[name].table.column(first).type, found.via_ranges, dialect=dialect)
    return conditions


def _is_much(lake: Lake, table: LakeTable, strategy: RecomputeTouched, found: Groups) -> bool:
    """Whether so many rows are read that compiling pays: counted, but only in inputs that have so many at all."""
    questions, count = Questions(lake), 0
    for name, condition in _conditions(lake, table, strategy, found, DUCKDB).items():
        if lake.row_count(name) > MOST_FEW_ROWS:
            count += answers(questions.read(name).filter(condition).aggregate("count(*)"))[0][0]
    return count > MOST_FEW_ROWS


def _lookups(lake: Lake, table: LakeTable) -> dict[str, DataFrame]:
    """What things are looked up in, without the columns that are not declared: a change of those is not noticed."""
    declared = table.table.refresh.lookups if isinstance(table.table.refresh, RecomputeTouched) else {}
    return {name: lake.read(name).select(*lake.tables[name].table.key, *columns) for name, columns in declared.items()}


def make_branch(lake: Lake, name: str, base_snapshot_id: int | None) -> None:
    """Let the run's branch begin at the version of the last release, whatever an earlier attempt left there."""
    describe_jobs(lake.session, f"{name} branch")
    start = f" as of version {base_snapshot_id}" if base_snapshot_id is not None else ""
    lake.session.sql(f"alter table {CATALOG_NAME}.{name} create or replace branch {lake.run.branch}{start}").collect()


def _merge(lake: Lake, table: LakeTable, keys: DataFrame, made: DataFrame, target_bound: str) -> None:
    """Replace the rows of ``keys`` by those that were made; keys without one are deleted. ``target_bound`` holds for all of them."""
    key = list(table.table.key)
    source = keys.join(made.withColumn("_is_made", F.lit(True)), on=key, how="full_outer")
    view = f"source_{table.name.replace('.', '_')}_{lake.run.run_id}"
    source.createOrReplaceTempView(view)
    columns = [SPARK.quoted(name) for name in table.table.column_names]
    same_key = " and ".join(f"target.{SPARK.quoted(name)} = source.{SPARK.quoted(name)}" for name in key)
    lake.session.sql(
        f"""
        merge into {lake.branch(table.name)} as target using {view} as source on {same_key} and {target_bound}
        when matched and source._is_made is null then delete
        when matched then update set {", ".join(f"target.{name} = source.{name}" for name in columns)}
        when not matched and source._is_made then insert ({", ".join(columns)}) values ({", ".join(f"source.{name}" for name in columns)})
        """  # noqa: S608
    ).collect()
    lake.session.catalog.dropTempView(view)
