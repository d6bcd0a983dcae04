"""Numbers that name things: made from the tick in which they happen, so that nothing has to count them.

What happens in a tick has a plain number, where each kind has a range of its own, and the key
``tick * KEYS_PER_TICK + scramble(number)``. A shop with a scenario therefore gives what it would have without it the
same names. The scrambling, a permutation of its own in each tick, keeps the key from telling what a scenario or a
fraud brought: the functions here undo it, arithmetic on keys does not.
"""

from typing import Final

import numba
import numpy as np

from gen_data.randomness import BoolArray, IntArray, mix

_NUMBER_BITS: Final = 20
KEYS_PER_TICK = 1 << _NUMBER_BITS

# Orders: as on a normal day, caused by a scenario's demand, caused by a voucher, fraudulent. Visits that do not buy share their numbers.
FIRST_VISIT_NUMBER = 200_000
FIRST_EXTRA_NUMBER = 500_000
FIRST_VOUCHER_NUMBER = 700_000
FIRST_FRAUD_NUMBER = 900_000

# A fraud campaign has the number of its first order. Its accounts have eight numbers each, for an order each.
_NUMBERS_PER_FRAUD_KIND = 25_000
_NUMBERS_PER_CAMPAIGN = 1_000
CAMPAIGNS_PER_KIND_AND_TICK = _NUMBERS_PER_FRAUD_KIND // _NUMBERS_PER_CAMPAIGN
ORDERS_PER_FRAUD_ACCOUNT = 8
ACCOUNTS_PER_CAMPAIGN = _NUMBERS_PER_CAMPAIGN // ORDERS_PER_FRAUD_ACCOUNT

# A customer is a number from 1 to 2^32; those who would not have come without a scenario (guests) lie among the others.
_CUSTOMER_BITS: Final = 32
_FIRST_LATER_ADDRESS_ID = 10**12

PAYMENTS_PER_ORDER = 8
SHIPMENTS_PER_ORDER = 4

_ROUNDS: Final = 4


@numba.njit
def _round(part, tweak, turn, half):  # type: ignore[no-untyped-def]
    return np.int64(mix(np.uint64((tweak << (half + 2)) | (turn << half) | part)) >> np.uint64(64 - half))


def key_of(ticks: IntArray, numbers: IntArray) -> IntArray:
    """The keys of what has these plain numbers in these ticks."""
    keys: IntArray = ticks * KEYS_PER_TICK + _scramble(numbers, ticks, _NUMBER_BITS)
    return keys


def tick_of(keys: IntArray) -> IntArray:
    """The tick in which something with this key began."""
    return keys >> _NUMBER_BITS


def number_of(keys: IntArray) -> IntArray:
    """The plain number, within its tick, of something with this key."""
    numbers: IntArray = _unscramble(keys & (KEYS_PER_TICK - 1), tick_of(keys), _NUMBER_BITS)
    return numbers


def is_extra(order_ids: IntArray) -> BoolArray:
    """Whether an order was caused by a scenario, frauds included."""
    return number_of(order_ids) >= FIRST_EXTRA_NUMBER


def is_voucher_order(order_ids: IntArray) -> BoolArray:
    """Whether an order would not be there without a voucher campaign."""
    number = number_of(order_ids)
    return (number >= FIRST_VOUCHER_NUMBER) & (number < FIRST_FRAUD_NUMBER)


def is_fraud(order_ids: IntArray) -> BoolArray:
    """Whether an order is part of a fraud campaign."""
    return number_of(order_ids) >= FIRST_FRAUD_NUMBER


def fraud_kind(order_ids: IntArray) -> IntArray:
    """The kind of fraud that an order or a campaign is, as a position in FRAUD_KINDS; -1 for an honest order."""
    return np.maximum((number_of(order_ids) - FIRST_FRAUD_NUMBER) // _NUMBERS_PER_FRAUD_KIND, -1)


def campaign_id(ticks: IntArray, kind: int, numbers: IntArray) -> IntArray:
    """The campaigns of a kind with these numbers, below CAMPAIGNS_PER_KIND_AND_TICK, that begin in these ticks."""
    return key_of(ticks, FIRST_FRAUD_NUMBER + kind * _NUMBERS_PER_FRAUD_KIND + numbers * _NUMBERS_PER_CAMPAIGN)


def fraud_order_id(campaign_ids: IntArray, accounts: IntArray, orders: IntArray) -> IntArray:
    """The orders with these numbers, below ORDERS_PER_FRAUD_ACCOUNT, through the accounts with these numbers of campaigns."""
    return key_of(tick_of(campaign_ids), number_of(campaign_ids) + accounts * ORDERS_PER_FRAUD_ACCOUNT + orders)


def campaign_of(order_ids: IntArray) -> IntArray:
    """The campaign that a fraudulent order is part of."""
    number = number_of(order_ids)
    return key_of(tick_of(order_ids), number - number % _NUMBERS_PER_CAMPAIGN)


def fraud_account_of(order_ids: IntArray) -> IntArray:
    """What tells the accounts of fraud campaigns apart: all orders through one have the same."""
    number = number_of(order_ids)
    return key_of(tick_of(order_ids), number - number % ORDERS_PER_FRAUD_ACCOUNT)


def base_customer_id(numbers: IntArray) -> IntArray:
    """The customers of the ordinary shop with these numbers, counted from 0 as they register."""
    ids: IntArray = 1 + _scramble(2 * numbers, 0, _CUSTOMER_BITS)
    return ids


def guest_id(numbers: IntArray) -> IntArray:
    """The customers whom a scenario brought with these numbers, counted from 0 as they register."""
    ids: IntArray = 1 + _scramble(2 * numbers + 1, 0, _CUSTOMER_BITS)
    return ids


def is_guest(customer_ids: IntArray) -> BoolArray:
    """Whether a scenario brought a customer."""
    answer: BoolArray = position_of(customer_ids) % 2 == 1
    return answer


def customer_number(customer_ids: IntArray) -> IntArray:
    """The number of each customer, among guests or among the others."""
    return position_of(customer_ids) // 2


def position_of(customer_ids: IntArray) -> IntArray:
    """The place of each customer in arrays that hold something for all of them: guests lie between the others."""
    positions: IntArray = _unscramble(customer_ids - 1, 0, _CUSTOMER_BITS)
    return positions


def later_address_id(keys: IntArray) -> IntArray:
    """The address of somebody who moves, or that a fraud campaign uses; the first address of a customer has the customer's number."""
    return _FIRST_LATER_ADDRESS_ID + keys


def is_put_in_by_fraud(address_ids: IntArray) -> BoolArray:
    """Whether somebody else put an address that is not a customer's first one into the account."""
    return is_fraud(address_ids - _FIRST_LATER_ADDRESS_ID)


@numba.vectorize([numba.int64(*[numba.int64] * 3)], cache=True)
def _scramble(number, tweak, bits):  # type: ignore[no-untyped-def]
    """A permutation of the numbers of so many bits, another one for each tweak; arrays are taken element by element.

    A balanced Feistel network, a permutation whatever its round function is (Luby and Rackoff 1988).
    """
    half = bits // 2
    left, right = number >> half, number & ((1 << half) - 1)
    for turn in range(_ROUNDS):
        left, right = right, left ^ _round(right, tweak, turn, half)
    return (left << half) | right


@numba.vectorize([numba.int64(*[numba.int64] * 3)], cache=True)
def _unscramble(scrambled, tweak, bits):  # type: ignore[no-untyped-def]
    """The numbers that were scrambled."""
    half = bits // 2
    left, right = scrambled >> half, scrambled & ((1 << half) - 1)
    for turn in range(_ROUNDS - 1, -1, -1):
        left, right = right ^ _round(left, tweak, turn, half), left
    return (left << half) | right
