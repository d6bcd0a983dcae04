"""Numbers that name things: made from the tick in which they happen, so that nothing has to count them.

What happens in a tick has the key ``tick * KEYS_PER_TICK + number``, where each
kind has numbers of its own. A shop with a scenario therefore gives what it would
have without it the same names.
"""

import numpy as np

from gen_data.randomness import BoolArray, IntArray

KEYS_PER_TICK = 1_000_000

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

# Customers who would not have come without a scenario are counted apart from the others.
FIRST_GUEST_ID = 1_000_000_001
_FIRST_LATER_ADDRESS_ID = 10**12

PAYMENTS_PER_ORDER = 8
SHIPMENTS_PER_ORDER = 4


def tick_of(keys: IntArray) -> IntArray:
    """The tick in which something with this key began."""
    return keys // KEYS_PER_TICK


def is_extra(order_ids: IntArray) -> BoolArray:
    """Whether an order was caused by a scenario, frauds included."""
    return (order_ids % KEYS_PER_TICK) >= FIRST_EXTRA_NUMBER


def is_voucher_order(order_ids: IntArray) -> BoolArray:
    """Whether an order would not be there without a voucher campaign."""
    number = order_ids % KEYS_PER_TICK
    return (number >= FIRST_VOUCHER_NUMBER) & (number < FIRST_FRAUD_NUMBER)


def is_fraud(order_ids: IntArray) -> BoolArray:
    """Whether an order is part of a fraud campaign."""
    return (order_ids % KEYS_PER_TICK) >= FIRST_FRAUD_NUMBER


def fraud_kind(order_ids: IntArray) -> IntArray:
    """The kind of fraud that an order or a campaign is, as a position in FRAUD_KINDS; -1 for an honest order."""
    return np.maximum((order_ids % KEYS_PER_TICK - FIRST_FRAUD_NUMBER) // _NUMBERS_PER_FRAUD_KIND, -1)


def campaign_id(ticks: IntArray, kind: int, numbers: IntArray) -> IntArray:
    """The campaigns of a kind with these numbers, below CAMPAIGNS_PER_KIND_AND_TICK, that begin in these ticks."""
    return ticks * KEYS_PER_TICK + FIRST_FRAUD_NUMBER + kind * _NUMBERS_PER_FRAUD_KIND + numbers * _NUMBERS_PER_CAMPAIGN


def campaign_of(order_ids: IntArray) -> IntArray:
    """The campaign that a fraudulent order is part of."""
    return order_ids - order_ids % _NUMBERS_PER_CAMPAIGN


def fraud_account_of(order_ids: IntArray) -> IntArray:
    """What tells the accounts of fraud campaigns apart: all orders through one have the same."""
    return order_ids - order_ids % ORDERS_PER_FRAUD_ACCOUNT


def position_of(customer_ids: IntArray) -> IntArray:
    """The place of each customer in arrays that hold something for all of them: guests lie between the others."""
    is_guest = customer_ids >= FIRST_GUEST_ID
    return np.where(is_guest, 2 * (customer_ids - FIRST_GUEST_ID) + 1, 2 * (customer_ids - 1))


def later_address_id(keys: IntArray) -> IntArray:
    """The address of somebody who moves, or that a fraud campaign uses; the first address of a customer has the customer's number."""
    return _FIRST_LATER_ADDRESS_ID + keys


def is_put_in_by_fraud(address_ids: IntArray) -> BoolArray:
    """Whether somebody else put an address that is not a customer's first one into the account."""
    return is_fraud(address_ids - _FIRST_LATER_ADDRESS_ID)
