"""What deliveries set going: the aftermath of each order, pieces that come back, and loyalty points."""

import numpy as np

from gen_data.behaviour.aftersales import Delivered, DeliveredLines
from gen_data.behaviour.agenda import Events, events
from gen_data.behaviour.customers import pick_loyal
from gen_data.behaviour.loyalty import REDEMPTIONS_PER_CUSTOMER_DAY
from gen_data.changes import NULL, Changes
from gen_data.clock import TICKS_PER_DAY
from gen_data.randomness import FloatArray, IntArray
from gen_data.schedule import Conditions
from gen_data.simulate.aftersales import AfterSales, plan_after_sales
from gen_data.simulate.happenings import happenings
from gen_data.simulate.loyalty import EARN, REDEEM, REVERSE, LoyaltyEvents, post
from gen_data.simulate.state import LOYALTY_EVENT, STOCK_EVENT, State
from gen_data.simulate.stock import RETURN

# Pending, paid, packed, shipped, delivered.
_DELIVERED_SEQUENCE = 5


def deliver(state: State, ticks: IntArray, conditions: Conditions, end: int) -> Changes:
    """Plan the aftermath of what is delivered before ``end``, in the conditions of its delivery."""
    due = state.deliveries.take(end)
    due = due[np.lexsort((due["key"], due["at"]))]
    tick = state.clock.ticks_at(due["at"]) - ticks[0]
    return plan_aftermath(state, due, conditions.return_factor[tick])


def plan_aftermath(state: State, deliveries: Events, return_factor: FloatArray, since: int = 0) -> Changes:
    """The rows after deliveries; pieces that come back from ``since`` on are noted for the stock, points for loyalty."""
    orders = state.orders.at(deliveries["place"])
    delivered = Delivered(
        order_id=orders["order_id"].copy(),
        customer_id=orders["customer_id"].copy(),
        channel=orders["channel"].copy(),
        delivered_at=deliveries["at"].copy(),
        promised_at=orders["promised_at"].copy(),
        net_amount=orders["net"].copy(),
        tax_amount=orders["tax"].copy(),
        shipping_amount=orders["shipping"].copy(),
        total_amount=orders["total"].copy(),
        method=orders["method"].copy(),
        attempts_made=orders["attempts"].copy(),
        next_sequence=np.full(len(orders), _DELIVERED_SEQUENCE + 1),
    )
    order = np.repeat(np.arange(len(orders)), orders["line_count"])
    number = np.arange(len(order)) - np.repeat(np.cumsum(orders["line_count"]) - orders["line_count"], orders["line_count"])
    places = orders["first_line"][order] + number
    held = state.lines.at(places)
    is_bought = held["warehouse"] >= 0
    order, places, held = order[is_bought], places[is_bought], held[is_bought]
    lines = DeliveredLines(
        order=order,
        line_number=held["line_number"].copy(),
        product_id=held["product_id"].copy(),
        quantity=held["quantity"].copy(),
        line_amount=held["line_amount"].copy(),
        category=state.category[held["product_id"]],
    )
    planned = plan_after_sales(state.dice, state.currency, delivered, lines, return_factor, state.clock.zone)
    _note_restocks(state, planned, order, lines.line_number, places, orders["order_id"], since)
    _note_points(state, delivered, planned, since)
    return planned.changes


def _note_restocks(
    state: State, planned: AfterSales, order: IntArray, line_number: IntArray, places: IntArray, order_id: IntArray, since: int
) -> None:
    back = planned.restocks
    keys = order * 16 + line_number
    found = places[np.searchsorted(keys, back.order * 16 + back.line_number)]
    comes = back.at >= since
    state.stock_events.add(
        events(STOCK_EVENT, at=back.at[comes], kind=np.full(int(comes.sum()), RETURN), line=found[comes], key=order_id[back.order][comes])
    )


def _note_points(state: State, delivered: Delivered, planned: AfterSales, since: int) -> None:
    back = planned.reversals
    for kind, order_id, customer_id, at, net_amount in (
        (EARN, delivered.order_id, delivered.customer_id, delivered.delivered_at, delivered.net_amount),
        (REVERSE, back.order_id, back.customer_id, back.at, np.zeros(len(back.at), dtype=np.int64)),
    ):
        comes = np.flatnonzero(at >= since)
        state.loyalty_events.add(
            events(
                LOYALTY_EVENT,
                kind=np.full(len(comes), kind),
                customer_id=customer_id[comes],
                at=at[comes],
                order_id=order_id[comes],
                net_amount=net_amount[comes],
            )
        )


def move_points(state: State, ticks: IntArray, known: IntArray, end: int) -> Changes:
    """Let the points move that are due before ``end``: earned, taken back, exchanged."""
    due = state.loyalty_events.take(end)
    mean = np.full(len(ticks), state.counters.day_customer_count * REDEMPTIONS_PER_CUSTOMER_DAY / TICKS_PER_DAY)
    wishes = happenings(state.dice, state.clock, "redemption", ticks, mean)
    who = pick_loyal(state.dice, "redeemer", wishes.key, known[wishes.tick - ticks[0]])
    count = len(who)
    redeems = events(
        LOYALTY_EVENT,
        kind=np.full(count, REDEEM),
        customer_id=who,
        at=wishes.at,
        order_id=np.full(count, NULL),
        net_amount=np.zeros(count, dtype=np.int64),
    )
    moves = np.concatenate([due, redeems])
    return post(state.loyalty, state.currency, LoyaltyEvents(*(moves[name].copy() for name in LoyaltyEvents._fields)))
