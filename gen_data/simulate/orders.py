"""What is ordered in a stretch, at what price, and the rows of an order's life up to its delivery."""

from typing import NamedTuple

import numpy as np

from gen_data import schema
from gen_data.behaviour.baskets import Amounts, Lines, add_up, fill_baskets, line_discounts
from gen_data.behaviour.cards import card_tokens
from gen_data.behaviour.channels import CHANNEL_CODES, PAYMENT_METHODS
from gen_data.behaviour.fraud import fill_fraud_baskets
from gen_data.behaviour.order_life import CARD, CASH_ON_DELIVERY, MAXIMUM_ATTEMPTS, NEVER, NEVER_CANCELLED, Life
from gen_data.behaviour.visits import device_of
from gen_data.changes import Changes, Coded, Insert, Update, constant
from gen_data.ids import PAYMENTS_PER_ORDER, is_fraud
from gen_data.randomness import BoolArray, FloatArray, IntArray
from gen_data.schema.orders import ORDER_STATUSES
from gen_data.schema.stock import WAREHOUSE_CODES
from gen_data.simulate.arrivals import Coming
from gen_data.simulate.state import State

PAYMENT_STATUSES = ("succeeded", "failed", "refunded")
_FAILURE_REASONS = ("insufficient_funds", "declined_by_issuer", "expired_card", "timeout")
_SUCCEEDED, _FAILED, _REFUNDED = range(3)
_CANCELLED = ORDER_STATUSES.index("cancelled")


class Placed(NamedTuple):
    """Orders as they are placed, each with what decided it; ``region`` is a position in REGIONS, money in hundredths."""

    coming: Coming
    address_id: IntArray
    province: IntArray
    region: IntArray
    items: IntArray
    discount: IntArray
    shipping: IntArray
    tax: IntArray
    total: IntArray


def fill(state: State, due: Coming) -> Lines:
    """The baskets of coming orders, chosen at the prices of the day on which each visit began; of frauds, at those of today."""
    dishonest, is_today = is_fraud(due["order_id"]), due["started_at"] >= state.today.began_at
    if is_today.all() and not dishonest.any():
        return fill_baskets(state.dice, state.assortment, state.today.appeal, due["order_id"], due["best_sellers"])
    parts = []
    for of_day, day in ((~is_today & ~dishonest, state.yesterday), (is_today & ~dishonest, state.today)):
        rows = np.flatnonzero(of_day)
        lines = fill_baskets(state.dice, state.assortment, day.appeal, due["order_id"][rows], due["best_sellers"][rows])
        parts.append(lines._replace(order=rows[lines.order]))
    rows = np.flatnonzero(dishonest)
    lines = _fraud_baskets(state, due["order_id"][rows], due["best_sellers"][rows])
    parts.append(lines._replace(order=rows[lines.order]))
    merged = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    order = np.lexsort((merged[1], merged[0]))
    return Lines(*(column[order] for column in merged))


def _fraud_baskets(state: State, order_id: IntArray, best_sellers: IntArray) -> Lines:
    active = state.assortment.active_ids
    by_price = active[np.lexsort((active, state.today.list_price[active]))]
    offered = state.assortment.pick(state.dice, "product", order_id, 0, state.today.appeal, best_sellers)
    return fill_fraud_baskets(state.dice, by_price, order_id, offered)


def amounts_of(
    state: State, due: Coming, lines: Lines, list_price: IntArray, discount_rate: FloatArray, discounted_count: IntArray
) -> tuple[IntArray, BoolArray, Amounts]:
    """The discount of each line, which orders take it by voucher, and their amounts.

    ``discount_rate`` on so many best sellers is in force when an order comes. Of two discounts it takes the one that is worth more.
    """
    list_amount = list_price * lines.quantity
    discount = line_discounts(state.assortment, state.currency, lines, list_amount, discount_rate, discounted_count)
    voucher = state.currency.share(list_amount, due["discount_rate"][lines.order])
    by_voucher = np.bincount(lines.order, weights=voucher - discount, minlength=len(due)) > 0
    discount = np.where(by_voucher[lines.order], voucher, discount)
    return discount, by_voucher, add_up(state.currency, lines, list_amount, discount, due["channel"], len(due))


def order_rows(
    state: State, placed: Placed, lines: Lines, list_price: IntArray, discount: IntArray, warehouse: IntArray, promotion_id: IntArray
) -> Changes:
    """The rows that an order begins with; list price, discount and warehouse (a position) are by line."""
    coming, at, order_id = placed.coming, placed.coming["ordered_at"].copy(), placed.coming["order_id"].copy()
    pending = np.zeros(len(at), dtype=np.int64)
    own_device = device_of(state.dice, coming["customer_id"].copy(), order_id)
    device = np.where(coming["device_id"] > 0, coming["device_id"], own_device)
    placed_from = np.where(coming["placed_from"] > 0, coming["placed_from"] - 1, placed.province)
    discounted = np.flatnonzero(placed.discount > 0)
    line_order, line_at = order_id[lines.order], at[lines.order]
    return [
        Insert(
            schema.ORDERS,
            {
                "order_id": order_id,
                "customer_id": coming["customer_id"].copy(),
                "address_id": placed.address_id,
                "channel_code": Coded(CHANNEL_CODES, coming["channel"].copy()),
                "status": Coded(ORDER_STATUSES, pending),
                "ordered_at": at,
                "currency": constant(state.currency.code, len(at)),
                "items_amount": placed.items,
                "discount_amount": placed.discount,
                "shipping_amount": placed.shipping,
                "tax_amount": placed.tax,
                "total_amount": placed.total,
                "device_id": device,
                "placed_from": state.people.province_names(placed_from),
                "updated_at": at,
            },
            at,
            order_id,
        ),
        Insert(
            schema.ORDER_ITEMS,
            {
                "order_id": line_order,
                "line_number": lines.line_number,
                "product_id": lines.product_id,
                "quantity": lines.quantity,
                "list_price": list_price,
                "discount_amount": discount,
                "line_amount": list_price * lines.quantity - discount,
                "unit_cost": state.unit_cost[lines.product_id],
                "warehouse_code": Coded(WAREHOUSE_CODES, warehouse),
            },
            line_at,
            line_order,
        ),
        Insert(
            schema.ORDER_PROMOTIONS,
            {"order_id": order_id[discounted], "promotion_id": promotion_id[discounted], "discount_amount": placed.discount[discounted]},
            at[discounted],
            order_id[discounted],
        ),
    ]


def life_rows(state: State, placed: Placed, life: Life) -> Changes:
    """Every status and payment up to the delivery, whenever it comes."""
    return [*_status_rows(placed, life), *_payment_rows(state, placed, life)]


def _status_rows(placed: Placed, life: Life) -> Changes:
    order_id = placed.coming["order_id"]
    at = np.stack(
        [placed.coming["ordered_at"], life.paid_at, life.packed_at, life.shipped_at, life.delivered_at, life.cancelled_at], axis=1
    )
    row, step = np.nonzero(at != NEVER)
    sequence = np.where(step == _CANCELLED, life.steps_before_cancel[row] + 1, step + 1)
    instant, ids = at[row, step], order_id[row]
    status = Coded(ORDER_STATUSES, step)
    later = step > 0
    return [
        Insert(
            schema.ORDER_STATUS_HISTORY,
            {"order_id": ids, "sequence": sequence, "status": status, "changed_at": instant},
            instant,
            ids,
        ),
        Update(
            schema.ORDERS,
            {"order_id": ids[later], "status": Coded(ORDER_STATUSES, step[later]), "updated_at": instant[later]},
            instant[later],
            ids[later],
        ),
    ]


def _payment_rows(state: State, placed: Placed, life: Life) -> Changes:
    """Attempts in their order, then the refund of a cancelled order; cash on delivery is one payment, at the door."""
    coming, total, is_cash = placed.coming, placed.total, life.method == CASH_ON_DELIVERY
    parts = []
    for attempt in range(MAXIMUM_ATTEMPTS):
        made = np.flatnonzero(life.attempt_count > attempt)
        status = np.where(life.failed_count[made] > attempt, _FAILED, _SUCCEEDED)
        parts.append((made, life.attempt_at[made, attempt], status, np.full(len(made), attempt + 1)))
    at_the_door = np.flatnonzero(is_cash & (life.steps_before_cancel == NEVER_CANCELLED))
    ones = np.ones(len(at_the_door), dtype=np.int64)
    parts.append((at_the_door, life.delivered_at[at_the_door], ones * _SUCCEEDED, ones))
    refunded = np.flatnonzero(life.refunded_at != NEVER)
    parts.append((refunded, life.refunded_at[refunded], np.full(len(refunded), _REFUNDED), life.attempt_count[refunded] + 1))
    row, at, status, attempt_number = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return [
        payment_rows(state, coming["order_id"][row], coming["customer_id"][row], attempt_number, life.method[row], status, total[row], at)
    ]


def payment_rows(
    state: State,
    order_id: IntArray,
    customer_id: IntArray,
    attempt: IntArray,
    method: IntArray,
    status: IntArray,
    amount: IntArray,
    at: IntArray,
) -> Insert:
    """Rows of payments; ``method`` and ``status`` are positions."""
    payment_id = order_id * PAYMENTS_PER_ORDER + attempt
    reason = np.where(status == _FAILED, state.dice.integers("failure reason", payment_id, len(_FAILURE_REASONS)), -1)
    return Insert(
        schema.PAYMENTS,
        {
            "payment_id": payment_id,
            "order_id": order_id,
            "attempt": attempt,
            "method": Coded(PAYMENT_METHODS, method),
            "status": Coded(PAYMENT_STATUSES, status),
            "amount": amount,
            "paid_at": at,
            "card_token": card_tokens(state.dice, customer_id, method == CARD),
            "failure_reason": Coded(_FAILURE_REASONS, reason),
        },
        at,
        order_id,
    )
