"""Delivered orders to plan an aftermath for, in dong, a minute apart."""

import numpy as np

from gen_data.behaviour.aftersales import Delivered, DeliveredLines
from gen_data.behaviour.catalogue import CATEGORIES
from gen_data.behaviour.channels import ORDER_SHARES
from gen_data.behaviour.money import Currency
from gen_data.clock import DAY, TICK
from gen_data.ids import key_of
from gen_data.randomness import Dice

FIRST_DELIVERY = 1_767_225_600_000_000
VND = Currency("VND")


def deliveries(dice: Dice, count: int) -> tuple[Delivered, DeliveredLines]:
    """Orders of one to four lines; one in ten is up to six days late, the others come up to two days early."""
    order_id = key_of(np.arange(1, count + 1), np.full(count, 7))
    line_count = 1 + dice.choose("test line count", order_id, [0.5, 0.3, 0.1, 0.1])
    order = np.repeat(np.arange(count), line_count)
    line_number = 1 + np.arange(len(order)) - np.repeat(np.cumsum(line_count) - line_count, line_count)
    of_line = order_id[order]
    line_amount = (1_000 + dice.integers("test amount", of_line, 900_000, line_number)) * 100
    net = np.bincount(order, weights=line_amount).astype(np.int64)
    tax, shipping = VND.share(net, 0.08), np.where(net < 30_000_000, 1_800_000, 0)
    delivered_at = FIRST_DELIVERY + np.arange(count) * TICK + dice.integers("test instant", order_id, TICK)
    is_late = dice.uniform("test lateness", order_id) < 0.1
    seconds = 1 + np.where(is_late, dice.integers("test delay", order_id, 6 * 86_400), -dice.integers("test delay", order_id, 2 * 86_400))
    delivered = Delivered(
        order_id=order_id,
        customer_id=1 + dice.integers("test customer", order_id, 50),
        channel=dice.choose("test channel", order_id, ORDER_SHARES),
        delivered_at=delivered_at,
        promised_at=delivered_at - seconds * (DAY // 86_400),
        net_amount=net,
        tax_amount=tax,
        shipping_amount=shipping,
        total_amount=net + tax + shipping,
        method=dice.integers("test method", order_id, 4),
        attempts_made=1 + (dice.uniform("test retry", order_id) < 0.05).astype(np.int64),
        next_sequence=np.full(count, 6),
    )
    lines = DeliveredLines(
        order=order,
        line_number=line_number,
        product_id=1 + dice.integers("test product", of_line, 300, line_number),
        quantity=1 + dice.integers("test quantity", of_line, 3, line_number),
        line_amount=line_amount,
        category=dice.integers("test category", of_line, len(CATEGORIES), line_number),
    )
    return delivered, lines
