from datetime import timedelta

import pytest

from iceberg.catalog import open_catalog
from iceberg.differences import differences
from iceberg.reader import ReleaseReader
from iceberg.releases import rollback
from shoplake.core.settings import Settings
from spark_jobs.kpis import kpis_of
from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import START, order, place
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import SALES

pytestmark = [pytest.mark.integration, pytest.mark.long]


def reader_of(settings: Settings, release_id: int) -> ReleaseReader:
    return ReleaseReader(open_catalog(settings, reader=True), settings.reader_catalog_dsn, release_id)


def test_two_releases_differ_in_the_rows_that_came_went_and_changed(traded: Traded) -> None:
    bronze = traded.bronze
    bronze.change("update", "orders", [order(1, status="cancelled")])
    bronze.change("delete", "orders", [{"order_id": 3}])
    bronze.change("delete", "order_items", [{"order_id": 3, "line_number": 1}])
    bronze.change("delete", "payments", [{"payment_id": 3}])
    place(bronze, 20, at=START + timedelta(days=1), channel_code="lazada")
    bronze.commit()
    build(traded.settings)
    before, after = reader_of(traded.settings, 1), reader_of(traded.settings, 2)
    moved = {one.table_name: one for one in differences(before, after)}
    assert {*SALES} <= set(moved)
    assert "silver.customers" not in moved
    orders, days = moved["silver.orders"], moved["gold.daily_sales"]
    assert (orders.rows_added, orders.rows_removed, orders.rows_changed) == (1, 1, 1)
    assert orders.examples == {"added": ["20"], "removed": ["3"], "changed": ["1"]}
    assert orders.changed_columns == {"status": 1}
    assert (days.rows_added, days.rows_removed, days.rows_changed) == (1, 1, 1)
    assert days.examples == {"added": ["2026-01-06,lazada"], "removed": ["2026-01-06,tiki"], "changed": ["2026-01-05,shopee"]}
    back = {one.table_name: one for one in differences(after, before)}
    assert back["silver.orders"].examples == {"added": ["3"], "removed": ["20"], "changed": ["1"]}
    assert differences(after, after) == []
    assert [(kpis_of(reader)["order_count"], int(kpis_of(reader)["net_revenue"] or 0)) for reader in (before, after)] == [
        (3, 300),
        (3, 200),
    ]


def test_a_table_that_was_retired_meanwhile_is_gone_with_nobody_knowing_how_many_rows(traded: Traded) -> None:
    retired = "gold.sales_by_channel"
    open_catalog(traded.settings).drop_table(retired)
    rollback(traded.settings, 1, declared=[name for name in SALES if name != retired])
    first, second = reader_of(traded.settings, 1), reader_of(traded.settings, 2)
    assert [(one.table_name, one.status, one.rows_removed) for one in differences(first, second)] == [(retired, "gone", None)]
    assert [(one.table_name, one.status, one.rows_added) for one in differences(second, first)] == [(retired, "new", None)]
