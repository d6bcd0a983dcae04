"""Runs a table's checks on the run's branch: one query for all of them, a second one only to name what failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from iceberg.dialect import DUCKDB, SPARK
from iceberg.quality.checks import Check, IntervalCheck, Ledger, LedgerCheck, ReferenceCheck, RowCheck, Severity, SumCheck
from iceberg.quality.results import CheckResult
from iceberg.table import Table
from spark_jobs.bounds import MOST_KEYS, in_ranges, ranges_of
from spark_jobs.lake import Lake
from spark_jobs.questions import Questions, few, values_of
from spark_jobs.refresh import MOST_FEW_ROWS, Refreshed
from spark_jobs.session import describe_jobs
from spark_jobs.tables import LakeTable
from spark_jobs.touched import touched_condition

UNIQUE_KEY = "unique key"
FILLED_KEY = "key not null"
_MOST_EXAMPLES = 5


def audit(lake: Lake, table: LakeTable, refreshed: Refreshed, written: int) -> tuple[list[CheckResult], int]:
    """The results of all checks of the rows that the snapshot ``written`` has anew, and how many rows these are.

    Rows that the run did not write passed in the run that wrote them.
    """
    describe_jobs(lake.session, f"{table.name} check")
    checks = table.table.checks
    key = list(table.table.key)
    rows = lake.read(table.name, written).where(refreshed.scope)
    if refreshed.keys is not None and _sums(table):
        rows = rows.join(refreshed.keys, on=key, how="left_semi")
    marked, broken = _marked(lake, table, rows, refreshed, written)
    by_key = marked.groupBy(*key).agg(
        F.count(F.lit(1)).alias("rows"),
        *(F.count_if(condition).alias(f"broken_{number}") for number, condition in broken.items()),
        *(F.sum(check.column).alias(f"sum_{number}") for number, check in _sums(table).items()),
    )
    counted = by_key.select(
        *_grouping(table)[0],
        "rows",
        (F.col("rows") - 1).alias("doubled"),
        F.when(_null_key(key), F.col("rows")).alias("keyless"),
        *(f"broken_{number}" for number in broken),
        *(f"sum_{number}" for number in _sums(table)),
    )
    beside = _beside(lake, table, refreshed)
    groups = _by_group(table, counted, beside) if beside.rows else None
    found = _over_all(table, counted if groups is None else groups).collect()[0].asDict()

    results = [
        _row_result(
            table,
            FILLED_KEY,
            Severity.STOP,
            key_rules(table.table)[FILLED_KEY],
            "have none",
            found["keyless"],
            marked,
            _null_key(key),
        ),
        _unique_result(table, found["doubled"], by_key),
    ]
    for number, check in enumerate(checks):
        if isinstance(check, SumCheck):
            results.append(_sum_result(table, number, check, found, groups))
        elif isinstance(check, LedgerCheck):
            results.append(_ledger_result(table, check, found[f"broken_{number}"], beside.rows[check.ledger.name], beside.broken[number]))
        else:
            failing = found[f"broken_{number}"]
            results.append(_row_result(table, check.name, check.severity, check.rule, _fault(check), failing, marked, broken[number]))
    return results, found["rows"]


def key_rules(table: Table) -> dict[str, str]:
    """What must hold of any table's key, by the name of the check, as the middle of a sentence."""
    key = ", ".join(table.key)
    return {FILLED_KEY: f"key ({key}) must have a value", UNIQUE_KEY: f"key ({key}) must be unique"}


@dataclass(frozen=True)
class _Beside:
    """What a table is held against: the rows of inputs and ledgers by name, and for each ledger's check by its number the condition of a broken row."""

    rows: dict[str, DataFrame]
    broken: dict[int, Column]


def _beside(lake: Lake, table: LakeTable, refreshed: Refreshed) -> _Beside:
    """The inputs, restricted as the build read them, and the ledgers that are made of these."""
    rows: dict[str, DataFrame] = {}
    broken: dict[int, Column] = {}
    for number, check in enumerate(table.table.checks):
        other = check.other if isinstance(check, SumCheck) else check.ledger if isinstance(check, LedgerCheck) else None
        if isinstance(other, str):
            rows[other] = refreshed.inputs[other]
        elif other is not None and other.name not in rows:
            given = {name.replace(".", "_", 1): refreshed.inputs[name] for name in other.tables}
            rows[other.name] = lake.session.sql(other.sql, None, **given)
        if isinstance(check, LedgerCheck):
            broken[number] = F.expr(check.broken_when)
    return _Beside(rows, broken)


def _sums(table: LakeTable) -> dict[int, SumCheck]:
    return {number: check for number, check in enumerate(table.table.checks) if isinstance(check, SumCheck)}


def _grouping(table: LakeTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns in whose groups a table's sums are compared, all in the same, and what gives these groups on the other side."""
    return next(((check.by, check.other_by) for check in _sums(table).values()), ((), ()))


def _by_group(table: LakeTable, counted: DataFrame, beside: _Beside) -> DataFrame:
    """One row per group in which sums are compared, with the table's and the others' side by side.

    Each row of either side goes to its group as it is: grouped by side first, all rows would be exchanged once more.
    """
    sums, (by, other_by) = _sums(table), _grouping(table)
    sides = [counted]
    for name, rows in beside.rows.items():
        compared = {number: check for number, check in sums.items() if _name(check.other) == name}
        checked = {number: beside.broken[number] for number, ledger in _ledgers(table).items() if ledger == name}
        sides.append(
            rows.select(
                *(F.expr(expression).alias(column) for column, expression in zip(by, other_by, strict=True) if compared),
                *(F.col(check.other_column).alias(f"other_{number}") for number, check in compared.items()),
                *(F.when(condition, F.lit(1)).alias(f"broken_{number}") for number, condition in checked.items()),
            )
        )
    together = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), sides)
    return together.groupBy(*by).agg(*(_total(name) for name in together.columns if name not in by))


def _over_all(table: LakeTable, groups: DataFrame) -> DataFrame:
    """One row of what all groups say together: what is counted and summed, and in how many groups sums differ."""
    return groups.agg(
        *(_total(name) for name in groups.columns if name not in _grouping(table)[0]),
        *(F.count_if(_differs(number, check)).alias(f"differing_{number}") for number, check in _sums(table).items()),
    )


def _differs(number: int, check: SumCheck) -> Column:
    return F.expr(f"abs(sum_{number} - other_{number}) > {SPARK.literal(check.within)}")


def _name(other: str | Ledger) -> str:
    return other.name if isinstance(other, Ledger) else other


def _ledgers(table: LakeTable) -> dict[int, str]:
    return {number: check.ledger.name for number, check in enumerate(table.table.checks) if isinstance(check, LedgerCheck)}


def _marked(lake: Lake, table: LakeTable, rows: DataFrame, refreshed: Refreshed, written: int) -> tuple[DataFrame, dict[int, Column]]:
    """The rows with what references need joined on, and for each check by its number the condition of a broken row."""
    broken = {}
    for number, check in enumerate(table.table.checks):
        if isinstance(check, RowCheck):
            broken[number] = F.expr(check.broken_when)
        elif isinstance(check, ReferenceCheck):
            found, value = f"_found_{number}", f"_value_{number}"
            others = _referred_to(lake, table, check, refreshed, written).select(F.col(check.other_column).alias(value))
            if lake.tables[check.other_table].table.key != (check.other_column,):
                others = others.distinct()
            rows = rows.join(others.withColumn(found, F.lit(True)), on=F.col(check.column) == F.col(value), how="left")
            broken[number] = F.col(check.column).isNotNull() & F.col(found).isNull()
        elif isinstance(check, IntervalCheck):
            mark = f"_breaks_off_{number}"
            rows, broken[number] = with_broken_intervals(rows, check, mark), F.col(mark)
    return rows, broken


def _referred_to(lake: Lake, table: LakeTable, check: ReferenceCheck, refreshed: Refreshed, written: int) -> DataFrame:
    """The rows of the other table that a reference may lead to: of many, those near the values that the written rows have, where these are few.

    Else each small build would read the whole history that it refers to.
    """
    others, touched = lake.read(check.other_table), refreshed.touched
    # The scope bounds the first column of a key, from which Spark infers as much by itself.
    if touched is None or check.column == table.table.key[0] or lake.row_count(check.other_table) <= MOST_FEW_ROWS:
        return others
    rows = Questions(lake).read(table.name, written).filter(touched_condition(lake, table.name, touched))
    values = few(rows.select(DUCKDB.quoted(check.column)).distinct(), MOST_KEYS)
    if values is None:
        return others
    other_type = lake.tables[check.other_table].table.column(check.other_column).type
    return others.where(in_ranges(check.other_column, other_type, ranges_of(values_of(values, check.column))))


def with_broken_intervals(rows: DataFrame, check: IntervalCheck, mark: str) -> DataFrame:
    """``rows`` with the column ``mark``: whether an interval is empty, or does not end where the next one begins."""
    since, until, following = F.col(check.since), F.col(check.until), F.col(f"{mark}_next")
    may_end = F.coalesce(F.col(check.ended), F.lit(False)) if check.ended else F.lit(False)
    is_followed = F.when(following.isNull(), until.isNull() | may_end).otherwise((until == following) | (may_end & (until < following)))
    is_whole = F.coalesce(is_followed, F.lit(False)) & F.coalesce(since < until, until.isNull())
    next_begins = F.lead(check.since).over(Window.partitionBy(check.of).orderBy(check.since))
    return rows.withColumn(f"{mark}_next", next_begins).withColumn(mark, ~is_whole)


def _fault(check: Check) -> str:
    if isinstance(check, RowCheck):
        return check.fault
    return "do not" if isinstance(check, IntervalCheck) else "are not"


def _null_key(key: Sequence[str]) -> Column:
    return F.expr(" or ".join(f"{SPARK.quoted(name)} is null" for name in key))


def _total(column: str) -> Column:
    return F.coalesce(F.sum(column), F.lit(0)).alias(column)


def _row_result(
    table: LakeTable, name: str, severity: Severity, rule: str, fault: str, failing: int, rows: DataFrame, broken: Column
) -> CheckResult:
    examples = _examples(table, rows.where(broken)) if failing else []
    return _result(table, name, severity, failing, examples, rule, f"{_rows(failing)} {fault if failing != 1 else _singular(fault)}")


def _unique_result(table: LakeTable, doubled: int, by_key: DataFrame) -> CheckResult:
    examples = _examples(table, by_key.where("rows > 1")) if doubled else []
    rule = key_rules(table.table)[UNIQUE_KEY]
    return _result(
        table, UNIQUE_KEY, Severity.STOP, doubled, examples, rule, f"{_rows(doubled)} {'repeat' if doubled != 1 else 'repeats'} one"
    )


def _sum_result(table: LakeTable, number: int, check: SumCheck, found: dict[str, Any], groups: DataFrame | None) -> CheckResult:
    failing, have, other = found[f"differing_{number}"], found[f"sum_{number}"], found[f"other_{number}"]
    told, examples = f"they are {have} and {other}", []
    if failing and check.by and groups is not None:
        differing = groups.where(_differs(number, check))
        first = _first_rows(differing, check.by, (f"sum_{number}", f"other_{number}"))
        examples = [row[: len(check.by)] for row in first]
        told = f"{failing} {'differ' if failing != 1 else 'differs'}, first ({', '.join(examples[0])}): {first[0][-2]} and {first[0][-1]}"
    sentence = f"check: {table.name} {check.rule}" + (f", but {told}." if failing else ": it holds.")
    return CheckResult(table.name, check.name, check.severity, failing == 0, failing, examples, sentence)


def _ledger_result(table: LakeTable, check: LedgerCheck, failing: int, rows: DataFrame, broken: Column) -> CheckResult:
    if not failing:
        return _result(table, check.name, check.severity, 0, [], check.rule, "")
    key = check.ledger.key
    first = _first_rows(rows.where(broken), key, check.shows)
    fault = f"{_rows(failing)} {check.fault if failing != 1 else _singular(check.fault)}"
    shown = " and ".join(f"{name} {value}" for name, value in zip(check.shows, first[0][len(key) :], strict=True))
    sentence = f"check: {table.name} {check.rule}, but {fault}, first ({', '.join(first[0][: len(key)])}) with {shown}."
    return CheckResult(table.name, check.name, check.severity, False, failing, [row[: len(key)] for row in first], sentence)


def _result(table: LakeTable, name: str, severity: Severity, failing: int, examples: list[list[str]], rule: str, found: str) -> CheckResult:
    sentence = f"check: {table.name} {rule}"
    if failing:
        first = f", first ({', '.join(examples[0])})" if examples else ""
        sentence = f"{sentence}, but {found}{first}."
    else:
        sentence = f"{sentence}: it holds."
    return CheckResult(table.name, name, severity, failing == 0, failing, examples, sentence)


def _examples(table: LakeTable, broken: DataFrame) -> list[list[str]]:
    return _first_rows(broken, table.table.key)


def _first_rows(rows: DataFrame, key: Sequence[str], others: Sequence[str] = ()) -> list[list[str]]:
    """The key, and the values of other columns, of the first few rows in key order."""
    found = rows.select(*(F.col(name).cast("string") for name in (*key, *others))).orderBy(*key).limit(_MOST_EXAMPLES).collect()
    return [[str(value) for value in row] for row in found]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _singular(fault: str) -> str:
    return {
        "are below": "is below",
        "are above": "is above",
        "are not": "is not",
        "have none": "has none",
        "do not": "does not",
        "have": "has",
    }.get(fault, fault)
