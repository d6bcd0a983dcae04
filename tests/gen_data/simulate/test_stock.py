from collections import deque
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data.changes import NULL
from gen_data.randomness import Dice
from gen_data.simulate.stock import CANCEL, NOT_RESERVED, PLACE, REFUSED, RETURN, SHIP, Events, Lines, Lots, Stock, move, noise_table
from tests.gen_data.simulate.slow_stock import HOUR, REGIONS, WAREHOUSES, SlowCell, SlowLine, SlowStock

pytestmark = pytest.mark.unit

HAN, DAD, SGN = range(3)
NORTH, CENTRAL, SOUTH = range(3)
NOISE = cache(lambda seed: noise_table(Dice(seed)))


@st.composite
def shops(draw):
    """Opening lots and levels of few cells, lines with what happens to them, on a coarse grid of instants so that many meet."""
    products = draw(st.integers(1, 2))
    level = st.integers(0, 4)
    cells = draw(
        st.lists(st.tuples(level, level, level, st.lists(st.integers(1, 3), max_size=3)), min_size=3 * products, max_size=3 * products)
    )
    instants = st.integers(0, 40).map(lambda slot: slot * 3 * HOUR) | st.integers(0, 120 * HOUR)
    line = st.tuples(
        st.integers(1, products), st.integers(1, 3), st.integers(0, 2), instants, instants, instants, st.sampled_from(["", "c", "s", "r"])
    )
    lines = draw(st.lists(line, max_size=25))
    events = []
    for number, (_, quantity, _, placed_at, left_after, back_after, fate) in enumerate(lines):
        events.append((placed_at, number // 2, PLACE, number, quantity))
        if fate:
            events.append((placed_at + left_after, number // 2, CANCEL if fate == "c" else SHIP, number, quantity))
        if fate == "r":
            events.append((placed_at + left_after + back_after, number // 2, RETURN, number, draw(st.integers(1, quantity))))
    events.sort(key=lambda event: event[:2])
    suspended = draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    lead_days = draw(st.lists(st.integers(0, 2), min_size=products, max_size=products))
    unit_cost = draw(st.lists(st.integers(0, 10**8), min_size=products, max_size=products))
    cuts = draw(st.lists(instants, max_size=6))
    return cells, lines, events, suspended, lead_days, unit_cost, draw(st.sampled_from([1, 100])), draw(st.integers(0, 3)), cuts


def build(cells, lead_days, unit_cost, smallest):
    """A stock whose cell has (safety, reorder point above it, target above that, lots of so many pieces)."""
    opening = [
        (cell, number, pieces, 1_000 * number) for cell, (*_, lots) in enumerate(cells) for number, pieces in enumerate(lots, start=1)
    ]
    safety, above, more = (np.array([cell[part] for cell in cells]) for part in range(3))
    on_hand = np.array([sum(cell[3]) for cell in cells])
    return Stock(
        on_hand=on_hand,
        reserved=np.zeros(len(cells), dtype=np.int64),
        on_order=np.zeros(len(cells), dtype=np.int64),
        expected_at=np.full(len(cells), NULL),
        safety_stock=safety,
        reorder_point=safety + above,
        target=safety + above + more,
        below_since=np.where(on_hand < safety, -1, NULL),
        sequence=np.array([len(cell[3]) for cell in cells]),
        lots=Lots(*np.array(opening, dtype=np.int64).reshape(-1, 4).T.copy()),
        unit_cost=np.array(unit_cost),
        lead_days=np.array(lead_days),
        smallest=smallest,
    )


def new_lines(*lines):
    """Lines of (product, quantity, region), not yet placed."""
    product, quantity, region = np.array(lines, dtype=np.int64).reshape(-1, 3).T.copy()
    return Lines(product, quantity, region, np.full(len(lines), NOT_RESERVED), np.zeros(len(lines), dtype=np.int64))


def in_columns(events):
    return Events(*np.array(events, dtype=np.int64).reshape(-1, 5).T.copy())


def in_rows(columns):
    return [tuple(None if value == NULL else value for value in row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def run(stock, lines, events, end, suspended=None, seed=0):
    given = np.zeros(len(events), dtype=np.bool_) if suspended is None else np.array(suspended, dtype=np.bool_)
    return move(stock, lines, in_columns(events), given, end, NOISE(seed))


@settings(deadline=None, max_examples=300)
@given(shops())
def test_the_pass_gives_the_rows_of_a_stock_kept_on_paper_however_the_events_are_cut(shop):
    cells, plans, events, suspended, lead_days, unit_cost, smallest, seed, cuts = shop
    end = max([0, *(event[0] for event in events), *cuts]) + 1
    slow = SlowStock(
        {
            (number // 3 + 1, WAREHOUSES[number % 3]): SlowCell(
                number, safety, safety + above, safety + above + more,
                lots=deque([lot, pieces, 1_000 * lot] for lot, pieces in enumerate(lots, start=1)),
                below_since=-1 if sum(lots) < safety else None,
                sequence=len(lots),
            )
            for number, (safety, above, more, lots) in enumerate(cells)
        },
        [SlowLine(product, quantity, REGIONS[region]) for product, quantity, region, *_ in plans],
        dict(enumerate(unit_cost, start=1)),
        dict(enumerate(lead_days, start=1)),
        smallest,
        NOISE(seed),
    )  # fmt: skip
    slow.run(events, suspended, end)

    stock, lines = build(cells, lead_days, unit_cost, smallest), new_lines(*(plan[:3] for plan in plans))
    log, states, begin = [], [], 0
    for cut in [*sorted(cuts), end]:
        stop = sum(event[0] < cut for event in events)
        moved = run(stock, lines, events[begin:stop], cut, suspended[begin:stop], seed)
        log, states, begin = log + in_rows(moved.log), states + in_rows(moved.states), stop

    assert sorted(log) == sorted(slow.log)
    assert sorted(states, key=lambda state: state[0]) == sorted(slow.states, key=lambda state: state[0])
    assert in_rows(stock.lots) == [(cell.number, *lot) for cell in slow.cells.values() for lot in cell.lots]
    assert [
        (WAREHOUSES[place] if place >= 0 else None, cost) for place, cost in zip(lines.warehouse.tolist(), lines.issue_cost, strict=True)
    ] == [(line.warehouse, line.issue_cost) for line in slow.lines]
    assert in_rows([stock.on_hand, stock.reserved, stock.on_order, stock.expected_at, stock.below_since, stock.sequence]) == [
        (cell.on_hand, cell.reserved, cell.on_order, cell.expected_at, cell.below_since, cell.sequence) for cell in slow.cells.values()
    ]


@pytest.mark.parametrize(
    ("region", "empty", "warehouse"),
    [
        (NORTH, (), HAN), (NORTH, (HAN,), DAD), (NORTH, (HAN, DAD), SGN),
        (CENTRAL, (), DAD), (CENTRAL, (DAD,), SGN), (CENTRAL, (DAD, SGN), HAN),
        (SOUTH, (), SGN), (SOUTH, (SGN,), DAD), (SOUTH, (SGN, DAD), HAN), (SOUTH, (HAN, DAD, SGN), REFUSED),
    ],
)  # fmt: skip
def test_a_line_is_reserved_in_the_nearest_warehouse_that_has_enough(region, empty, warehouse):
    stock = build([(0, 0, 0, [1] if place in empty else [1, 1]) for place in (HAN, DAD, SGN)], [1], [500], 1)
    lines = new_lines((1, 2, region))
    moved = run(stock, lines, [(10, 7, PLACE, 0, 2)], end=11)
    assert lines.warehouse.tolist() == [warehouse]
    assert stock.reserved.tolist() == [2 if place == warehouse else 0 for place in (HAN, DAD, SGN)]
    assert moved.states.step.tolist() == ([] if warehouse == REFUSED else [7])


def test_pieces_leave_from_the_oldest_lots_and_come_back_at_the_cost_of_the_last():
    stock = build([(0, 0, 0, [1, 3]), (0, 0, 0, []), (0, 0, 0, [])], [1], [500], 1)
    lines = new_lines((1, 2, NORTH))
    moved = run(stock, lines, [(1, 9, PLACE, 0, 2), (2, 9, SHIP, 0, 2), (3, 9, RETURN, 0, 1)], end=4)
    assert lines.issue_cost.tolist() == [2_000]
    assert in_rows(moved.log) == [
        (1, HAN, 3, 1, -1, 1, 1_000, 0, 3, 0, 2, 9),
        (1, HAN, 4, 1, -1, 2, 2_000, 2, 2, 0, 2, 9),
        (1, HAN, 5, 2, 1, 5, 2_000, 1, 3, 0, 3, 9),
    ]
    assert in_rows(stock.lots) == [(HAN, 2, 2, 2_000), (HAN, 5, 1, 2_000)]


def test_stock_is_ordered_up_to_its_target_within_a_third_of_the_lead_time_but_not_while_suspended():
    stock = build([(2, 1, 9, [4]), (0, 0, 5, [1]), (0, 0, 0, [])], [10], [50_000], 100)
    lines = new_lines((1, 3, NORTH), (1, 3, NORTH))
    run(stock, lines, [(5, 1, PLACE, 0, 3)], end=6, suspended=[True])
    assert stock.on_order.tolist() == [0, 0, 0]
    assert stock.below_since.tolist() == [5, NULL, NULL]
    moved = run(stock, lines, [(6, 2, PLACE, 1, 3)], end=7)
    assert lines.warehouse.tolist() == [HAN, REFUSED]
    # An attempt that is refused restocks too; the warehouse in the centre is above its reorder point.
    assert stock.on_order.tolist() == [11, 0, 0]
    expected_at = int(stock.expected_at[HAN])
    assert 7 * 24 * HOUR <= expected_at - 6 <= 13 * 24 * HOUR
    assert (expected_at - 6) % 1_000_000 == 0
    assert in_rows(moved.states) == [(HAN, 6, 2, 4, 3, 11, expected_at, 5)]
    assert not len(run(stock, lines, [], end=expected_at).log.at)
    moved = run(stock, lines, [], end=expected_at + 1)
    assert in_rows(moved.states) == [(HAN, expected_at, -1 - HAN, 15, 3, 0, None, None)]
    cost = int(moved.log.unit_cost[0])
    assert 48_000 <= cost <= 52_000
    assert cost % 100 == 0


def test_the_last_state_of_each_cell_is_what_it_came_to():
    stock = build([(0, 0, 0, [5]), (0, 0, 0, [5]), (0, 0, 0, [])], [1], [500], 1)
    lines = new_lines((1, 1, NORTH), (1, 2, NORTH), (1, 1, CENTRAL))
    states = run(stock, lines, [(1, 1, PLACE, 0, 1), (2, 1, PLACE, 1, 2), (2, 1, PLACE, 2, 1), (3, 1, SHIP, 0, 1)], end=4).states
    assert in_rows(states.last_of_each()) == [(HAN, 3, 1, 4, 2, 0, None, None), (DAD, 2, 1, 5, 1, 0, None, None)]


@pytest.mark.parametrize(
    "events",
    [
        [(2, 1, PLACE, 0, 1), (1, 1, PLACE, 1, 1)],
        [(2, 2, PLACE, 0, 1), (2, 1, PLACE, 1, 1)],
        [(2, 1, PLACE, 0, 1), (9, 1, PLACE, 1, 1)],
        [(1, 1, PLACE, 0, 1), (2, 1, PLACE, 0, 1)],
        [(1, 1, PLACE, 0, 1), (2, 1, SHIP, 1, 1)],
        [(1, 1, PLACE, 0, 1), (2, 1, SHIP, 0, 2)],
        [(1, 1, PLACE, 0, 1), (2, 1, CANCEL, 0, 0)],
    ],
    ids=["instants", "keys", "end", "placed twice", "not placed", "more than reserved", "no pieces"],
)
def test_an_event_that_cannot_be_is_said(events):
    stock = build([(0, 0, 0, [5])] * 3, [1], [500], 1)
    with pytest.raises(ValueError, match=f"event 1 .* line {events[1][3]}"):
        run(stock, new_lines((1, 1, NORTH), (1, 1, NORTH)), events, end=9)
