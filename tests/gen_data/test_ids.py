import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen_data.ids import (
    FIRST_FRAUD_NUMBER,
    KEYS_PER_TICK,
    base_customer_id,
    customer_number,
    guest_id,
    is_fraud,
    is_guest,
    key_of,
    number_of,
    tick_of,
)

pytestmark = pytest.mark.unit


@given(st.integers(0, 2**33), st.lists(st.integers(0, KEYS_PER_TICK - 1), min_size=1, unique=True))
def test_a_key_is_unique_in_its_tick_and_gives_tick_and_number_back(tick, numbers):
    ticks = np.full(len(numbers), tick)
    keys = key_of(ticks, np.array(numbers))
    assert len(set(keys.tolist())) == len(numbers)
    assert (tick_of(keys) == tick).all()
    assert number_of(keys).tolist() == numbers


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, unique=True))
def test_customers_have_ids_of_their_own_which_tell_who_is_a_guest_to_those_who_know(numbers):
    base, guests = base_customer_id(np.array(numbers)), guest_id(np.array(numbers))
    everybody = np.concatenate([base, guests])
    assert len(set(everybody.tolist())) == 2 * len(numbers)
    assert everybody.min() > 0
    assert is_guest(everybody).tolist() == [False] * len(numbers) + [True] * len(numbers)
    assert customer_number(everybody).tolist() == numbers + numbers


def most_telling_bit(some, others):
    """How far apart two groups of keys are in the share of any one bit that is set, in standard deviations."""
    bits = np.arange(20)
    shares = [((keys[:, None] >> bits) & 1).mean(axis=0) for keys in (some, others)]
    return np.abs(shares[0] - shares[1]).max() / np.sqrt(0.25 / len(some) + 0.25 / len(others))


def test_no_bit_of_a_key_tells_a_fraud_from_an_honest_order_or_a_guest_from_another_customer():
    ticks = np.arange(20_000)
    frauds, honest = key_of(ticks, FIRST_FRAUD_NUMBER + ticks % 8), key_of(ticks, ticks % 3)
    assert is_fraud(frauds).all()
    assert most_telling_bit(frauds, honest) < 4.5
    assert most_telling_bit(guest_id(ticks), base_customer_id(ticks)) < 4.5
