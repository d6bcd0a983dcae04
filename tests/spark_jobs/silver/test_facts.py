"""Facts of payments, stock movements and activity: what was so at their own instant, and what a late word of it restates."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import psycopg
import pytest

from gen_data.generate import backfill
from iceberg.capture.ingest import ingest
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.run import Built, build
from tests.spark_jobs.bronze_rows import START, Row, payment, price, version
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, outcomes, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long]

FACTS = ("silver.fact_payments", "silver.fact_inventory_movements", "silver.fact_activity")


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


class Truth(NamedTuple):
    """What the shop itself says of a fact's columns."""

    columns: tuple[str, ...]
    sql: str


TRUTH = {
    "silver.fact_payments": Truth(
        (
            "order_date", "payment_id", "order_id", "attempt", "paid_at", "paid_date", "after_order_hours", "channel_code", "customer_id",
            "customer_tier", "method", "status", "is_refund", "amount", "signed_amount", "failure_reason",
        ),
        """
        select ordered_at::date, payment_id, order_id, attempt, paid_at, paid_at::date,
               round(extract(epoch from paid_at - ordered_at) / 3600, 2), channel_code, customer_id,
               (select tier from customer_history h where h.customer_id = o.customer_id and changed_at <= paid_at order by version desc limit 1),
               method, p.status, p.status = 'refunded', amount,
               amount * case p.status when 'succeeded' then 1 when 'refunded' then -1 else 0 end, failure_reason
        from payments p join orders o using (order_id)
        """,
    ),
    "silver.fact_inventory_movements": Truth(
        (
            "happened_date", "product_id", "warehouse_code", "sequence", "happened_at", "kind", "category_id", "supplier_id", "order_id",
            "line_number", "lot", "quantity", "unit_cost", "cost_amount", "list_amount", "on_hand_after", "is_stock_out",
        ),
        """
        select happened_at::date, product_id, warehouse_code, sequence, happened_at, kind, category_id, supplier_id, order_id, line_number, lot,
               quantity, l.unit_cost, quantity * opened.unit_cost,
               quantity * (select v.list_price from product_prices v where v.product_id = l.product_id and valid_from <= l.happened_at
                           order by valid_from desc limit 1),
               on_hand_after, kind in ('issue', 'loss') and on_hand_after = 0
        from inventory_log l
        join products using (product_id)
        join (select product_id, warehouse_code, sequence as lot, unit_cost from inventory_log where kind in ('receipt', 'return')) as opened
          using (product_id, warehouse_code, lot)
        """,
    ),
    "silver.fact_activity": Truth(
        (
            "happened_date", "session_id", "sequence", "happened_at", "kind", "channel_code", "is_known", "customer_id", "customer_tier",
            "product_id", "category_id", "list_price", "search_text", "order_id",
        ),
        """
        select happened_at::date, session_id, sequence, happened_at, kind, 'website', a.customer_id is not null, a.customer_id,
               (select tier from customer_history h where h.customer_id = a.customer_id and changed_at <= happened_at
                order by version desc limit 1),
               product_id, category_id,
               (select v.list_price from product_prices v where v.product_id = a.product_id and valid_from <= happened_at
                order by valid_from desc limit 1),
               search_text, o.order_id
        from customer_activity_log a
        left join products using (product_id)
        left join orders o on o.order_id = session_id and kind = 'purchase' and o.channel_code = 'website'
        """,
    ),
}  # fmt: skip


class Lived(NamedTuple):
    """A lake, and its last build."""

    settings: Settings
    built: Built


@pytest.fixture(scope="module")
def lived(spark_services: Settings) -> Iterator[Lived]:
    """Five days with returns and frauds, and one more that an incremental build took in."""
    with fresh_databases(spark_services) as settings:
        for days in (5, 1):
            backfill(settings, days, "fraud_attack+returns_wave", 60)
            ingest(settings)
            built = build(settings, tables=FACTS)
        yield Lived(settings, built)


@pytest.mark.parametrize("name", FACTS)
def test_each_row_says_what_the_shop_knew_at_its_instant(lived: Lived, name: str) -> None:
    with psycopg.connect(lived.settings.shop_url, options=f"-c timezone={lived.settings.time_zone}") as connection:
        truth = connection.execute(TRUTH[name].sql.encode()).fetchall()
    told = rows_of(lived.settings, name, *TRUTH[name].columns)
    assert len(told) == len(truth) > 100
    differing = set(told) ^ set(truth)
    assert not differing, sorted(map(repr, differing))[:4]


def test_a_customer_or_product_that_there_was_is_found(lived: Lived) -> None:
    assert [check.check_name for check in lived.built.checks if not check.passed] == []
    assert None not in {row[0] for row in rows_of(lived.settings, "silver.fact_payments", "customer_version")}
    assert None not in {row[0] for row in rows_of(lived.settings, "silver.fact_inventory_movements", "product_version")}
    steps = rows_of(lived.settings, "silver.fact_activity", "customer_id", "customer_version", "product_id", "product_version")
    assert all((who is None) == (as_of is None) and (what is None) == (seen is None) for who, as_of, what, seen in steps)


def test_a_payment_knows_who_its_customer_was_then_which_need_not_be_who_ordered(lived: Lived) -> None:
    build(lived.settings, tables=["silver.fact_orders"])
    ordered = dict(rows_of(lived.settings, "silver.fact_orders", "order_id", "customer_version"))
    paid = rows_of(lived.settings, "silver.fact_payments", "order_id", "customer_version")
    assert all(then >= ordered[order_id] for order_id, then in paid)
    assert any(then > ordered[order_id] for order_id, then in paid)


def test_another_day_is_taken_up_by_what_it_touched(lived: Lived) -> None:
    assert {name: lived.built.run.tables[name].strategy for name in FACTS} == dict.fromkeys(FACTS, "recompute")
    assert_incremental_equals_full(lived.settings, FACTS)


@pytest.fixture
def traded(traded: Traded) -> Traded:
    """The lake with these tables in its release too, and something in each of them."""
    bronze = traded.bronze
    refund = payment(11, 1, status="refunded", amount=40) | {"attempt": 2, "paid_at": at(48)}
    bronze.change("insert", "payments", [refund])
    bronze.change("insert", "inventory_log", [movement(1, "receipt", 5, at(2)), movement(2, "loss", -1, at(26))])
    bronze.change(
        "insert", "customer_activity_log", [step(1, 1, "visit", at(2)), step(1, 2, "view", at(2), 1), step(2, 1, "visit", at(26))]
    )
    bronze.commit()
    build(traded.settings, tables=FACTS)
    return traded


def movement(sequence: int, kind: str, pieces: int, happened_at: datetime) -> Row:
    return {
        "product_id": 1, "warehouse_code": "HAN", "sequence": sequence, "kind": kind, "quantity": pieces, "lot": 1,
        "unit_cost": Decimal("50.00"), "lot_after": 5, "on_hand_after": 5, "happened_at": happened_at,
    }  # fmt: skip


def step(session_id: int, sequence: int, kind: str, happened_at: datetime, product_id: int | None = None) -> Row:
    return {
        "session_id": session_id, "sequence": sequence, "kind": kind, "customer_id": 1, "product_id": product_id, "device_id": 1,
        "happened_at": happened_at,
    }  # fmt: skip


def test_a_version_that_comes_late_restates_what_happened_since_it_began_and_no_more(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    bronze.change("insert", "customer_history", [version(1, 2, "update", "gold", at(25))])
    bronze.commit()
    late = build(lake, tables=FACTS)
    assert late.run.tables["silver.fact_payments"].touched == {"groups": [["2026-01-05"]]}, "the refund of the first day's order alone"
    assert late.run.tables["silver.fact_activity"].touched == {"groups": [["2026-01-06"]]}
    assert "silver.fact_inventory_movements" not in outcomes(late)
    told = rows_of(lake, "silver.fact_payments", "payment_id", "customer_version", "customer_tier", "signed_amount")
    assert told == [
        (1, 1, "bronze", Decimal("100.00")), (11, 2, "gold", Decimal("-40.00")), (2, 1, "bronze", Decimal("100.00")),
        (3, 1, "bronze", Decimal("100.00")),
    ]  # fmt: skip
    assert rows_of(lake, "silver.fact_activity", "session_id", "customer_tier") == [(1, "bronze"), (1, "bronze"), (2, "gold")]
    assert_incremental_equals_full(lake, FACTS)


def test_a_price_that_comes_late_restates_what_moved_or_was_seen_while_it_held(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    bronze.change("insert", "product_prices", [price(1, 80, at(20))])
    bronze.commit()
    late = build(lake, tables=FACTS)
    assert late.run.tables["silver.fact_inventory_movements"].touched == {"groups": [["2026-01-06"]]}
    assert {"silver.fact_payments", "silver.fact_activity"}.isdisjoint(outcomes(late)), "nobody saw it since"
    assert rows_of(lake, "silver.fact_inventory_movements", "sequence", "product_version", "cost_amount", "list_amount") == [
        (1, 1, Decimal("250.00"), Decimal("500.00")), (2, 2, Decimal("-50.00"), Decimal("-80.00")),
    ]  # fmt: skip
    assert_incremental_equals_full(lake, FACTS)


def test_what_becomes_of_an_order_restates_the_payments_of_its_day(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    bronze.change("insert", "payments", [payment(12, 2, status="failed") | {"attempt": 2, "paid_at": at(30)}])
    bronze.change("delete", "payments", [{"payment_id": 11}])
    bronze.commit()
    assert build(lake, tables=FACTS).run.tables["silver.fact_payments"].touched == {"groups": [["2026-01-05"], ["2026-01-06"]]}
    told = rows_of(lake, "silver.fact_payments", "payment_id", "is_refund", "signed_amount")
    assert told[1] == (12, False, Decimal("0.00"))
    assert 11 not in {row[0] for row in told}
    assert_incremental_equals_full(lake, FACTS)
