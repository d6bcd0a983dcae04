import numpy as np
import pytest

from gen_data.behaviour.channels import CANCEL_RATES, ORDER_SHARES, PAYMENT_METHODS
from gen_data.behaviour.order_life import LONGEST_LIFE, PAYMENT_STATUSES, Orders, lives
from gen_data.randomness import Dice
from gen_data.schema.orders import ORDER_STATUSES

pytestmark = pytest.mark.unit

COUNT = 20_000
DICE = Dice(11)
IDS = np.arange(1, COUNT + 1)
ORDERS = Orders(IDS, 1_767_225_600_000_000 + IDS * 1_000_003, DICE.choose("channel", IDS, ORDER_SHARES), IDS * 100)
STEPS, PAYMENTS = lives(DICE, ORDERS)


def paths() -> list[list[str]]:
    by_order: dict[int, list[str]] = {}
    for order_id, sequence, status, _ in STEPS.tolist():
        path = by_order.setdefault(order_id, [])
        assert sequence == len(path) + 1
        path.append(ORDER_STATUSES[status])
    return list(by_order.values())


def test_every_order_goes_one_of_the_legal_ways():
    whole = ["pending", "paid", "packed", "shipped", "delivered"]
    legal = [whole, [*whole, "returned"], *([*whole[:length], "cancelled"] for length in (1, 2, 3))]
    found = paths()
    assert len(found) == COUNT
    assert {tuple(path) for path in found} == {tuple(path) for path in legal}


def test_steps_follow_each_other_in_time_and_end_within_the_longest_life():
    same_order = STEPS["order_id"][1:] == STEPS["order_id"][:-1]
    assert (np.diff(STEPS["at"])[same_order] > 0).all()
    placed_at = ORDERS.ordered_at[0] - ORDERS.order_id[0] * 1_000_003
    for happening in (STEPS, PAYMENTS):
        assert (happening["at"] - (placed_at + happening["order_id"] * 1_000_003) < LONGEST_LIFE).all()


def test_channels_cancel_at_their_own_rates():
    cancelled = np.isin(IDS, STEPS["order_id"][STEPS["status"] == ORDER_STATUSES.index("cancelled")])
    for channel, rate in enumerate(CANCEL_RATES):
        assert cancelled[ORDERS.channel == channel].mean() == pytest.approx(rate, abs=0.02)


def test_a_delivered_order_is_paid_once_and_what_was_paid_for_nothing_is_refunded():
    delivered = set(STEPS["order_id"][STEPS["status"] == ORDER_STATUSES.index("delivered")].tolist())
    returned = set(STEPS["order_id"][STEPS["status"] == ORDER_STATUSES.index("returned")].tolist())
    succeeded = PAYMENTS["order_id"][PAYMENTS["status"] == PAYMENT_STATUSES.index("succeeded")].tolist()
    refunded = PAYMENTS["order_id"][PAYMENTS["status"] == PAYMENT_STATUSES.index("refunded")].tolist()
    assert len(set(succeeded)) == len(succeeded)
    assert delivered <= set(succeeded)
    assert len(set(refunded)) == len(refunded)
    assert set(refunded) == (set(succeeded) - delivered) | returned


def test_failed_payments_are_retried_and_attempts_are_numbered_without_gaps():
    failed = PAYMENTS[PAYMENTS["status"] == PAYMENT_STATUSES.index("failed")]
    assert 0.01 < len(failed) / COUNT < 0.06
    assert PAYMENT_METHODS.index("cod") not in failed["method"]
    ordered = PAYMENTS[np.lexsort((PAYMENTS["at"], PAYMENTS["order_id"]))]
    begins = np.append(True, ordered["order_id"][1:] != ordered["order_id"][:-1])
    starts = np.flatnonzero(begins)
    position = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.append(starts, len(ordered))))
    assert np.array_equal(ordered["attempt"], position + 1)
