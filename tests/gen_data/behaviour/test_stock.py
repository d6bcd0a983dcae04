import numpy as np
import pytest

from gen_data.behaviour.baskets import fill_baskets
from gen_data.behaviour.catalogue import CATEGORIES, PRODUCT_COUNT, Assortment, opening_products
from gen_data.behaviour.money import Currency
from gen_data.behaviour.places import VIETNAM_PROVINCES
from gen_data.behaviour.stock import (
    PIECES_PER_ORDER,
    SUPPLIERS,
    WAREHOUSES,
    demand_shares,
    levels,
    regions,
    supplier_ids,
    weight_grams,
)
from gen_data.randomness import Dice
from gen_data.schema.stock import REGIONS, WAREHOUSE_CODES

pytestmark = pytest.mark.unit

DICE = Dice(7)
PRODUCTS = opening_products(DICE, Currency("VND"))


def test_planned_demand_is_what_baskets_hold():
    assortment = Assortment(DICE, PRODUCTS.is_active)
    orders = np.arange(400_000)
    appeal = np.cumsum(assortment.popularity) / assortment.popularity.sum()
    lines = fill_baskets(DICE, assortment, appeal, orders, np.zeros(len(orders), dtype=np.int64))
    assert lines.quantity.sum() / len(orders) == pytest.approx(PIECES_PER_ORDER, rel=0.03)
    sold = np.bincount(lines.product_id, lines.quantity, minlength=PRODUCT_COUNT + 1)[1:] / lines.quantity.sum()
    planned = demand_shares(assortment, PRODUCT_COUNT)
    assert planned.sum() == pytest.approx(1)
    assert not planned[~PRODUCTS.is_active].any()
    assert planned[PRODUCTS.is_active] == pytest.approx(sold[PRODUCTS.is_active], rel=0.2)


def test_levels_cover_the_lead_time_and_grow_less_than_demand():
    popularity, regional, lead = np.array([8.0, 2.0, 0.0]), np.array([0.5, 0.1, 0.4]), np.array([10, 3, 14])
    few, many = levels(popularity, 100, regional, lead), levels(popularity, 10_000, regional, lead)
    demand = np.outer([0.8, 0.2, 0.0], regional).ravel() * 10_000 * PIECES_PER_ORDER
    assert (many.reorder_point - many.safety > demand * np.repeat(lead, 3) - 1).all()
    assert (many.target - many.reorder_point >= 7 * demand).all()
    sold = demand > 0
    assert (many.safety[sold] < 100 * few.safety[sold]).all()
    for planned in (few, many):
        assert (planned.safety > 0).all()
        assert (planned.reorder_point > planned.safety).all()
        assert (planned.target > planned.reorder_point).all()


def test_the_regions_of_vietnam_hold_25_19_and_19_provinces():
    assert np.bincount(regions(list(VIETNAM_PROVINCES))).tolist() == [25, 19, 19]
    assert [REGIONS[region] for region in regions([warehouse.province for warehouse in WAREHOUSES])] == list(REGIONS)
    assert tuple(warehouse.code for warehouse in WAREHOUSES) == WAREHOUSE_CODES
    assert tuple(warehouse.region for warehouse in WAREHOUSES) == REGIONS


def test_a_place_elsewhere_is_always_in_the_same_region_and_all_regions_are_used():
    names = [f"Province {number}" for number in range(200)]
    assert regions(names).tolist() == [int(regions([name])[0]) for name in names]
    assert (np.bincount(regions(names), minlength=3) > 30).all()


def test_every_product_comes_from_a_supplier_of_its_kind_and_weighs_something():
    suppliers = supplier_ids(DICE, PRODUCTS.category)
    assert {SUPPLIERS[number - 1].parent == CATEGORIES[kind].parent for number, kind in zip(suppliers, PRODUCTS.category, strict=True)} == {
        True
    }
    assert set(suppliers.tolist()) == set(range(1, len(SUPPLIERS) + 1))
    assert {3 <= supplier.lead_days <= 14 and supplier.province in VIETNAM_PROVINCES for supplier in SUPPLIERS} == {True}
    grams = weight_grams(DICE, PRODUCTS.category)
    assert 20 <= grams.min() < 200 < 2_000 < grams.max() < 20_000
