"""The cards that customers pay with."""

import numpy as np

from gen_data.randomness import BoolArray, Dice, IntArray
from gen_data.texts import Texts, join, numerals, only_where, texts


def card_tokens(dice: Dice, customer_id: IntArray, is_card: BoolArray) -> Texts:
    """What stands for each customer's card where a payment is made or refunded by card; null elsewhere."""
    number = numerals(dice.integers("card", customer_id, 10**12), width=12)
    return only_where(is_card, join("", texts(["card-"]).take(np.zeros(len(customer_id), dtype=np.int64)), number))
