"""What the shop sells: the assortment at its opening, what sells best, and prices that change now and then."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gen_data.behaviour.money import Currency
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray

PRICE_CHANGES_PER_PRODUCT_DAY = 0.012
PRODUCT_COUNT = 360

# Products that are often bought together with one.
COMPANIONS = 4
# How demand for a product answers to its price: Tellis (1988), The price elasticity of selective demand, found a mean of -1.76 over brands;
# between the products of one shop we take less.
PRICE_ELASTICITY = -1.2

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
# What products are, category by category.
NOUNS = tuple(noun for category in CATEGORIES for noun in category.nouns)
_NOUN_COUNTS = np.array([len(category.nouns) for category in CATEGORIES])
_FIRST_NOUN = np.cumsum(_NOUN_COUNTS) - _NOUN_COUNTS
_LINES = ("Sen", "Lotus", "Mekong", "Hạ Long", "Saigon", "Trúc", "Ban Mai", "Sông Hồng")


class Products(NamedTuple):
    """The products of the opening, by id from 1: money in hundredths, ``category`` is a position in CATEGORIES."""

    category: IntArray
    name: list[str]
    list_price: IntArray
    unit_cost: IntArray
    is_active: BoolArray


def product_categories(dice: Dice, product_ids: IntArray) -> IntArray:
    """The category of products, as a position in CATEGORIES."""
    return dice.integers("product category", product_ids, len(CATEGORIES))


def product_nouns(dice: Dice, product_ids: IntArray) -> IntArray:
    """What products are, as a position in NOUNS."""
    category = product_categories(dice, product_ids)
    nouns: IntArray = _FIRST_NOUN[category] + dice.integers("product noun", product_ids, _NOUN_COUNTS[category])
    return nouns


def opening_products(dice: Dice, currency: Currency) -> Products:
    """The assortment at the opening."""
    ids = np.arange(1, PRODUCT_COUNT + 1)
    category = product_categories(dice, ids)
    typical = np.array([entry.typical_price for entry in CATEGORIES], dtype=np.float64)[category]
    list_price = currency.price(typical * np.exp(0.6 * dice.normal("product price", ids)))
    unit_cost = currency.share(list_price, 0.52 + 0.26 * dice.uniform("product cost", ids))
    line = dice.integers("product line", ids, len(_LINES))
    name = [
        f"{NOUNS[noun]} {_LINES[position]} {product_id}"
        for product_id, noun, position in zip(ids.tolist(), product_nouns(dice, ids).tolist(), line.tolist(), strict=True)
    ]
    return Products(category, name, list_price, unit_cost, dice.uniform("product is discontinued", ids) >= 0.04)


class Assortment:
    """How popular each product is. ``is_active`` is by product id from 1; only active products are bought."""

    def __init__(self, dice: Dice, is_active: BoolArray) -> None:
        ids = np.arange(1, len(is_active) + 1)
        order = np.argsort(dice.uniform("product popularity", ids), kind="stable")
        self._by_rank = ids[order][is_active[order]]
        self._rank = np.full(len(is_active) + 1, len(is_active), dtype=np.int64)
        self._rank[self._by_rank] = np.arange(len(self._by_rank))
        self.popularity: FloatArray = np.power(np.arange(1, len(self._by_rank) + 1, dtype=np.float64), -_ZIPF_EXPONENT)
        choices = dice.integers("companion", ids[:, None], len(self._by_rank), np.arange(COMPANIONS))
        self._companions = np.zeros((len(ids) + 1, COMPANIONS), dtype=np.int64)
        self._companions[1:] = self._by_rank[choices]

    def appeal(self, list_price: IntArray, opening_price: IntArray) -> FloatArray:
        """Cumulated shares of demand by popularity rank, at these prices by product id: dearer products sell less, by their elasticity."""
        relative = list_price[self._by_rank] / opening_price[self._by_rank]
        cumulated = np.cumsum(self.popularity * np.power(relative, PRICE_ELASTICITY))
        shares: FloatArray = cumulated / cumulated[-1]
        return shares

    def pick(self, dice: Dice, purpose: str, ids: IntArray, part: npt.ArrayLike, appeal: FloatArray, best_sellers: IntArray) -> IntArray:
        """A product id for each of ``ids`` by what appeals; only from so many ``best_sellers`` where that is not 0."""
        most = np.where(best_sellers > 0, appeal[np.minimum(best_sellers, len(appeal)) - 1], 1.0)
        drawn = dice.uniform(purpose, ids, part) * most
        return self._by_rank[np.minimum(np.searchsorted(appeal, drawn, side="right"), len(appeal) - 1)]

    def companion(self, product_ids: IntArray, which: IntArray) -> IntArray:
        """One of the products that go well with another; ``which`` counts from 0 to COMPANIONS - 1."""
        return self._companions[product_ids, which]

    def rank(self, product_ids: IntArray) -> IntArray:
        """The popularity rank of products: 0 sells best."""
        return self._rank[product_ids]

    @property
    def active_ids(self) -> IntArray:
        """The ids of the products on sale, the most popular first."""
        return self._by_rank


def changed_price(dice: Dice, currency: Currency, key: int, base_price: int) -> int:
    """A new list price within -15 % to +12 % of the opening's, for the price change with this key."""
    factor = 0.85 + 0.27 * float(dice.uniform("price change", key))
    if currency.code == "VND":
        return int(currency.price(np.array([base_price / 100 * factor]))[0])
    return max(int(base_price * factor) // currency.smallest, 1) * currency.smallest
