import numpy as np
import pytest

from gen_data.behaviour.channels import CANCEL_RATES, ORDER_SHARES
from gen_data.behaviour.order_life import (
    CARD,
    CASH_ON_DELIVERY,
    LONGEST_LIFE,
    MAXIMUM_ATTEMPTS,
    NEVER,
    NEVER_CANCELLED,
    Life,
    Orders,
    plan_lives,
)
from gen_data.randomness import Dice

pytestmark = pytest.mark.unit

COUNT = 20_000
DICE = Dice(11)
IDS = np.arange(1, COUNT + 1)


def orders(transit_factor=1.0, loss_factor=1.0, always_fails=False):
    return Orders(
        order_id=IDS,
        ordered_at=1_767_225_600_000_000 + IDS * 1_000_003,
        channel=DICE.choose("channel", IDS, ORDER_SHARES),
        region=IDS % 3,
        transit_factor=np.full(COUNT, transit_factor),
        loss_factor=np.full(COUNT, loss_factor),
        always_fails=np.full(COUNT, always_fails),
        by_card=np.full(COUNT, always_fails),
    )


ORDERS = orders()
LIFE = plan_lives(DICE, ORDERS)


def test_every_order_goes_one_of_the_legal_ways():
    happens = [at != NEVER for at in (LIFE.paid_at, LIFE.packed_at, LIFE.shipped_at)]
    for stage, (reached, steps) in enumerate(zip(happens, (2, 3, 4), strict=True)):
        assert (reached == (LIFE.steps_before_cancel >= steps)).all(), stage
    assert ((LIFE.delivered_at != NEVER) == (LIFE.cancelled_at == NEVER)).all()
    assert set(LIFE.steps_before_cancel.tolist()) == {1, 2, 3, 4, NEVER_CANCELLED}


def test_steps_follow_each_other_in_time_and_end_within_the_longest_life():
    before = ORDERS.ordered_at
    for at in (LIFE.paid_at, LIFE.packed_at, LIFE.shipped_at, LIFE.delivered_at):
        assert (at > before)[at != NEVER].all()
        before = np.where(at != NEVER, at, before)
    assert (LIFE.cancelled_at > before).all()
    for at in (LIFE.delivered_at, LIFE.cancelled_at, LIFE.refunded_at, *LIFE.attempt_at.T):
        assert (at - ORDERS.ordered_at < LONGEST_LIFE)[at != NEVER].all()


def test_channels_cancel_at_their_own_rates():
    for channel, rate in enumerate(CANCEL_RATES):
        mine = LIFE.steps_before_cancel[ORDERS.channel == channel]
        assert (mine < 4).mean() == pytest.approx(rate, abs=0.02)


def test_what_was_paid_for_nothing_is_refunded_and_nothing_else():
    was_paid = (LIFE.steps_before_cancel > 1) & (LIFE.cancelled_at != NEVER) & (LIFE.method != CASH_ON_DELIVERY)
    assert ((LIFE.refunded_at != NEVER) == was_paid).all()
    assert (LIFE.refunded_at > LIFE.cancelled_at)[was_paid].all()


def test_payment_is_tried_until_it_succeeds_or_the_customer_gives_up():
    is_tried = LIFE.attempt_count > 0
    assert not LIFE.attempt_count[LIFE.method == CASH_ON_DELIVERY].any()
    assert 0.01 < LIFE.failed_count.sum() / COUNT < 0.06
    gave_up = is_tried & (LIFE.failed_count == MAXIMUM_ATTEMPTS)
    assert gave_up.any()
    assert (LIFE.steps_before_cancel[gave_up] == 1).all()
    assert (LIFE.attempt_count == LIFE.failed_count + 1)[is_tried & ~gave_up].all()


def test_a_payment_that_cannot_be_saved_ends_the_order():
    doomed = plan_lives(DICE, orders(always_fails=True))
    assert (doomed.method == CARD).all()
    assert (doomed.failed_count == MAXIMUM_ATTEMPTS).all()
    assert (doomed.steps_before_cancel == 1).all()


def test_slow_and_careless_carriers_show():
    def mean_transit(life: Life) -> float:
        arrives = life.delivered_at != NEVER
        return float((life.delivered_at[arrives] - life.shipped_at[arrives]).mean())

    bad = plan_lives(DICE, orders(transit_factor=2.0, loss_factor=10.0))
    assert mean_transit(bad) > 1.7 * mean_transit(LIFE)
    assert bad.is_lost.mean() > 5 * LIFE.is_lost.mean() > 0.005
