from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from gen_data import schema
from gen_data.behaviour.aftersales import LONGEST_AFTERMATH, Delivered, DeliveredLines
from gen_data.behaviour.channels import CHANNEL_CODES
from gen_data.changes import Changes, Coded, Columns, Insert, Update, constant, select
from gen_data.clock import DAY
from gen_data.randomness import BoolArray, Dice
from gen_data.schema.orders import PAYMENT_METHODS
from gen_data.schema.upgrade import migrate
from gen_data.simulate.aftersales import AfterSales, plan_after_sales, plan_enquiries, plan_loss
from gen_data.write.batch import write_batch
from gen_data.write.encode import copy_in
from tests.gen_data.deliveries import VND, deliveries

DICE = Dice(9)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
COUNT = 20_000
DELIVERED, LINES = deliveries(DICE, COUNT)


def plan(delivered: Delivered, lines: DeliveredLines, factor: float = 4.0) -> AfterSales:
    return plan_after_sales(DICE, VND, delivered, lines, np.full(len(delivered.order_id), factor), HANOI)


def part_of(chosen: BoolArray) -> tuple[Delivered, DeliveredLines]:
    of_line = chosen[LINES.order]
    lines = DeliveredLines(*(column[of_line] for column in LINES))
    return Delivered(*(column[chosen] for column in DELIVERED)), lines._replace(order=(np.cumsum(chosen) - 1)[lines.order])


def listed(changes: Changes) -> list[tuple[object, ...]]:
    """Every row with its table and instant, in one order."""
    rows: list[tuple[object, ...]] = []
    for change in changes:
        columns = [column.tolist() if isinstance(column, np.ndarray) else texts(column) for column in change.columns.values()]
        head = (type(change).__name__, change.table.name)
        rows += [(*head, at, step, row) for at, step, *row in zip(change.at.tolist(), change.step.tolist(), *columns, strict=True)]
    return sorted(rows, key=str)


def texts(column) -> list[str | None]:
    return (column.texts() if isinstance(column, Coded) else column).to_pylist()


WHOLE = plan(DELIVERED, LINES)


@pytest.mark.unit
@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 1))
def test_parts_planned_apart_are_the_whole(seed, share):
    chosen = np.random.default_rng(seed).random(COUNT) < share
    parts = [plan(*part_of(chosen)), plan(*part_of(~chosen))]
    assert listed([change for part in parts for change in part.changes]) == listed(WHOLE.changes)
    for name in ("order_id", "customer_id", "at"):
        found = np.concatenate([getattr(part.reversals, name) for part in parts])
        assert sorted(found.tolist()) == sorted(getattr(WHOLE.reversals, name).tolist())


@pytest.mark.unit
def test_everything_comes_after_the_delivery_and_within_the_longest_aftermath():
    lost = plan_loss(DICE, VND, DELIVERED.order_id, DELIVERED.customer_id, DELIVERED.delivered_at, DELIVERED.total_amount, HANOI)
    for change in [*WHOLE.changes, *lost]:
        after = change.at - DELIVERED.delivered_at[np.searchsorted(DELIVERED.order_id, change.step)]
        assert after.min() > 0
        assert after.max() < LONGEST_AFTERMATH


@pytest.mark.unit
def test_nothing_follows_from_nothing():
    nothing = plan(*part_of(np.zeros(COUNT, dtype=np.bool_)))
    assert nothing.changes == []
    assert len(nothing.restocks.at) == len(nothing.reversals.at) == 0


@pytest.mark.unit
def test_resalable_pieces_are_back_two_days_after_the_delivery_at_the_earliest():
    back = WHOLE.restocks
    assert (back.at - DELIVERED.delivered_at[back.order]).min() >= 2 * DAY
    bought = dict(zip(zip(LINES.order.tolist(), LINES.line_number.tolist(), strict=True), LINES.quantity.tolist(), strict=True))
    found = list(zip(back.order.tolist(), back.line_number.tolist(), strict=True))
    assert len(set(found)) == len(found) > 100
    assert [bought[line] for line in found] == back.quantity.tolist()


@pytest.mark.unit
def test_one_order_has_one_ticket_at_most_and_those_who_waited_ask_while_they_wait():
    waiting = plan_enquiries(DICE, DELIVERED.order_id, DELIVERED.customer_id, DELIVERED.promised_at, DELIVERED.delivered_at, HANOI)
    later = plan(DELIVERED, LINES, factor=1.0).changes
    opened = [change for change in [*waiting, *later] if isinstance(change, Insert) and change.table is schema.SUPPORT_TICKETS]
    ids = np.concatenate([change.columns["ticket_id"] for change in opened])
    assert len(opened) == 2
    assert len(set(ids.tolist())) == len(ids)
    assert 0.03 < len(ids) / COUNT < 0.08


@pytest.mark.unit
def test_lost_parcels_are_credited_with_a_share_of_their_price():
    lost = plan_loss(DICE, VND, DELIVERED.order_id, DELIVERED.customer_id, DELIVERED.delivered_at, DELIVERED.total_amount, HANOI)
    credit = next(change for change in lost if change.table is schema.GOODWILL_CREDITS)
    least = np.maximum(DELIVERED.total_amount // 20 // 100 * 100, 2_000_000)
    assert np.array_equal(credit.columns["amount"], least)
    assert set(texts(credit.columns["reason"])) == {"lost"}


@pytest.fixture
def database(fresh):
    """A shop in which some orders were delivered, and nothing else is known of: no customers, no products."""
    migrate(fresh.shop_dsn)
    with psycopg.connect(fresh.shop_dsn) as connection:
        known = ["orders", "order_items", "order_returns"]
        keys = connection.execute(
            "select conrelid::regclass::text, conname from pg_constraint where contype = 'f' and confrelid::regclass::text <> all(%s)",
            (known,),
        ).fetchall()
        for table, key in keys:
            connection.execute(f"alter table {table} drop constraint {key}")
        yield connection


def delivered_rows(delivered: Delivered, lines: DeliveredLines) -> list[Insert]:
    """The rows that delivered orders have."""
    ids, at, count = delivered.order_id, delivered.delivered_at, len(delivered.order_id)
    orders: Columns = {
        "order_id": ids, "customer_id": delivered.customer_id, "address_id": delivered.customer_id,
        "channel_code": Coded(CHANNEL_CODES, delivered.channel), "status": constant("delivered", count), "ordered_at": at - 5,
        "currency": constant("VND", count), "items_amount": delivered.net_amount, "discount_amount": np.zeros(count, dtype=np.int64),
        "shipping_amount": delivered.shipping_amount, "tax_amount": delivered.tax_amount, "total_amount": delivered.total_amount,
        "updated_at": at, "device_id": ids, "placed_from": constant("Huế", count),
    }  # fmt: skip
    of_line = ids[lines.order]
    items: Columns = {
        "order_id": of_line, "line_number": lines.line_number, "product_id": lines.product_id, "quantity": lines.quantity,
        "list_price": lines.line_amount // lines.quantity // 100 * 100, "discount_amount": np.zeros(len(of_line), dtype=np.int64),
        "line_amount": lines.line_amount // lines.quantity // 100 * 100 * lines.quantity,
        "unit_cost": np.zeros(len(of_line), dtype=np.int64), "warehouse_code": constant("HAN", len(of_line)),
    }  # fmt: skip
    steps = ("pending", "paid", "packed", "shipped", "delivered")
    history: Columns = {
        "order_id": np.repeat(ids, 5), "sequence": np.tile(np.arange(1, 6), count), "status": Coded(steps, np.tile(np.arange(5), count)),
        "changed_at": np.repeat(at - 5, 5) + np.tile(np.arange(1, 6), count),
    }  # fmt: skip
    payments: Columns = {
        "payment_id": ids * 8 + delivered.attempts_made, "order_id": ids, "attempt": delivered.attempts_made,
        "method": Coded(PAYMENT_METHODS, delivered.method), "status": constant("succeeded", count), "amount": delivered.total_amount,
        "paid_at": at - 1,
    }  # fmt: skip
    return [
        Insert(schema.ORDERS, orders, at, ids),
        Insert(schema.ORDER_ITEMS, items, at[lines.order], of_line),
        Insert(schema.ORDER_STATUS_HISTORY, history, np.repeat(at, 5), np.repeat(ids, 5)),
        Insert(schema.PAYMENTS, payments, at, ids),
    ]


def step_by_step(changes: Changes) -> list[Changes]:
    """The changes of each business step, in the order of their instants."""
    steps: dict[tuple[int, int], Changes] = {}
    for change in changes:
        for row, key in enumerate(zip(change.at.tolist(), change.step.tolist(), strict=True)):
            only = np.array([row])
            steps.setdefault(key, []).append(type(change)(change.table, select(change.columns, only), change.at[only], change.step[only]))
    return [steps[key] for key in sorted(steps)]


def rows_after(connection: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    tables = (
        "orders",
        "order_status_history",
        "payments",
        "order_returns",
        "return_items",
        "goodwill_credits",
        "reviews",
        "support_tickets",
    )
    return {name: connection.execute(sql.SQL("select * from {} order by 1, 2").format(sql.Identifier(name))).fetchall() for name in tables}


SETTLED = {
    "a refunded return has its refund and no other order has one": """
        select order_id from order_returns full join (select order_id, sum(amount) as paid_back from payments where status = 'refunded' group by 1) p
            using (order_id) where paid_back is distinct from refund_amount
    """,
    "an order is returned when all of its pieces came back and were refunded": """
        select order_id from orders join (select order_id, sum(quantity) as bought from order_items group by 1) b using (order_id)
            left join (select order_id, sum(quantity) as back from return_items group by 1) r using (order_id)
            left join order_returns using (order_id)
        where (orders.status = 'returned') is distinct from (coalesce(back = bought, false) and order_returns.status = 'refunded')
    """,
    "a return pays its lines, and beyond them shipping at most": """
        select order_id from order_returns join orders using (order_id)
            join (select order_id, sum(refund_amount) as lines from return_items group by 1) i using (order_id)
        where order_returns.status = 'refunded' and order_returns.refund_amount - lines not in (0, shipping_amount)
    """,
    "the history ends where the order is": """
        select order_id from orders join (select distinct on (order_id) order_id, status from order_status_history order by order_id, sequence desc) h
            using (order_id) where orders.status <> h.status
    """,
    "nothing is left open": """
        select order_id from order_returns where status not in ('refunded', 'refused')
        union all select order_id from support_tickets where status <> 'resolved'
    """,
}


@pytest.mark.integration
def test_the_rules_of_the_database_take_the_aftermath_at_once_and_step_by_step(database):
    delivered, lines = part_of(np.arange(COUNT) < 500)
    enquiries = plan_enquiries(DICE, delivered.order_id, delivered.customer_id, delivered.promised_at, delivered.delivered_at, HANOI)
    changes = [*plan(delivered, lines).changes, *enquiries]
    found = []
    for parts in ([changes], step_by_step(changes)):
        with database.transaction(force_rollback=True):
            for rows in delivered_rows(delivered, lines):
                copy_in(database, rows.table, rows.columns)
            for part in parts:
                write_batch(database, part)
            found.append(rows_after(database))
            for rule, offenders in SETTLED.items():
                assert database.execute(offenders).fetchall() == [], rule
    assert found[0] == found[1]
    assert {change.table.name for change in changes if isinstance(change, Update)} == {"orders", "order_returns", "support_tickets"}
    assert all(len(rows) > 10 for rows in found[0].values())
