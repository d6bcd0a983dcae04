"""What a release holds of the tables: versions, freshness, what checks found, and sample rows in which personal data is masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from iceberg.dialect import DUCKDB
from iceberg.quality.results import CheckResult
from iceberg.reader import ReleaseReader
from iceberg.releases import Release, ReleaseTable
from shoplake.core.settings import Settings
from spark_jobs.tables import LakeTable, Tables

SAMPLE_ROWS = 5
_SHOWN_FROM = 4
_MASK = "***"


@dataclass(frozen=True)
class LiveTable:
    """A table in a release.

    Attributes:
        version: Its version there.
        is_as_declared: Whether the code as it is made this version.
        row_count: Its rows.
        shown_until: Until when it shows what happened at the source; None where bronze does not tell.
        age: How long before the pages were made that was.
        is_fresh: Whether it is no older than promised; None where nothing is promised or known.
        checks: What its checks found when the version was built, by name.
        samples: Some rows as text, with personal data masked; None for no value.
    """

    version: ReleaseTable
    is_as_declared: bool
    row_count: int
    shown_until: datetime | None
    age: timedelta | None
    is_fresh: bool | None
    checks: dict[str, CheckResult]
    samples: Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Live:
    """A release and its tables, as of an instant."""

    release: Release
    read_at: datetime
    tables: dict[str, LiveTable]


def read_live(reader: ReleaseReader, tables: Tables, settings: Settings, now: datetime) -> Live:
    """What the reader's release holds of ``tables``; ``now`` is what freshness is measured against.

    Raises ServiceError when the lake stops answering, ReleaseError when the
    release's snapshots are no longer kept.
    """
    known = _Freshness(reader)
    return Live(
        reader.release,
        now,
        {name: _read(reader, tables, table, settings, known, now) for name, table in tables.by_name.items() if name in reader.versions},
    )


def masked(value: Any) -> str | None:
    """The first character of a personal value and stars, of a short one stars alone; None where there is no value."""
    if value is None:
        return None
    text = str(value)
    return f"{text[0]}{_MASK}" if len(text) >= _SHOWN_FROM else _MASK


class _Freshness:
    """Asks until when versions show the source, each question once."""

    def __init__(self, reader: ReleaseReader) -> None:
        self._reader = reader
        self._captured_at = reader.captured_at()
        self._waiting: dict[tuple[str, int], datetime | None] = {}

    def shown_until(self, bronze: Iterable[str], cut_end_lsn: int) -> datetime | None:
        """When the first change was committed that a version lacks; where it lacks none, when the source was last read."""
        waiting = [since for since in (self._waiting_since(name, cut_end_lsn) for name in bronze) if since is not None]
        return min(waiting, default=self._captured_at)

    def _waiting_since(self, name: str, cut_end_lsn: int) -> datetime | None:
        question = name, cut_end_lsn
        if question not in self._waiting:
            self._waiting[question] = self._reader.waiting_since(name, cut_end_lsn)
        return self._waiting[question]


def _read(reader: ReleaseReader, tables: Tables, table: LakeTable, settings: Settings, known: _Freshness, now: datetime) -> LiveTable:
    version = reader.version(table.name)
    shown_until = known.shown_until(_bronze_of(tables, table), version.cut_end_lsn)
    age = now - shown_until if shown_until is not None else None
    promise = table.table.fresh_within_minutes
    is_fresh = age <= timedelta(minutes=promise) if age is not None and promise is not None else None
    rows = reader.sql(f"select count(*) as rows from {_source(table)}").to_pylist()[0]["rows"]  # noqa: S608
    return LiveTable(
        version,
        version.definition == table.definition(settings),
        rows,
        shown_until,
        age,
        is_fresh,
        {result.check_name: _without_personal_keys(table, result) for result in reader.checks(table.name)},
        _samples(reader, table),
    )


def _bronze_of(tables: Tables, table: LakeTable) -> list[str]:
    """The bronze tables that a table is made from, directly or not; those that its checks alone look into do not count."""
    found, waiting = dict[str, None](), [*table.inputs]
    while waiting:
        name = waiting.pop()
        if name.startswith("bronze."):
            found[name] = None
        else:
            waiting += tables[name].inputs
    return [*found]


def _without_personal_keys(table: LakeTable, result: CheckResult) -> CheckResult:
    """A result that names no row, where rows are named by what is personal."""
    if result.passed or not any(table.table.column(name).is_personal for name in table.table.key):
        return result
    rows = "1 row" if result.failing_count == 1 else f"{result.failing_count} rows"
    return replace(result, examples=[], sentence=f"check: {table.name} {result.check_name}: broken by {rows}.")


def _samples(reader: ReleaseReader, table: LakeTable) -> list[list[str | None]]:
    # A column that was declared since has no values yet.
    there = frozenset(reader.rows(table.name).schema.names)
    columns = ", ".join(
        f"{DUCKDB.quoted(name) if name in there else 'null'}::varchar as {DUCKDB.quoted(name)}" for name in table.table.column_names
    )
    rows = reader.sql(f"select {columns} from {_source(table)} limit {SAMPLE_ROWS}").to_pylist()  # noqa: S608
    return [[masked(row[column.name]) if column.is_personal else row[column.name] for column in table.table.columns] for row in rows]


def _source(table: LakeTable) -> str:
    return ".".join(map(DUCKDB.quoted, table.name.split(".")))
