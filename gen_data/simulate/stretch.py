"""One stretch of shop time: from the seed, the schedule and the state to every row that changes.

The rows do not depend on how time is cut into stretches: ids are given in the
order of instants, every draw is keyed by its entity, and what depends on the
number of customers looks at the beginning of the tick or of the day.
"""

from dataclasses import dataclass

import numpy as np

from gen_data.behaviour.channels import ORDER_SHARES
from gen_data.behaviour.customers import SIGNUPS_PER_ORDER, new_customer_rate, pick_loyal
from gen_data.clock import TICK
from gen_data.rows import Columns
from gen_data.schema.orders import ORDER_STATUSES
from gen_data.simulate.customers import change_contacts, house, register
from gen_data.simulate.happenings import happenings
from gen_data.simulate.orders import Placed, change_prices, pay, plan_lives, sell, take_steps
from gen_data.state import State
from gen_data.texts import pick


@dataclass(frozen=True)
class Changes:
    """What one stretch does to the database, in columns: new rows by table, and changes of rows that were there.

    New rows carry the state that they have at the stretch's end, except for
    customers, who are changed afterwards, so that their history is complete.
    Changes are in the order of their instants ``at``. ``tiers_reviewed_at`` is
    the instant of a day's beginning when the stretch starts with one.
    """

    tiers_reviewed_at: int | None
    customers: Columns
    contact_changes: Columns
    superseded_addresses: Columns
    addresses: Columns
    price_changes: Columns
    orders: Columns
    order_items: Columns
    status_changes: Columns
    order_status_history: Columns
    payments: Columns
    erasures: Columns


def advance(state: State, end_tick: int) -> Changes:
    """Move the state on to ``end_tick``, at most the end of the local day that it is in, and return what changes."""
    counters, clock, dice = state.counters, state.clock, state.dice
    first_tick, first_order_id = counters.next_tick, counters.next_order_id
    begins_day = clock.begins_day(first_tick)
    if begins_day:
        counters.day_customer_count = counters.next_customer_id - 1
    ticks = np.arange(first_tick, end_tick)
    conditions = state.schedule.conditions(clock, ticks)

    arrivals = happenings(state, "order", ticks, conditions.mean_orders)
    arrival_tick = arrivals.tick - first_tick
    order_id = first_order_id + np.arange(len(arrivals.at))
    channel = dice.choose("channel", order_id, ORDER_SHARES)
    new_rate = new_customer_rate(counters.day_customer_count, conditions.orders_per_day)
    is_new = dice.uniform("new customer", order_id) < new_rate[arrival_tick]
    signups = happenings(state, "signup", ticks, conditions.mean_orders * SIGNUPS_PER_ORDER)

    newcomers = register(state, arrivals.at[is_new], channel[is_new], signups)
    known = counters.next_customer_id - 1 + np.searchsorted(newcomers.registered_at, clock.instant(0) + ticks * TICK)
    customer_id = np.empty(len(order_id), dtype=np.int64)
    customer_id[is_new] = newcomers.buyers
    customer_id[~is_new] = pick_loyal(dice, "buyer", order_id[~is_new], known[arrival_tick[~is_new]])
    homes = house(state, ticks, known, newcomers)
    contact_changes = change_contacts(state, ticks, known)

    old_prices = state.list_price
    price_changes = change_prices(state, ticks)
    placed = Placed(
        order_id=order_id,
        customer_id=customer_id,
        address_id=homes.moves.as_of(customer_id, arrivals.at, homes.opening_default[customer_id]),
        channel=channel,
        at=arrivals.at,
        discount_rate=conditions.discount_rate[arrival_tick],
        discounted_count=conditions.discounted_count[arrival_tick],
    )
    orders, order_items, total_amount = sell(state, placed, old_prices, price_changes)
    plan_lives(state, placed, total_amount)
    end = clock.instant(end_tick)
    steps = take_steps(state, first_order_id, end)
    payments = pay(state, end)
    erased = state.erasures.take(end)
    erased = erased[np.lexsort((erased["customer_id"], erased["at"]))]

    counters.next_tick = end_tick
    counters.next_customer_id += len(newcomers.customer_id)
    counters.next_address_id += len(homes.columns["address_id"])
    counters.next_order_id += len(order_id)
    counters.next_payment_id += len(payments["payment_id"])
    return Changes(
        tiers_reviewed_at=clock.instant(first_tick) if begins_day and first_tick > 0 else None,
        customers=newcomers.columns,
        contact_changes=contact_changes,
        superseded_addresses=homes.superseded,
        addresses=homes.columns,
        price_changes={"product_id": price_changes.key, "at": price_changes.at, "list_price": price_changes.value},
        orders={**orders, "status": pick(ORDER_STATUSES, steps.last_status), "updated_at": steps.last_at},
        order_items=order_items,
        status_changes=steps.changes,
        order_status_history=steps.history,
        payments=payments,
        erasures={"customer_id": erased["customer_id"], "at": erased["at"]},
    )
