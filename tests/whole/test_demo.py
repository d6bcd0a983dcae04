import psycopg
import pytest

from gen_data.schema import SHOP_TABLES
from shoplake.core.settings import Settings
from tests.whole.conftest import Demonstrated

pytestmark = pytest.mark.integration


def refined(demonstrated: Demonstrated) -> dict[str, int]:
    """The rows of the tables that silver has."""
    return {name: rows for name, rows in demonstrated.column("rows", "table", "silver").items() if rows is not None}


def test_every_table_of_the_shop_is_captured_and_silver_has_the_rows_of_postgresql(demonstrated: Demonstrated) -> None:
    source, bronze = (demonstrated.column("rows", "table", layer) for layer in ("postgresql", "bronze_changes"))
    assert set(source) == set(bronze) == {table.name for table in SHOP_TABLES}
    assert all(bronze[name] >= rows for name, rows in source.items())
    silver = refined(demonstrated)
    assert len(silver) >= 11
    assert min(silver.values()) > 0
    assert silver == {name: source[name] for name in silver}


def test_every_gold_table_has_rows_and_every_check_passed(demonstrated: Demonstrated) -> None:
    assert min(demonstrated.column("gold", "table", "rows").values()) > 0
    passed, _, total, _ = demonstrated.printed["release"]["checks"].split()
    assert int(passed) == int(total) > 50


def test_the_flash_sale_shows_in_the_kpis(demonstrated: Demonstrated) -> None:
    ratios = demonstrated.column("kpis", "kpi", "ratio")
    assert ratios["order_count"] > 1.3
    assert ratios["average_order_value"] < 1.0


@pytest.mark.long
def test_again_the_clock_goes_on_and_no_row_is_there_twice(demonstrated: Demonstrated, again: Demonstrated, stack: Settings) -> None:
    source = again.column("rows", "table", "postgresql")
    assert refined(again) == {name: source[name] for name in refined(again)}
    orders, orders_before = (one.column("rows", "table", "silver")["orders"] for one in (again, demonstrated))
    assert orders > orders_before + 2000
    with psycopg.connect(stack.source_dsn) as connection:
        days, span = connection.execute(
            """
            select count(distinct day), max(day) - min(day) + 1
            from (select (ordered_at at time zone 'Asia/Ho_Chi_Minh')::date as day from orders) placed
            """
        ).fetchone() or (0, 0)
    # Two days each time, and after each what the live shop began.
    assert days == span >= 4
