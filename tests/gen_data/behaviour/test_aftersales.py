import numpy as np
import pytest

from gen_data.behaviour.aftersales import REVIEW_BODIES, choose_returns, delay_credits, late_days, write_reviews
from gen_data.behaviour.catalogue import CATEGORIES
from gen_data.behaviour.channels import RETURN_RATES
from gen_data.behaviour.fraud import REFUND_ABUSE
from gen_data.clock import DAY
from gen_data.ids import campaign_id, tick_of
from gen_data.randomness import Dice
from gen_data.schema.aftersales import RETURN_CONDITIONS, RETURN_REASONS
from tests.gen_data.deliveries import VND, deliveries

pytestmark = pytest.mark.unit

COUNT = 100_000
DICE = Dice(5)
DELIVERED, LINES = deliveries(DICE, COUNT)
LATE = DELIVERED.delivered_at > DELIVERED.promised_at
ONCE = np.ones(COUNT)
RETURNS, RETURNED = choose_returns(DICE, VND, DELIVERED, LINES, ONCE)
NOTHING_BACK = np.zeros(len(LINES.order), dtype=np.bool_)
REVIEWS = write_reviews(DICE, DELIVERED, LINES, NOTHING_BACK)


def test_channels_have_their_own_rates_of_returns():
    for channel, rate in enumerate(RETURN_RATES):
        of_channel = DELIVERED.channel[RETURNS.order] == channel
        assert of_channel.sum() / (DELIVERED.channel == channel).sum() == pytest.approx(rate, rel=0.12)


def test_conditions_multiply_the_returns_and_add_to_the_same_ones():
    more, _ = choose_returns(DICE, VND, DELIVERED, LINES, 3 * ONCE)
    assert len(more.order) / len(RETURNS.order) == pytest.approx(3, rel=0.05)
    assert set(RETURNS.order.tolist()) < set(more.order.tolist())


def test_whoever_abuses_refunds_claims_all_back_soon_and_sends_nothing_that_can_be_sold():
    abused = DELIVERED._replace(order_id=campaign_id(tick_of(DELIVERED.order_id), REFUND_ABUSE, np.zeros(COUNT, dtype=np.int64)))
    returns, returned = choose_returns(DICE, VND, abused, LINES, ONCE)
    assert len(returns.order) / COUNT == pytest.approx(0.97, abs=0.01)
    assert returns.is_whole.all()
    assert {RETURN_REASONS[reason] for reason in np.unique(returns.reason)} == {"not_as_described", "never_arrived"}
    assert (returns.requested_at - DELIVERED.delivered_at[returns.order]).max() <= 3 * DAY
    assert returns.is_refused.mean() == pytest.approx(0.25, abs=0.01)
    assert {RETURN_CONDITIONS[condition] for condition in np.unique(returned.condition)} == {"damaged"}


def test_fashion_comes_back_more_often_and_alone_does_not_fit():
    is_fashion = np.array([category.parent == "Fashion" for category in CATEGORIES])[LINES.category]
    sent_back = np.zeros(len(LINES.order), dtype=np.bool_)
    sent_back[RETURNED.line] = True
    assert sent_back[is_fashion].mean() > 1.4 * sent_back[~is_fashion].mean()
    has_fashion = np.bincount(RETURNED.return_, weights=is_fashion[RETURNED.line], minlength=len(RETURNS.order)) > 0
    too_large = (RETURNS.reason == RETURN_REASONS.index("wrong_size")) & ~RETURNS.is_refused
    assert too_large.sum() > 100
    assert has_fashion[too_large].all()


def test_three_quarters_of_the_returns_are_whole_orders_and_the_others_a_single_line():
    taken = np.flatnonzero(~RETURNS.is_refused)
    came_back, bought = np.bincount(RETURNED.return_)[taken], np.bincount(LINES.order)[RETURNS.order[taken]]
    is_whole = RETURNS.is_whole[taken]
    assert (came_back[is_whole] == bought[is_whole]).all()
    assert (came_back[~is_whole] == 1).all()
    assert (bought[~is_whole] > 1).all()
    assert is_whole.mean() == pytest.approx(0.75, abs=0.02)
    assert len(set(RETURNED.line.tolist())) == len(RETURNED.line)


def test_who_pays_shipping_back_depends_on_whose_fault_it_is():
    paid = RETURNS.is_whole & ~RETURNS.is_refused & (DELIVERED.shipping_amount[RETURNS.order] > 0)
    at_fault = np.isin(RETURNS.reason, [RETURN_REASONS.index("damaged"), RETURN_REASONS.index("not_as_described")])
    total, shipping = DELIVERED.total_amount[RETURNS.order], DELIVERED.shipping_amount[RETURNS.order]
    assert min((paid & at_fault).sum(), (paid & ~at_fault).sum()) > 100
    assert (RETURNS.refund_amount == total)[paid & at_fault].all()
    assert (RETURNS.refund_amount == total - shipping)[paid & ~at_fault].all()


def test_one_line_gives_back_its_amount_and_its_share_of_the_tax_in_whole_dong():
    is_part = ~RETURNS.is_whole[RETURNED.return_]
    line, order = RETURNED.line[is_part], RETURNS.order[RETURNED.return_[is_part]]
    share = [
        tax * amount // net // 100 * 100
        for tax, amount, net in zip(
            DELIVERED.tax_amount[order].tolist(), LINES.line_amount[line].tolist(), DELIVERED.net_amount[order].tolist(), strict=True
        )
    ]
    assert len(share) > 500
    assert (RETURNED.refund_amount[is_part] - LINES.line_amount[line]).tolist() == share
    assert np.array_equal(RETURNS.refund_amount[RETURNED.return_[is_part]], RETURNED.refund_amount[is_part])


def test_what_arrived_damaged_cannot_be_sold_again_and_most_else_can():
    is_damaged = RETURNS.reason[RETURNED.return_] == RETURN_REASONS.index("damaged")
    resalable = RETURNED.condition == RETURN_CONDITIONS.index("resalable")
    assert not resalable[is_damaged].any()
    assert resalable[~is_damaged].mean() == pytest.approx(0.9, abs=0.02)


def test_nothing_comes_back_for_what_is_said_never_to_have_arrived():
    never = RETURNS.reason == RETURN_REASONS.index("never_arrived")
    assert never.sum() > 20
    assert RETURNS.is_refused[never].all()
    assert RETURNS.is_refused[~never].mean() == pytest.approx(0.04, abs=0.012)
    assert not RETURNS.refund_amount[RETURNS.is_refused].any()


def test_a_request_comes_a_day_after_the_delivery_and_the_pieces_a_day_after_that():
    waited = RETURNS.requested_at - DELIVERED.delivered_at[RETURNS.order]
    travelled = (RETURNS.received_at - RETURNS.requested_at)[~RETURNS.is_refused]
    settled = (RETURNS.refunded_at - RETURNS.received_at)[~RETURNS.is_refused]
    assert waited.min() >= DAY
    assert travelled.min() >= DAY
    assert 0 < settled.min() < settled.max() <= 3 * DAY


def test_delays_of_more_than_a_day_are_credited_by_the_day_and_shorter_ones_on_request():
    days = late_days(DELIVERED.delivered_at, DELIVERED.promised_at)
    nobody, everybody = np.zeros(COUNT, dtype=np.bool_), np.ones(COUNT, dtype=np.bool_)
    order, amount, at = delay_credits(DICE, VND, DELIVERED, nobody)
    assert set(order.tolist()) == set(np.flatnonzero(days > 1).tolist())
    assert np.array_equal(amount, np.minimum(days[order], 5) * 1_000_000)
    assert (at > DELIVERED.delivered_at[order]).all()
    assert set(delay_credits(DICE, VND, DELIVERED, everybody)[0].tolist()) == set(np.flatnonzero(LATE).tolist())


def test_one_line_in_eight_is_reviewed_mostly_with_five_stars_and_more_ones_than_twos():
    assert len(REVIEWS.line) / len(LINES.order) == pytest.approx(0.12, abs=0.005)
    stars = np.bincount(REVIEWS.rating, minlength=6)[1:] / len(REVIEWS.line)
    assert stars[4] > 0.5 > 0.25 > stars[3] > stars[0] > stars[1]


def test_delays_and_returns_cost_stars_and_products_differ():
    late = LATE[LINES.order[REVIEWS.line]]
    assert REVIEWS.rating[late].mean() < REVIEWS.rating[~late].mean() - 0.3
    unhappy = write_reviews(DICE, DELIVERED, LINES, ~NOTHING_BACK)
    assert unhappy.rating.mean() < REVIEWS.rating.mean() - 0.8
    product = LINES.product_id[REVIEWS.line]
    mean = np.bincount(product, weights=REVIEWS.rating)[1:] / np.bincount(product)[1:]
    by_chance = REVIEWS.rating.std() / np.sqrt(np.bincount(product)[1:].mean())
    assert mean.std() > 1.5 * by_chance


def test_reviews_speak_of_delays_only_where_there_was_one():
    has_body = REVIEWS.body >= 0
    assert has_body.mean() == pytest.approx(0.55, abs=0.02)
    of_delay = REVIEWS.body >= REVIEW_BODIES.index("Took far too long to arrive.")
    assert of_delay.sum() > 50
    assert LATE[LINES.order[REVIEWS.line[of_delay]]].all()
    happy = REVIEWS.body == REVIEW_BODIES.index("Very happy with it!")
    assert set(REVIEWS.rating[happy].tolist()) == {5}
