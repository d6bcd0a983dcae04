import numpy as np
import pytest

from gen_data.behaviour import fraud
from gen_data.behaviour.customers import is_loyal
from gen_data.behaviour.fraud import (
    ACCOUNT_TAKEOVER,
    CARD_TESTING,
    LONGEST_CAMPAIGN,
    PROMO_ABUSE,
    REFUND_ABUSE,
    fill_fraud_baskets,
    pick_accounts,
    place_of,
    placed_from,
    plan_campaigns,
    send_to,
    taken_address_id,
)
from gen_data.behaviour.people import People, fill_name_pool
from gen_data.clock import HOUR, TICK
from gen_data.ids import (
    campaign_id,
    campaign_of,
    customer_number,
    fraud_account_of,
    fraud_kind,
    is_extra,
    is_fraud,
    is_guest,
    key_of,
    tick_of,
)
from gen_data.randomness import Dice

pytestmark = pytest.mark.unit

DICE = Dice(3)
PEOPLE = People(DICE, fill_name_pool(3, "vi_VN"))
PROVINCES = len(PEOPLE.province_pool)
COUNT = 400
TICKS = np.arange(COUNT)
# A campaign of each kind in every tick, and a second one of the first kind in some.
CAMPAIGNS = np.concatenate([*(campaign_id(TICKS, kind, np.zeros(COUNT, dtype=np.int64)) for kind in range(4)),
                            campaign_id(TICKS[:50], CARD_TESTING, np.ones(50, dtype=np.int64))])  # fmt: skip
BEGINS_AT = 1_767_225_600_000_000 + tick_of(CAMPAIGNS) * TICK + 17
ORDERS = plan_campaigns(DICE, CAMPAIGNS, BEGINS_AT)
KIND = fraud_kind(ORDERS.order_id)
CAMPAIGN = campaign_of(ORDERS.order_id)
BEGAN_AT = BEGINS_AT[np.argsort(CAMPAIGNS)][np.searchsorted(np.sort(CAMPAIGNS), CAMPAIGN)]
HONEST = key_of(np.array([0, 1, 5, 9]), np.array([7, 499_999, 500_000, 899_999]))


def of_campaigns(kind, values):
    """The values of each campaign of a kind."""
    rows = kind == KIND
    return [values[rows][CAMPAIGN[rows] == one] for one in np.unique(CAMPAIGN[rows])]


def test_an_order_says_which_campaign_and_kind_it_is_part_of():
    assert len(np.unique(ORDERS.order_id)) == len(ORDERS.order_id)
    assert set(CAMPAIGN.tolist()) == set(CAMPAIGNS.tolist())
    assert is_fraud(ORDERS.order_id).all()
    assert is_extra(ORDERS.order_id).all()
    assert (tick_of(ORDERS.order_id) == tick_of(CAMPAIGN)).all()
    assert not is_fraud(HONEST).any()
    assert (fraud_kind(HONEST) == -1).all()


def test_a_campaign_is_over_within_its_longest_time_and_planned_alone_as_among_others():
    since = ORDERS.ordered_at - BEGAN_AT
    assert (since >= 0).all()
    assert HOUR < since.max() < LONGEST_CAMPAIGN
    one = plan_campaigns(DICE, CAMPAIGNS[7:8], BEGINS_AT[7:8])
    rows = CAMPAIGNS[7] == CAMPAIGN
    assert all((alone == among[rows]).all() for alone, among in zip(one, ORDERS, strict=True))


def test_cards_are_tested_in_bursts_on_one_or_two_devices_and_mostly_declined():
    orders, devices = of_campaigns(CARD_TESTING, ORDERS.order_id), of_campaigns(CARD_TESTING, ORDERS.device_id)
    assert {len(one) for one in orders} <= set(range(20, 81))
    assert {len(np.unique(one)) for one in devices} == {1, 2}
    assert len({device for one in devices for device in one.tolist()}) == sum(len(np.unique(one)) for one in devices)
    assert max(np.ptp(one) for one in of_campaigns(CARD_TESTING, ORDERS.ordered_at)) <= HOUR // 2
    tested = ORDERS.order_id[KIND == CARD_TESTING]
    assert fraud.uses_new_account(tested).all()
    assert fraud.pays_by_card(tested).all()
    assert fraud.is_declined(DICE, tested).mean() == pytest.approx(0.9, abs=0.01)
    assert not fraud.is_declined(DICE, ORDERS.order_id[KIND != CARD_TESTING]).any()


def test_an_account_is_taken_over_from_a_loyal_customer_of_another_province_before_it_is_used():
    taken = CAMPAIGNS[fraud_kind(CAMPAIGNS) == ACCOUNT_TAKEOVER]
    owners = pick_accounts(DICE, PEOPLE, taken, np.full(len(taken), 900))
    assert is_loyal(DICE, owners).all()
    assert not is_guest(owners).any()
    assert customer_number(owners).max() < 900
    assert (PEOPLE.province_positions(owners) != PEOPLE.province_positions(taken_address_id(taken))).all()
    assert {len(one) for one in of_campaigns(ACCOUNT_TAKEOVER, ORDERS.order_id)} == {1, 2, 3}
    assert all(len(np.unique(one)) == 1 for one in of_campaigns(ACCOUNT_TAKEOVER, ORDERS.device_id))
    rows = KIND == ACCOUNT_TAKEOVER
    assert (ORDERS.ordered_at - BEGAN_AT)[rows].min() >= 5 * TICK
    assert (send_to(ORDERS.order_id, ORDERS.order_id)[rows] == taken_address_id(ORDERS.order_id[rows])).all()
    assert (send_to(ORDERS.order_id, ORDERS.order_id)[~rows] == ORDERS.order_id[~rows]).all()


def test_refunds_are_abused_by_few_customers_with_several_orders_on_their_own_devices():
    accounts = [np.unique(fraud_account_of(one), return_counts=True)[1] for one in of_campaigns(REFUND_ABUSE, ORDERS.order_id)]
    assert {len(one) for one in accounts} == {1, 2, 3}
    assert {count for one in accounts for count in one.tolist()} == {2, 3, 4}
    rows = KIND == REFUND_ABUSE
    assert not ORDERS.device_id[rows].any()
    assert not fraud.uses_new_account(ORDERS.order_id[rows]).any()
    assert (fraud.claims_falsely(ORDERS.order_id) == rows).all()


def test_promotions_are_abused_through_accounts_that_share_devices_and_one_address_text():
    addresses = 1_000_000_001 + np.arange(len(ORDERS.order_id))
    places = of_campaigns(PROMO_ABUSE, place_of(ORDERS.order_id, addresses))
    texts = [[*PEOPLE.streets(one).to_pylist(), *PEOPLE.districts(one).to_pylist(), *PEOPLE.provinces(one).to_pylist()] for one in places]
    assert all(len(set(text)) <= 3 for text in texts)
    assert len({text[0] for text in texts}) > 0.9 * len(texts)
    assert {len(np.unique(one)) for one in of_campaigns(PROMO_ABUSE, ORDERS.device_id)} == {1, 2, 3}
    assert {len(one) for one in places} <= set(range(10, 31))
    others = KIND != PROMO_ABUSE
    assert (place_of(ORDERS.order_id, addresses)[others] == addresses[others]).all()


def test_stolen_cards_and_accounts_are_used_from_another_province_than_they_order_to():
    home = PEOPLE.province_positions(ORDERS.order_id)
    found = placed_from(DICE, ORDERS.order_id, home, PROVINCES)
    hides = np.isin(KIND, (CARD_TESTING, ACCOUNT_TAKEOVER))
    assert (found[hides] != home[hides]).all()
    assert (found[~hides] == home[~hides]).all()
    assert max(len(np.unique(one)) for one in of_campaigns(CARD_TESTING, found)) == 2


def test_a_card_is_tested_on_what_is_cheap_and_what_is_dear_is_stolen():
    by_price = 1_000 - np.arange(600)
    place = np.zeros(1_001, dtype=np.int64)
    place[by_price] = np.arange(600)
    lines = fill_fraud_baskets(DICE, by_price, ORDERS.order_id, np.full(len(ORDERS.order_id), 700))
    kind, rank = KIND[lines.order], place[lines.product_id]
    assert (rank[kind == CARD_TESTING] < 30).all()
    assert (rank[np.isin(kind, (ACCOUNT_TAKEOVER, REFUND_ABUSE))] >= 570).all()
    assert (lines.product_id[kind == PROMO_ABUSE] == 700).all()
    assert (np.diff(lines.order) >= 0).all()
    assert (np.diff(lines.line_number)[np.diff(lines.order) == 0] == 1).all()
    assert set(lines.order.tolist()) == set(range(len(ORDERS.order_id)))
    same_order = np.flatnonzero(np.diff(lines.order) == 0)
    assert len(same_order)
    assert (lines.product_id[same_order] != lines.product_id[same_order + 1]).all()
    assert (lines.quantity == 1).all()
