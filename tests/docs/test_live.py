import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from iceberg.releases import find_release
from iceberg.runs import catalog_database
from shoplake.ask import open_lake
from shoplake.core.settings import Settings
from shoplake.docs.html import write
from shoplake.docs.live import Live, read_live
from shoplake.docs.pages import pages
from spark_jobs.run import build
from spark_jobs.tables import discover
from tests.spark_jobs.bronze_rows import START, customer, order
from tests.spark_jobs.fixtures import Traded

pytestmark = [pytest.mark.integration, pytest.mark.long]

PERSONAL = {"full_name": "Ngô Thị Bí Mật", "email": "bi.mat@secret.example", "phone": "+84 90 555 01 02"}


def _read(settings: Settings, after: timedelta = timedelta(minutes=1)) -> Live:
    """The current release as somebody reads it so long after the newest cut."""
    with psycopg.connect(settings.catalog_dsn) as connection:
        row = connection.execute("select max(recorded_at) from shoplake.cuts").fetchone()
    assert row is not None
    return read_live(open_lake(None, settings).reader, discover(), settings, row[0] + after)


def _site(live: Live, folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in write(pages(discover(), live), folder, "a release")}


def test_what_a_table_holds_is_told_with_its_rows_checks_and_version(traded: Traded, tmp_path: Path) -> None:
    live = _read(traded.settings)
    sales = live.tables["gold.daily_sales"]
    with catalog_database(traded.settings.catalog_dsn) as connection:
        _, versions = find_release(connection)
    assert (sales.row_count, sales.version, sales.is_as_declared) == (3, versions["gold.daily_sales"], True)
    assert len(sales.checks) == len(discover()["gold.daily_sales"].table.checks) + 2
    assert live.tables.keys() == versions.keys()
    text = _site(live, tmp_path)["gold.daily_sales.html"]
    assert f"<code>{sales.version.snapshot_id}</code>" in text
    assert "<td>2026-01-05</td><td>shopee</td><td>100.00</td>" in text
    assert text.count('<span class="good">held</span>') == len(sales.checks)


def test_what_a_check_found_is_shown_where_it_did_not_hold(traded: Traded, tmp_path: Path) -> None:
    with psycopg.connect(traded.settings.catalog_dsn) as connection:
        connection.execute(
            """
            update shoplake.check_results set passed = false, failing_count = 1, sentence = 'check: 1 row is below & <odd>.'
            where (table_name, check_name) = ('gold.daily_sales', 'net_revenue at least 0')
            """
        )
    site = _site(_read(traded.settings), tmp_path)
    assert '<span class="bad">did not hold</span>: check: 1 row is below &amp; &lt;odd&gt;.' in site["gold.daily_sales.html"]
    assert '<span class="bad">1 not held</span>' in site["index.html"]
    assert '<a href="gold.daily_sales.html"><code>gold.daily_sales</code></a> net_revenue at least 0' in site["index.html"]


def test_no_personal_value_is_on_any_page(traded: Traded, tmp_path: Path) -> None:
    born = datetime(1987, 6, 5, tzinfo=UTC).date()
    traded.bronze.change("insert", "customers", [{**customer(77), **PERSONAL, "birth_date": born}, {**customer(78), "phone": None}])
    traded.bronze.change("insert", "orders", [{**order(9), "device_id": 90123456789, "placed_from": "Sóc Trăng"}])
    traded.bronze.commit()
    build(traded.settings, tables=["silver.customers", "silver.orders", "silver.customer_addresses"])
    site = _site(_read(traded.settings), tmp_path)
    everything = "\n".join(site.values())
    values = [*PERSONAL.values(), str(born), "90123456789", "Sóc Trăng", "c1@example.com", "Customer 1", "1 Street"]
    assert [value for value in values if value in everything] == []
    customers = site["silver.customers.html"]
    assert "<td>C***</td><td>c***</td><td>null</td><td>null</td><td>bronze</td>" in customers
    addresses = site["silver.customer_addresses.html"]
    assert "<td>C***</td><td>1***</td><td>***</td><td>Huế</td>" in addresses


def test_a_failed_check_names_no_row_where_the_key_is_personal(traded: Traded) -> None:
    build(traded.settings, tables=["gold.fraud_device_signals"])
    with psycopg.connect(traded.settings.catalog_dsn) as connection:
        connection.execute(
            """
            update shoplake.check_results set passed = false, failing_count = 2, sentence = 'the first is (90123456789, 1).',
                examples = '[["90123456789", "1"]]'
            where (table_name, check_name) = ('gold.fraud_device_signals', 'unique key')
            """
        )
    found = _read(traded.settings).tables["gold.fraud_device_signals"].checks["unique key"]
    assert (found.examples, found.sentence) == ([], "check: gold.fraud_device_signals unique key: broken by 2 rows.")


def test_a_promise_that_is_broken_is_shown_as_such(traded: Traded, tmp_path: Path) -> None:
    promise = timedelta(minutes=discover()["gold.daily_sales"].table.fresh_within_minutes or 0)
    kept, broken = (_read(traded.settings, after) for after in (promise, promise + timedelta(seconds=1)))
    assert (kept.tables["gold.daily_sales"].is_fresh, broken.tables["gold.daily_sales"].is_fresh) == (True, False)
    assert kept.tables["silver.orders"].is_fresh is None
    assert kept.tables["silver.orders"].age == promise
    site = _site(broken, tmp_path)
    assert re.search(
        r'shows the shop until</td><td>[^<]*15 minutes ago, <span class="bad">older than promised', site["gold.daily_sales.html"]
    )
    assert '<span class="good">as promised</span>' not in site["index.html"]


def test_a_change_that_waits_makes_those_tables_old_that_are_made_from_it(traded: Traded) -> None:
    traded.bronze.change("update", "payments", [{"payment_id": 1, "order_id": 1, "attempt": 1, "method": "card", "status": "refunded"}])
    traded.bronze.commit()
    live = _read(traded.settings)
    assert live.tables["gold.daily_sales"].shown_until == START
    assert live.tables["gold.daily_sales"].is_fresh is False
    assert live.tables["silver.orders"].shown_until != START


def test_a_table_that_is_not_in_the_release_or_was_made_by_other_code_is_said_to_be_so(traded: Traded, tmp_path: Path) -> None:
    live = _read(traded.settings)
    assert "gold.product_pairs" not in live.tables
    sales = replace(live.tables["gold.daily_sales"], is_as_declared=False)
    site = _site(replace(live, tables={**live.tables, "gold.daily_sales": sales}), tmp_path)
    assert "Release 1 has no such table." in site["gold.product_pairs.html"]
    assert "other code than what these pages tell of" in site["gold.daily_sales.html"]
    assert "other code" not in site["silver.orders.html"]
