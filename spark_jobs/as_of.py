"""Point-in-time joins: what rows find at their instant, and which of them find something else than before."""

from collections.abc import Mapping

import pyarrow as pa
from duckdb import DuckDBPyRelation
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.dialect import DUCKDB
from iceberg.table import AsOf, RecomputeTouched
from spark_jobs.bounds import MOST_KEYS, Range, as_text, in_ranges, ranges_of
from spark_jobs.lake import Lake
from spark_jobs.questions import Questions, few, values_of
from spark_jobs.tables import LakeTable, held_by


def looked_up(
    lake: Lake, table: LakeTable, inputs: Mapping[str, DataFrame] | None = None, via_ranges: list[Range] | None = None
) -> dict[str, DataFrame]:
    """What ``table`` looks up, with the declared columns alone; with ``inputs``, only what their rows look up.

    The linking input may be looked up itself: it then has, beside the rows in
    ``inputs``, those that these find. ``via_ranges`` are ranges around the keys
    of its rows in ``inputs``, which bound what is read where its key is what leads there.
    """
    refresh, found = table.table.refresh, dict[str, DataFrame]()
    if not isinstance(refresh, RecomputeTouched):
        return found
    for link in refresh.as_of:
        rows = lake.read(link.table)
        if via_ranges is not None and link.of is None and link.on == lake.tables[refresh.via or ""].table.key[0]:
            rows = rows.where(in_ranges(link.on, lake.tables[link.table].table.column(link.on).type, via_ranges))
        if inputs is not None:
            holder = held_by(link, link.on, refresh.via or "", lake.tables.by_name)
            values = inputs[holder].select(F.col(link.on).alias("_on")).distinct()
            rows = rows.join(F.broadcast(values), on=F.col(link.on).eqNullSafe(F.col("_on")), how="left_semi")
        found[link.table] = rows if link.table == refresh.via else rows.select(*link.needed)
    return found


def found_otherwise(questions: Questions, refresh: RecomputeTouched, name: str, condition: str, consumed: int) -> list[DuckDBPyRelation]:
    """The groups of rows that look up something else in input ``name`` than they did in its snapshot ``consumed``.

    ``condition`` holds for every row of it that changed. What looks up is read
    as it is now: where that changed too, its groups are touched anyway.
    """
    links = [link for link in refresh.as_of if link.table == name]
    if not links:
        return []
    before, now = (rows.filter(condition) for rows in questions.differing(name, consumed))
    found = []
    for link in links:
        changed = _changed(before, now, link)
        known = few(changed, MOST_KEYS)
        if known is None or known.num_rows:
            found.append(_groups(questions, refresh, link, changed, known))
    return found


def _changed(before: DuckDBPyRelation, now: DuckDBPyRelation, link: AsOf) -> DuckDBPyRelation:
    """The values of ``on`` and the intervals in which they lead to something else in one version than in the other.

    A row that only one version has counts from its beginning to its end, one whose end moved from the earlier end to the later.
    """
    values = DUCKDB.quoted(*dict.fromkeys([link.on, *link.columns]))
    since = DUCKDB.quoted(link.since) if link.at else "null::timestamptz"
    until = DUCKDB.quoted(link.until) if link.at and link.until else "null::timestamptz"
    both = [rows.select(f"{values}, {since} as _since, {until} as _until, {sign} as _sign") for rows, sign in ((before, -1), (now, 1))]
    rows = (
        both[0]
        .union(both[1])
        .aggregate(
            f"""
        {values}, _since, sum(_sign) as _sign,
        min(_until) as _first_end, max(_until) as _last_end, bool_or(_until is null) as _goes_on
        """,
            f"{values}, _since",
        )
    )
    is_moved = "_first_end is not null and (_goes_on or _first_end < _last_end)"
    differing = rows.filter(f"(_sign <> 0 or {is_moved}) and {DUCKDB.quoted(link.on)} is not null")
    return differing.select(
        f"""
        {DUCKDB.quoted(link.on)} as _on,
        case when _sign <> 0 then _since else _first_end end as _since,
        case when not _goes_on then _last_end end as _until
        """
    ).distinct()


def _groups(
    questions: Questions, refresh: RecomputeTouched, link: AsOf, changed: DuckDBPyRelation, known: pa.Table | None
) -> DuckDBPyRelation:
    """The groups of the rows that look up one of the values in ``changed`` within its interval; ``known`` has them where they are few."""
    rows = _looking_up(questions, refresh, link)
    via = questions.lake.tables[refresh.via or ""].table
    if known is not None:
        changed = questions.of(known)
        if link.of is None and link.on == via.key[0]:
            values = values_of(known, "_on")
            rows = rows.filter(in_ranges(link.on, via.column(link.on).type, ranges_of(values), dialect=DUCKDB))
        earliest = min(values_of(known, "_since"), default=None)
        if link.at and earliest is not None:
            rows = rows.filter(f"{DUCKDB.quoted(link.at)} >= {DUCKDB.literal(as_text(earliest))}::timestamptz")
    finds = f"{DUCKDB.quoted(link.on)} = _on"
    if link.at:
        finds += f" and {DUCKDB.quoted(link.at)} >= _since and (_until is null or {DUCKDB.quoted(link.at)} < _until)"
    return rows.join(changed, finds, how="semi").select(DUCKDB.quoted(*refresh.columns_in(refresh.via or "")))


def _looking_up(questions: Questions, refresh: RecomputeTouched, link: AsOf) -> DuckDBPyRelation:
    """The rows that look up: their group, what leads them there, and their instant."""
    via = refresh.via or ""
    tables = questions.lake.tables
    wanted: dict[str, list[str]] = {via: [*refresh.columns_in(via)]}
    for column in (link.on, link.at):
        if column:
            wanted.setdefault(held_by(link, column, via, tables.by_name), []).append(column)
    key = tables[via].table.key
    read = [questions.read(name).select(DUCKDB.quoted(*dict.fromkeys([*key, *columns]))) for name, columns in wanted.items()]
    return read[0] if len(read) == 1 else read[0].join(read[1], DUCKDB.quoted(*key), how="inner")
