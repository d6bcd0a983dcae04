"""How frauds go about it: campaigns of minutes to a few hours, each with the marks that its kind is known by.

* ``card_testing``: bulk payments that find out which of many stolen cards work
  (OAT-001 Carding in the OWASP Automated Threat Handbook, https://owasp.org/www-project-automated-threats-to-web-applications/).
  New accounts (OAT-019) on one or two devices, each with another card, order the cheapest there is within minutes, from one network far
  from the addresses they give. Nine in ten are declined.
* ``account_takeover``: new account details, a new device and a new delivery address, in this order, then dear orders (Ravelin, "Six
  fraud signals to spot account takeover", 2019, https://www.ravelin.com/blog/six-ways-to-spot-account-takeover).
* ``refund_abuse``: existing customers who keep dear goods and claim that these never arrived or are not as described (the ways of refund
  fraud in Riskified's Policy abuse glossary, https://www.riskified.com/?p=48564, which needs no stolen accounts).
* ``promo_abuse``: one person takes an offer that is meant to be taken once through many new accounts, which share devices and the
  address (Ravelin, "Policy abuse", https://www.ravelin.com/insights/policy-abuse). Where nothing is on offer, it is goods that are
  rationed by account: the best sellers (OAT-005 Scalping).

How many and how long they are is our assumption. Everything follows from the
number of an order, so that nobody has to remember a campaign.
"""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour.baskets import Lines
from gen_data.behaviour.channels import CHANNEL_CODES, ORDER_SHARES
from gen_data.behaviour.customers import pick_loyal
from gen_data.behaviour.people import People
from gen_data.clock import HOUR
from gen_data.ids import ORDERS_PER_FRAUD_ACCOUNT, campaign_of, fraud_kind, fraud_order_id, later_address_id
from gen_data.randomness import BoolArray, Dice, IntArray
from gen_data.schema.ground_truth import FRAUD_KINDS

CARD_TESTING, ACCOUNT_TAKEOVER, REFUND_ABUSE, PROMO_ABUSE = (
    FRAUD_KINDS.index(kind) for kind in ("card_testing", "account_takeover", "refund_abuse", "promo_abuse")
)

# No order of a campaign comes later than this after it began.
LONGEST_CAMPAIGN = 6 * HOUR
_MINUTE = HOUR // 60
# By kind, in the order of FRAUD_KINDS: the fewest and the most accounts, orders through each of them, and devices, and the shortest and the
# longest time in which the orders come. Whoever has taken over an account first changes what is in it.
_ACCOUNTS = np.array([[20, 80], [1, 1], [1, 3], [10, 30]])
_ORDERS = np.array([[1, 1], [1, 3], [2, 4], [1, 1]])
_DEVICES = np.array([[1, 2], [1, 1], [0, 0], [1, 3]])
_SPANS = np.array([[5, 30], [20, 240], [60, 330], [60, 240]]) * _MINUTE
_PREPARATION = np.array([0, 5, 0, 0]) * _MINUTE

_DECLINED_SHARE = 0.9
# Of the products by price: the cheapest twentieth is what cards are tested on, the dearest twentieth is worth stealing.
_CHEAP_PART, _DEAR_PART = 20, 20
_SECOND_LINE_SHARE = 0.4
RATIONED_BEST_SELLERS = 20
_WEBSITE = CHANNEL_CODES.index("website")


class FraudOrders(NamedTuple):
    """The orders of campaigns; a device of 0 is the customer's own."""

    order_id: IntArray
    ordered_at: IntArray
    channel: IntArray
    device_id: IntArray


def plan_campaigns(dice: Dice, campaign_ids: IntArray, begins_at: IntArray) -> FraudOrders:
    """All orders of the campaigns, within LONGEST_CAMPAIGN of their beginning."""
    campaign, account = _expand(_between(dice, "fraud accounts", campaign_ids, _ACCOUNTS[fraud_kind(campaign_ids)]))
    account_id = fraud_order_id(campaign_ids[campaign], account, np.zeros_like(account))
    of_account, order = _expand(_between(dice, "fraud orders", account_id, _ORDERS[fraud_kind(account_id)]))
    campaign, account = campaign[of_account], account[of_account]
    order_id = fraud_order_id(campaign_ids[campaign], account, order)
    kind, whole = fraud_kind(order_id), campaign_ids[campaign]
    span = _between(dice, "fraud span", whole, _SPANS[kind])
    devices = _between(dice, "fraud devices", whole, _DEVICES[kind])
    which = dice.integers("fraud device used", order_id, devices)
    device_id = 1 + dice.integers("fraud device", whole, 1 << 53, which)
    return FraudOrders(
        order_id=order_id,
        ordered_at=begins_at[campaign] + _PREPARATION[kind] + dice.integers("fraud moment", order_id, span),
        channel=np.where(kind == REFUND_ABUSE, dice.choose("channel", order_id, ORDER_SHARES), _WEBSITE),
        device_id=np.where(devices > 0, device_id, 0),
    )


def uses_new_account(order_ids: IntArray) -> BoolArray:
    """Which fraudulent orders come from an account that was made for it; the others from accounts that the shop has long known."""
    return np.isin(fraud_kind(order_ids), (CARD_TESTING, PROMO_ABUSE))


def pick_accounts(dice: Dice, people: People, account_ids: IntArray, known_count: IntArray) -> IntArray:
    """The loyal customer whose account each is, among so many known ones; taken-over ones registered in another province than is sent to."""
    picked = pick_loyal(dice, "fraud account", account_ids, known_count)
    to_province = people.province_positions(taken_address_id(account_ids))
    for attempt in range(1, ORDERS_PER_FRAUD_ACCOUNT):
        clash = np.flatnonzero((fraud_kind(account_ids) == ACCOUNT_TAKEOVER) & (people.province_positions(picked) == to_province))
        if not len(clash):
            break
        picked[clash] = pick_loyal(dice, "fraud account", account_ids[clash] + attempt, known_count[clash])
    return picked


def taken_address_id(order_ids: IntArray) -> IntArray:
    """The address that a campaign puts into the account it has taken over."""
    return later_address_id(campaign_of(order_ids))


def send_to(order_ids: IntArray, address_ids: IntArray) -> IntArray:
    """Where orders go: to the customer's address, or to the one that was put into a taken account."""
    return np.where(fraud_kind(order_ids) == ACCOUNT_TAKEOVER, taken_address_id(order_ids), address_ids)


def place_of(order_ids: IntArray, address_ids: IntArray) -> IntArray:
    """What decides street and province of the addresses of orders: the address itself, or one place for all accounts of a promo abuse."""
    return np.where(fraud_kind(order_ids) == PROMO_ABUSE, taken_address_id(order_ids), address_ids)


def placed_from(dice: Dice, order_ids: IntArray, province: IntArray, province_count: int) -> IntArray:
    """The provinces, as positions, in which the network of orders to ``province`` lies: one a campaign, and another than the address's.

    That of the address for kinds that do not hide.
    """
    network = dice.integers("fraud network", campaign_of(order_ids), province_count)
    network = np.where(network == province, (network + 1) % province_count, network)
    return np.where(np.isin(fraud_kind(order_ids), (CARD_TESTING, ACCOUNT_TAKEOVER)), network, province)


def is_declined(dice: Dice, order_ids: IntArray) -> BoolArray:
    """Whose card no attempt can save."""
    declined: BoolArray = (fraud_kind(order_ids) == CARD_TESTING) & (dice.uniform("card is declined", order_ids) < _DECLINED_SHARE)
    return declined


def pays_by_card(order_ids: IntArray) -> BoolArray:
    """Who pays with a stolen card, or with the one kept in a taken account."""
    return np.isin(fraud_kind(order_ids), (CARD_TESTING, ACCOUNT_TAKEOVER))


def claims_falsely(order_ids: IntArray) -> BoolArray:
    """Who wants the money back and keeps the goods."""
    claims: BoolArray = fraud_kind(order_ids) == REFUND_ABUSE
    return claims


def fill_fraud_baskets(dice: Dice, by_price: IntArray, order_ids: IntArray, offered: IntArray) -> Lines:
    """The lines of fraudulent orders: a cheap piece to test a card, a piece of what is ``offered``, or one or two dear products.

    ``by_price`` are the products on sale, the cheapest first; ``offered`` is a product for each order, which promo abuses take.
    """
    kind = fraud_kind(order_ids)
    cheap, dear = by_price[: -(-len(by_price) // _CHEAP_PART)], by_price[-max(len(by_price) // _DEAR_PART, 2) :]
    wants_dear = np.isin(kind, (ACCOUNT_TAKEOVER, REFUND_ABUSE))
    drawn = dice.integers("dear product", order_ids, len(dear))
    tested_on = cheap[dice.integers("cheap product", order_ids, len(cheap))]
    first = np.select([wants_dear, kind == CARD_TESTING], [dear[drawn], tested_on], offered)
    has_second = wants_dear & (dice.uniform("second dear product", order_ids) < _SECOND_LINE_SHARE)
    order = np.concatenate([np.arange(len(order_ids)), np.flatnonzero(has_second)])
    product_id = np.concatenate([first, dear[(drawn[has_second] + 1) % len(dear)]])
    line_number = np.where(np.arange(len(order)) < len(order_ids), 1, 2)
    by_order = np.lexsort((line_number, order))
    return Lines(order[by_order], line_number[by_order], product_id[by_order], np.ones(len(order), dtype=np.int64))


def _expand(counts: IntArray) -> tuple[IntArray, IntArray]:
    """So many parts of each: whose a part is, and its number, from 0."""
    whole = np.repeat(np.arange(len(counts)), counts)
    return whole, np.arange(len(whole)) - (np.cumsum(counts) - counts)[whole]


def _between(dice: Dice, purpose: str, ids: IntArray, bounds: IntArray) -> IntArray:
    """A whole number within the two bounds of each, both included."""
    return bounds[:, 0] + dice.integers(purpose, ids, bounds[:, 1] - bounds[:, 0] + 1)
