"""Checks as values: what must hold in a table, how grave a failure is, and in which words it is told.

A check never reads anything itself. It says in SQL which rows break it, so
that any engine can count the broken rows of all of a table's checks in one query.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Severity(StrEnum):
    """What a failed check does: stop the release, warn the one who builds, or be recorded alone."""

    STOP = "stop"
    WARN = "warn"
    RECORD = "record"


@dataclass(frozen=True)
class RowCheck:
    """A rule that each row keeps or breaks by itself.

    Attributes:
        name: Unique within a table.
        broken_when: SQL condition over the table's columns, true for a broken row.
        rule: What must hold, as the middle of a sentence: "order_count must be at least 0".
        fault: What broken rows do, as the end of it: "are below".
        severity: What a failure does.
    """

    name: str
    broken_when: str
    rule: str
    fault: str
    severity: Severity = Severity.STOP


@dataclass(frozen=True)
class ReferenceCheck:
    """Each value of a column, where there is one, is in a column of another table."""

    name: str
    column: str
    other_table: str
    other_column: str
    severity: Severity = Severity.STOP

    @property
    def rule(self) -> str:
        """What must hold, as the middle of a sentence."""
        return f"{self.column} must be in {self.other_table}"


@dataclass(frozen=True)
class SumCheck:
    """A column adds up to the same as a column of another table, over the same groups."""

    name: str
    column: str
    other_table: str
    other_column: str
    within: Decimal
    severity: Severity = Severity.STOP

    @property
    def rule(self) -> str:
        """What must hold, as the middle of a sentence."""
        return f"{self.column} must add up to {self.other_column} of {self.other_table} to within {self.within}"


@dataclass(frozen=True)
class IntervalCheck:
    """The intervals of what has the same value of ``of`` follow each other: none is empty, none overlaps, none leaves a gap.

    An interval begins with ``since`` and ends before ``until``, which is empty
    for the last one. After a row for which the column ``ended`` is true there
    may be nothing for a while, or nothing more.
    """

    name: str
    of: str
    since: str
    until: str
    ended: str | None = None
    severity: Severity = Severity.STOP

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at."""
        return (self.of, self.since, self.until, *([self.ended] if self.ended else []))

    @property
    def rule(self) -> str:
        """What must hold, as the middle of a sentence."""
        return f"{self.since} to {self.until} of each {self.of} must follow each other without gap or overlap"


Check = RowCheck | ReferenceCheck | SumCheck | IntervalCheck


def not_null(column: str, severity: Severity = Severity.STOP) -> RowCheck:
    """The column has a value in every row."""
    return RowCheck(f"{column} not null", f"{quoted(column)} is null", f"{column} must have a value", "have none", severity)


def at_least(column: str, least: int | Decimal, severity: Severity = Severity.STOP) -> RowCheck:
    """No value of the column is below ``least``; rows without a value pass."""
    return RowCheck(
        f"{column} at least {least}", f"{quoted(column)} < {literal(least)}", f"{column} must be at least {least}", "are below", severity
    )


def at_most_column(column: str, other: str, severity: Severity = Severity.STOP) -> RowCheck:
    """No value of the column is above the same row's value of ``other``."""
    return RowCheck(
        f"{column} at most {other}", f"{quoted(column)} > {quoted(other)}", f"{column} must be at most {other}", "are above", severity
    )


def accepted_values(column: str, *values: str, severity: Severity = Severity.STOP) -> RowCheck:
    """Each value of the column is one of ``values``; rows without a value pass."""
    known = ", ".join(values)
    listed = ", ".join(literal(value) for value in values)
    return RowCheck(
        f"{column} accepted values", f"{quoted(column)} not in ({listed})", f"{column} must be one of {known}", "are not", severity
    )


def references(column: str, other_table: str, other_column: str | None = None, severity: Severity = Severity.STOP) -> ReferenceCheck:
    """Each value of the column is found in ``other_table``, an input of this one or a table that is built before it."""
    return ReferenceCheck(f"{column} references {other_table}", column, other_table, other_column or column, severity)


def sums_to(column: str, other_table: str, other_column: str, within: str = "0.00", severity: Severity = Severity.STOP) -> SumCheck:
    """``column`` adds up to ``other_column`` of an input, to within an amount of money."""
    return SumCheck(f"{column} sums to {other_table} {other_column}", column, other_table, other_column, Decimal(within), severity)


def without_gap(of: str, since: str, until: str, ended: str | None = None, severity: Severity = Severity.STOP) -> IntervalCheck:
    """The intervals from ``since`` to ``until`` of each value of ``of`` never overlap, and leave a gap only behind a row that is ``ended``."""
    return IntervalCheck(f"{since} to {until} without gap", of, since, until, ended, severity)


def quoted(column: str) -> str:
    """A column's name as Spark SQL takes it."""
    return "`" + column.replace("`", "``") + "`"


def literal(value: int | Decimal | str) -> str:
    """A value as Spark SQL takes it."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"{value}bd" if isinstance(value, Decimal) else str(value)
