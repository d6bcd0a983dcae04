"""Fraud campaigns: how they begin, whose accounts they use, what they do to these accounts, and the truth about them."""

from typing import NamedTuple

import numpy as np

from gen_data import schema
from gen_data.behaviour import fraud
from gen_data.behaviour.visits import device_of
from gen_data.changes import Changes, Coded, Columns, Insert
from gen_data.clock import ShopClock
from gen_data.ids import (
    CAMPAIGNS_PER_KIND_AND_TICK,
    campaign_id,
    campaign_of,
    fraud_account_of,
    fraud_kind,
    is_fraud,
    number_of,
    tick_of,
)
from gen_data.randomness import Dice, IntArray
from gen_data.schedule import Conditions
from gen_data.schema.ground_truth import FRAUD_KINDS
from gen_data.simulate.arrivals import SOMEBODY_KNOWN, Coming, coming
from gen_data.simulate.happenings import happenings
from gen_data.simulate.state import State


class Campaigns(NamedTuple):
    """Campaigns, each with the instant at which it begins."""

    campaign_id: IntArray
    at: IntArray


class Takeovers(NamedTuple):
    """Accounts that change hands, in the order of their instants: whose, when, and the address that is put in."""

    campaign_id: IntArray
    at: IntArray
    customer_id: IntArray
    address_id: IntArray


def begin_campaigns(dice: Dice, clock: ShopClock, ticks: IntArray, conditions: Conditions) -> Campaigns:
    """The campaigns that begin in consecutive ticks."""
    ids, instants = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for kind in np.flatnonzero(conditions.fraud_rates.any(axis=0)).tolist():
        begun = happenings(dice, clock, f"{FRAUD_KINDS[kind]} campaign", ticks, conditions.fraud_rates[:, kind])
        number = number_of(begun.key)
        fits = number < CAMPAIGNS_PER_KIND_AND_TICK
        ids.append(campaign_id(begun.tick[fits], kind, number[fits]))
        instants.append(begun.at[fits])
    return Campaigns(np.concatenate(ids), np.concatenate(instants))


def fraud_orders(dice: Dice, campaigns: Campaigns) -> Coming:
    """All orders that campaigns will bring; whose the accounts are that were there before is for :func:`choose_accounts`."""
    planned = fraud.plan_campaigns(dice, *campaigns)
    return coming(
        {
            "order_id": planned.order_id,
            "started_at": planned.ordered_at,
            "ordered_at": planned.ordered_at,
            "channel": planned.channel,
            "customer_id": np.where(fraud.uses_new_account(planned.order_id), 0, SOMEBODY_KNOWN),
            "device_id": planned.device_id,
        }
    )


def choose_accounts(state: State, frauds: Coming, ticks: IntArray, known: IntArray) -> None:
    """Say whose accounts campaigns use that begin in ``ticks``, when so many base customers were ``known``; in place."""
    open_ = np.flatnonzero(frauds["customer_id"] == SOMEBODY_KNOWN)
    accounts, of_order = np.unique(fraud_account_of(frauds["order_id"][open_]), return_inverse=True)
    picked = fraud.pick_accounts(state.dice, state.people, accounts, known[tick_of(accounts) - ticks[0]])
    frauds["customer_id"][open_] = picked[of_order]


def take_over(state: State, campaigns: Campaigns, ticks: IntArray, known: IntArray) -> Takeovers:
    """The accounts that campaigns take over as they begin."""
    taken = np.flatnonzero(fraud_kind(campaigns.campaign_id) == fraud.ACCOUNT_TAKEOVER)
    taken = taken[np.argsort(campaigns.at[taken], kind="stable")]
    ids = campaigns.campaign_id[taken]
    owners = fraud.pick_accounts(state.dice, state.people, ids, known[tick_of(ids) - ticks[0]])
    return Takeovers(ids, campaigns.at[taken], owners, fraud.taken_address_id(ids))


def disguise(state: State, due: Coming, province: IntArray, discounted_count: IntArray) -> None:
    """Let fraudulent orders to a ``province`` come from where they do, by whose device, for what is discounted when they come; in place."""
    row = np.flatnonzero(is_fraud(due["order_id"]))
    order_id = due["order_id"][row]
    own_device = device_of(state.dice, due["customer_id"][row], order_id)
    due["device_id"][row] = np.where(due["device_id"][row] > 0, due["device_id"][row], own_device)
    due["placed_from"][row] = 1 + fraud.placed_from(state.dice, order_id, province[row], len(state.people.province_pool))
    due["best_sellers"][row] = np.where(discounted_count[row] > 0, discounted_count[row], fraud.RATIONED_BEST_SELLERS)


def name_frauds(state: State, due: Coming) -> Changes:
    """The truth about whose accounts are used for fraud, each when its first such order comes; orders in the order of their instants."""
    order_id = due["order_id"][is_fraud(due["order_id"])]
    customer_id, at = due["customer_id"][is_fraud(due["order_id"])], due["ordered_at"][is_fraud(due["order_id"])]
    _, first = np.unique(customer_id, return_index=True)
    new = np.array([row for row in np.sort(first).tolist() if int(customer_id[row]) not in state.frauds], dtype=np.int64)
    state.frauds.update(customer_id[new].tolist())
    columns: Columns = {"customer_id": customer_id[new], **_campaign_columns(order_id[new])}
    return [Insert(schema.FRAUD_CUSTOMERS, columns, at[new], order_id[new])]


def fraud_truth(placed: Coming) -> Changes:
    """The truth about placed orders."""
    row = np.flatnonzero(is_fraud(placed["order_id"]))
    order_id = placed["order_id"][row]
    return [Insert(schema.FRAUD_ORDERS, {"order_id": order_id, **_campaign_columns(order_id)}, placed["ordered_at"][row], order_id)]


def _campaign_columns(order_id: IntArray) -> Columns:
    return {"kind": Coded(FRAUD_KINDS, fraud_kind(order_id)), "campaign_id": campaign_of(order_id)}
