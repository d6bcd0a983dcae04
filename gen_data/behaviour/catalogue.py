"""What the shop sells: the assortment at its opening, what sells best, and prices that change now and then."""

from typing import NamedTuple

import numpy as np

from gen_data.behaviour.money import Currency
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray

PRICE_CHANGES_PER_PRODUCT_DAY = 0.012
PRODUCT_COUNT = 360

# Exponent of Zipf's law for how often the product of a rank is bought.
_ZIPF_EXPONENT = 0.9


class Category(NamedTuple):
    """A category of the opening's assortment; ``typical_price`` in dong, the nouns name its products."""

    name: str
    parent: str
    typical_price: int
    nouns: tuple[str, ...]


CATEGORIES = (
    Category("Phones", "Electronics", 2_400_000, ("Smartphone", "Feature phone", "Phone case")),
    Category("Audio", "Electronics", 420_000, ("Earbuds", "Headphones", "Bluetooth speaker")),
    Category("Computers", "Electronics", 1_100_000, ("Tablet", "Keyboard", "Monitor", "Mouse")),
    Category("Kitchen", "Home", 330_000, ("Rice cooker", "Blender", "Frying pan", "Kettle")),
    Category("Bedding", "Home", 260_000, ("Pillow", "Blanket", "Bed sheet")),
    Category("Cleaning", "Home", 110_000, ("Mop", "Detergent", "Vacuum bag")),
    Category("Women", "Fashion", 210_000, ("Dress", "Blouse", "Áo dài", "Handbag")),
    Category("Men", "Fashion", 200_000, ("Shirt", "Trousers", "Belt", "Jacket")),
    Category("Shoes", "Fashion", 290_000, ("Sneakers", "Sandals", "Running shoes")),
    Category("Skin care", "Beauty", 180_000, ("Sunscreen", "Face wash", "Serum", "Moisturizer")),
    Category("Make-up", "Beauty", 150_000, ("Lipstick", "Mascara", "Powder")),
    Category("Pantry", "Groceries", 95_000, ("Coffee", "Fish sauce", "Green tea", "Instant noodles")),
)
_LINES = ("Sen", "Lotus", "Mekong", "Hạ Long", "Saigon", "Trúc", "Ban Mai", "Sông Hồng")


class Products(NamedTuple):
    """The products of the opening, by id from 1: money in hundredths, ``category`` is a position in CATEGORIES."""

    category: IntArray
    name: list[str]
    list_price: IntArray
    unit_cost: IntArray
    is_active: BoolArray


def opening_products(dice: Dice, currency: Currency) -> Products:
    """The assortment at the opening."""
    ids = np.arange(1, PRODUCT_COUNT + 1)
    category = dice.integers("product category", ids, len(CATEGORIES))
    typical = np.array([entry.typical_price for entry in CATEGORIES], dtype=np.float64)[category]
    list_price = currency.price(typical * np.exp(0.6 * dice.normal("product price", ids)))
    unit_cost = currency.share(list_price, 0.52 + 0.26 * dice.uniform("product cost", ids))
    line = dice.integers("product line", ids, len(_LINES))
    noun = dice.uniform("product noun", ids)
    name = []
    for product_id, entry, position, drawn in zip(ids.tolist(), category.tolist(), line.tolist(), noun.tolist(), strict=True):
        nouns = CATEGORIES[entry].nouns
        name.append(f"{nouns[int(drawn * len(nouns))]} {_LINES[position]} {product_id}")
    return Products(category, name, list_price, unit_cost, dice.uniform("product is discontinued", ids) >= 0.04)


class Assortment:
    """How popular each product is. ``is_active`` is by product id from 1; only active products are bought."""

    def __init__(self, dice: Dice, is_active: BoolArray) -> None:
        ids = np.arange(1, len(is_active) + 1)
        order = np.argsort(dice.uniform("product popularity", ids), kind="stable")
        self._by_rank = ids[order][is_active[order]]
        self._rank = np.full(len(is_active) + 1, len(is_active), dtype=np.int64)
        self._rank[self._by_rank] = np.arange(len(self._by_rank))
        self._weights: FloatArray = np.power(np.arange(1, len(self._by_rank) + 1, dtype=np.float64), -_ZIPF_EXPONENT)

    def pick(self, dice: Dice, order_ids: IntArray, part: int) -> IntArray:
        """A product id for each order, by Zipf's law; ``part`` tells an order's lines apart."""
        return self._by_rank[dice.choose("product", order_ids, self._weights, part)]

    def rank(self, product_ids: IntArray) -> IntArray:
        """The popularity rank of products: 0 sells best."""
        return self._rank[product_ids]

    @property
    def active_ids(self) -> IntArray:
        """The ids of the products on sale."""
        return self._by_rank


def changed_price(dice: Dice, currency: Currency, key: int, base_price: int) -> int:
    """A new list price within -15 % to +12 % of the opening's, for the price change with this key."""
    factor = 0.85 + 0.27 * float(dice.uniform("price change", key))
    if currency.code == "VND":
        return int(currency.price(np.array([base_price / 100 * factor]))[0])
    return max(int(base_price * factor) // currency.smallest, 1) * currency.smallest
