"""What changed in an input between two of its versions, and which groups that touches.

A build leaves with each version a small note of what it touched: for a table
merged by key the window of the log it consumed and ranges around the keys, for
recomputed groups the groups themselves. A later build reads the notes between
the version it consumed and the version it finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from duckdb import DuckDBPyRelation

from iceberg.dialect import DUCKDB, SPARK, Dialect
from iceberg.runs import catalog_database, versions_between
from iceberg.table import RecomputeTouched
from spark_jobs.as_of import found_otherwise
from spark_jobs.bounds import MOST_KEYS, Range, in_groups, in_ranges, ranges_around, ranges_of
from spark_jobs.lake import Lake
from spark_jobs.questions import Questions, answers, few, values_of
from spark_jobs.tables import LakeTable

MOST_GROUPS = 2_000


@dataclass(frozen=True)
class KeysTouched:
    """Rows of a table merged by key changed: those whose key is in its bronze behind ``after_lsn``, all within ``ranges``."""

    after_lsn: int
    ranges: list[Range]

    def note(self) -> dict[str, Any]:
        """As JSON, for the version's record."""
        return {"after_lsn": self.after_lsn, "ranges": [list(pair) for pair in self.ranges]}


@dataclass(frozen=True)
class GroupsTouched:
    """Groups of a recomputed table changed."""

    groups: list[list[str]]

    def note(self) -> dict[str, Any]:
        """As JSON, for the version's record."""
        return {"groups": self.groups}


Touched = KeysTouched | GroupsTouched


@dataclass(frozen=True)
class Groups:
    """Groups that must be computed anew, and where in the linking input their rows are.

    Attributes:
        groups: One list of values, as text, for each group.
        via_ranges: Ranges around the keys of the linking input's rows in these groups; None without such an input.
    """

    groups: list[list[str]]
    via_ranges: list[Range] | None


def touched_since(lake: Lake, name: str, consumed: int) -> Touched | None:
    """What changed in table ``name`` from its snapshot ``consumed`` to the run's version; None: anything may have."""
    with catalog_database(lake.settings.catalog_dsn) as connection:
        versions = versions_between(connection, name, consumed, lake.version(name))
    notes = [version.touched for version in versions or []]
    if not notes or None in notes:
        return None
    # A compaction touches nothing, and its note is empty.
    known = [note for note in notes if note]
    if all("groups" in note for note in known):
        return GroupsTouched([list(group) for group in sorted({tuple(group) for note in known for group in note["groups"]})])
    if all("ranges" in note for note in known):
        ranges = list(dict.fromkeys((low, high) for note in known for low, high in note["ranges"]))
        return KeysTouched(min(note["after_lsn"] for note in known), ranges)
    return None


def touched_groups(lake: Lake, table: LakeTable, refresh: RecomputeTouched, consumed: dict[str, int]) -> Groups | None:
    """The groups of ``table`` that changes of its inputs since ``consumed`` belong to, now or before; None: all of them may.

    ``consumed`` gives the snapshot of each input that the table's last version has seen.
    """
    questions = Questions(lake)
    link_key = lake.tables[refresh.via].table.key if refresh.via else ()
    direct: list[DuckDBPyRelation] = []
    links: list[DuckDBPyRelation] = []
    for name in table.inputs:
        if consumed[name] == lake.version(name):
            continue
        if not lake.is_kept(name, consumed[name]):
            # A table that was built once, so many releases ago that what it read has expired.
            return None
        touched = touched_since(lake, name, consumed[name])
        if touched == GroupsTouched([]):
            continue
        if touched is None and not refresh.looks_up_only(name):
            return None
        condition = "true" if touched is None else touched_condition(lake, name, touched)
        if touched is not None and name in refresh.lookups:
            if _has_other_values(questions, name, condition, consumed[name], refresh):
                return None
            continue
        direct += found_otherwise(questions, refresh, name, condition, consumed[name])
        if touched is None or refresh.looks_up_only(name):
            continue
        # A row that has its group belongs to it, whatever it refers to besides: a ticket of a customer need not be about an order.
        is_linked = not set(refresh.columns_in(name)) <= set(lake.tables[name].table.column_names)
        (links if is_linked else direct).append(
            _touched_values(questions, name, touched, condition, consumed[name], link_key if is_linked else refresh.columns_in(name))
        )
    if links and refresh.via:
        direct.append(_groups_of_links(questions, refresh, refresh.via, reduce(_union, links), consumed[refresh.via]))
    if not direct:
        return Groups([], None)
    values = reduce(_union, direct)
    is_there = " and ".join(f"{DUCKDB.quoted(column)} is not null" for column in values.columns)
    as_text = ", ".join(f"{DUCKDB.quoted(column)}::varchar as {DUCKDB.quoted(column)}" for column in values.columns)
    found = few(values.filter(is_there).distinct().select(as_text), MOST_GROUPS)
    if found is None:
        return None
    groups = sorted(list(group.values()) for group in found.to_pylist())
    return Groups(groups, _link_ranges(questions, table, refresh, groups) if refresh.via else None)


def group_condition(
    table: LakeTable, refresh: RecomputeTouched, groups: list[list[str]], alias: str = "", source: str = "", dialect: Dialect = SPARK
) -> str:
    """SQL that holds for rows of ``groups`` in the table itself, or in its input ``source``."""
    columns = zip(refresh.columns_in(source), refresh.columns, strict=True)
    return in_groups([(there, table.table.column(here).type) for there, here in columns], groups, alias, dialect)


def touched_condition(lake: Lake, name: str, touched: Touched) -> str:
    """SQL, as DuckDB takes it, that holds for every changed row of table ``name``, and for few others."""
    table = lake.tables[name]
    if isinstance(touched, KeysTouched):
        first = table.table.key[0]
        return in_ranges(first, table.table.column(first).type, touched.ranges, dialect=DUCKDB)
    refresh = table.table.refresh
    return group_condition(table, refresh, touched.groups, dialect=DUCKDB) if isinstance(refresh, RecomputeTouched) else "true"


def _touched_values(
    questions: Questions, name: str, touched: Touched, condition: str, consumed: int, columns: Sequence[str]
) -> DuckDBPyRelation:
    """The values that ``columns`` have, or had before, in the changed rows of an input."""
    table = questions.lake.tables[name]
    key = table.table.key
    if isinstance(touched, KeysTouched):
        keys = questions.changes(table.inputs[0], touched.after_lsn).select(DUCKDB.quoted(*key)).distinct()
        if set(columns) <= set(key):
            return keys.select(DUCKDB.quoted(*columns))
    before, now = (rows.filter(condition) for rows in questions.differing(name, consumed))
    if isinstance(touched, GroupsTouched):
        return _union(before.select(DUCKDB.quoted(*columns)), now.select(DUCKDB.quoted(*columns)))
    wanted = DUCKDB.quoted(*dict.fromkeys([*key, *columns]))
    return _union(before.select(wanted), now.select(wanted)).join(keys, DUCKDB.quoted(*key), how="semi").select(DUCKDB.quoted(*columns))


def _has_other_values(questions: Questions, name: str, condition: str, consumed: int, refresh: RecomputeTouched) -> bool:
    """Whether a row that is looked up has other values now than before; of those that a foreign key holds one that came or went has none to compare."""
    key = questions.lake.tables[name].table.key
    before, now = (
        rows.filter(condition).select(DUCKDB.quoted(*key, *refresh.lookups[name])) for rows in questions.differing(name, consumed)
    )
    other = before.except_(now)
    # Those that a foreign key holds count only where they are in both.
    other = (
        _union(other, now.except_(before))
        if name in refresh.unheld
        else other.join(now.select(DUCKDB.quoted(*key)), DUCKDB.quoted(*key), how="semi")
    )
    return bool(answers(other.select(DUCKDB.quoted(*key)).limit(1)))


def _groups_of_links(questions: Questions, refresh: RecomputeTouched, via: str, links: DuckDBPyRelation, consumed: int) -> DuckDBPyRelation:
    """The groups, now and before, of the linking input's rows with the given keys."""
    table = questions.lake.tables[via].table
    found, condition = links.distinct(), "true"
    if (keys := few(found, MOST_KEYS)) is not None:
        found, values = questions.of(keys), values_of(keys, table.key[0])
        condition = in_ranges(table.key[0], table.column(table.key[0]).type, ranges_of(values), dialect=DUCKDB)
    now = questions.lake.rows(via)
    before = questions.lake.rows(via, consumed).without(now.files)
    columns = refresh.columns_in(via)
    wanted = DUCKDB.quoted(*dict.fromkeys([*table.key, *columns]))
    rows = reduce(_union, (questions.of(rows).filter(condition).select(wanted) for rows in (before, now)))
    return rows.join(found, DUCKDB.quoted(*table.key), how="semi").select(DUCKDB.quoted(*columns))


def _link_ranges(questions: Questions, table: LakeTable, refresh: RecomputeTouched, groups: list[list[str]]) -> list[Range]:
    via = refresh.via or ""
    first, columns = DUCKDB.quoted(questions.lake.tables[via].table.key[0]), DUCKDB.quoted(*refresh.columns_in(via))
    rows = questions.read(via).filter(group_condition(table, refresh, groups, source=via, dialect=DUCKDB))
    return ranges_around(answers(rows.aggregate(f"min({first}) as low, max({first}) as high", columns)))


def _union(some: DuckDBPyRelation, others: DuckDBPyRelation) -> DuckDBPyRelation:
    return some.union(others)
