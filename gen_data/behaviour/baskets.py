"""What is in an order: its lines, its discount, shipping and tax."""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour.catalogue import COMPANIONS, Assortment
from gen_data.behaviour.money import Currency
from gen_data.randomness import Dice, FloatArray, IntArray

_LINE_COUNT_WEIGHTS = (0.46, 0.26, 0.15, 0.08, 0.05)
_QUANTITY_WEIGHTS = (0.62, 0.21, 0.17)
_TAX_RATE = 0.08
# How often a further line is a product that goes well with the first.
_COMPANION_SHARE = 0.35
# Shipping by channel position, in dong; free from this amount on.
_SHIPPING_DONG = np.array([18_000.0, 20_000.0, 15_000.0, 30_000.0])
_FREE_SHIPPING_DONG = 500_000.0


class Lines(NamedTuple):
    """Chosen lines: ``order`` is the order's position, ``line_number`` counts from 1 within it."""

    order: IntArray
    line_number: IntArray
    product_id: IntArray
    quantity: IntArray


class Amounts(NamedTuple):
    """An order's amounts in hundredths."""

    items: IntArray
    discount: IntArray
    shipping: IntArray
    tax: IntArray
    total: IntArray


def fill_baskets(dice: Dice, assortment: Assortment, appeal: FloatArray, order_ids: IntArray, best_sellers: IntArray) -> Lines:
    """The lines of each order: one to five different products, by order and line number.

    Orders whose ``best_sellers`` is not 0 came for a discount on so many products: their first line is one of them.
    """
    wanted = 1 + dice.choose("line count", order_ids, _LINE_COUNT_WEIGHTS)
    most = len(_LINE_COUNT_WEIGHTS)
    chosen = np.zeros((len(order_ids), most), dtype=np.int64)
    is_line = np.zeros((len(order_ids), most), dtype=np.bool_)
    for line in range(most):
        buyers = np.flatnonzero(wanted > line)
        ids = order_ids[buyers]
        came_for = best_sellers[buyers] if line == 0 else np.zeros(len(buyers), dtype=np.int64)
        picked = assortment.pick(dice, "product", ids, line, appeal, came_for)
        if line:
            goes_with = dice.uniform("goes with the first", ids, line) < _COMPANION_SHARE
            companion = assortment.companion(chosen[buyers, 0], dice.integers("companion line", ids, COMPANIONS, line))
            picked = np.where(goes_with, companion, picked)
        # A product drawn twice stays one line.
        is_line[buyers, line] = ~(chosen[buyers, :line] == picked[:, None]).any(axis=1)
        chosen[buyers, line] = picked
    order, column = np.nonzero(is_line)
    return Lines(
        order=order,
        line_number=np.cumsum(is_line, axis=1, dtype=np.int64)[order, column],
        product_id=chosen[order, column],
        quantity=1 + dice.choose("quantity", order_ids[order], _QUANTITY_WEIGHTS, column),
    )


def line_discounts(
    assortment: Assortment, currency: Currency, lines: Lines, list_amount: IntArray, discount_rate: FloatArray, discounted_count: IntArray
) -> IntArray:
    """The discount of each line in hundredths; rate and count of the discounted best sellers are given per order."""
    applies = assortment.rank(lines.product_id) < discounted_count[lines.order]
    return currency.share(list_amount, np.where(applies, discount_rate[lines.order], 0.0))


def add_up(
    currency: Currency, lines: Lines, list_amount: IntArray, line_discount: IntArray, channel: IntArray, order_count: int
) -> Amounts:
    """The amounts of each order from those of its lines."""
    items, discount = np.zeros(order_count, dtype=np.int64), np.zeros(order_count, dtype=np.int64)
    np.add.at(items, lines.order, list_amount)
    np.add.at(discount, lines.order, line_discount)
    net = items - discount
    free_from = int(currency.price(np.array([_FREE_SHIPPING_DONG]))[0])
    shipping = np.where(net >= free_from, 0, currency.price(_SHIPPING_DONG)[channel])
    tax = currency.share(net, _TAX_RATE)
    return Amounts(items, discount, shipping, tax, net + shipping + tax)
