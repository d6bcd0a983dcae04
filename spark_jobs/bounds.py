"""Literal bounds: which keys or groups were touched, as SQL that lets Iceberg skip every other file.

Values travel as text, through the catalog's database and into SQL, and are
cast to the column's type where they are used.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestamptzType,
)

from iceberg.quality.checks import literal, quoted
from shoplake.core.errors import TableError

Range = tuple[str, str]
MOST_RANGES = 24
MOST_KEYS = 20_000
"""So many values at most are brought here to bound what is read by them."""

_SQL_TYPES = {
    IntegerType(): "int",
    LongType(): "bigint",
    StringType(): "string",
    DateType(): "date",
    TimestamptzType(): "timestamp",
    BooleanType(): "boolean",
}


def ranges_around(intervals: Iterable[tuple[Any, Any]], most: int = MOST_RANGES) -> list[Range]:
    """At most ``most`` ranges, as text, that cover all ``intervals`` (both ends included) and leave out the widest gaps.

    Values that cannot be subtracted, such as text, get one range when they are too many.
    """
    merged: list[tuple[Any, Any]] = []
    for low, high in sorted(interval for interval in intervals if interval[0] is not None):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    if len(merged) > most:
        merged = _closest_joined(merged, most)
    return [(as_text(low), as_text(high)) for low, high in merged]


def _closest_joined(ranges: list[tuple[Any, Any]], most: int) -> list[tuple[Any, Any]]:
    if not isinstance(ranges[0][0], int | date | datetime):
        return [(ranges[0][0], ranges[-1][1])]
    gaps = sorted(range(1, len(ranges)), key=lambda position: ranges[position][0] - ranges[position - 1][1], reverse=True)
    starts = [0, *sorted(gaps[: most - 1]), len(ranges)]
    return [(ranges[start][0], ranges[end - 1][1]) for start, end in pairwise(starts)]


def as_text(value: Any) -> str:
    """A value as text that Spark casts back to it; an instant must carry its zone."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def in_ranges(column: str, column_type: IcebergType, ranges: Sequence[Range], table: str = "") -> str:
    """SQL that holds for values within one of ``ranges``; ``table`` is an alias to prefix."""
    name = f"{table}.{quoted(column)}" if table else quoted(column)
    if not ranges:
        return "false"
    parts = [
        f"{name} = {_cast(low, column_type)}" if low == high else f"{name} between {_cast(low, column_type)} and {_cast(high, column_type)}"
        for low, high in ranges
    ]
    return "(" + " or ".join(parts) + ")"


def in_groups(columns: Sequence[tuple[str, IcebergType]], groups: Sequence[Sequence[str]], table: str = "") -> str:
    """SQL that holds for rows of one of ``groups``, each with a value for each of ``columns``."""
    prefix = f"{table}." if table else ""
    if not groups:
        return "false"
    if len(columns) == 1:
        name, column_type = columns[0]
        return f"{prefix}{quoted(name)} in ({', '.join(_cast(group[0], column_type) for group in groups)})"
    each = [" and ".join(f"{prefix}{quoted(n)} = {_cast(v, t)}" for (n, t), v in zip(columns, group, strict=True)) for group in groups]
    return "((" + ") or (".join(each) + "))"


def _cast(value: str, column_type: IcebergType) -> str:
    if isinstance(column_type, DecimalType):
        return f"cast({literal(value)} as decimal({column_type.precision},{column_type.scale}))"
    for known, name in _SQL_TYPES.items():
        if column_type == known:
            return f"cast({literal(value)} as {name})"
    raise TableError(f"table: a key or group of type {column_type} cannot be bounded. Use a number, text, date or instant.")
