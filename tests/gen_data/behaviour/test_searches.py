import numpy as np
import pytest

from gen_data.behaviour.catalogue import PRODUCT_COUNT, opening_products
from gen_data.behaviour.money import Currency
from gen_data.behaviour.searches import SEARCH_TEXTS, search_texts
from gen_data.randomness import Dice

pytestmark = pytest.mark.unit

DICE = Dice(5)


def test_products_of_one_noun_and_no_others_are_searched_for_with_the_same_words():
    names = opening_products(DICE, Currency("VND")).name
    sessions = np.arange(1, 2_001)
    typed_by_noun: dict[str, set[int]] = {}
    for product_id in range(1, PRODUCT_COUNT + 1):
        noun = next(
            noun for noun in ("Rice cooker", "Smartphone", "Lipstick", "other") if noun == "other" or names[product_id - 1].startswith(noun)
        )
        typed = search_texts(DICE, sessions, np.full(len(sessions), product_id))
        typed_by_noun.setdefault(noun, set()).update(typed.tolist())
    words = {noun: {SEARCH_TEXTS[position] for position in typed} for noun, typed in typed_by_noun.items()}
    assert {"nồi cơm điện", "noi com dien", "nồi cơm điện giá rẻ"} <= words["Rice cooker"]
    assert {"điện thoại", "dien thoai"} <= words["Smartphone"]
    assert {"son môi", "son moi"} <= words["Lipstick"]
    assert not words["Rice cooker"] & (words["Smartphone"] | words["Lipstick"] | words["other"])


def test_some_people_type_without_accents():
    typed = search_texts(DICE, np.arange(10_000), np.arange(10_000) % PRODUCT_COUNT + 1)
    plain = np.array([text.isascii() for text in SEARCH_TEXTS])
    assert 0.2 < plain[typed].mean() < 0.5
