"""What customers do in a stretch besides ordering: register, move house, change number, ask to be forgotten."""

from typing import NamedTuple

import numpy as np

from gen_data import schema
from gen_data.behaviour.channels import ORDER_SHARES
from gen_data.behaviour.customers import CONTACT_CHANGES_PER_CUSTOMER_DAY, MOVES_PER_CUSTOMER_DAY, erasures, pick_loyal
from gen_data.behaviour.fraud import place_of
from gen_data.changes import Changes, Delete, Insert, Update
from gen_data.clock import TICK, TICKS_PER_DAY
from gen_data.ids import base_customer_id, customer_number, guest_id, is_extra, is_guest, later_address_id
from gen_data.randomness import IntArray
from gen_data.rows import address_columns, customer_columns
from gen_data.simulate.arrivals import Coming
from gen_data.simulate.fraud import Takeovers
from gen_data.simulate.happenings import ChangedValues, Happenings, happenings
from gen_data.simulate.state import State, with_room_for


class Newcomers(NamedTuple):
    """Who registered: ``buyers`` are the ids of those who did so with an order, in the order of the coming orders without a customer."""

    buyers: IntArray
    known: IntArray
    changes: Changes


def register(state: State, ticks: IntArray, due: Coming, signups: Happenings) -> Newcomers:
    """Give ids to everybody new, buyers and others; ``known`` is the number of base customers at the beginning of each tick."""
    counters = state.counters
    is_new = due["customer_id"] == 0
    new = due[is_new]
    comes_as_guest = is_extra(new["order_id"])
    guests = new[comes_as_guest]
    buyers = np.empty(len(new), dtype=np.int64)
    buyers[comes_as_guest] = guest_id(counters.guest_count + np.arange(len(guests)))

    base = new[~comes_as_guest]
    at = np.concatenate([base["ordered_at"], signups.at])
    is_signup = np.arange(len(at)) >= len(base)
    order = np.lexsort((is_signup, at))
    customer_id = np.empty(len(at), dtype=np.int64)
    customer_id[order] = base_customer_id(counters.customer_count + np.arange(len(at)))
    buyers[~comes_as_guest] = customer_id[~is_signup]
    state.later.add(forget(state, customer_id[is_signup], signups.at))
    known = counters.customer_count + np.searchsorted(at[order], state.clock.instant(0) + ticks * TICK)

    everybody = np.concatenate([customer_id[order], buyers[comes_as_guest]])
    registered_at = np.concatenate([at[order], guests["ordered_at"]])
    channel = np.concatenate(
        [
            np.concatenate([base["channel"], state.dice.choose("signup channel", signups.key, ORDER_SHARES)])[order],
            guests["channel"],
        ]
    )
    # Whoever registers with an order does so in the step of the order.
    steps = np.concatenate([np.concatenate([base["order_id"], customer_id[is_signup]])[order], guests["order_id"]])
    counters.customer_count += len(at)
    state.default_address = with_room_for(state.default_address, counters.customer_count)
    counters.guest_count += len(guests)
    columns = customer_columns(state.people, everybody, registered_at, channel, state.clock.instant(0))
    # Base customers register at a place of their own; who comes with a fraud may share it.
    place = np.concatenate([customer_id[order], place_of(guests["order_id"], buyers[comes_as_guest])])
    addresses = address_columns(state.people, everybody, everybody, registered_at, place)
    return Newcomers(
        buyers,
        known,
        [Insert(schema.CUSTOMERS, columns, registered_at, steps), Insert(schema.CUSTOMER_ADDRESSES, addresses, registered_at, steps)],
    )


def move_house(state: State, ticks: IntArray, known: IntArray, takeovers: Takeovers) -> tuple[Changes, ChangedValues]:
    """Some loyal customers move, and whoever takes over an account puts in an address: the changes, and who lives where from when."""
    moves = happenings(state.dice, state.clock, "move", ticks, _per_tick(state, ticks, MOVES_PER_CUSTOMER_DAY))
    movers = pick_loyal(state.dice, "mover", moves.key, known[moves.tick - ticks[0]])
    at = np.concatenate([moves.at, takeovers.at])
    order = np.argsort(at, kind="stable")
    at, customer_id = at[order], np.concatenate([movers, takeovers.customer_id])[order]
    address_id = np.concatenate([later_address_id(moves.key), takeovers.address_id])[order]
    is_move = (np.arange(len(at)) < len(movers))[order]
    number, left = customer_number(customer_id), np.empty(len(at), dtype=np.int64)
    for position, (who, new_address) in enumerate(zip(customer_id.tolist(), address_id.tolist(), strict=True)):
        left[position] = state.taken_address.pop(who, state.default_address[number[position]])
        if is_move[position]:
            state.default_address[number[position]] = new_address
        else:
            state.taken_address[who] = new_address
    columns = address_columns(state.people, address_id, customer_id, at)
    no_more = np.zeros(len(at), dtype=np.bool_)
    return [
        Update(schema.CUSTOMER_ADDRESSES, {"address_id": left, "is_default": no_more, "updated_at": at}, at, customer_id),
        Insert(schema.CUSTOMER_ADDRESSES, columns, at, customer_id),
    ], ChangedValues(customer_id[is_move], at[is_move], address_id[is_move])


def change_contacts(state: State, ticks: IntArray, known: IntArray, takeovers: Takeovers) -> Changes:
    """Some loyal customers get another telephone number, and whoever takes over an account puts in one."""
    changes = happenings(state.dice, state.clock, "contact change", ticks, _per_tick(state, ticks, CONTACT_CHANGES_PER_CUSTOMER_DAY))
    changers = pick_loyal(state.dice, "contact changer", changes.key, known[changes.tick - ticks[0]])
    customer_id, at = np.concatenate([changers, takeovers.customer_id]), np.concatenate([changes.at, takeovers.at])
    phone = state.people.later_phones(customer_id, np.concatenate([changes.key, takeovers.campaign_id]))
    return [Update(schema.CUSTOMERS, {"customer_id": customer_id, "phone": phone, "updated_at": at}, at, customer_id)]


def forget(state: State, customer_id: IntArray, registered_at: IntArray) -> Changes:
    """The deletions that some of those ask for who register without an order, and never will order."""
    wishes = erasures(state.dice, customer_id, registered_at)
    who, at = wishes["customer_id"].copy(), wishes["at"].copy()
    return [
        Delete(schema.CUSTOMER_ADDRESSES, {"address_id": who}, at, who),
        Delete(schema.CUSTOMERS, {"customer_id": who}, at, who),
    ]


def addresses_of(state: State, customer_id: IntArray) -> IntArray:
    """Where customers have lived so far: guests, who never move, where they registered."""
    never_moves = is_guest(customer_id)
    return np.where(never_moves, customer_id, state.default_address[np.where(never_moves, 0, customer_number(customer_id))])


def _per_tick(state: State, ticks: IntArray, rate_per_customer_day: float) -> np.ndarray:
    return np.full(len(ticks), state.counters.day_customer_count * rate_per_customer_day / TICKS_PER_DAY)
