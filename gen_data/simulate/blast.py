"""Voucher campaigns: who is drawn for them, who of these gets the voucher, and what that does to orders.

A regular customer who was treated orders, as long as the promotion runs,
``lift`` times as often as one who was held out: beside each order of somebody
who was here before come ``lift - 1`` further ones on average, whose buyers are
drawn in the same way, and which are only made if the buyer was treated. So the
lift holds for every customer, whatever makes some of them more active than
others.
"""

import numpy as np

from gen_data import schema
from gen_data.behaviour.customers import is_loyal
from gen_data.behaviour.fraud import PROMO_ABUSE
from gen_data.changes import NULL, Changes, Columns, Insert
from gen_data.ids import base_customer_id, customer_number, fraud_kind, is_guest, is_voucher_order, tick_of
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray
from gen_data.schedule import Conditions, promotion_start
from gen_data.simulate.arrivals import Coming
from gen_data.simulate.state import State

_TREATED_SHARE = 0.5


def draw_audience(dice: Dice, promotion_id: int, known_count: int, share: float) -> tuple[IntArray, BoolArray]:
    """The regular customers among the first ``known_count`` who are drawn for a voucher campaign, and which of them are treated."""
    everybody = base_customer_id(np.arange(known_count))
    drawn = everybody[_is_drawn(dice, np.array(promotion_id), everybody, share)]
    return drawn, _is_treated(dice, np.array(promotion_id), drawn)


def begin_blasts(state: State, ticks: IntArray, conditions: Conditions, known: IntArray) -> Changes:
    """Who is drawn for campaigns that begin in ``ticks``, when so many base customers are ``known``."""
    running, first = np.unique(conditions.blast_id, return_index=True)
    changes: Changes = []
    known_at_blast = {}
    for promotion_id, place in zip(running.tolist(), first.tolist(), strict=True):
        if promotion_id and promotion_id not in state.known_at_blast:
            start = promotion_start(promotion_id)
            state.known_at_blast[promotion_id] = int(known[start - ticks[0]])
            changes.append(_contacts(state, promotion_id, state.clock.instant(start), float(conditions.blast_audience_share[place])))
        if promotion_id:
            known_at_blast[promotion_id] = state.known_at_blast[promotion_id]
    state.known_at_blast = known_at_blast
    return changes


def responding(dice: Dice, known_at_blast: dict[int, int], arrived: Coming, ticks: IntArray, conditions: Conditions) -> Coming:
    """Arrivals of ``ticks`` without those who would only have come with a voucher and got none.

    ``known_at_blast`` counts the base customers there were when each campaign began, by promotion.
    """
    offered = np.flatnonzero(is_voucher_order(arrived["order_id"]))
    if not len(offered):
        return arrived
    tick = tick_of(arrived["order_id"][offered]) - ticks[0]
    kept: Coming = np.delete(arrived, offered[~_holds_voucher(dice, known_at_blast, arrived["customer_id"][offered], conditions, tick)])
    return kept


def redeem(state: State, due: Coming, conditions: Conditions, tick: IntArray) -> None:
    """Let orders carry the voucher that runs when they are made (``tick``, a position), if their customers got it; in place.

    Whoever abuses promotions has got hold of its code too.
    """
    if not conditions.blast_id.any():
        return
    is_abused = (fraud_kind(due["order_id"]) == PROMO_ABUSE) & (conditions.blast_id[tick] > 0)
    takes = np.flatnonzero(_holds_voucher(state.dice, state.known_at_blast, due["customer_id"], conditions, tick) | is_abused)
    due["promotion_id"][takes] = conditions.blast_id[tick[takes]]
    due["discount_rate"][takes] = conditions.blast_discount[tick[takes]]


def brought_by(state: State, order_id: IntArray) -> IntArray:
    """The voucher campaign without which an order would not be there; NULL where there is none."""
    promotion_id, brought = np.full(len(order_id), NULL), np.flatnonzero(is_voucher_order(order_id))
    if len(brought):
        ticks, back = np.unique(tick_of(order_id[brought]), return_inverse=True)
        promotion_id[brought] = state.schedule.conditions(state.clock, ticks).blast_id[back]
    return promotion_id


def _holds_voucher(dice: Dice, known_at_blast: dict[int, int], customer_id: IntArray, conditions: Conditions, tick: IntArray) -> BoolArray:
    promotion_id = conditions.blast_id[tick]
    running, back = np.unique(promotion_id, return_inverse=True)
    known = np.array([known_at_blast.get(one, 0) for one in running.tolist()], dtype=np.int64)[back]
    is_known = ~is_guest(customer_id) & (customer_number(customer_id) < known)
    is_drawn = is_known & _is_drawn(dice, promotion_id, customer_id, conditions.blast_audience_share[tick])
    return is_drawn & _is_treated(dice, promotion_id, customer_id)


def _is_drawn(dice: Dice, promotion_id: IntArray, customer_id: IntArray, share: FloatArray | float) -> BoolArray:
    drawn: BoolArray = dice.uniform("voucher audience", customer_id, promotion_id) < share
    return drawn & is_loyal(dice, customer_id)


def _is_treated(dice: Dice, promotion_id: IntArray, customer_id: IntArray) -> BoolArray:
    return dice.uniform("gets the voucher", customer_id, promotion_id) < _TREATED_SHARE


def _contacts(state: State, promotion_id: int, at: int, share: float) -> Insert:
    customer_id, is_treated = draw_audience(state.dice, promotion_id, state.known_at_blast[promotion_id], share)
    count = len(customer_id)
    columns: Columns = {
        "customer_id": customer_id,
        "promotion_id": np.full(count, promotion_id),
        "is_held_out": ~is_treated,
        "drawn_at": np.full(count, at),
    }
    return Insert(schema.CAMPAIGN_CONTACTS, columns, np.full(count, at), np.zeros(count, dtype=np.int64))
