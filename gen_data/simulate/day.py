"""What happens when a local day begins: prices change overnight, tiers are reviewed, stock levels follow the expected demand."""

import numpy as np

from gen_data import schema
from gen_data.behaviour.aftersales import LONGEST_AFTERMATH
from gen_data.behaviour.catalogue import PRICE_CHANGES_PER_PRODUCT_DAY, changed_price
from gen_data.behaviour.order_life import LONGEST_LIFE
from gen_data.changes import Changes, Insert, Update
from gen_data.randomness import IntArray
from gen_data.simulate.inventory import review_levels
from gen_data.simulate.loyalty import review
from gen_data.simulate.state import Day, State


def begin_day(state: State, tick: int) -> Changes:
    """Begin the local day whose first tick is ``tick``; nothing changes when the shop has only just opened."""
    at = state.clock.instant(tick)
    counters = state.counters
    counters.day_customer_count, counters.day_guest_count = counters.customer_count, counters.guest_count
    if tick == 0:
        return []
    changes = change_prices(state, tick, at)
    state.yesterday, state.today = state.today, Day(at, state.list_price, state.assortment.appeal(state.list_price, state.opening_price))
    _forget_old_orders(state, at)
    levels = state.stock_levels(state.schedule.at(tick).orders_per_day)
    return [*changes, *review(state.loyalty, at), *review_levels(state.stock, levels, at)]


def change_prices(state: State, tick: int, at: int) -> Changes:
    """Let some list prices (hundredths, by product id) change overnight; a product at most once a night."""
    active = state.assortment.active_ids
    changes = state.dice.uniform("price change", active, tick) < PRICE_CHANGES_PER_PRODUCT_DAY
    product = active[changes]
    price = np.array(
        [changed_price(state.dice, state.currency, tick * 1_000 + int(one), int(state.opening_price[one])) for one in product.tolist()],
        dtype=np.int64,
    )
    differs = price != state.list_price[product]
    product, price = product[differs], price[differs]
    state.list_price = state.list_price.copy()
    state.list_price[product] = price
    instant: IntArray = np.full(len(product), at)
    row = {"product_id": product, "list_price": price, "updated_at": instant}
    return [
        Update(schema.PRODUCTS, row, instant, product),
        Insert(schema.PRODUCT_PRICES, {**row, "valid_from": instant}, instant, product),
    ]


def _forget_old_orders(state: State, at: int) -> None:
    """Nothing will be asked any more about orders whose life and aftermath are over."""
    held = state.orders.all()
    old = int(np.searchsorted(held["ordered_at"], at - LONGEST_LIFE - LONGEST_AFTERMATH))
    if 2 * old > len(held):
        state.lines.drop_before(int(held["first_line"][old]) if old < len(held) else state.lines.end)
        state.orders.drop_first(old)
