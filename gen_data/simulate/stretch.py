"""One stretch of shop time: from the seed, the schedule and the state to every row that changes.

The rows do not depend on how time is cut into stretches: names are made from
ticks, every draw is keyed by its entity, what is known before its time waits in
``state.later``, and what depends on the number of customers looks at the
beginning of the tick or of the day.
"""

import numpy as np

from gen_data.behaviour.channels import ORDER_SHARES
from gen_data.behaviour.customers import SIGNUPS_PER_ORDER, pick_loyal
from gen_data.behaviour.fraud import send_to
from gen_data.behaviour.visits import KNOWN_SHARE, VISITS_PER_ORDER, buys_at_once, device_of
from gen_data.changes import Changes
from gen_data.ids import FIRST_VISIT_NUMBER
from gen_data.randomness import IntArray
from gen_data.schedule import Conditions
from gen_data.simulate import visits
from gen_data.simulate.aftermath import deliver, move_points
from gen_data.simulate.arrivals import WEBSITE, Coming, arrive, recognise
from gen_data.simulate.blast import begin_blasts, responding
from gen_data.simulate.customers import addresses_of, change_contacts, move_house, register
from gen_data.simulate.day import begin_day
from gen_data.simulate.fraud import begin_campaigns, choose_accounts, fraud_orders, name_frauds, take_over
from gen_data.simulate.happenings import happenings
from gen_data.simulate.orders import fill
from gen_data.simulate.place import place_orders
from gen_data.simulate.promotions import begin_promotions
from gen_data.simulate.state import Day, State


def advance(state: State, end_tick: int) -> Changes:
    """Move the state on to ``end_tick``, at most the end of the local day that it is in, and return what changes."""
    counters, clock = state.counters, state.clock
    first_tick, end = counters.next_tick, clock.instant(end_tick)
    ticks = np.arange(first_tick, end_tick)
    changes: Changes = begin_day(state, first_tick) if clock.begins_day(first_tick) else []
    conditions = state.schedule.conditions(clock, ticks)
    changes += begin_promotions(state, first_tick, end_tick)

    arrived = arrive(state.dice, clock, ticks, conditions, counters.day_customer_count, counters.day_guest_count, state.frauds)
    campaigns = begin_campaigns(state.dice, clock, ticks, conditions)
    frauds = fraud_orders(state.dice, campaigns)
    due, _ = _part(np.concatenate([state.coming, arrived, frauds]), end)
    signups = happenings(state.dice, clock, "signup", ticks, conditions.base_orders * SIGNUPS_PER_ORDER)
    newcomers = register(state, ticks, due, signups)
    changes += newcomers.changes
    changes += begin_blasts(state, ticks, conditions, newcomers.known)
    recognise(state.dice, arrived, ticks, newcomers.known)
    arrived = responding(state.dice, state.known_at_blast, arrived, ticks, conditions)
    choose_accounts(state, frauds, ticks, newcomers.known)
    changes += buying_visits(state, arrived, state.today)
    changes += idle_visits(state, ticks, conditions, newcomers.known, state.today)

    due, state.coming = _part(np.concatenate([state.coming, arrived, frauds]), end)
    due["customer_id"][due["customer_id"] == 0] = newcomers.buyers
    changes += name_frauds(state, due)
    address_id = addresses_of(state, due["customer_id"])
    takeovers = take_over(state, campaigns, ticks, newcomers.known)
    move_changes, moves = move_house(state, ticks, newcomers.known, takeovers)
    address_id = send_to(due["order_id"], moves.as_of(due["customer_id"], due["ordered_at"], address_id))
    changes += [*move_changes, *change_contacts(state, ticks, newcomers.known, takeovers)]
    changes += place_orders(state, due, address_id, ticks, conditions, end)
    changes += deliver(state, ticks, conditions, end)
    changes += move_points(state, ticks, newcomers.known, end)
    counters.next_tick = end_tick
    return [*state.later.split(changes, end), *state.later.take(end)]


def _part(coming: Coming, end: int) -> tuple[Coming, Coming]:
    """The orders that are made before ``end``, in their order, and the others."""
    is_due = coming["ordered_at"] < end
    due = coming[is_due]
    return due[np.lexsort((due["order_id"], due["ordered_at"]))], coming[~is_due]


def buying_visits(state: State, arrived: Coming, day: Day) -> Changes:
    """The visits to the website, in the order of their coming on one ``day``, that will end in an order; it will be made on the same device."""
    is_on_site = arrived["channel"] == WEBSITE
    arrived["device_id"][is_on_site] = device_of(state.dice, arrived["customer_id"][is_on_site], arrived["order_id"][is_on_site])
    on_site = arrived[is_on_site & ~buys_at_once(state.dice, arrived["order_id"])]
    order_id, customer_id, device_id = (on_site[name].copy() for name in ("order_id", "customer_id", "device_id"))
    started_at, ordered_at = on_site["started_at"].copy(), on_site["ordered_at"].copy()
    lines = fill(state, on_site)
    pick, price = _shelves(state, day)
    return visits.shop_before_order(state.dice, pick, price, order_id, started_at, ordered_at, customer_id, device_id, lines)


def idle_visits(state: State, ticks: IntArray, conditions: Conditions, known: IntArray, day: Day) -> Changes:
    """The visits to the website that begin in ticks of one ``day`` and end without an order."""
    mean = conditions.base_orders * (ORDER_SHARES[WEBSITE] / ORDER_SHARES.sum() * VISITS_PER_ORDER)
    begun = happenings(state.dice, state.clock, "visit", ticks, mean, FIRST_VISIT_NUMBER)
    customer_id = np.zeros(len(begun.key), dtype=np.int64)
    is_known = state.dice.uniform("visitor is known", begun.key) < KNOWN_SHARE
    customer_id[is_known] = pick_loyal(state.dice, "visitor", begun.key[is_known], known[begun.tick[is_known] - ticks[0]])
    pick, price = _shelves(state, day)
    device_id = device_of(state.dice, customer_id, begun.key)
    return visits.browse(state.dice, pick, price, begun.key, begun.at, customer_id, device_id)


def _shelves(state: State, day: Day) -> tuple[visits.PickProducts, visits.PriceOf]:
    """What visitors look at, and what it costs, on a day."""

    def pick(ids: IntArray, part: IntArray) -> IntArray:
        return state.assortment.pick(state.dice, "looks at", ids, part, day.appeal, np.zeros(len(ids), dtype=np.int64))

    def price(product_id: IntArray, at: IntArray) -> IntArray:
        return day.list_price[product_id]

    return pick, price
