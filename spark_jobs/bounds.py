"""Literal bounds: which keys or groups were touched, as SQL that lets a reader skip every other file.

Values travel as text, through the catalog's database and into SQL, and are
cast to the column's type where they are used.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from pyiceberg.types import IcebergType

from iceberg.dialect import SPARK, Dialect
from shoplake.core.errors import TableError

Range = tuple[str, str]
MOST_RANGES = 24
MOST_KEYS = 20_000
"""So many values at most bound what is read by them; more are not brought here."""


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


def ranges_of(values: Iterable[Any]) -> list[Range]:
    """:func:`ranges_around` single values."""
    return ranges_around((value, value) for value in values)


def _closest_joined(ranges: list[tuple[Any, Any]], most: int) -> list[tuple[Any, Any]]:
    if not isinstance(ranges[0][0], int | date | datetime):
        return [(ranges[0][0], ranges[-1][1])]
    gaps = sorted(range(1, len(ranges)), key=lambda position: ranges[position][0] - ranges[position - 1][1], reverse=True)
    starts = [0, *sorted(gaps[: most - 1]), len(ranges)]
    return [(ranges[start][0], ranges[end - 1][1]) for start, end in pairwise(starts)]


def as_text(value: Any) -> str:
    """A value as text that an engine casts back to it; an instant must carry its zone."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def in_ranges(column: str, column_type: IcebergType, ranges: Sequence[Range], table: str = "", dialect: Dialect = SPARK) -> str:
    """SQL that holds for values within one of ``ranges``; ``table`` is an alias to prefix."""
    name = f"{table}.{dialect.quoted(column)}" if table else dialect.quoted(column)
    if not ranges:
        return "false"
    bounds = [(_cast(low, column_type, dialect), _cast(high, column_type, dialect)) for low, high in ranges]
    parts = [f"{name} = {low}" if low == high else f"{name} between {low} and {high}" for low, high in bounds]
    return "(" + " or ".join(parts) + ")"


def in_groups(
    columns: Sequence[tuple[str, IcebergType]], groups: Sequence[Sequence[str]], table: str = "", dialect: Dialect = SPARK
) -> str:
    """SQL that holds for rows of one of ``groups``, each with a value for each of ``columns``."""
    prefix = f"{table}." if table else ""
    if not groups:
        return "false"
    names = [(prefix + dialect.quoted(column), column_type) for column, column_type in columns]
    if len(names) == 1:
        name, column_type = names[0]
        return f"{name} in ({', '.join(_cast(group[0], column_type, dialect) for group in groups)})"
    each = [
        " and ".join(f"{name} = {_cast(value, kind, dialect)}" for (name, kind), value in zip(names, group, strict=True))
        for group in groups
    ]
    return "((" + ") or (".join(each) + "))"


def _cast(value: str, column_type: IcebergType, dialect: Dialect) -> str:
    name = dialect.type_name(column_type)
    if name is None:
        raise TableError(f"table: a key or group of type {column_type} cannot be bounded. Use a number, text, date or instant.")
    return f"cast({dialect.literal(value)} as {name})"
