"""History: what was known when, however late it came, and what the facts make of it."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from gen_data.generate import backfill
from iceberg.capture.ingest import ingest
from iceberg.quality.checks import without_gap
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.audit import with_broken_intervals
from spark_jobs.run import build
from spark_jobs.session import spark_session
from tests.spark_jobs.bronze_rows import START, Row, address, order, place, price, version
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, outcomes, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long]

EXAMPLES = int(os.environ.get("SHOPLAKE_PROPERTY_EXAMPLES", "1"))
HISTORY = ("silver.dim_customers", "silver.dim_products", "silver.fact_orders", "silver.fact_order_items", "silver.fact_shipments")
TIERS = ("bronze", "silver", "gold")
LAST_HOUR = 60


class Event(NamedTuple):
    """Something that became known of a customer in one of the batches, which may be later than it was."""

    batch: int
    customer_id: int
    operation: str
    hour: int
    tier: str
    is_sent_again: bool


events = st.lists(
    st.builds(
        Event,
        batch=st.integers(0, 1),
        customer_id=st.sampled_from([1, 1, 2]),
        operation=st.sampled_from(["update", "update", "update", "move", "move", "delete", "insert"]),
        hour=st.sampled_from([0, 6, 6, 24, 25, 30, 59]),
        tier=st.sampled_from(TIERS),
        is_sent_again=st.booleans(),
    ),
    min_size=6,
    max_size=12,
)


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


class Source:
    """What the source's history holds in the end, and which of it each batch brings."""

    def __init__(self, found: list[Event]) -> None:
        self.versions: list[Row] = [version(number, 1, "insert", "bronze", START) for number in (1, 2)]
        self.addresses: dict[int, dict[str, Any]] = {number: dict(address(number, number, START)) for number in (1, 2)}
        self.batches: list[list[tuple[str, str, Row]]] = [[], []]
        self.moved = 0
        for event in sorted(found, key=lambda event: event.hour):
            if event.operation == "move":
                self._move(event)
            else:
                last = max(row["version"] for row in self.versions if row["customer_id"] == event.customer_id)
                row = version(event.customer_id, last + 1, event.operation, event.tier, at(event.hour))
                self.versions.append(row)
                self.batches[event.batch].append(("insert", "customer_history", row))
                if event.is_sent_again:
                    self.batches[1].append(("update", "customer_history", row))

    def _move(self, event: Event) -> None:
        left = next(row for row in self.addresses.values() if row["customer_id"] == event.customer_id and row["is_default"])
        number = 10 + len(self.addresses)
        self.addresses[number] = dict(address(number, event.customer_id, at(event.hour), province=f"P{number % 3}"))
        left |= {"is_default": False, "updated_at": at(event.hour)}
        # The log tells of moves in their order.
        self.moved = max(self.moved, event.batch)
        self.batches[self.moved].append(("update", "customer_addresses", dict(left)))
        self.batches[self.moved].append(("insert", "customer_addresses", dict(self.addresses[number])))


def known_at(rows: list[Row], moment: datetime) -> Row | None:
    """The version that holds at a moment, by the definition: the last of those that began until then, if it is no deletion."""
    begun = [row for row in rows if row["changed_at"] <= moment]
    last = max(begun, key=lambda row: (row["changed_at"], row["version"]), default=None)
    return None if last is None or last["operation"] == "delete" else last


def home_at(rows: list[Row], moment: datetime) -> str | None:
    """The province of the last address that was entered until then."""
    begun = [row for row in rows if row["created_at"] <= moment]
    return max(begun, key=lambda row: (row["created_at"], row["address_id"]))["province"] if begun else None


def versions_in(lake: Settings) -> list[dict[str, Any]]:
    """The rows of silver.dim_customers."""
    names = ("customer_id", "version", "valid_from", "valid_to", "is_current", "is_deleted", "phone", "tier", "province")
    return [dict(zip(names, row, strict=True)) for row in rows_of(lake, "silver.dim_customers", *names)]


def is_valid(row: dict[str, Any], moment: datetime) -> bool:
    return bool(row["valid_from"] <= moment and (row["valid_to"] is None or moment < row["valid_to"]))


def assert_intervals_follow_each_other(dimension: list[dict[str, Any]]) -> None:
    """Versions count up, begin where the one before ended or behind a deletion, and differ; the last alone may go on."""
    for row in dimension:
        following = next((r for r in dimension if (r["customer_id"], r["version"]) == (row["customer_id"], row["version"] + 1)), None)
        assert row["version"] == 1 or any((r["customer_id"], r["version"]) == (row["customer_id"], row["version"] - 1) for r in dimension)
        assert row["is_current"] == (row["valid_to"] is None)
        assert row["valid_to"] is None or row["valid_from"] < row["valid_to"]
        if following is None:
            assert row["is_current"] != row["is_deleted"]
        elif row["is_deleted"]:
            assert row["valid_to"] < following["valid_from"] or row["valid_to"] == following["valid_from"]
        else:
            assert row["valid_to"] == following["valid_from"]
            assert (row["tier"], row["province"]) != (following["tier"], following["province"])


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(found=events)
@example(
    found=[
        Event(1, 1, "update", 6, "silver", True),
        Event(0, 1, "update", 6, "gold", False),
        Event(0, 1, "move", 24, "gold", False),
        Event(0, 1, "update", 30, "gold", True),
        Event(1, 1, "move", 59, "gold", False),
        Event(0, 2, "update", 25, "gold", False),
        Event(1, 2, "delete", 24, "bronze", False),
        Event(1, 2, "insert", 30, "gold", False),
        Event(0, 2, "delete", 59, "gold", True),
    ]
)
def test_versions_that_come_late_at_once_or_again_give_the_history_that_was(found: list[Event], traded_again: Callable[[], Traded]) -> None:
    traded = traded_again()
    source = Source(found)
    for batch in source.batches:
        for change in batch:
            traded.bronze.change(change[0], change[1], [change[2]])
        traded.bronze.commit()
        build(traded.settings, tables=HISTORY)
    dimension = versions_in(traded.settings)
    for number in (1, 2):
        own = [row for row in source.versions if row["customer_id"] == number]
        homes = [row for row in source.addresses.values() if row["customer_id"] == number]
        for hour in range(LAST_HOUR + 1):
            held = [row for row in dimension if row["customer_id"] == number and is_valid(row, at(hour))]
            was = known_at(own, at(hour))
            assert [(row["tier"], row["province"]) for row in held] == ([(was["tier"], home_at(homes, at(hour)))] if was else [])
    assert_intervals_follow_each_other(dimension)
    for order_id, tier, first in rows_of(traded.settings, "silver.fact_orders", "order_id", "customer_tier", "is_first_order"):
        was = known_at([row for row in source.versions if row["customer_id"] == 1], at(0 if order_id == 1 else 24))
        assert (tier, first) == (was["tier"] if was else None, order_id == 1)
    assert_incremental_equals_full(traded.settings, HISTORY)


@pytest.fixture
def traded(traded: Traded) -> Traded:
    """The lake with these tables in its release too."""
    build(traded.settings, tables=HISTORY)
    return traded


def test_a_version_that_comes_late_restates_the_days_of_the_orders_that_it_changes_and_no_others(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    bronze.change("insert", "customer_history", [version(1, 3, "update", "gold", at(48))])
    bronze.commit()
    assert outcomes(build(lake, tables=HISTORY)) == {
        "silver.customer_history": "append", "silver.dim_customers": "recompute",
    }, "nobody ordered since"  # fmt: skip
    # Version 2 comes after version 3, and holds from between the orders of the first and of the second day.
    bronze.change("insert", "customer_history", [version(1, 2, "update", "silver", at(12))])
    bronze.commit()
    late = build(lake, tables=HISTORY)
    assert late.run.tables["silver.dim_customers"].touched == {"groups": [["1"]]}
    assert late.run.tables["silver.fact_orders"].touched == {"groups": [["2026-01-06"]]}
    assert late.run.tables["silver.fact_order_items"].touched == {"groups": [["2026-01-06"]]}
    assert rows_of(lake, "silver.fact_orders", "order_id", "customer_version", "customer_tier") == [
        (1, 1, "bronze"), (2, 2, "silver"), (3, 2, "silver"),
    ]  # fmt: skip
    assert_incremental_equals_full(lake, HISTORY)


def test_a_dimension_that_is_made_anew_restates_only_the_days_for_which_it_says_something_else(
    traded: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze, lake = traded.bronze, traded.settings
    monkeypatch.setattr("spark_jobs.touched.MOST_GROUPS", 1)
    bronze.change("insert", "customer_history", [version(1, 2, "update", "silver", at(12)), version(3, 2, "delete", at=at(12))])
    bronze.commit()
    built = build(lake, tables=HISTORY)
    assert built.run.tables["silver.dim_customers"].strategy == "full"
    assert built.run.tables["silver.fact_orders"].touched == {"groups": [["2026-01-06"]]}
    assert_incremental_equals_full(lake, HISTORY)


def test_an_earlier_order_that_comes_late_takes_the_place_of_the_first(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    place(bronze, 4, at=at(-24))
    bronze.commit()
    late = build(lake, tables=HISTORY)
    assert late.run.tables["silver.fact_orders"].touched == {"groups": [["2026-01-04"], ["2026-01-05"], ["2026-01-06"]]}
    firsts = rows_of(lake, "silver.fact_orders", "order_id", "is_first_order")
    assert firsts == [(1, False), (2, False), (3, False), (4, True)]
    # What becomes of it later is no matter to the others.
    bronze.change("update", "orders", [order(4, at(-24), status="cancelled")])
    bronze.commit()
    assert build(lake, tables=HISTORY).run.tables["silver.fact_orders"].touched == {"groups": [["2026-01-04"]]}
    assert_incremental_equals_full(lake, HISTORY)


def test_a_price_that_comes_late_restates_the_lines_that_were_ordered_while_it_held(traded: Traded) -> None:
    bronze, lake = traded.bronze, traded.settings
    bronze.change("insert", "product_prices", [price(1, 100, at(36)), price(1, 90, at(40)), price(2, 90, at(1))])
    bronze.commit()
    assert "silver.fact_order_items" not in outcomes(build(lake, tables=HISTORY)), "nobody bought it since"
    bronze.change("insert", "product_prices", [price(1, 80, at(20))])
    bronze.commit()
    late = build(lake, tables=HISTORY)
    assert late.run.tables["silver.fact_order_items"].touched == {"groups": [["2026-01-06"]]}
    assert rows_of(lake, "silver.fact_order_items", "order_id", "product_version", "valid_list_price") == [
        (1, 1, Decimal("100.00")), (2, 2, Decimal("80.00")), (3, 2, Decimal("80.00")),
    ]  # fmt: skip
    assert [check.check_name for check in late.checks if not check.passed] == ["list_price is valid"]
    assert_incremental_equals_full(lake, HISTORY)


class Shops(NamedTuple):
    """One shop in two lakes: captured as it went on, and loaded when all days had passed."""

    live: Settings
    loaded: Settings


@pytest.fixture(scope="module")
def shops(spark_services: Settings) -> Iterator[Shops]:
    with fresh_databases(spark_services) as live, fresh_databases(spark_services) as other:
        # The later lake has a catalog, a warehouse and a slot of its own, and the same source.
        loaded = other.changed(shop_url=live.shop_url, source_url=live.source_url, source_owner_url=live.source_owner_url)
        for days in (5, 1):
            backfill(live, days, "fraud_attack", 60)
            ingest(live)
            build(live, tables=HISTORY)
        ingest(loaded)
        build(loaded, tables=HISTORY)
        yield Shops(live, loaded)


@pytest.mark.parametrize("name", HISTORY)
def test_captured_live_and_loaded_afterwards_the_history_is_the_same(shops: Shops, name: str) -> None:
    rows = rows_of(shops.live, name)
    assert rows == rows_of(shops.loaded, name)
    assert len(rows) > 100


def test_people_moved_changed_and_left_while_the_shop_was_captured(shops: Shops) -> None:
    dimension = versions_in(shops.live)
    assert_intervals_follow_each_other([row for row in dimension if row["customer_id"] % 50 == 0])
    ended = [row for row in dimension if not row["is_current"]]
    assert any(row["is_deleted"] for row in ended)
    following = {(row["customer_id"], row["version"]): row for row in dimension}
    pairs = [(row, following[row["customer_id"], row["version"] + 1]) for row in ended if not row["is_deleted"]]
    for what in ("tier", "province", "phone"):
        assert any(row[what] != then[what] for row, then in pairs), what


TRUTH = """
    select order_id,
           (select province from customer_addresses a where a.address_id = o.address_id),
           (select tier from customer_history h where h.customer_id = o.customer_id and h.changed_at <= o.ordered_at
            order by version desc limit 1),
           not exists (select from orders e where e.customer_id = o.customer_id and (e.ordered_at, e.order_id) < (o.ordered_at, o.order_id)),
           coalesce((select method from payments p where p.order_id = o.order_id and status = 'succeeded'), 'not_paid'),
           case when status <> 'cancelled' and exists (select from payments p where p.order_id = o.order_id and p.status = 'succeeded')
                then (select sum(line_amount) from order_items i where i.order_id = o.order_id) else 0 end,
           coalesce((select sum(-quantity * unit_cost) from inventory_log l where l.order_id = o.order_id and kind = 'issue'), 0),
           (select round(extract(epoch from max(shipped_at) - o.ordered_at) / 3600, 2) from shipments s where s.order_id = o.order_id)
    from orders o
"""


def test_each_order_knows_what_the_shop_knew_when_it_was_placed(shops: Shops) -> None:
    with psycopg.connect(shops.live.shop_url) as connection:
        truth = sorted(connection.execute(TRUTH).fetchall())
    columns = (
        "order_id", "province", "customer_tier", "is_first_order", "payment_method", "revenue", "cost_of_goods", "shipped_hours",
    )  # fmt: skip
    assert sorted(rows_of(shops.live, "silver.fact_orders", *columns)) == truth
    tiers = dict(rows_of(shops.live, "silver.customers", "customer_id", "tier"))
    told = rows_of(shops.live, "silver.fact_orders", "customer_id", "customer_tier")
    assert any(tiers[customer_id] != tier for customer_id, tier in told), "nobody's tier changed after an order, so this proves nothing"


def test_each_line_bears_the_price_that_its_product_had(shops: Shops) -> None:
    lines = rows_of(shops.live, "silver.fact_order_items", "product_version", "list_price", "valid_list_price")
    assert all(borne == valid for _, borne, valid in lines)
    assert any(number > 1 for number, *_ in lines)


@pytest.mark.parametrize(
    ("intervals", "broken"),
    [
        ("1-3 3-5 5-", []),
        ("1-3 3-5d 7-", []),
        ("1-3d", []),
        ("1-3 4-", ["1"]),
        ("1-4 3-", ["1"]),
        ("1-4d 3-", ["1"]),
        ("1- 3-", ["1"]),
        ("1-3 3-5", ["3"]),
        ("1-3 3-3 3-", ["3"]),
        ("5-3", ["5"]),
    ],
)
def test_intervals_that_overlap_leave_a_gap_or_are_empty_break_the_check(
    spark_services: Settings, intervals: str, broken: list[str]
) -> None:
    rows = []
    for text in intervals.split():
        since, until = text.rstrip("d").split("-")
        rows.append((1, int(since), int(until) if until else None, text.endswith("d")))
    with spark_session(spark_services) as session:
        # Of another customer, whose intervals are no matter to the first one's.
        given = session.createDataFrame([*rows, (2, 2, None, False)], "who int, since int, until int, is_gone boolean")
        marked = with_broken_intervals(given, without_gap("who", "since", "until", "is_gone"), "broken")
        assert sorted({str(row["since"]) for row in marked.where("broken").collect()}) == broken
