import itertools
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from gen_data import schema
from gen_data.behaviour.baskets import Lines
from gen_data.behaviour.visits import (
    CART_LIFETIME,
    KNOWN_SHARE,
    LONGEST_VISIT,
    VISITS_PER_ORDER,
    device_of,
    purchase_sequence,
)
from gen_data.changes import NULL, Changes, Coded, Delete, Insert, Update
from gen_data.clock import DAY, TICK
from gen_data.ids import FIRST_VISIT_NUMBER, KEYS_PER_TICK
from gen_data.randomness import Dice
from gen_data.simulate.visits import abandon, browse, convert, remove_wishes, shop_before_order

pytestmark = pytest.mark.unit

DICE = Dice(11)
COUNT = 20_000
SESSIONS = np.arange(COUNT) // 8 * KEYS_PER_TICK + FIRST_VISIT_NUMBER + np.arange(COUNT) % 8
STARTS_AT = 1_767_225_600_000_000 + SESSIONS // KEYS_PER_TICK * TICK + SESSIONS % KEYS_PER_TICK
CUSTOMERS = np.where(DICE.uniform("is known", SESSIONS) < KNOWN_SHARE, 1 + DICE.integers("who", SESSIONS, 3_000), 0)
DEVICES = device_of(DICE, CUSTOMERS, SESSIONS)

ORDER_COUNT = 3_000
ORDERS = np.arange(ORDER_COUNT) * KEYS_PER_TICK
ORDER_STARTS_AT = 1_767_225_600_000_000 + np.arange(ORDER_COUNT) * TICK
ORDERED_AT = ORDER_STARTS_AT + 3 * TICK + DICE.integers("takes", ORDERS, 32 * TICK)
# One product, two or three, none twice in an order.
LINE_COUNTS = 1 + np.arange(ORDER_COUNT) % 3
ORDER_LINES = Lines(
    order=np.repeat(np.arange(ORDER_COUNT), LINE_COUNTS),
    line_number=np.concatenate([np.arange(count) + 1 for count in LINE_COUNTS]),
    product_id=np.concatenate([np.arange(count) * 50 + position % 50 + 1 for position, count in enumerate(LINE_COUNTS)]),
    quantity=np.concatenate([np.arange(count) + 1 for count in LINE_COUNTS]),
)


def pick_products(ids, part):
    # Half of what is looked at is one of three products, so that visits meet the same one twice.
    return 1 + np.where(
        DICE.uniform("is popular", ids, part) < 0.5, DICE.integers("few", ids, 3, part), DICE.integers("all", ids, 300, part)
    )


def price_of(product_ids, at):
    return product_ids * 100_000 + at // DAY


def rows_of(changes: Changes, kind: type, table) -> list[dict]:
    """The rows of one kind and table as dictionaries, NULL as None."""
    found = []
    for change in changes:
        if type(change) is kind and change.table is table:
            columns = {}
            for name, column in change.columns.items():
                values = column.texts() if isinstance(column, Coded) else column
                columns[name] = (
                    values.to_pylist() if isinstance(values, pa.Array) else [None if value == NULL else value for value in values.tolist()]
                )
            columns |= {"at": change.at.tolist(), "step": change.step.tolist()}
            found += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return found


def all_rows(changes: Changes) -> list:
    kinds = {(type(change), change.table) for change in changes}
    return sorted((kind.__name__, table.name, *map(str, row.values())) for kind, table in kinds for row in rows_of(changes, kind, table))


def browsed(positions) -> Changes:
    return browse(DICE, pick_products, price_of, SESSIONS[positions], STARTS_AT[positions], CUSTOMERS[positions], DEVICES[positions])


def shopped(positions) -> Changes:
    chosen = np.flatnonzero(np.isin(ORDER_LINES.order, positions))
    place = np.full(ORDER_COUNT, -1)
    place[positions] = np.arange(len(positions))
    order = chosen[np.argsort(place[ORDER_LINES.order[chosen]], kind="stable")]
    lines = Lines(*(column[order] for column in ORDER_LINES))._replace(order=place[ORDER_LINES.order[order]])
    customer = np.where(positions % 4 == 0, 0, positions + 1)
    return shop_before_order(
        DICE, pick_products, price_of, ORDERS[positions], ORDER_STARTS_AT[positions], ORDERED_AT[positions], customer,
        positions + 7, lines,
    )  # fmt: skip


BROWSED = browsed(np.arange(COUNT))
LOG = rows_of(BROWSED, Insert, schema.CUSTOMER_ACTIVITY_LOG)
CARTS = rows_of(BROWSED, Insert, schema.CARTS)
ITEMS = rows_of(BROWSED, Insert, schema.CART_ITEMS)
WISHES = rows_of(BROWSED, Insert, schema.WISHLISTS)

SHOPPED = shopped(np.arange(ORDER_COUNT))


def visits_of(rows: list[dict]) -> dict[int, list[dict]]:
    by_session: dict[int, list[dict]] = {}
    for row in rows:
        by_session.setdefault(row["session_id"], []).append(row)
    return by_session


@pytest.mark.parametrize("plan", [browsed, shopped], ids=["browse", "shop_before_order"])
def test_visits_planned_in_parts_and_in_any_order_are_the_same(plan):
    count = COUNT if plan is browsed else ORDER_COUNT
    mixed = np.random.default_rng(3).permutation(count)
    parts = [change for part in np.array_split(mixed, 7) for change in plan(part)]
    assert all_rows(parts) == all_rows(plan(np.arange(count)))
    alone = [change for position in range(40) for change in plan(np.array([position]))]
    assert all_rows(alone) == all_rows(plan(np.arange(40)))


def test_no_visits_leave_nothing():
    nobody = np.zeros(0, dtype=np.int64)
    assert browsed(nobody) == []
    assert shopped(nobody) == []
    assert convert(nobody, nobody, nobody, nobody, nobody) == []
    assert abandon(nobody, nobody) == []


def test_every_row_s_instant_is_its_change_s_and_its_session_or_wish_is_the_step():
    for change in [*BROWSED, *SHOPPED]:
        name = {"customer_activity_log": "happened_at", "carts": "updated_at", "cart_items": "added_at", "wishlists": "added_at"}[
            change.table.name
        ]
        if not isinstance(change, Delete):
            assert np.array_equal(change.columns[name], change.at)
        key = {"customer_activity_log": "session_id", "wishlists": "wish_id"}.get(change.table.name, "cart_id")
        assert np.array_equal(change.columns[key], change.step)


@pytest.mark.parametrize("rows", [LOG, rows_of(SHOPPED, Insert, schema.CUSTOMER_ACTIVITY_LOG)], ids=["browse", "shop_before_order"])
def test_the_rows_of_a_visit_are_numbered_and_follow_each_other_from_its_beginning(rows):
    started = dict(zip(SESSIONS.tolist(), STARTS_AT.tolist(), strict=True)) | dict(
        zip(ORDERS.tolist(), ORDER_STARTS_AT.tolist(), strict=True)
    )
    for session, visit in visits_of(rows).items():
        assert [row["sequence"] for row in visit] == list(range(1, len(visit) + 1))
        instants = [row["happened_at"] for row in visit]
        assert instants[0] == started[session]
        assert all(earlier < later for earlier, later in itertools.pairwise(instants))
        assert [row["kind"] for row in visit].count("visit") == 1
        assert visit[0]["kind"] == "visit"
        assert len({(row["customer_id"], row["device_id"]) for row in visit}) == 1


def test_rows_have_a_product_or_a_search_text_as_their_kind_asks():
    for row in LOG:
        assert (row["product_id"] is not None) == (row["kind"] in ("view", "add_to_cart", "wish"))
        assert (row["search_text"] is not None) == (row["kind"] == "search")


def test_what_is_put_into_a_cart_or_on_a_list_was_looked_at_before():
    for visit in visits_of(LOG).values():
        for before, row in itertools.pairwise(visit):
            if row["kind"] in ("add_to_cart", "wish"):
                assert (before["kind"], before["product_id"]) == ("view", row["product_id"])


def test_visits_are_as_long_and_as_various_as_published():
    visits = visits_of(LOG)
    assert len(visits) == COUNT
    assert len(LOG) / COUNT == pytest.approx(2.2, abs=0.1)
    everybody = COUNT * (1 + 1 / VISITS_PER_ORDER)
    assert sum(len(visit) == 1 for visit in visits.values()) / everybody == pytest.approx(0.46, abs=0.01)
    searched = sum(any(row["kind"] == "search" for row in visit) for visit in visits.values())
    assert searched / COUNT == pytest.approx(0.06, abs=0.01)
    assert all(visit[-1]["happened_at"] - visit[0]["happened_at"] <= LONGEST_VISIT for visit in visits.values())


def test_seven_carts_of_ten_are_abandoned():
    orders = COUNT / VISITS_PER_ORDER
    assert len(CARTS) / (len(CARTS) + orders) == pytest.approx(0.702, abs=0.01)


def test_a_cart_holds_what_was_put_into_it_each_product_once_at_its_price():
    added = {(row["session_id"], row["product_id"], row["happened_at"]) for row in LOG if row["kind"] == "add_to_cart"}
    assert {(row["cart_id"], row["product_id"], row["added_at"]) for row in ITEMS} == added
    assert len({(row["cart_id"], row["product_id"]) for row in ITEMS}) == len(ITEMS)
    assert all(row["list_price"] == price_of(row["product_id"], row["added_at"]) for row in ITEMS)
    assert all(row["quantity"] >= 1 for row in ITEMS)
    lines = Counter(row["cart_id"] for row in ITEMS)
    assert all(row["line_number"] <= lines[row["cart_id"]] for row in ITEMS)
    assert len({(row["cart_id"], row["line_number"]) for row in ITEMS}) == len(ITEMS)
    assert {row["cart_id"] for row in CARTS} == set(lines)
    first = {row["cart_id"]: row["added_at"] for row in ITEMS if row["line_number"] == 1}
    assert all(row["created_at"] == first[row["cart_id"]] for row in CARTS)


def test_a_cart_is_its_visitor_s_active_at_first_and_abandoned_a_day_after_the_last_addition():
    known = dict(zip(SESSIONS.tolist(), CUSTOMERS.tolist(), strict=True))
    assert all(row["customer_id"] == (known[row["cart_id"]] or None) for row in CARTS)
    assert {(row["status"], row["order_id"]) for row in CARTS} == {("active", None)}
    last = {}
    for row in ITEMS:
        last[row["cart_id"]] = max(row["added_at"], last.get(row["cart_id"], 0))
    left = rows_of(BROWSED, Update, schema.CARTS)
    assert {row["cart_id"]: row["updated_at"] for row in left} == {cart: at + CART_LIFETIME for cart, at in last.items()}
    assert {row["status"] for row in left} == {"abandoned"}


def test_only_known_customers_wish_and_half_of_the_wishes_go_after_3_to_30_days():
    assert {row["wish_id"] for row in WISHES} == {row["session_id"] for row in LOG if row["kind"] == "wish"}
    known = dict(zip(SESSIONS.tolist(), CUSTOMERS.tolist(), strict=True))
    assert all(row["customer_id"] == known[row["wish_id"]] > 0 for row in WISHES)
    assert len(WISHES) / sum(row["kind"] == "view" for row in LOG) == pytest.approx(0.029, abs=0.005)
    gone = {row["wish_id"]: row["at"] for row in rows_of(BROWSED, Delete, schema.WISHLISTS)}
    assert len(gone) / len(WISHES) == pytest.approx(0.5, abs=0.15)
    lifetimes = [gone[row["wish_id"]] - row["added_at"] for row in WISHES if row["wish_id"] in gone]
    assert 3 * DAY <= min(lifetimes) < 6 * DAY
    assert 27 * DAY < max(lifetimes) <= 30 * DAY


def test_removals_can_be_planned_again_from_the_wishes_alone():
    wish_id, added_at = (np.array([row[name] for row in WISHES]) for name in ("wish_id", "added_at"))
    planned = [change for change in BROWSED if isinstance(change, Delete)]
    assert all_rows(remove_wishes(DICE, wish_id, added_at)) == all_rows(planned)


def test_a_buying_visit_puts_the_whole_order_into_its_cart_before_it_is_placed():
    items = rows_of(SHOPPED, Insert, schema.CART_ITEMS)
    ordered_at = dict(zip(ORDERS.tolist(), ORDERED_AT.tolist(), strict=True))
    wanted = zip(ORDERS[ORDER_LINES.order].tolist(), *(column.tolist() for column in ORDER_LINES[1:]), strict=True)
    assert [(row["cart_id"], row["line_number"], row["product_id"], row["quantity"]) for row in items] == list(wanted)
    assert all(
        row["at"] < ordered_at[row["step"]]
        for change in (SHOPPED,)
        for table in (schema.CARTS, schema.CART_ITEMS, schema.CUSTOMER_ACTIVITY_LOG)
        for row in rows_of(change, Insert, table)
    )
    added = {
        (row["session_id"], row["product_id"], row["happened_at"])
        for row in rows_of(SHOPPED, Insert, schema.CUSTOMER_ACTIVITY_LOG)
        if row["kind"] == "add_to_cart"
    }
    assert {(row["cart_id"], row["product_id"], row["added_at"]) for row in items} == added
    assert {row["customer_id"] is None for row in rows_of(SHOPPED, Insert, schema.CARTS) if row["cart_id"] % (4 * KEYS_PER_TICK) == 0} == {
        True
    }


def test_the_purchase_is_the_next_row_of_its_visit_and_the_cart_becomes_the_order_s():
    sequence = purchase_sequence(DICE, ORDERS, LINE_COUNTS)
    customers = np.arange(ORDER_COUNT) + 1
    converted = convert(ORDERS, customers, np.arange(ORDER_COUNT) + 7, ORDERED_AT, sequence)
    visits = visits_of(rows_of(SHOPPED, Insert, schema.CUSTOMER_ACTIVITY_LOG))
    for row in rows_of(converted, Insert, schema.CUSTOMER_ACTIVITY_LOG):
        assert row["kind"] == "purchase"
        assert row["sequence"] == len(visits[row["session_id"]]) + 1
        assert row["happened_at"] > visits[row["session_id"]][-1]["happened_at"]
        assert row["device_id"] == visits[row["session_id"]][-1]["device_id"]
    carts = rows_of(converted, Update, schema.CARTS)
    assert [(row["cart_id"], row["order_id"], row["customer_id"], row["status"], row["updated_at"]) for row in carts] == [
        (order, order, customer, "converted", at)
        for order, customer, at in zip(ORDERS.tolist(), customers.tolist(), ORDERED_AT.tolist(), strict=True)
    ]


def test_a_customer_has_one_device_or_two_and_an_unknown_visitor_one_of_their_own():
    visits = np.arange(1, 400_001)
    customer = visits % 1_000 + 1
    device = device_of(DICE, customer, visits)
    devices = {(int(who), int(what)) for who, what in zip(customer, device, strict=True)}
    per_customer = Counter(who for who, _ in devices)
    assert set(per_customer.values()) == {1, 2}
    assert np.mean([count == 2 for count in per_customer.values()]) == pytest.approx(0.35, abs=0.05)
    assert len({what for _, what in devices}) == len(devices)
    strangers = device_of(DICE, np.zeros(len(visits), dtype=np.int64), visits)
    assert len(np.unique(strangers)) == len(visits)
    assert not np.isin(strangers, device).any()
