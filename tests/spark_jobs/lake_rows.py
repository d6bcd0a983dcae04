"""Reading a test's lake with a plain PyIceberg client, and comparing builds."""

from typing import Any

from iceberg.catalog import open_catalog
from shoplake.core.settings import Settings
from spark_jobs.run import Built, build
from spark_jobs.tables import discover

Rows = list[tuple[Any, ...]]


def rows_of(settings: Settings, name: str, *columns: str) -> Rows:
    """All rows of a table's main, in order."""
    table = open_catalog(settings).load_table(name)
    found = table.scan(selected_fields=columns or ("*",)).to_arrow()
    return sorted((tuple(row.values()) for row in found.to_pylist()), key=repr)


def whole_lake(settings: Settings) -> dict[str, Rows]:
    """All rows of every table's main."""
    return {name: rows_of(settings, name) for name in discover().selected(settings).by_name}


def outcomes(built: Built) -> dict[str, str | None]:
    """What each table's build was, of those that were not kept."""
    return {name: table.strategy for name, table in built.run.tables.items() if table.status == "built"}


SALES = ("silver.orders", "silver.order_items", "silver.payments", "gold.daily_sales", "gold.sales_by_channel")


def assert_incremental_equals_full(settings: Settings, tables: tuple[str, ...] = SALES) -> None:
    """Rebuild tables from scratch and compare each row with what was there."""
    before = {name: rows_of(settings, name) for name in tables}
    build(settings, tables=tables, full=True)
    for name in tables:
        assert before[name] == rows_of(settings, name), name
