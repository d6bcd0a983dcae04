"""What the simulation knows between two steps: where the clock stands, what is sold at what price, what lies where, and what is to come."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import psycopg

from gen_data.behaviour.agenda import Agenda
from gen_data.behaviour.catalogue import Assortment
from gen_data.behaviour.money import Currency
from gen_data.behaviour.people import People
from gen_data.behaviour.stock import Levels, demand_shares, levels
from gen_data.clock import ShopClock
from gen_data.ids import base_customer_id
from gen_data.randomness import Dice, FloatArray, IntArray
from gen_data.schedule import Schedule
from gen_data.schema.stock import REGIONS
from gen_data.simulate.later import Later
from gen_data.simulate.loyalty import Loyalty
from gen_data.simulate.rows_in_order import RowsInOrder
from gen_data.simulate.stock import Stock

# An order and its lines as the aftermath needs them; money in hundredths, places as RowsInOrder gives them.
ORDER = np.dtype(
    [
        ("order_id", "i8"), ("customer_id", "i8"), ("ordered_at", "i8"), ("channel", "i8"), ("method", "i8"), ("attempts", "i8"),
        ("promised_at", "i8"), ("net", "i8"), ("tax", "i8"), ("shipping", "i8"), ("total", "i8"), ("first_line", "i8"), ("line_count", "i8"),
    ]
)  # fmt: skip
LINE = np.dtype(
    [
        ("order_id", "i8"), ("line_number", "i8"), ("product_id", "i8"), ("quantity", "i8"), ("region", "i8"), ("warehouse", "i8"),
        ("issue_cost", "i8"), ("line_amount", "i8"),
    ]
)  # fmt: skip
STOCK_EVENT = np.dtype([("at", "i8"), ("key", "i8"), ("kind", "i8"), ("line", "i8")])
DELIVERY = np.dtype([("at", "i8"), ("key", "i8"), ("place", "i8")])
# As simulate.loyalty.LoyaltyEvents.
LOYALTY_EVENT = np.dtype([("kind", "i8"), ("customer_id", "i8"), ("at", "i8"), ("order_id", "i8"), ("net_amount", "i8")])


@dataclass
class Counters:
    """Where the clock stands and how many have registered, guests apart, now and when the day began: the row of shop_control.clock."""

    next_tick: int
    customer_count: int
    guest_count: int
    day_customer_count: int
    day_guest_count: int


class Day(NamedTuple):
    """A local day: the instant it began at, what the products cost on it (hundredths, by id), and how they appeal at these prices."""

    began_at: int
    list_price: IntArray
    appeal: FloatArray


@dataclass
class State:
    """A shop in memory. It is always what :func:`gen_data.simulate.load.load` would make of the database at the same tick.

    ``list_price``, ``unit_cost`` and ``opening_price`` (hundredths) and
    ``category`` are by product id, ``default_address`` is by the number of the
    customer, without guests, who never move; ``region_by_province`` is by position in the
    pool of provinces. ``taken_address`` is the address that stands as default in
    accounts that were taken over, while their owners go on ordering to their
    own; ``frauds`` are the customers who are known for fraud to the ground truth.
    ``known_at_blast`` counts the base customers there were when each voucher
    campaign began, by promotion.
    """

    dice: Dice
    clock: ShopClock
    currency: Currency
    people: People
    assortment: Assortment
    schedule: Schedule
    counters: Counters
    list_price: IntArray
    unit_cost: IntArray
    opening_price: IntArray
    category: IntArray
    lead_days: IntArray
    region_by_province: IntArray
    today: Day
    yesterday: Day
    default_address: IntArray
    stock: Stock
    noise: IntArray
    loyalty: Loyalty
    coming: np.ndarray
    taken_address: dict[int, int]
    frauds: set[int]
    known_at_blast: dict[int, int]
    orders: RowsInOrder = field(default_factory=lambda: RowsInOrder(ORDER))
    lines: RowsInOrder = field(default_factory=lambda: RowsInOrder(LINE))
    stock_events: Agenda = field(default_factory=lambda: Agenda(STOCK_EVENT))
    deliveries: Agenda = field(default_factory=lambda: Agenda(DELIVERY))
    loyalty_events: Agenda = field(default_factory=lambda: Agenda(LOYALTY_EVENT))
    later: Later = field(default_factory=Later)

    def stock_levels(self, orders_per_day: int) -> Levels:
        """How much should lie where when so many orders a day are expected."""
        return stock_levels(self.assortment, self.people, self.region_by_province, self.lead_days, orders_per_day)


def stock_levels(assortment: Assortment, people: People, region_by_province: IntArray, lead_days: IntArray, orders_per_day: int) -> Levels:
    """How much should lie where when so many orders a day are expected; ``lead_days`` is by product, from id 1."""
    shares: FloatArray = np.bincount(region_by_province, weights=people.province_weights, minlength=len(REGIONS)).astype(np.float64)
    return levels(demand_shares(assortment, len(lead_days)), orders_per_day, shares, lead_days)


def read_counters(connection: psycopg.Connection) -> Counters:
    """The clock's row, locked until the transaction ends, so that a switch falls between two steps."""
    row = connection.execute(
        "select next_tick, customer_count, guest_count, day_customer_count, day_guest_count from shop_control.clock for update"
    ).fetchone()
    assert row is not None  # noqa: S101 - an opened shop has a clock
    return Counters(*row)


def with_room_for(default_address: IntArray, customer_count: int) -> IntArray:
    """Default addresses that hold so many customers: that of each new one has the customer's number."""
    if customer_count <= len(default_address):
        return default_address
    grown = np.arange(len(default_address), max(customer_count, 2 * len(default_address)))
    return np.concatenate([default_address, base_customer_id(grown)])
