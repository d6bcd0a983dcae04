"""What the shop means to have in stock: its warehouses and suppliers, and how many pieces of what should lie where.

A cell is a product in a warehouse: ``(product_id - 1) * 3 + position`` of the
warehouse in WAREHOUSES, whose regions are in the order of REGIONS.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gen_data.behaviour.catalogue import CATEGORIES, COMPANIONS, Assortment
from gen_data.behaviour.places import VIETNAM_PROVINCES
from gen_data.randomness import Dice, FloatArray, IntArray
from gen_data.schema.stock import REGIONS

# Mean lines of an order times mean pieces of a line, and the share of lines that are companions of another: see behaviour.baskets.
PIECES_PER_ORDER = 3.0
_COMPANION_PART = 0.16

# The square of a line's pieces is on average so many times its pieces: what makes demand more uneven than single pieces would.
_LUMPINESS = 1.9
# Deliveries take up to 30 % less or more than said, all delays equally likely: the variance is (0.6)^2 / 12 of the lead time's square.
_LEAD_TIME_VARIANCE = 0.03
# Of the normal distribution: demand during a lead time stays below in 95 of 100.
_SAFETY_FACTOR = 1.64
_SAFETY_DAYS = 1.0
_DAYS_PER_ORDER = 14.0
_LEAST_SAFETY, _LEAST_DEMAND, _LEAST_ORDER = 3, 2, 5


class Warehouse(NamedTuple):
    """A warehouse and the region that it serves first."""

    code: str
    name: str
    region: str
    province: str


class Supplier(NamedTuple):
    """Who delivers products of a parent category, and how many days that takes."""

    name: str
    province: str
    lead_days: int
    parent: str


WAREHOUSES = (
    Warehouse("HAN", "Kho Hà Nội", "north", "Hà Nội"),
    Warehouse("DAD", "Kho Đà Nẵng", "central", "Đà Nẵng"),
    Warehouse("SGN", "Kho Sài Gòn", "south", "Hồ Chí Minh"),
)
# Supplier ids count from 1 in this order.
SUPPLIERS = (
    Supplier("Kinh Bắc Digital", "Bắc Ninh", 6, "Electronics"),
    Supplier("Trà Xanh Electronics", "Thái Nguyên", 9, "Electronics"),
    Supplier("Bến Cảng Import", "Hải Phòng", 14, "Electronics"),
    Supplier("Nhà Việt", "Hà Nội", 5, "Home"),
    Supplier("Gia Dụng Miền Nam", "Đồng Nai", 7, "Home"),
    Supplier("Sợi Sông Đào", "Nam Định", 8, "Fashion"),
    Supplier("May Sông Tiền", "Tiền Giang", 6, "Fashion"),
    Supplier("Bước Chân", "Bình Dương", 10, "Fashion"),
    Supplier("Hoa Tràm Cosmetics", "Hồ Chí Minh", 5, "Beauty"),
    Supplier("Hương Biển Import", "Bà Rịa - Vũng Tàu", 12, "Beauty"),
    Supplier("Cao Nguyên Coffee", "Đắk Lắk", 4, "Groceries"),
    Supplier("Miền Tây Foods", "Cần Thơ", 3, "Groceries"),
)

# Typical weight in grams, parcel included, by category.
_TYPICAL_GRAMS = {
    "Phones": 350, "Audio": 400, "Computers": 1_500, "Kitchen": 2_500, "Bedding": 1_800, "Cleaning": 1_400,
    "Women": 350, "Men": 450, "Shoes": 900, "Skin care": 200, "Make-up": 80, "Pantry": 600,
}  # fmt: skip

# The regions are those of the General Statistics Office, its six taken together by two; what is not named here lies in the south.
_NORTH = frozenset({
    "Hà Nội", "Hải Phòng", "Bắc Giang", "Bắc Kạn", "Bắc Ninh", "Cao Bằng", "Điện Biên", "Hà Giang", "Hà Nam", "Hải Dương", "Hòa Bình",
    "Hưng Yên", "Lai Châu", "Lạng Sơn", "Lào Cai", "Nam Định", "Ninh Bình", "Phú Thọ", "Quảng Ninh", "Sơn La", "Thái Bình", "Thái Nguyên",
    "Tuyên Quang", "Vĩnh Phúc", "Yên Bái",
})  # fmt: skip
_CENTRAL = frozenset({
    "Đà Nẵng", "Bình Định", "Bình Thuận", "Đắk Lắk", "Đắk Nông", "Gia Lai", "Hà Tĩnh", "Khánh Hòa", "Kon Tum", "Lâm Đồng", "Nghệ An",
    "Ninh Thuận", "Phú Yên", "Quảng Bình", "Quảng Nam", "Quảng Ngãi", "Quảng Trị", "Thanh Hóa", "Thừa Thiên Huế",
})  # fmt: skip


class Levels(NamedTuple):
    """What stock is planned by, in pieces by cell: order when ``reorder_point`` is reached, up to ``target``; alert below ``safety``."""

    safety: IntArray
    reorder_point: IntArray
    target: IntArray


def levels(popularity: FloatArray, orders_per_day: float, region_shares: FloatArray, lead_days: IntArray) -> Levels:
    """Planning levels of every cell: a continuously reviewed (s, S) policy.

    The reorder point is the demand expected during the lead time plus the
    safety stock, which is so many standard deviations of that demand, with
    uncertain demand and an uncertain lead time, plus a day's demand for busy
    days; the target adds the demand between two orders. Silver, Pyke & Thomas
    (2017), Inventory and Production Management in Supply Chains, 4th ed.,
    chapter 6.

    Args:
        popularity: share of demand by product, or anything proportional to it, shaped (products,).
        orders_per_day: orders expected per day, from everywhere.
        region_shares: share of orders by region, shaped (3,).
        lead_days: days that the product's supplier needs, shaped (products,).
    """
    by_product = popularity / popularity.sum() * (orders_per_day * PIECES_PER_ORDER)
    demand = (by_product[:, None] * (region_shares / region_shares.sum())).ravel()
    lead = np.repeat(lead_days.astype(np.float64), len(REGIONS))
    deviation = np.sqrt(lead * _LUMPINESS * demand + demand * demand * (_LEAD_TIME_VARIANCE * lead * lead))
    safety = _pieces(_SAFETY_FACTOR * deviation + _SAFETY_DAYS * demand, _LEAST_SAFETY)
    reorder_point = safety + _pieces(demand * lead, _LEAST_DEMAND)
    return Levels(safety, reorder_point, reorder_point + _pieces(_DAYS_PER_ORDER * demand, _LEAST_ORDER))


def _pieces(wanted: FloatArray, least: int) -> IntArray:
    return np.maximum(np.ceil(wanted), least).astype(np.int64)


def demand_shares(assortment: Assortment, product_count: int) -> FloatArray:
    """The share of all pieces that each product is expected to sell, by product id from 1; companions of best sellers sell well too."""
    active = assortment.active_ids
    own = np.zeros(product_count + 1)
    own[active] = assortment.popularity / assortment.popularity.sum()
    shares = own * (1.0 - _COMPANION_PART)
    for which in range(COMPANIONS):
        companions = assortment.companion(active, np.full(len(active), which))
        np.add.at(shares, companions, own[active] * (_COMPANION_PART / COMPANIONS))
    return shares[1:]


def regions(provinces: Sequence[str]) -> IntArray:
    """The region of each province, as a position in REGIONS; outside Vietnam a name always falls in the same one."""
    return np.array([_region(province) for province in provinces], dtype=np.int64)


def _region(province: str) -> int:
    if province in VIETNAM_PROVINCES:
        return 0 if province in _NORTH else 1 if province in _CENTRAL else 2
    return hashlib.blake2b(province.encode(), digest_size=8).digest()[0] % len(REGIONS)


def supplier_ids(dice: Dice, category: IntArray) -> IntArray:
    """Who supplies each product, by product id from 1; ``category`` is its position in CATEGORIES."""
    ids = np.arange(1, len(category) + 1)
    drawn = dice.uniform("product supplier", ids)
    found = np.zeros(len(ids), dtype=np.int64)
    for position, entry in enumerate(CATEGORIES):
        candidates = np.array([number for number, supplier in enumerate(SUPPLIERS, start=1) if supplier.parent == entry.parent])
        mine = category == position
        found[mine] = candidates[(drawn[mine] * len(candidates)).astype(np.int64)]
    return found


def weight_grams(dice: Dice, category: IntArray) -> IntArray:
    """What a piece of each product weighs, by product id from 1, in tens of grams."""
    ids = np.arange(1, len(category) + 1)
    typical = np.array([_TYPICAL_GRAMS[entry.name] for entry in CATEGORIES], dtype=np.float64)[category]
    grams = typical * np.exp(0.35 * dice.normal("product weight", ids))
    return np.maximum(np.rint(grams / 10.0), 2.0).astype(np.int64) * 10
