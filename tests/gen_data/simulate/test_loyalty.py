import itertools
from collections import defaultdict
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data.behaviour.loyalty import LADDER, tier_columns
from gen_data.behaviour.money import Currency
from gen_data.changes import NULL, Changes
from gen_data.clock import DAY, HOUR
from gen_data.ids import base_customer_id, guest_id, position_of
from gen_data.schema import CUSTOMERS, LOYALTY_TIERS, LOYALTY_TRANSACTIONS
from gen_data.schema.customers import LOYALTY_MOVES, TIERS
from gen_data.schema.upgrade import migrate
from gen_data.simulate.loyalty import EARN, REDEEM, REVERSE, Loyalty, LoyaltyEvents, load_loyalty, post, review
from gen_data.write.encode import copy_in

VND = Currency("VND")
OPENING = 1_767_200_400_000_000
AN, BINH, CHI = base_customer_id(np.arange(3)).tolist()
GUEST, OTHER_GUEST = guest_id(np.arange(2)).tolist()
CUSTOMER_IDS = (AN, BINH, CHI, GUEST, OTHER_GUEST)
DAYS = 130
_HOURS = 24 * DAYS


class Row(NamedTuple):
    """A transaction as the database would hold it; the order is None for a voucher."""

    customer_id: int
    sequence: int
    kind: str
    points: int
    balance_after: int
    order_id: int | None
    happened_at: int


class Told(NamedTuple):
    """What came out: all transactions, all changes of tiers as (at, customer, tier), and the state at the end."""

    rows: list[Row]
    promotions: list[tuple[int, int, str]]
    loyalty: Loyalty


def events_of(orders: list[tuple[int, int, int, int]], wishes: list[tuple[int, int]]) -> LoyaltyEvents:
    """Orders as (customer, hour of delivery, thousands of dong, days until it is returned or 0), wishes as (customer, hour)."""
    rows = []
    for number, (customer_id, hour, thousands, days) in enumerate(orders, start=1):
        at = OPENING + hour * HOUR
        rows.append((EARN, customer_id, at, number, thousands * 100_000))
        if days:
            rows.append((REVERSE, customer_id, at + days * DAY, number, 0))
    rows += [(REDEEM, customer_id, OPENING + hour * HOUR, NULL, 0) for customer_id, hour in wishes]
    return LoyaltyEvents(*np.array(rows, dtype=np.int64).reshape(-1, 5).T)


def live(events: LoyaltyEvents, cuts: set[int], end: int = _HOURS) -> Told:
    """Let time pass hour by hour from cut to cut, with a review at each midnight."""
    loyalty, rows, promotions = Loyalty(), [], []
    stops = sorted({0, end, *range(0, end, 24), *(cut for cut in cuts if cut < end)})
    for hour, next_hour in itertools.pairwise(stops):
        if hour % 24 == 0:
            for change in review(loyalty, OPENING + hour * HOUR):
                tiers = change.columns["tier"].texts().to_pylist()
                promotions += zip(change.at.tolist(), change.columns["customer_id"].tolist(), tiers, strict=True)
        is_due = (events.at >= OPENING + hour * HOUR) & (events.at < OPENING + next_hour * HOUR)
        rows += rows_of(post(loyalty, VND, LoyaltyEvents(*(column[is_due] for column in events))))
    return Told(sorted(rows), sorted(promotions), loyalty)


def rows_of(changes: Changes) -> list[Row]:
    rows = []
    for change in changes:
        assert change.table is LOYALTY_TRANSACTIONS
        columns = [(change.columns[name].texts().to_pylist() if name == "kind" else change.columns[name].tolist()) for name in Row._fields]
        rows += [Row(*row)._replace(order_id=None if row[5] == NULL else row[5]) for row in zip(*columns, strict=True)]
    return rows


def told_slowly(events: LoyaltyEvents) -> tuple[list[Row], list[tuple[int, int, str]]]:
    """The same by the book, one event and one customer at a time."""
    rows, promotions = [], []
    for customer_id in set(events.customer_id.tolist()):
        balance, tier, earned, qualifying, sequence = 0, 0, defaultdict(int), [], 0
        mine = [row for row in zip(*(column.tolist() for column in events), strict=True) if row[1] == customer_id]
        mine.sort(key=lambda row: (row[2], row[1] if row[0] == REDEEM else row[3], row[0]))
        for day in range(DAYS):
            midnight = OPENING + day * DAY
            points = sum(points for at, points in qualifying if midnight - 90 * DAY <= at < midnight)
            new_tier = max(rank for rank, step in enumerate(LADDER) if points >= step.qualifying_points or rank == 0)
            if new_tier != tier:
                tier = new_tier
                promotions.append((midnight, customer_id, TIERS[tier]))
            for kind, _, at, order_id, net in mine:
                if not midnight <= at < midnight + DAY:
                    continue
                if kind == EARN:
                    moved = earned[order_id] = net * int(LADDER[tier].points_factor * 100) // 100_000_000
                elif kind == REVERSE:
                    moved = -min(earned[order_id], balance)
                else:
                    moved = -min(balance // 200, 5) * 200
                if moved:
                    balance, sequence = balance + moved, sequence + 1
                    of_order = None if kind == REDEEM else order_id
                    rows.append(Row(customer_id, sequence, LOYALTY_MOVES[kind], moved, balance, of_order, at))
                    qualifying += [] if kind == REDEEM else [(at, moved)]
    return sorted(rows), sorted(promotions)


customers = st.sampled_from(CUSTOMER_IDS)
hours = st.integers(0, _HOURS - 1)
lives = st.builds(
    events_of,
    st.lists(st.tuples(customers, hours, st.sampled_from([5, 90, 1_700, 6_000, 30_000]), st.sampled_from([0, 0, 3, 20])), max_size=40),
    st.lists(st.tuples(customers, hours), max_size=25),
)


@pytest.mark.unit
@settings(max_examples=60, deadline=None)
@given(lives, st.sets(hours, max_size=30))
def test_points_and_tiers_are_those_of_the_book_however_time_is_cut(events, cuts):
    rows, promotions, _ = live(events, cuts)
    by_the_book = told_slowly(events)
    assert rows == by_the_book[0]
    assert promotions == by_the_book[1]


@pytest.mark.unit
def test_a_tier_is_won_kept_for_90_days_and_lost_and_counts_from_the_next_day():
    events = events_of([(AN, 30, 4_000, 0), (AN, 40, 1_000, 0), (AN, 60, 1_000, 0)], [(AN, 70)])
    rows, promotions, _ = live(events, set())
    assert promotions == [(OPENING + 2 * DAY, AN, "silver"), (OPENING + 92 * DAY, AN, "bronze")]
    assert [(row.kind, row.points, row.balance_after) for row in rows] == [
        ("earn", 400, 400),
        ("earn", 100, 500),
        ("earn", 110, 610),
        ("redeem", -600, 10),
    ]


@pytest.mark.unit
def test_points_that_were_spent_cannot_be_taken_back_and_nothing_is_written_for_none():
    events = events_of([(AN, 10, 4_000, 5), (BINH, 10, 3_000, 5), (BINH, 11, 9, 5)], [(AN, 20), (AN, 21)])
    rows, _, loyalty = live(events, set())
    assert {who: [(row.kind, row.points, row.balance_after) for row in rows if row.customer_id == who] for who in (AN, BINH)} == {
        AN: [("earn", 400, 400), ("redeem", -400, 0)],
        BINH: [("earn", 300, 300), ("reverse", -300, 0)],
    }
    assert loyalty.balance[position_of(np.array([AN, BINH]))].tolist() == [0, 0]


@pytest.fixture
def database(fresh):
    """An empty shop in which points need neither orders nor channels."""
    migrate(fresh.shop_dsn)
    with psycopg.connect(fresh.shop_dsn) as connection:
        for table, key in (
            ("loyalty_transactions", "customer_id"),
            ("loyalty_transactions", "order_id"),
            ("customers", "signup_channel_code"),
        ):
            connection.execute(f"alter table {table} drop constraint {table}_{key}_fkey")
        copy_in(connection, LOYALTY_TIERS, tier_columns(OPENING))
        yield connection


def contents(loyalty: Loyalty) -> dict[str, Any]:
    """What the state says, whatever room it has."""
    held = {one.name: getattr(loyalty, one.name) for one in fields(loyalty)}
    window, new = ([row for part in held.pop(name) for row in part.tolist()] for name in ("window", "since_review"))
    return {**{name: np.trim_zeros(values, "b").tolist() for name, values in held.items()}, "window": window, "new": sorted(new)}


@pytest.mark.integration
@pytest.mark.parametrize("end", [24 * 110 + 13, 24 * 110, 7])
def test_the_database_takes_the_rows_and_gives_the_state_back(database, end):
    rng = np.random.default_rng(4)
    orders = [(BINH, 1, 5_000, 4), (GUEST, 3, 50, 0)] + [
        (int(rng.choice(CUSTOMER_IDS)), int(rng.integers(0, _HOURS)), int(rng.integers(5, 9_000)), int(rng.choice([0, 0, 4, 15])))
        for _ in range(400)
    ]
    events = events_of(orders, [(int(rng.choice(CUSTOMER_IDS)), int(rng.integers(0, _HOURS))) for _ in range(60)])
    rows, promotions, loyalty = live(events, {5, 700, end - 2}, end)
    tiers = {**dict.fromkeys(CUSTOMER_IDS, "bronze"), **{who: tier for _, who, tier in promotions}}
    for customer_id, tier in tiers.items():
        columns = "customer_id, full_name, email, tier, signup_channel_code, registered_at, updated_at"
        values = (customer_id, "An", f"an{customer_id}@example.org", tier)
        database.execute(f"insert into {CUSTOMERS.name} ({columns}) values (%s, %s, %s, %s, 'tiki', '2025-01-01', '2025-01-01')", values)
    with database.cursor() as cursor:
        cursor.executemany(
            f"insert into loyalty_transactions ({', '.join(Row._fields)}) values (%s, %s, %s, %s, %s, %s, to_timestamp(%s / 1e6))", rows
        )
    found = load_loyalty(database, OPENING + (end - 1) // 24 * DAY)
    assert len(rows) >= 2
    assert contents(found) == contents(loyalty)
