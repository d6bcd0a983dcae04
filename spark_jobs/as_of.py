"""Point-in-time joins: what rows find at their instant, and which of them find something else than before."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from iceberg.table import AsOf, RecomputeTouched
from spark_jobs.bounds import MOST_KEYS, Range, as_text, in_ranges, ranges_around
from spark_jobs.instants import valid_at
from spark_jobs.lake import Lake
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


def found_otherwise(lake: Lake, refresh: RecomputeTouched, name: str, condition: str, consumed: int) -> list[DataFrame]:
    """The groups of rows that look up something else in input ``name`` than they did in its snapshot ``consumed``.

    ``condition`` holds for every row of it that changed. What looks up is read
    as it is now: where that changed too, its groups are touched anyway.
    """
    found = []
    for link in refresh.as_of:
        if link.table == name:
            changed = _changed(lake.read(name, consumed).where(condition), lake.read(name).where(condition), link)
            groups = _groups(lake, refresh, link, changed)
            found += [groups] if groups is not None else []
    return found


def _changed(before: DataFrame, now: DataFrame, link: AsOf) -> DataFrame:
    """The values of ``on`` and the intervals in which they lead to something else in one version than in the other.

    A row that only one version has counts from its beginning to its end, one whose end moved from the earlier end to the later.
    """
    values = list(dict.fromkeys([link.on, *link.columns]))
    since = F.col(link.since) if link.at else F.lit(None).cast("timestamp")
    until = F.col(link.until) if link.at and link.until else F.lit(None).cast("timestamp")
    both = [rows.select(*values, since.alias("_since"), until.alias("_until"), sign.alias("_sign")) for rows, sign in _signed(before, now)]
    row = (
        both[0]
        .union(both[1])
        .groupBy(*values, "_since")
        .agg(
            F.sum("_sign").alias("_sign"),
            F.min("_until").alias("_first_end"),
            F.max("_until").alias("_last_end"),
            F.bool_or(F.col("_until").isNull()).alias("_goes_on"),
        )
    )
    is_moved = F.col("_first_end").isNotNull() & (F.col("_goes_on") | (F.col("_first_end") < F.col("_last_end")))
    differing = row.where((F.col("_sign") != 0) | is_moved).where(F.col(link.on).isNotNull())
    begins = F.when(F.col("_sign") != 0, F.col("_since")).otherwise(F.col("_first_end"))
    ends = F.when(~F.col("_goes_on"), F.col("_last_end"))
    return differing.select(F.col(link.on).alias("_on"), begins.alias("_since"), ends.alias("_until")).distinct()


def _signed(before: DataFrame, now: DataFrame) -> list[tuple[DataFrame, Column]]:
    return [(before, F.lit(-1)), (now, F.lit(1))]


def _groups(lake: Lake, refresh: RecomputeTouched, link: AsOf, changed: DataFrame) -> DataFrame | None:
    few = changed.limit(MOST_KEYS + 1).toArrow()
    if few.num_rows == 0:
        return None
    rows = _looking_up(lake, refresh, link)
    if few.num_rows <= MOST_KEYS:
        changed = F.broadcast(lake.session.createDataFrame(few))
        via = lake.tables[refresh.via or ""].table
        if link.of is None and link.on == via.key[0]:
            values = few.column("_on").to_pylist()
            rows = rows.where(in_ranges(link.on, via.column(link.on).type, ranges_around((value, value) for value in values)))
        earliest = min((begins for begins in few.column("_since").to_pylist() if begins is not None), default=None)
        if link.at and earliest is not None:
            rows = rows.where(F.col(link.at) >= F.lit(as_text(earliest)).cast("timestamp"))
    finds = F.col(link.on) == F.col("_on")
    if link.at:
        finds = finds & valid_at(link.at, "_since", "_until")
    return rows.join(changed, on=finds, how="left_semi").select(*refresh.columns_in(refresh.via or ""))


def _looking_up(lake: Lake, refresh: RecomputeTouched, link: AsOf) -> DataFrame:
    """The rows that look up: their group, what leads them there, and their instant."""
    via = refresh.via or ""
    wanted: dict[str, list[str]] = {via: [*refresh.columns_in(via)]}
    for column in (link.on, link.at):
        if column:
            wanted.setdefault(held_by(link, column, via, lake.tables.by_name), []).append(column)
    key = lake.tables[via].table.key
    read = [lake.read(name).select(*dict.fromkeys([*key, *columns])) for name, columns in wanted.items()]
    return read[0] if len(read) == 1 else read[0].join(read[1], on=list(key), how="inner")
