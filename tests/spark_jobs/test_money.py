"""Money on its way from payment to gold, broken on purpose at each step: the run stops and says so, and readers keep the release before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.releases import Release, list_releases
from shoplake.core.errors import CheckFailedError
from shoplake.core.settings import Settings
from spark_jobs.definitions.sales import order_sales
from spark_jobs.run import build
from spark_jobs.tables import Tables, discover
from tests.spark_jobs.bronze_rows import START, Bronze, Row, line, open_shop, order, payment, place
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1800)]

NEXT_DAY = START + timedelta(days=1)
Transform = Callable[..., DataFrame]
Change = tuple[str, str, Row]

CHAIN = ("silver.orders", "silver.order_items", "silver.payments", "gold.daily_sales", "gold.hourly_sales", "gold.sales_by_channel")


@pytest.fixture
def shop(bronze: Bronze, fresh: Settings) -> Traded:
    """A lake of its own, since the many builds here outlive the files of one that is copied: three orders of 100, in bronze only."""
    open_shop(bronze)
    place(bronze, 1)
    place(bronze, 2, at=NEXT_DAY)
    place(bronze, 3, at=NEXT_DAY, channel_code="tiki")
    return Traded(fresh, bronze)


def built(shop: Traded) -> Release | None:
    """The release that follows from what was changed."""
    shop.bronze.commit()
    return build(shop.settings, tables=CHAIN).release


def trade_on(bronze: Bronze) -> None:
    """One more order of each day, of 120 with shipping and of 90.55 after a discount; something of each is paid back."""
    shipped = {**order(4), "shipping_amount": Decimal(20), "total_amount": Decimal(120)}
    discounted = {**order(5, NEXT_DAY, "tiki"), "discount_amount": Decimal("9.45"), "total_amount": Decimal("90.55")}
    bronze.change("insert", "orders", [shipped, discounted])
    lowered = {"discount_amount": Decimal("9.45"), "line_amount": Decimal("90.55")}
    bronze.change("insert", "order_items", [line(4, 60, 1), line(4, 40, 2), {**line(5), **lowered}])
    paid = {**payment(5, 5), "amount": Decimal("90.55")}
    bronze.change("insert", "payments", [payment(4, 4, amount=120), paid, payment(6, 4, "refunded", 40), payment(7, 5, "failed")])


def reads(settings: Settings) -> dict[str, Any]:
    """What readers see of the chain."""
    return {name: rows_of(settings, name) for name in CHAIN}


def assert_stopped(shop: Traded, sentence: str, table: str) -> None:
    """The build of ``table`` fails with ``sentence`` alone, and what readers see is as it was."""
    before, releases = reads(shop.settings), list_releases(shop.settings)
    with pytest.raises(CheckFailedError) as failure:
        build(shop.settings, tables=[table])
    current = releases[0].release_id
    assert str(failure.value) == f"check: {sentence} Release {current} stays current; correct the input and run the build again."
    assert reads(shop.settings) == before
    assert list_releases(shop.settings) == releases


SHIPPED = {**order(4), "shipping_amount": Decimal(20), "total_amount": Decimal(120)}

AT_THE_SOURCE: dict[str, tuple[list[Change], list[Change], str, str]] = {
    "an order says more than its lines": (
        [("update", "orders", {**SHIPPED, "items_amount": Decimal(101), "total_amount": Decimal(121)})],
        [("update", "orders", SHIPPED)],
        "gold.daily_sales",
        "gold.daily_sales orders must have the amounts of their lines, but 1 row does not, first (4) with items_amount 101.00 "
        "and line_items_amount 100.00 and discount_amount 0.00 and line_discount_amount 0.00.",
    ),
    "a total leaves the shipping out": (
        [("update", "orders", {**SHIPPED, "total_amount": Decimal(100)})],
        [("update", "orders", SHIPPED)],
        "silver.orders",
        "silver.orders total_amount must be net_amount + shipping_amount + tax_amount, but 1 row is not, first (4).",
    ),
    "a line is not what is left of its price": (
        [("update", "order_items", {**line(4, 60, 1), "line_amount": Decimal(59)})],
        [("update", "order_items", line(4, 60, 1))],
        "silver.order_items",
        "silver.order_items line_amount must be list_amount - discount_amount, but 1 row is not, first (4, 1).",
    ),
    "a payment is of another amount": (
        [("update", "payments", payment(4, 4, amount=119))],
        [("update", "payments", payment(4, 4, amount=120))],
        "gold.daily_sales",
        "gold.daily_sales orders must be paid in full, once, or not at all, but 1 row is not, first (4) with paid_amount 119.00 "
        "and total_amount 120.00.",
    ),
    "an order is paid twice": (
        [("insert", "payments", payment(8, 1)), ("insert", "payments", payment(9, 2))],
        [("delete", "payments", {"payment_id": 8}), ("delete", "payments", {"payment_id": 9})],
        "gold.daily_sales",
        "gold.daily_sales orders must be paid in full, once, or not at all, but 2 rows are not, first (1) with paid_amount 200.00 "
        "and total_amount 100.00.",
    ),
    "the payments of a delivered order are lost": (
        [("update", "orders", {**SHIPPED, "status": "delivered"}), *(("delete", "payments", {"payment_id": one}) for one in (4, 6))],
        [("update", "orders", SHIPPED), ("insert", "payments", payment(4, 4, amount=120)), ("insert", "payments", payment(6, 4, "refunded", 40))],
        "gold.daily_sales",
        "gold.daily_sales orders that reached their customer must be paid, but 1 row is not, first (4) with status delivered and paid_amount 0.00.",
    ),
    "more is paid back than was paid": (
        [("update", "payments", payment(6, 4, "refunded", 121))],
        [("update", "payments", payment(6, 4, "refunded", 40))],
        "gold.daily_sales",
        "gold.daily_sales orders must not have more paid back than was paid, but 1 row has, first (4) with paid_back_amount 121.00 "
        "and paid_amount 120.00.",
    ),
}  # fmt: skip


def change(bronze: Bronze, changes: list[Change]) -> None:
    for operation, table, row in changes:
        bronze.change(operation, table, [row])
    bronze.commit()


def test_what_contradicts_itself_at_the_source_stops_the_run_until_it_is_mended(shop: Traded) -> None:
    trade_on(shop.bronze)
    assert built(shop) is not None
    for broken, mended, table, sentence in AT_THE_SOURCE.values():
        change(shop.bronze, broken)
        assert_stopped(shop, sentence, table)
        change(shop.bronze, mended)
    sound = reads(shop.settings)
    assert built(shop) is not None
    assert reads(shop.settings) == sound


def without(condition: str) -> Callable[[DataFrame], DataFrame]:
    """Loses rows."""
    return lambda rows: rows.where(f"not ({condition})")


def doubled(condition: str) -> Callable[[DataFrame], DataFrame]:
    """Has rows twice."""
    return lambda rows: rows.union(rows.where(condition))


def changed(**columns: str) -> Callable[[DataFrame], DataFrame]:
    """Computes columns otherwise."""
    return lambda rows: rows.withColumns({name: F.expr(sql).cast(rows.schema[name].dataType) for name, sql in columns.items()})


def put_on_another_day(rows: DataFrame) -> DataFrame:
    """Has some money on another day and channel, so that all of it still adds up to the same."""
    moved = F.expr("case concat(order_date, channel_code) when '2026-01-05shopee' then -1 when '2026-01-06tiki' then 1 else 0 end")
    return rows.withColumns({name: (F.col(name) + moved).cast("decimal(20,2)") for name in ("revenue", "net_revenue")})


IN_A_TRANSFORM: dict[str, tuple[str, Callable[[DataFrame], DataFrame], str]] = {
    "a payment is lost": (
        "silver.payments", without("payment_id = 6"),
        "silver.payments amount must add up to amount of bronze.payments for each payment_id to within 0.00, but 1 differs, "
        "first (6): 0.00 and 40.00.",
    ),
    "a payment is there twice": (
        "silver.payments", doubled("payment_id = 4"),
        "silver.payments key (payment_id) must be unique, but 1 row repeats one, first (4).",
    ),
    "amounts are rounded in silver": (
        "silver.order_items", changed(line_amount="round(line_amount)", discount_amount="list_amount - round(line_amount)"),
        "silver.order_items line_amount must add up to line_amount of bronze.order_items for each order_id and line_number to within 0.00, "
        "but 1 differs, first (5, 1): 91.00 and 90.55.",
    ),
    "amounts are rounded in gold": (
        "gold.daily_sales", changed(revenue="round(revenue)", net_revenue="round(revenue) - refunded_amount"),
        "gold.daily_sales revenue must add up to revenue of the ledger of orders for each order_date and channel_code to within 0.00, "
        "but 1 differs, first (2026-01-06, tiki): 191.00 and 190.55.",
    ),
    "a day is lost": (
        "gold.daily_sales", without("order_date = '2026-01-06'"),
        "gold.daily_sales gross_merchandise_value must add up to items_amount of the ledger of orders for each order_date and channel_code "
        "to within 0.00, but 2 differ, first (2026-01-06, shopee): 0.00 and 100.00.",
    ),
    "money is on another day": (
        "gold.daily_sales", put_on_another_day,
        "gold.daily_sales revenue must add up to revenue of the ledger of orders for each order_date and channel_code to within 0.00, "
        "but 2 differ, first (2026-01-05, shopee): 199.00 and 200.00.",
    ),
    "refunds are not taken off": (
        "gold.hourly_sales", changed(refunded_amount="0", net_revenue="revenue"),
        "gold.hourly_sales refunded_amount must add up to refunded_amount of the ledger of orders for each order_date and order_hour and "
        "channel_code to within 0.00, but 1 differs, first (2026-01-05, 7, shopee): 0.00 and 40.00.",
    ),
    "net revenue is no difference": (
        "gold.daily_sales", changed(net_revenue="revenue"),
        "gold.daily_sales net_revenue must be revenue - refunded_amount, but 1 row is not, first (2026-01-05, shopee).",
    ),
    "a channel's discounts are lost": (
        "gold.sales_by_channel", changed(discount_amount="0"),
        "gold.sales_by_channel discount_amount must add up to discount_amount of gold.daily_sales for each channel_code to within 0.00, "
        "but 1 differs, first (tiki): 0.00 and 9.45.",
    ),
}  # fmt: skip


def broken(transform: Transform, damage: Callable[[DataFrame], DataFrame]) -> Transform:
    """A transform whose rows are damaged."""

    def damaged(**inputs: Any) -> DataFrame:
        return damage(transform(**inputs))

    return damaged


def test_a_transform_that_loses_doubles_or_shifts_money_stops_the_run_until_it_is_mended(
    shop: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert built(shop) is not None
    trade_on(shop.bronze)
    shop.bronze.commit()
    for name, damage, sentence in IN_A_TRANSFORM.values():
        with_damage(monkeypatch, name, damage)
        assert_stopped(shop, sentence, name)
        monkeypatch.undo()
    assert built(shop) is not None
    columns = ("order_date", "channel_code", "revenue", "refunded_amount", "net_revenue")
    day_1, day_2 = START.date(), NEXT_DAY.date()
    assert rows_of(shop.settings, "gold.daily_sales", *columns) == [
        (day_1, "shopee", Decimal("200.00"), Decimal("40.00"), Decimal("160.00")),
        (day_2, "shopee", Decimal("100.00"), Decimal("0.00"), Decimal("100.00")),
        (day_2, "tiki", Decimal("190.55"), Decimal("0.00"), Decimal("190.55")),
    ]


def test_a_join_that_repeats_orders_is_found_in_a_full_build_too(shop: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    assert built(shop) is not None
    place(shop.bronze, 4)
    shop.bronze.change("insert", "order_items", [line(1, 0, 2)])
    shop.bronze.commit()

    def once_for_each_line(orders: DataFrame, lines: DataFrame, payments: DataFrame) -> DataFrame:
        return order_sales(orders, lines, payments).join(lines.select("order_id"), on="order_id", how="inner")

    monkeypatch.setattr("spark_jobs.gold.daily_sales.order_sales", once_for_each_line)
    before = reads(shop.settings)
    with pytest.raises(CheckFailedError) as failure:
        build(shop.settings, tables=["gold.daily_sales"], full=True)
    assert str(failure.value) == (
        "check: gold.daily_sales gross_merchandise_value must add up to items_amount of the ledger of orders for each order_date and "
        "channel_code to within 0.00, but 1 differs, first (2026-01-05, shopee): 300.00 and 200.00. Release 1 stays current; correct the input and run the build again."
    )
    assert reads(shop.settings) == before


def with_damage(monkeypatch: pytest.MonkeyPatch, name: str, damage: Callable[[DataFrame], DataFrame]) -> None:
    """Let the build find the table ``name`` with a damaged transform."""
    found = discover()
    tables = Tables({**found.by_name, name: replace(found[name], transform=broken(found[name].transform, damage))})
    monkeypatch.setattr("spark_jobs.run.discover", lambda: tables)
