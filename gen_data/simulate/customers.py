"""What customers do in a stretch besides ordering: register, move house, change number."""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour.channels import ORDER_SHARES
from gen_data.behaviour.customers import CONTACT_CHANGES_PER_CUSTOMER_DAY, MOVES_PER_CUSTOMER_DAY, erasures, pick_loyal
from gen_data.clock import TICKS_PER_DAY
from gen_data.randomness import IntArray
from gen_data.rows import Columns, address_columns, customer_columns
from gen_data.simulate.happenings import ChangedValues, Happenings, happenings
from gen_data.state import State


class Newcomers(NamedTuple):
    """Who registered, in the order of their instants; ``buyers`` are the ids of those who did so with an order, by order."""

    customer_id: IntArray
    registered_at: IntArray
    buyers: IntArray
    columns: Columns


class Homes(NamedTuple):
    """Addresses after a stretch: new ones, those that ceased to be the default, and who lived where from when."""

    columns: Columns
    superseded: Columns
    moves: ChangedValues
    opening_default: IntArray


def register(state: State, buyers_at: IntArray, buyers_channel: IntArray, signups: Happenings) -> Newcomers:
    """Give ids to everybody new, buyers and others, and remember who will ask to be deleted."""
    at = np.concatenate([buyers_at, signups.at])
    is_signup = np.arange(len(at)) >= len(buyers_at)
    order = np.lexsort((is_signup, at))
    customer_id = state.counters.next_customer_id + np.arange(len(at))
    id_by_source = np.empty_like(customer_id)
    id_by_source[order] = customer_id
    channel = np.concatenate([buyers_channel, state.dice.choose("signup channel", signups.key, ORDER_SHARES)])[order]
    signup_ids = id_by_source[is_signup]
    state.erasures.add(erasures(state.dice, signup_ids, signups.at))
    columns = customer_columns(state.people, customer_id, at[order], channel, state.clock.instant(0))
    return Newcomers(customer_id, at[order], id_by_source[~is_signup], columns)


def house(state: State, ticks: IntArray, known: IntArray, newcomers: Newcomers) -> Homes:
    """Give newcomers an address and let some loyal customers move. ``known`` is the number of customers at each tick's beginning."""
    moves = happenings(state, "move", ticks, _per_tick(state, ticks, MOVES_PER_CUSTOMER_DAY))
    movers = pick_loyal(state.dice, "mover", moves.key, known[moves.tick - ticks[0]])
    at = np.concatenate([newcomers.registered_at, moves.at])
    customer_id = np.concatenate([newcomers.customer_id, movers])
    is_move = np.arange(len(at)) >= len(newcomers.customer_id)
    order = np.lexsort((customer_id, is_move, at))
    at, customer_id, is_move = at[order], customer_id[order], is_move[order]
    first_id = state.counters.next_address_id
    address_id = first_id + np.arange(len(at))

    default = np.append(state.default_address, address_id[~is_move])
    opening_default = default.copy() if is_move.any() else default
    is_default, updated_at = np.ones(len(at), dtype=np.bool_), at.copy()
    superseded: list[tuple[int, int]] = []
    for position in np.flatnonzero(is_move).tolist():
        mover, left = int(customer_id[position]), int(default[customer_id[position]])
        default[mover] = address_id[position]
        if left >= first_id:
            is_default[left - first_id], updated_at[left - first_id] = False, at[position]
        else:
            superseded.append((left, int(at[position])))
    state.default_address = default
    left_ids, left_at = np.array(superseded, dtype=np.int64).reshape(-1, 2).T
    return Homes(
        columns=address_columns(state.people, address_id, customer_id, at, is_default, updated_at),
        superseded={"address_id": left_ids, "at": left_at},
        moves=ChangedValues(customer_id[is_move], at[is_move], address_id[is_move]),
        opening_default=opening_default,
    )


def change_contacts(state: State, ticks: IntArray, known: IntArray) -> Columns:
    """Some loyal customers get another telephone number."""
    changes = happenings(state, "contact change", ticks, _per_tick(state, ticks, CONTACT_CHANGES_PER_CUSTOMER_DAY))
    customer_id = pick_loyal(state.dice, "contact changer", changes.key, known[changes.tick - ticks[0]])
    return {"customer_id": customer_id, "phone": state.people.later_phones(customer_id, changes.key), "at": changes.at}


def _per_tick(state: State, ticks: IntArray, rate_per_customer_day: float) -> np.ndarray:
    return np.full(len(ticks), state.counters.day_customer_count * rate_per_customer_day / TICKS_PER_DAY)
