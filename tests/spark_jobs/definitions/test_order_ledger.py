"""The ledger of orders over rows made by hand, in another engine than the one that builds."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from spark_jobs.definitions.order_ledger import ORDER_LEDGER, ORDER_RULES, sums_to_ledger

pytestmark = pytest.mark.unit

SOUND = ("delivered", 100, 10, 20, 5, 115)
"""Status, items, discount, shipping, tax and total of an order."""


def ledger(order: tuple[Any, ...], lines: list[tuple[int, int, int]], payments: list[tuple[str, int]]) -> tuple[dict[str, Any], list[str]]:
    """The row of one order, with pieces, price and discount of its lines, and the rules that it breaks."""
    with duckdb.connect() as engine:
        amounts = ", ".join(f"{name}_amount decimal(14,2)" for name in ("items", "discount", "shipping", "tax", "total"))
        engine.execute(
            f"create table silver_orders (order_id int, order_date int, order_month int, order_hour int, channel_code text, status text, {amounts})"
        )
        engine.execute(
            "create table silver_order_items (order_id int, quantity int, list_price decimal(14,2), discount_amount decimal(14,2))"
        )
        engine.execute("create table silver_payments (order_id int, status text, amount decimal(14,2))")
        engine.execute("insert into silver_orders values (7, 1, 1, 1, 'tiki', ?, ?, ?, ?, ?, ?)", order)
        for table, rows in (("silver_order_items", lines), ("silver_payments", payments)):
            for row in rows:
                engine.execute(f"insert into {table} values (7, {', '.join('?' * len(row))})", row)
        sql = ORDER_LEDGER.sql.format(**{name.replace(".", "_"): name.replace(".", "_") for name in ORDER_LEDGER.tables})
        found = engine.sql(sql).to_arrow_table().to_pylist()
        broken = [check.name for check in ORDER_RULES if engine.execute(f"select 1 from ({sql}) where {check.broken_when}").fetchall()]
    (row,) = found
    return row, broken


LINES = [(2, 30, 10), (1, 40, 0)]


@pytest.mark.parametrize(
    ("order", "payments", "revenue", "refunded"),
    [
        (SOUND, [("failed", 115), ("succeeded", 115)], 90, 0),
        (SOUND, [("succeeded", 115), ("refunded", 15), ("refunded", 25)], 90, "37.89"),
        (SOUND, [("succeeded", 115), ("refunded", 115)], 90, 90),
        (("shipped", *SOUND[1:]), [("failed", 115)], 0, 0),
        (("pending", *SOUND[1:]), [], 0, 0),
        (("cancelled", *SOUND[1:]), [("succeeded", 115), ("refunded", 115)], 0, 0),
    ],
)
def test_revenue_is_what_was_paid_less_shipping_and_tax_and_a_refund_takes_its_part_of_that_and_no_more(
    order: tuple[Any, ...], payments: list[tuple[str, int]], revenue: int, refunded: int | str
) -> None:
    row, broken = ledger(order, LINES, payments)
    assert (row["revenue"], round(Decimal(row["refunded_amount"]), 2)) == (Decimal(revenue), Decimal(refunded))
    assert broken == []


@pytest.mark.parametrize(
    ("lines", "payments", "rules"),
    [
        ([(2, 30, 10)], [("succeeded", 115)], ["order is the sum of its lines"]),
        ([(2, 30, 0), (1, 40, 0)], [("succeeded", 115)], ["order is the sum of its lines"]),
        ([], [("succeeded", 115)], ["order is the sum of its lines"]),
        (LINES, [("succeeded", 114)], ["order is paid in full or not at all"]),
        (LINES, [("succeeded", 115), ("succeeded", 115)], ["order is paid in full or not at all"]),
        (LINES, [("failed", 115)], ["delivered order is paid"]),
        (LINES, [("succeeded", 115), ("refunded", 100), ("refunded", 16)], ["refunds at most payments"]),
        (LINES, [("failed", 115), ("refunded", 1)], ["delivered order is paid", "refunds at most payments"]),
    ],
)
def test_an_order_that_its_lines_or_payments_contradict_breaks_the_rule(
    lines: list[tuple[int, int, int]], payments: list[tuple[str, int]], rules: list[str]
) -> None:
    assert ledger(SOUND, lines, payments)[1] == rules


def test_sales_are_compared_with_columns_that_the_ledger_has() -> None:
    row, _ = ledger(SOUND, LINES, [])
    checks = sums_to_ledger("order_date", "order_hour", "channel_code")
    assert {check.other_column for check in checks} | {*checks[0].other_by} <= row.keys()
    assert all({*check.shows, *ORDER_LEDGER.key} <= row.keys() for check in ORDER_RULES)
