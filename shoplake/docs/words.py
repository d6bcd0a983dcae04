"""What a declaration says, in words: how a table follows its inputs, how its files are split, in which unit a column counts."""

from __future__ import annotations

from pyiceberg.types import TimestamptzType

from iceberg.table import AMOUNT, MONEY, Column, FullRefresh, MergeByKey, RecomputeTouched, Table
from shoplake.docs.blocks import Code, Inline, Text, separated

_BY_SUFFIX = {
    "_seconds": "seconds",
    "_minutes": "minutes",
    "_hours": "hours",
    "_days": "days",
    "_bytes": "bytes",
    "_points": "points",
    "_count": "number",
    "_rate": "share of 1",
    "_share": "share of 1",
}


def unit_of(column: Column) -> str:
    """The unit of a column's values, from its type and from the name that carries it; empty where there is none."""
    if named := next((unit for suffix, unit in _BY_SUFFIX.items() if column.name.endswith(suffix)), None):
        return named
    if column.type in (AMOUNT, MONEY):
        return "the shop's currency"
    return "UTC" if isinstance(column.type, TimestamptzType) else ""


def partitioning(table: Table) -> Text:
    """How the table's files are split."""
    if table.partition_by is None:
        return ("not partitioned",)
    return (f"by {table.partition_by.transform} of ", Code(table.partition_by.column))


def refresh(table: Table, inputs: tuple[str, ...]) -> list[Text]:
    """How the table follows its inputs, a sentence each."""
    match table.refresh:
        case MergeByKey():
            return [("Merge by key: rows whose key has new changes in ", Code(inputs[0]), " are replaced, all others stay as they are.")]
        case FullRefresh():
            return [("Full: all of it is computed anew whenever an input changed.",)]
        case RecomputeTouched() as touched:
            return _recomputed(touched)


def _recomputed(touched: RecomputeTouched) -> list[Text]:
    said: list[Text] = [
        ("Recompute touched groups: when a row of an input changes, all rows with its ", *_names(touched.columns, " and "), ", as it was and as it is, are computed anew.")
    ]  # fmt: skip
    if touched.via:
        said.append(("Inputs without that are led to it by ", Code(touched.via), "."))
    for name, columns in touched.named.items():
        said.append((Code(name), " calls that ", *_names(columns, " and "), "."))
    for name, columns in touched.lookups.items():
        said.append(
            ("Looked up by key: ", *_names(columns), " in ", Code(name), "; when such a value changes, the whole table is computed anew.")
        )
    for link in touched.as_of:
        when: Text = (", as it was at ", Code(link.at)) if link.at else ()
        said.append(
            ("Looked up by ", Code(link.on), ": ", *_names(link.columns), " in ", Code(link.table), *when, "; a change touches the groups alone that now find something else.")
        )  # fmt: skip
    return said


def _names(columns: tuple[str, ...], by: str = ", ") -> Text:
    texts: list[tuple[Inline, ...]] = [(Code(column),) for column in columns]
    return separated(texts, by)
