import json

import psycopg
import pytest

from shoplake.core.settings import Settings
from tests.whole.conftest import Demonstrated, run_cli

pytestmark = pytest.mark.integration


def test_every_table_of_the_shop_has_as_many_rows_in_silver_as_in_postgresql(demonstrated: Demonstrated) -> None:
    assert demonstrated.column("rows", "table", "postgresql") == demonstrated.column("rows", "table", "silver")
    assert len(demonstrated.printed["rows"]) == 11
    assert min(demonstrated.column("rows", "table", "silver").values()) > 0


def test_every_gold_table_has_rows_and_every_check_passed(demonstrated: Demonstrated) -> None:
    assert min(demonstrated.column("gold", "table", "rows").values()) > 0
    passed, _, total, _ = demonstrated.printed["release"]["checks"].split()
    assert int(passed) == int(total) > 50


def test_the_flash_sale_shows_in_the_kpis(demonstrated: Demonstrated) -> None:
    ratios = demonstrated.column("kpis", "kpi", "ratio")
    assert ratios["order_count"] > 1.3
    assert ratios["average_order_value"] < 1.0


def test_again_the_clock_goes_on_and_no_row_is_there_twice(demonstrated: Demonstrated, stack: Settings) -> None:
    ended = run_cli(stack, "demo", "--json")
    assert ended.returncode == 0, ended.stderr
    again = Demonstrated(stack, json.loads(ended.stdout))
    assert again.column("rows", "table", "postgresql") == again.column("rows", "table", "silver")
    orders, orders_before = (one.column("rows", "table", "silver")["orders"] for one in (again, demonstrated))
    assert orders > orders_before + 2000
    with psycopg.connect(stack.source_dsn) as connection:
        assert connection.execute("select count(distinct (ordered_at at time zone 'Asia/Ho_Chi_Minh')::date) from orders").fetchone() == (
            4,
        )
