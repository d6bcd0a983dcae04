"""How two states of the lake differ, in words and numbers: for `shoplake release diff` and `shoplake preview`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from shoplake.cli.output import Output

if TYPE_CHECKING:
    from decimal import Decimal

    from iceberg.differences import TableDifference

    Kpi = Decimal | int | None


def sentences(moved: "TableDifference") -> list[str]:
    """What differs in a table: by column, and in the first rows."""
    said = [f"first {kind}: {', '.join(f'({key})' for key in keys)}." for kind, keys in moved.examples.items() if kind != "changed"]
    if moved.changed_columns:
        said.append("differ in " + ", ".join(f"{name} ({count:,})" for name, count in moved.changed_columns.items()) + ".")
    return said + [f"({one.row_key}) {one.column}: {_shown(one.before)} is {_shown(one.after)}." for one in moved.changed_values]


def gap(before: "Kpi", after: "Kpi") -> "Kpi":
    """By how much a number moved; none where one of the two states has none."""
    return after - before if before is not None and after is not None else None


def print_details(output: Output, moved: Sequence["TableDifference"]) -> None:
    """The first rows and columns that differ: a sentence each for people, for programs all of it under ``details``."""
    if output.as_json:
        details = [(one.table_name, one.changed_columns, one.examples, [vars(value) for value in one.changed_values]) for one in moved]
        output.table("details", ("table", "columns_changed", "examples", "values"), details)
    for one in moved:
        for sentence in sentences(one):
            output.say(f"{one.table_name}: {sentence}")


def print_kpis(output: Output, kpis: Mapping[str, "tuple[Kpi, Kpi]"]) -> None:
    """Each KPI before and after."""
    rows = [(name, before, after, gap(before, after)) for name, (before, after) in kpis.items()]
    output.table("kpis", ("kpi", "before", "after", "difference"), rows, title="KPIs over all of gold.daily_sales")


def _shown(value: str | None) -> str:
    return "none" if value is None else value
