"""Checks as values: what must hold in a table, how grave a failure is, and in which words it is told.

A check never reads anything itself. It says in SQL which rows break it, so
that any engine can count the broken rows of all of a table's checks in one query.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from iceberg.dialect import SPARK


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
class Ledger:
    """What several inputs say of the same thing, side by side and by SQL of its own: a second opinion on what a transform makes of them.

    Attributes:
        name: What sentences call it.
        key: The columns that name one of its rows.
        tables: The inputs that it reads.
        sql: A query that names its inputs in braces, like a transform its parameters: ``{silver_orders}``.
    """

    name: str
    key: tuple[str, ...]
    tables: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class LedgerCheck:
    """A rule that each row of a ledger keeps or breaks: inputs that contradict each other though each is sound by itself.

    Attributes:
        name: Unique within a table.
        ledger: Where the rows come from.
        broken_when: SQL condition over the ledger's columns, true for a broken row.
        rule: What must hold, as the middle of a sentence.
        fault: What broken rows do, as the end of it.
        shows: Columns whose values in the first broken row are told.
        severity: What a failure does.
    """

    name: str
    ledger: Ledger
    broken_when: str
    rule: str
    fault: str
    shows: tuple[str, ...] = ()
    severity: Severity = Severity.STOP


@dataclass(frozen=True)
class SumCheck:
    """A column adds up to the same as a column of an input or of a ledger, in each group by itself.

    Attributes:
        name: Unique within a table.
        column: What is added up.
        other: The table or the ledger that it is compared with.
        other_column: What is added up there.
        within: How far apart both may be.
        severity: What a failure does.
        by: The columns, part of the table's key, that name a group; without any all rows are one.
        other_by: For each of these, SQL that gives it over the columns of ``other``.
    """

    name: str
    column: str
    other: str | Ledger
    other_column: str
    within: Decimal
    severity: Severity = Severity.STOP
    by: tuple[str, ...] = ()
    other_by: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """What must hold, as the middle of a sentence."""
        other = self.other.name if isinstance(self.other, Ledger) else self.other
        each = f" for each {' and '.join(self.by)}" if self.by else ""
        return f"{self.column} must add up to {self.other_column} of {other}{each} to within {self.within}"


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


Check = RowCheck | ReferenceCheck | SumCheck | IntervalCheck | LedgerCheck


def looks_into(check: Check) -> tuple[str, ...]:
    """The tables that a check reads beside its own."""
    if isinstance(check, ReferenceCheck):
        return (check.other_table,)
    if isinstance(check, LedgerCheck):
        return check.ledger.tables
    if isinstance(check, SumCheck):
        return check.other.tables if isinstance(check.other, Ledger) else (check.other,)
    return ()


def not_null(column: str, severity: Severity = Severity.STOP) -> RowCheck:
    """The column has a value in every row."""
    return RowCheck(f"{column} not null", f"{SPARK.quoted(column)} is null", f"{column} must have a value", "have none", severity)


def at_least(column: str, least: int | Decimal, severity: Severity = Severity.STOP) -> RowCheck:
    """No value of the column is below ``least``; rows without a value pass."""
    return RowCheck(
        f"{column} at least {least}",
        f"{SPARK.quoted(column)} < {SPARK.literal(least)}",
        f"{column} must be at least {least}",
        "are below",
        severity,
    )


def at_most(column: str, most: int | Decimal, severity: Severity = Severity.STOP) -> RowCheck:
    """No value of the column is above ``most``; rows without a value pass."""
    return RowCheck(
        f"{column} at most {most}",
        f"{SPARK.quoted(column)} > {SPARK.literal(most)}",
        f"{column} must be at most {most}",
        "are above",
        severity,
    )


def at_most_column(column: str, other: str, severity: Severity = Severity.STOP) -> RowCheck:
    """No value of the column is above the same row's value of ``other``."""
    return RowCheck(
        f"{column} at most {other}",
        f"{SPARK.quoted(column)} > {SPARK.quoted(other)}",
        f"{column} must be at most {other}",
        "are above",
        severity,
    )


def accepted_values(column: str, *values: str, severity: Severity = Severity.STOP) -> RowCheck:
    """Each value of the column is one of ``values``; rows without a value pass."""
    known = ", ".join(values)
    listed = ", ".join(SPARK.literal(value) for value in values)
    return RowCheck(
        f"{column} accepted values", f"{SPARK.quoted(column)} not in ({listed})", f"{column} must be one of {known}", "are not", severity
    )


def references(column: str, other_table: str, other_column: str | None = None, severity: Severity = Severity.STOP) -> ReferenceCheck:
    """Each value of the column is found in ``other_table``, an input of this one or a table that is built before it."""
    return ReferenceCheck(f"{column} references {other_table}", column, other_table, other_column or column, severity)


def equals(column: str, expression: str, severity: Severity = Severity.STOP) -> RowCheck:
    """The column is what SQL over the same row gives, such as a difference of two others."""
    return RowCheck(
        f"{column} equals {expression}", f"{SPARK.quoted(column)} <> {expression}", f"{column} must be {expression}", "are not", severity
    )


def sums_to(
    column: str,
    other: str | Ledger,
    other_column: str,
    within: str = "0.00",
    severity: Severity = Severity.STOP,
    by: tuple[str, ...] = (),
    other_by: tuple[str, ...] = (),
) -> SumCheck:
    """``column`` adds up to ``other_column`` of an input or a ledger, to within an amount of money, in each group of ``by``.

    ``other_by`` gives the groups there as SQL, where they are not columns of the same names.
    """
    name = other.name if isinstance(other, Ledger) else other
    return SumCheck(f"{column} sums to {name} {other_column}", column, other, other_column, Decimal(within), severity, by, other_by or by)


def without_gap(of: str, since: str, until: str, ended: str | None = None, severity: Severity = Severity.STOP) -> IntervalCheck:
    """The intervals from ``since`` to ``until`` of each value of ``of`` never overlap, and leave a gap only behind a row that is ``ended``."""
    return IntervalCheck(f"{since} to {until} without gap", of, since, until, ended, severity)
