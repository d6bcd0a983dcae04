"""Runs a table's checks on the run's branch: one query for all of them, a second one only to name what failed."""

from collections.abc import Sequence
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import Check, IntervalCheck, ReferenceCheck, RowCheck, Severity, SumCheck, quoted
from iceberg.quality.results import CheckResult
from iceberg.table import Table
from spark_jobs.lake import Lake
from spark_jobs.refresh import Refreshed
from spark_jobs.session import describe_jobs
from spark_jobs.tables import LakeTable

UNIQUE_KEY = "unique key"
FILLED_KEY = "key not null"
_MOST_EXAMPLES = 5


def audit(lake: Lake, table: LakeTable, refreshed: Refreshed, written: int) -> tuple[list[CheckResult], int]:
    """The results of all checks of the rows that the snapshot ``written`` has anew, and how many rows these are.

    Rows that the run did not write passed in the run that wrote them.
    """
    describe_jobs(lake.session, f"{table.name} check")
    checks = table.table.checks
    rows = lake.read(table.name, written).where(refreshed.scope)
    marked, broken = _marked(lake, table, rows)
    key = list(table.table.key)
    by_key = marked.groupBy(*key).agg(
        F.count(F.lit(1)).alias("rows"),
        *(F.count_if(condition).alias(f"broken_{number}") for number, condition in broken.items()),
        *(F.sum(check.column).alias(f"sum_{number}") for number, check in enumerate(checks) if isinstance(check, SumCheck)),
    )
    totals = by_key.agg(
        F.coalesce(F.sum("rows"), F.lit(0)).alias("rows"),
        F.coalesce(F.sum(F.col("rows") - 1), F.lit(0)).alias("doubled"),
        F.coalesce(F.sum(F.when(_null_key(key), F.col("rows"))), F.lit(0)).alias("keyless"),
        *(F.coalesce(F.sum(f"broken_{number}"), F.lit(0)).alias(f"broken_{number}") for number in broken),
        *(_total(f"sum_{number}").alias(f"sum_{number}") for number, check in enumerate(checks) if isinstance(check, SumCheck)),
    )
    for number, check in enumerate(checks):
        if isinstance(check, SumCheck):
            other = refreshed.inputs[check.other_table].agg(_total(check.other_column).alias(f"other_{number}"))
            totals = totals.crossJoin(F.broadcast(other))
    found = totals.collect()[0].asDict()

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
            results.append(_sum_result(table, check, found[f"sum_{number}"], found[f"other_{number}"]))
        else:
            failing = found[f"broken_{number}"]
            results.append(_row_result(table, check.name, check.severity, check.rule, _fault(check), failing, marked, broken[number]))
    return results, found["rows"]


def key_rules(table: Table) -> dict[str, str]:
    """What must hold of any table's key, by the name of the check, as the middle of a sentence."""
    key = ", ".join(table.key)
    return {FILLED_KEY: f"key ({key}) must have a value", UNIQUE_KEY: f"key ({key}) must be unique"}


def _marked(lake: Lake, table: LakeTable, rows: DataFrame) -> tuple[DataFrame, dict[int, Column]]:
    """The rows with what references need joined on, and for each check by its number the condition of a broken row."""
    broken = {}
    for number, check in enumerate(table.table.checks):
        if isinstance(check, RowCheck):
            broken[number] = F.expr(check.broken_when)
        elif isinstance(check, ReferenceCheck):
            found, value = f"_found_{number}", f"_value_{number}"
            others = lake.read(check.other_table).select(F.col(check.other_column).alias(value))
            if lake.tables[check.other_table].table.key != (check.other_column,):
                others = others.distinct()
            rows = rows.join(others.withColumn(found, F.lit(True)), on=F.col(check.column) == F.col(value), how="left")
            broken[number] = F.col(check.column).isNotNull() & F.col(found).isNull()
        elif isinstance(check, IntervalCheck):
            mark = f"_breaks_off_{number}"
            rows, broken[number] = with_broken_intervals(rows, check, mark), F.col(mark)
    return rows, broken


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
    return F.expr(" or ".join(f"{quoted(name)} is null" for name in key))


def _total(column: str) -> Column:
    return F.coalesce(F.sum(column), F.lit(0))


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


def _sum_result(table: LakeTable, check: SumCheck, have: object, other: object) -> CheckResult:
    gap = abs(_number(have) - _number(other))
    return _result(table, check.name, check.severity, int(gap > check.within), [], check.rule, f"they are {have} and {other}")


def _number(value: object) -> Decimal:
    return Decimal(str(value))


def _result(table: LakeTable, name: str, severity: Severity, failing: int, examples: list[list[str]], rule: str, found: str) -> CheckResult:
    sentence = f"check: {table.name} {rule}"
    if failing:
        first = f", first ({', '.join(examples[0])})" if examples else ""
        sentence = f"{sentence}, but {found}{first}."
    else:
        sentence = f"{sentence}: it holds."
    return CheckResult(table.name, name, severity, failing == 0, failing, examples, sentence)


def _examples(table: LakeTable, broken: DataFrame) -> list[list[str]]:
    key = table.table.key
    found = broken.select(*(F.col(name).cast("string") for name in key)).orderBy(*key).limit(_MOST_EXAMPLES).collect()
    return [[str(value) for value in row] for row in found]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _singular(fault: str) -> str:
    return {"are below": "is below", "are above": "is above", "are not": "is not", "have none": "has none", "do not": "does not"}.get(
        fault, fault
    )
