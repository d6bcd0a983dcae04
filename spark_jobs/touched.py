"""What changed in an input between two of its versions, and which groups that touches.

A build leaves with each version a small note of what it touched: for a table
merged by key the window of the log it consumed and ranges around the keys, for
recomputed groups the groups themselves. A later build reads the notes between
the version it consumed and the version it finds.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.runs import catalog_database, versions_between
from iceberg.table import RecomputeTouched
from spark_jobs.as_of import found_otherwise
from spark_jobs.bounds import MOST_KEYS, Range, in_groups, in_ranges, ranges_around
from spark_jobs.lake import Lake
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
    link_key = lake.tables[refresh.via].table.key if refresh.via else ()
    direct: list[DataFrame] = []
    links: list[DataFrame] = []
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
        if touched is not None and name in refresh.lookups:
            if _has_other_values(lake, name, touched, consumed[name], refresh):
                return None
            continue
        direct += found_otherwise(
            lake, refresh, name, "true" if touched is None else touched_condition(lake, name, touched), consumed[name]
        )
        if touched is None or refresh.looks_up_only(name):
            continue
        # A row that has its group belongs to it, whatever it refers to besides: a ticket of a customer need not be about an order.
        is_linked = not set(refresh.columns_in(name)) <= set(lake.tables[name].table.column_names)
        (links if is_linked else direct).append(
            _touched_values(lake, name, touched, consumed[name], link_key if is_linked else refresh.columns_in(name))
        )
    if links and refresh.via:
        direct.append(_groups_of_links(lake, refresh, refresh.via, reduce(DataFrame.union, links).distinct(), consumed[refresh.via]))
    if not direct:
        return Groups([], None)
    texts = [F.col(column).cast("string").alias(column) for column in refresh.columns]
    found = reduce(DataFrame.union, direct).toDF(*refresh.columns).distinct().dropna().select(*texts).limit(MOST_GROUPS + 1).collect()
    if len(found) > MOST_GROUPS:
        return None
    groups = sorted([str(value) for value in row] for row in found)
    return Groups(groups, _link_ranges(lake, table, refresh, groups) if refresh.via else None)


def group_condition(table: LakeTable, refresh: RecomputeTouched, groups: list[list[str]], alias: str = "", source: str = "") -> str:
    """SQL that holds for rows of ``groups`` in the table itself, or in its input ``source``."""
    named = zip(refresh.columns_in(source), refresh.columns, strict=True)
    return in_groups([(there, table.table.column(here).type) for there, here in named], groups, alias)


def touched_condition(lake: Lake, name: str, touched: Touched) -> str:
    """SQL that holds for every changed row of table ``name``, and for few others."""
    table = lake.tables[name]
    if isinstance(touched, KeysTouched):
        first = table.table.key[0]
        return in_ranges(first, table.table.column(first).type, touched.ranges)
    refresh = table.table.refresh
    return group_condition(table, refresh, touched.groups) if isinstance(refresh, RecomputeTouched) else "true"


def _touched_values(lake: Lake, name: str, touched: Touched, consumed: int, columns: tuple[str, ...]) -> DataFrame:
    """The values that ``columns`` have, or had before, in the changed rows of an input."""
    table = lake.tables[name]
    keys = None
    if isinstance(touched, KeysTouched):
        keys = lake.changes(table.inputs[0], touched.after_lsn).select(*table.table.key).distinct()
        if set(columns) <= set(table.table.key):
            return keys.select(*columns)
    condition = touched_condition(lake, name, touched)
    rows = lake.read(name, consumed).where(condition).select(*table.table.key, *_beyond(columns, table))
    rows = rows.union(lake.read(name).where(condition).select(*table.table.key, *_beyond(columns, table)))
    if keys is not None:
        rows = rows.join(F.broadcast(keys), on=list(table.table.key), how="left_semi")
    return rows.select(*columns)


def _has_other_values(lake: Lake, name: str, touched: Touched, consumed: int, refresh: RecomputeTouched) -> bool:
    """Whether a row that is looked up has other values now than before; of those that a foreign key holds one that came or went has none to compare."""
    condition, key = touched_condition(lake, name, touched), list(lake.tables[name].table.key)
    before, now = (rows.where(condition).select(*key, *refresh.lookups[name]) for rows in (lake.read(name, consumed), lake.read(name)))
    if name in refresh.unheld:
        return not before.exceptAll(now).union(now.exceptAll(before)).isEmpty()
    return not before.join(now.select(*key), on=key, how="left_semi").exceptAll(now).isEmpty()


def _beyond(columns: tuple[str, ...], table: LakeTable) -> list[str]:
    return [column for column in columns if column not in table.table.key]


def _groups_of_links(lake: Lake, refresh: RecomputeTouched, via: str, links: DataFrame, consumed: int) -> DataFrame:
    """The groups, now and before, of the linking input's rows with the given keys."""
    key = lake.tables[via].table.key
    found: pa.Table = links.limit(MOST_KEYS + 1).toArrow()
    condition = "true"
    if found.num_rows <= MOST_KEYS:
        values = found.column(key[0]).to_pylist()
        condition = in_ranges(key[0], lake.tables[via].table.column(key[0]).type, ranges_around([(value, value) for value in values]))
        links = lake.session.createDataFrame(found) if found.num_rows else links.where("false")
    columns = refresh.columns_in(via)
    wanted = list(dict.fromkeys([*key, *columns]))
    before = lake.read(via, consumed).where(condition).select(*wanted)
    now = lake.read(via).where(condition).select(*wanted)
    return before.union(now).join(F.broadcast(links), on=list(key), how="left_semi").select(*columns)


def _link_ranges(lake: Lake, table: LakeTable, refresh: RecomputeTouched, groups: list[list[str]]) -> list[Range]:
    via = refresh.via or ""
    first = lake.tables[via].table.key[0]
    rows = lake.read(via).where(group_condition(table, refresh, groups, source=via))
    extent = rows.groupBy(*refresh.columns_in(via)).agg(F.min(first).alias("low"), F.max(first).alias("high")).collect()
    return ranges_around([(row["low"], row["high"]) for row in extent])
