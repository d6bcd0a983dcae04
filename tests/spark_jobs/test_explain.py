from decimal import Decimal

import pytest

from iceberg.catalog import open_catalog
from iceberg.reader import ReleaseReader
from iceberg.table import Ratio
from shoplake.core.errors import QueryError
from shoplake.core.settings import Settings
from spark_jobs.explain import Explanation, explain
from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import START, line, order, payment
from tests.spark_jobs.fixtures import Traded

pytestmark = [pytest.mark.integration, pytest.mark.long]

SALES = {
    "gold.daily_sales": ("order_date", "channel_code"),
    "gold.hourly_sales": ("order_date", "order_hour", "channel_code"),
    "gold.sales_by_channel": ("channel_code",),
}


TERM = 'a bag, "red"'


def reader_of(settings: Settings, release_id: int | None = None) -> ReleaseReader:
    return ReleaseReader(open_catalog(settings, reader=True), settings.reader_catalog_dsn, release_id)


def explained(settings: Settings, name: str, *key: str, release_id: int | None = None) -> Explanation:
    return explain(settings, reader_of(settings, release_id), name, key)


@pytest.fixture
def eventful(traded: Traded) -> Traded:
    """Release 2: a day with orders of two customers that are paid, discounted, refunded in part and in full, cancelled, returned, unpaid."""
    bronze = traded.bronze
    discounted = {**order(10, amount=300), "customer_id": 2, "discount_amount": Decimal(50), "total_amount": Decimal(250)}
    bronze.change("insert", "orders", [discounted])
    three_pieces = {"quantity": 3, "list_price": Decimal(100), "discount_amount": Decimal(50), "line_amount": Decimal(250)}
    bronze.change("insert", "order_items", [{**line(10, 300), **three_pieces}])
    bronze.change("insert", "payments", [payment(10, 10, amount=250), {**payment(11, 10, "refunded", 40), "attempt": 2}])
    bronze.change("insert", "orders", [{**order(12), "shipping_amount": Decimal(20), "total_amount": Decimal(120)}])
    bronze.change("insert", "order_items", [line(12)])
    bronze.change("insert", "payments", [payment(12, 12, amount=120), {**payment(13, 12, "refunded", 120), "attempt": 2}])
    bronze.change(
        "insert", "orders", [order(14, status="cancelled"), order(15, status="pending"), order(16, channel_code="tiki", status="returned")]
    )
    bronze.change("insert", "order_items", [line(14), line(15), line(16)])
    bronze.change(
        "insert", "payments", [payment(14, 14), payment(15, 15, "failed"), payment(16, 16), {**payment(17, 16, "refunded"), "attempt": 2}]
    )
    bronze.commit()
    assert build(traded.settings).release is not None
    return traded


@pytest.fixture
def searched(traded: Traded) -> Traded:
    """Two visits that searched for a term with a comma and quotes in it: a known customer twice, who bought, and a stranger once."""
    steps = [
        (1, 1, 1, "visit", None), (1, 2, 1, "search", TERM), (1, 3, 1, "search", TERM), (1, 4, 1, "purchase", None),
        (2, 1, None, "visit", None), (2, 2, None, "search", TERM),
    ]  # fmt: skip
    columns = ("session_id", "sequence", "customer_id", "kind", "search_text")
    rows = [{**dict(zip(columns, step, strict=True)), "device_id": 1, "happened_at": START} for step in steps]
    traded.bronze.change("insert", "customer_activity_log", rows)
    traded.bronze.commit()
    build(traded.settings, tables=["gold.search_terms"])
    return traded


def test_every_number_of_the_sales_tables_is_made_by_the_rows_below(eventful: Traded) -> None:
    reader = reader_of(eventful.settings)
    for name, key in SALES.items():
        for row in reader.rows(name).to_table().to_pylist():
            found = explain(eventful.settings, reader, name, [str(row[column]) for column in key])
            assert found.is_reproduced, (name, row)
            assert found.is_as_declared
            assert {part.column.name: part.value for part in found.parts} == {k: v for k, v in row.items() if k not in key}
            for part in found.parts:
                assert part.how is not None, (name, row, part)
                assert part.total == part.value
                if part.how == "sum":
                    assert sum(value for value in part.contributions if value is not None) == part.value, (name, part)


def test_an_order_gives_what_its_payments_and_refunds_leave(eventful: Traded) -> None:
    found = explain(eventful.settings, reader_of(eventful.settings), "gold.daily_sales", ["2026-01-05", "shopee"], "net_revenue")
    assert (found.below, found.below_key) == ("silver.orders", ("order_id",))
    assert [row["order_id"] for row in found.rows] == [1, 10, 12, 14, 15]
    given = {part.column.name: [int(value) for value in part.contributions if value is not None] for part in found.parts}
    assert given["revenue"] == [100, 250, 100, 0, 0]
    assert given["refunded_amount"] == [0, 40, 100, 0, 0]
    assert given["net_revenue"] == [100, 210, 0, 0, 0]
    assert given["cancelled_order_count"] == [0, 0, 0, 1, 0]
    # Customer 1 ordered first; customer 2 is new with order 10.
    assert given["customer_count"] == [1, 1, 0, 0, 0]
    (asked,) = found.asked
    assert (asked.value, asked.how) == (Decimal("310.00"), "sum")
    value = next(part for part in found.parts if isinstance(part.column.made, Ratio))
    assert (value.value, value.total) == (Decimal("150.00"), Decimal("150.00"))


def test_a_rate_is_asked_for_with_the_two_numbers_that_it_is_the_quotient_of(eventful: Traded) -> None:
    found = explain(eventful.settings, reader_of(eventful.settings), "gold.daily_sales", ["2026-01-05", "shopee"], "average_order_value")
    asked = [(part.column.name, part.value, part.how) for part in found.asked]
    assert asked == [
        ("average_order_value", Decimal("150.00"), "ratio"), ("revenue", Decimal("450.00"), "sum"), ("paid_order_count", 3, "sum")
    ]  # fmt: skip


def test_a_table_that_is_computed_in_whole_is_explained_by_the_rows_that_it_names(eventful: Traded) -> None:
    build(eventful.settings, tables=["gold.monthly_sales", "gold.customer_cohorts", "gold.retention_d7"])
    found = explained(eventful.settings, "gold.monthly_sales", "2026-01-01", "shopee")
    parts = {part.column.name: part for part in found.parts}
    assert (found.below, [str(row["order_date"]) for row in found.rows]) == ("gold.daily_sales", ["2026-01-05", "2026-01-06"])
    assert (parts["revenue"].how, parts["revenue"].contributions) == ("sum", [Decimal("450.00"), Decimal("100.00")])
    assert parts["average_order_value"].how == "ratio"
    assert {part.how for part in found.parts} == {"sum", "same", "ratio"}
    assert found.is_reproduced

    cohort = explained(eventful.settings, "gold.customer_cohorts", "2026-01-01", "0")
    parts = {part.column.name: part for part in cohort.parts}
    assert (cohort.below, [row["customer_id"] for row in cohort.rows]) == ("gold.customer_months", [1, 2])
    assert (parts["active_customer_count"].how, parts["active_customer_count"].value) == ("distinct", 2)
    assert (parts["order_count"].how, parts["retention_rate"].how) == ("sum", "ratio")
    assert cohort.is_reproduced

    retention = explained(eventful.settings, "gold.retention_d7", "2026-01-05")
    parts = {part.column.name: part for part in retention.parts}
    # Customer 1 ordered again on the day after; their days must not move apart when each row is looked at alone.
    assert (parts["returning_customer_count"].value, parts["returning_customer_count"].contributions) == (1, [1, 0])
    assert retention.is_reproduced


def test_a_table_that_names_no_rows_still_tells_what_its_rates_are_quotients_of(eventful: Traded) -> None:
    orders = [order(number, channel_code="website") for number in (21, 22, 23)]
    eventful.bronze.change("insert", "orders", orders)
    eventful.bronze.change(
        "insert", "order_items", [{**line(one["order_id"], 50, number), "product_id": number} for one in orders for number in (1, 2)]
    )
    eventful.bronze.commit()
    build(eventful.settings, tables=["gold.product_pairs"])
    found = explain(eventful.settings, reader_of(eventful.settings), "gold.product_pairs", ["1", "2"], "confidence_back")
    assert (found.below, found.rows, found.is_reproduced) == (None, [], None)
    assert [(part.column.name, part.value, part.how) for part in found.asked] == [
        ("confidence_back", Decimal("1.0000"), "ratio"), ("pair_order_count", 3, None), ("other_order_count", 3, None)
    ]  # fmt: skip


def test_a_visit_that_searched_twice_counts_once_and_buys_once(searched: Traded) -> None:
    found = explained(searched.settings, "gold.search_terms", "2026-01-05", TERM)
    parts = {part.column.name: part for part in found.parts}
    assert [(row["session_id"], row["sequence"]) for row in found.rows] == [(1, 2), (1, 3), (2, 2)]
    assert (parts["search_count"].value, parts["search_count"].how) == (3, "sum")
    assert (parts["visit_count"].value, parts["visit_count"].how, parts["visit_count"].contributions) == (2, "distinct", [1, 0, 1])
    assert (parts["customer_count"].value, parts["customer_count"].how) == (1, "distinct")
    assert (parts["conversion_rate"].value, parts["conversion_rate"].how) == (Decimal("0.5000"), "ratio")
    assert found.is_reproduced


def test_it_tells_version_source_position_and_checks(eventful: Traded) -> None:
    found = explained(eventful.settings, "gold.daily_sales", "2026-01-05", "shopee")
    reader = reader_of(eventful.settings)
    assert dict(found.version.inputs) == {
        name: reader.version(name).snapshot_id for name in ("silver.orders", "silver.order_items", "silver.payments")
    }
    assert found.version.cut_end_lsn == eventful.bronze.lsn
    assert found.committed_at == START
    assert found.checks
    assert all(check.passed for check in found.checks)


def test_an_older_release_is_explained_by_its_own_rows(eventful: Traded) -> None:
    found = explained(eventful.settings, "gold.daily_sales", "2026-01-05", "shopee", release_id=1)
    assert [row["order_id"] for row in found.rows] == [1]
    assert found.is_reproduced


def test_a_row_of_silver_is_the_newest_of_its_changes(eventful: Traded) -> None:
    eventful.bronze.change("update", "orders", [order(1, status="shipped")])
    eventful.bronze.commit()
    before = explained(eventful.settings, "silver.orders", "1")
    build(eventful.settings)
    after = explained(eventful.settings, "silver.orders", "1")
    assert [[change["_operation"] for change in found.rows] for found in (before, after)] == [["insert"], ["insert", "update"]]
    assert {part.how for part in after.parts} == {"newest change"}
    assert after.is_reproduced
    assert next(part.value for part in after.parts if part.column.name == "status") == "shipped"


def test_a_number_that_the_code_makes_otherwise_by_now_is_said_not_to_add_up(eventful: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql import functions as F

    from spark_jobs.definitions import sales

    monkeypatch.setattr(
        "spark_jobs.gold.daily_sales.order_sales", lambda *tables: sales.order_sales(*tables).withColumn("revenue", F.lit(1))
    )
    found = explained(eventful.settings, "gold.daily_sales", "2026-01-05", "shopee")
    assert found.is_reproduced is False
    assert next(part.how for part in found.parts if part.column.name == "revenue") is None
    assert next(part.how for part in found.parts if part.column.name == "order_count") == "sum"


def test_what_is_not_there_is_one_sentence(traded: Traded) -> None:
    reader = reader_of(traded.settings)
    for key, column, says in (
        (
            ("2026-01-05", "lazada"),
            None,
            r"has no row 2026-01-05,lazada in release 1\. Give a key \(order_date, channel_code\), such as 2026-01-05,shopee\.",
        ),
        (("2026-01-05",), None, r"the key of gold\.daily_sales is \(order_date, channel_code\), but 1 values were given"),
        (("yesterday", "shopee"), None, r"yesterday is no date, which order_date of gold\.daily_sales is"),
        (("2026-01-05", "shopee"), "turnover", r"gold\.daily_sales has no number turnover\. Choose one of gross_merchandise_value"),
    ):
        with pytest.raises(QueryError, match=says):
            explain(traded.settings, reader, "gold.daily_sales", key, column)
