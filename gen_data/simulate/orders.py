"""What is ordered in a stretch and at what price, and what happens to orders that were placed before."""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour.baskets import add_up, fill_baskets, line_discounts
from gen_data.behaviour.catalogue import PRICE_CHANGES_PER_PRODUCT_DAY, changed_price
from gen_data.behaviour.channels import CHANNEL_CODES, PAYMENT_METHODS
from gen_data.behaviour.order_life import PAYMENT_STATUSES, Orders, lives
from gen_data.clock import TICKS_PER_DAY
from gen_data.randomness import FloatArray, IntArray
from gen_data.rows import Columns
from gen_data.schema.orders import ORDER_STATUSES
from gen_data.simulate.happenings import ChangedValues, happenings
from gen_data.state import State
from gen_data.texts import pick


class Placed(NamedTuple):
    """Orders as they are placed, by id; the discount in force at each order's tick comes with it."""

    order_id: IntArray
    customer_id: IntArray
    address_id: IntArray
    channel: IntArray
    at: IntArray
    discount_rate: FloatArray
    discounted_count: IntArray


class Steps(NamedTuple):
    """Status events of a stretch: ``last_status`` and ``last_at`` of the new orders, by id, and changes of older ones.

    ``round`` of a change counts the changes of one order within the stretch from 0.
    """

    last_status: IntArray
    last_at: IntArray
    changes: Columns
    history: Columns


def change_prices(state: State, ticks: IntArray) -> ChangedValues:
    """Let some list prices (hundredths, by product id) change."""
    mean = len(state.assortment.active_ids) * PRICE_CHANGES_PER_PRODUCT_DAY / TICKS_PER_DAY
    found = happenings(state, "price change", ticks, np.full(len(ticks), mean))
    product = state.assortment.active_ids[state.dice.integers("price change product", found.key, len(state.assortment.active_ids))]
    state.list_price = state.list_price.copy()
    changes = []
    for product_id, key, at in zip(product.tolist(), found.key.tolist(), found.at.tolist(), strict=True):
        price = changed_price(state.dice, state.currency, key, int(state.opening_price[product_id]))
        if price != state.list_price[product_id]:
            state.list_price[product_id] = price
            changes.append((product_id, at, price))
    return ChangedValues(*np.array(changes, dtype=np.int64).reshape(-1, 3).T)


def sell(state: State, placed: Placed, old_prices: IntArray, price_changes: ChangedValues) -> tuple[Columns, Columns, IntArray]:
    """Fill the baskets: the columns of orders (but for status and updated_at), those of order_items, and the totals in hundredths."""
    lines = fill_baskets(state.dice, state.assortment, placed.order_id)
    list_price = price_changes.as_of(lines.product_id, placed.at[lines.order], old_prices[lines.product_id])
    list_amount = list_price * lines.quantity
    discount = line_discounts(state.assortment, state.currency, lines, list_amount, placed.discount_rate, placed.discounted_count)
    amounts = add_up(state.currency, lines, list_amount, discount, placed.channel, len(placed.order_id))
    orders: Columns = {
        "order_id": placed.order_id,
        "customer_id": placed.customer_id,
        "address_id": placed.address_id,
        "channel_code": pick(CHANNEL_CODES, placed.channel),
        "ordered_at": placed.at,
        "currency": pick((state.currency.code,), np.zeros(len(placed.order_id), dtype=np.int64)),
        "items_amount": amounts.items,
        "discount_amount": amounts.discount,
        "shipping_amount": amounts.shipping,
        "tax_amount": amounts.tax,
        "total_amount": amounts.total,
    }
    order_items: Columns = {
        "order_id": placed.order_id[lines.order],
        "line_number": lines.line_number,
        "product_id": lines.product_id,
        "quantity": lines.quantity,
        "list_price": list_price,
        "discount_amount": discount,
        "line_amount": list_amount - discount,
        "unit_cost": state.unit_cost[lines.product_id],
    }
    return orders, order_items, amounts.total


def plan_lives(state: State, placed: Placed, total_amount: IntArray) -> None:
    """Note everything that will happen to the new orders."""
    steps, payments = lives(state.dice, Orders(placed.order_id, placed.at, placed.channel, total_amount))
    state.steps.add(steps)
    state.payments.add(payments)


def take_steps(state: State, first_new_id: int, before: int) -> Steps:
    """Status events up to an instant, of orders old and new."""
    due = state.steps.take(before)
    due = due[np.lexsort((due["sequence"], due["order_id"]))]
    begins = np.ones(len(due), dtype=np.bool_)
    begins[1:] = due["order_id"][1:] != due["order_id"][:-1]
    starts = np.flatnonzero(begins)
    round_ = np.arange(len(due)) - np.repeat(starts, np.diff(np.append(starts, len(due))))
    ends = np.append(starts[1:], len(due)) - 1
    last = due[ends] if len(due) else due
    last_of_new = last[last["order_id"] >= first_new_id]
    is_old = due["order_id"] < first_new_id
    return Steps(
        last_status=last_of_new["status"],
        last_at=last_of_new["at"],
        changes={
            "order_id": due["order_id"][is_old],
            "round": round_[is_old],
            "status": pick(ORDER_STATUSES, due["status"][is_old]),
            "at": due["at"][is_old],
        },
        history={
            "order_id": due["order_id"],
            "sequence": due["sequence"],
            "status": pick(ORDER_STATUSES, due["status"]),
            "changed_at": due["at"],
        },
    )


def pay(state: State, before: int) -> Columns:
    """Payments and refunds up to an instant, with ids in the order of their instants."""
    due = state.payments.take(before)
    due = due[np.lexsort((due["attempt"], due["order_id"], due["at"]))]
    return {
        "payment_id": state.counters.next_payment_id + np.arange(len(due)),
        "order_id": due["order_id"],
        "attempt": due["attempt"],
        "method": pick(PAYMENT_METHODS, due["method"]),
        "status": pick(PAYMENT_STATUSES, due["status"]),
        "amount": due["amount"],
        "paid_at": due["at"],
    }
