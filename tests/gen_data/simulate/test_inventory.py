import numpy as np
import psycopg
import pytest

from gen_data.behaviour.stock import Levels, levels
from gen_data.changes import NULL
from gen_data.clock import DAY
from gen_data.randomness import Dice
from gen_data.schema.upgrade import migrate
from gen_data.simulate.inventory import cell_rows, load_stock, log_rows, opening_stock, review_levels
from gen_data.simulate.stock import CANCEL, NOT_RESERVED, PLACE, REFUSED, RETURN, SHIP, Events, Lines, move, noise_table
from gen_data.write.batch import write_batch

OPENED_AT = 1_767_200_400_000_000
PRODUCTS, LINES, DAYS = 12, 6_000, 25
UNIT_COST, LEAD_DAYS = np.arange(1, PRODUCTS + 1) * 1_000_000, np.arange(PRODUCTS) % 5 + 2
PARENTS = f"""
insert into loyalty_tiers values ('bronze', 1, 0, 1, '2026-01-01');
insert into channels values ('website', 'Shop', 0, '2026-01-01', '2026-01-01', 0.02, 0, 24);
insert into suppliers values (1, 'Supplier', 'Hà Nội', 7, '2026-01-01');
insert into categories values (1, 'All', null, '2026-01-01');
insert into products
    select number, 1, 'S' || number, 'Thing', 100, 50, 'active', '2026-01-01', '2026-01-01', 1, 100 from generate_series(1, {PRODUCTS}) number;
insert into warehouses values
    ('HAN', 'HAN', 'north', 'Hà Nội', '2026-01-01'), ('DAD', 'DAD', 'central', 'Đà Nẵng', '2026-01-01'),
    ('SGN', 'SGN', 'south', 'Hồ Chí Minh', '2026-01-01');
insert into customers values (1, 'An', 'an@example.vn', null, null, 'bronze', 'website', '2026-01-01', '2026-01-01');
insert into customer_addresses values (1, 1, 'An', '1 Lê Lợi', 'Quận 1', 'Hà Nội', true, '2026-01-01', '2026-01-01');
insert into orders values
    (1, 1, 1, 'website', 'pending', '2026-01-01', 'VND', {100 * LINES}, 0, 0, 0, {100 * LINES}, '2026-01-01', 1, 'Hà Nội');
insert into order_items select 1, number, 1, 1, 100, 0, 100, 50, 'HAN' from generate_series(1, {LINES}) number;
"""


@pytest.fixture(scope="module")
def planned():
    """Levels for a part of what is going to be sold, so that much is refused and alerts go on and off."""
    return levels(1 / np.arange(1, PRODUCTS + 1), LINES / DAYS / 4, np.array([0.4, 0.2, 0.4]), LEAD_DAYS)


def busy_lines():
    """Lines of all products, each reserved, then cancelled or shipped, some of them brought back."""
    dice, number = Dice(5), np.arange(LINES)
    at = OPENED_AT + dice.integers("at", number, DAYS * DAY)
    left_at = at + dice.integers("left", number, 2 * DAY)
    quantity = 1 + dice.integers("quantity", number, 4)
    is_cancelled, comes_back = dice.uniform("cancels", number) < 0.1, dice.uniform("returns", number) < 0.1
    back = np.flatnonzero(comes_back & ~is_cancelled)
    line = np.concatenate([number, number, back])
    kind = np.concatenate([np.full(LINES, PLACE), np.where(is_cancelled, CANCEL, SHIP), np.full(len(back), RETURN)])
    instants = np.concatenate([at, left_at, left_at[back] + DAY])
    order = np.lexsort((line, instants))
    lines = Lines(
        1 + dice.integers("product", number, PRODUCTS),
        quantity,
        dice.integers("region", number, 3),
        np.full(LINES, NOT_RESERVED),
        number * 0,
    )
    return lines, Events(instants[order], line[order], kind[order], line[order], quantity[line[order]])


def values(stock):
    return {
        name: [column.tolist() for column in value] if name == "lots" else np.asarray(value).tolist() for name, value in vars(stock).items()
    }


@pytest.mark.integration
def test_stock_read_back_is_the_one_in_memory_and_its_rows_meet_every_rule(fresh, planned):
    migrate(fresh.shop_dsn)
    noise = noise_table(Dice(5))
    lines, events = busy_lines()
    reviews = {8: Levels(*(3 * column for column in planned)), 16: planned}
    alerts = set()
    with psycopg.connect(fresh.shop_dsn, autocommit=True, options="-c timezone=UTC") as shop:
        shop.execute(PARENTS)
        stock, opening = opening_stock(planned, UNIT_COST, LEAD_DAYS, 100, noise, OPENED_AT)
        write_batch(shop, opening)
        for day in range(DAYS + 4):
            begin, end = OPENED_AT + day * DAY, OPENED_AT + (day + 1) * DAY
            now = slice(*np.searchsorted(events.at, (begin, end)))
            changes = []
            if day in reviews:
                planned = reviews[day]
                changes += review_levels(stock, planned, begin)
            today = Events(*(column[now] for column in events))
            moved = move(stock, lines, today, np.full(len(today.at), day in (3, 4)), end, noise)
            changes += [log_rows(moved.log, np.ones(LINES, dtype=np.int64), np.arange(1, LINES + 1)), cell_rows(moved.states)]
            with shop.transaction():
                write_batch(shop, changes)
            assert values(load_stock(shop, planned, UNIT_COST, LEAD_DAYS, 100)) == values(stock)
            alerts.update(stock.below_since.tolist())
    assert len(alerts) > 3 * PRODUCTS
    assert 0.02 < (lines.warehouse == REFUSED).mean() < 0.5


@pytest.mark.unit
def test_a_shop_opens_with_every_cell_at_its_target_in_a_lot_of_its_own_cost(planned):
    stock, (cells, log) = opening_stock(planned, UNIT_COST, LEAD_DAYS, 100, noise_table(Dice(1)), OPENED_AT)
    assert stock.on_hand.tolist() == planned.target.tolist() == log.columns["quantity"].tolist()
    assert (cells.columns["below_safety_since"] == NULL).all()
    assert (cells.columns["expected_at"] == NULL).all()
    assert len(np.unique(log.columns["unit_cost"] / np.repeat(UNIT_COST, 3))) > PRODUCTS
    assert set(log.at.tolist()) == set(cells.at.tolist()) == {OPENED_AT}
    assert (log.columns["order_id"] == NULL).all()


@pytest.mark.unit
def test_new_levels_turn_alerts_on_and_off_and_change_only_the_rows_that_differ(planned):
    stock, _ = opening_stock(planned, UNIT_COST, LEAD_DAYS, 100, noise_table(Dice(1)), OPENED_AT)
    later = OPENED_AT + DAY
    (unchanged,) = review_levels(stock, planned, later)
    assert not len(unchanged)
    higher = Levels(*(column.copy() for column in planned))
    for column in higher:
        column[4] += stock.on_hand[4]
    (changed,) = review_levels(stock, higher, later)
    assert changed.columns["product_id"].tolist() == [2]
    assert changed.columns["warehouse_code"].texts().to_pylist() == ["DAD"]
    assert changed.columns["below_safety_since"].tolist() == [later] == stock.below_since[4:5].tolist()
    (back,) = review_levels(stock, planned, later + DAY)
    assert back.columns["below_safety_since"].tolist() == [NULL]
