"""What the simulation knows between two steps: where the clock stands, what was sold to whom at what price, and what is still to come."""

from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql

from gen_data.behaviour.agenda import Agenda
from gen_data.behaviour.catalogue import Assortment, opening_products
from gen_data.behaviour.channels import CHANNEL_CODES
from gen_data.behaviour.customers import ERASURE_EVENT, LONGEST_WAIT_FOR_ERASURE, erasures
from gen_data.behaviour.money import Currency
from gen_data.behaviour.order_life import LONGEST_LIFE, PAYMENT_EVENT, STATUS_EVENT, Orders, lives
from gen_data.behaviour.people import People
from gen_data.clock import ShopClock, to_datetime
from gen_data.identity import Identity, read_name_pool, read_schedule
from gen_data.randomness import Dice, IntArray
from gen_data.read import read_integers
from gen_data.schedule import Schedule


@dataclass
class Counters:
    """Where the clock stands and which ids come next: the row of shop_control.clock."""

    next_tick: int
    next_customer_id: int
    next_address_id: int
    next_order_id: int
    next_payment_id: int
    day_customer_count: int


@dataclass
class State:
    """A shop in memory. It is always what :func:`load` would make of the database at the same tick.

    ``list_price`` and ``unit_cost`` (hundredths) and ``opening_price`` are by
    product id, ``default_address`` is by customer id, 0 for nobody.
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
    default_address: IntArray
    steps: Agenda
    payments: Agenda
    erasures: Agenda


def read_counters(connection: psycopg.Connection) -> Counters:
    """The clock's row, locked until the transaction ends, so that a switch falls between two steps."""
    row = connection.execute(
        """
        select next_tick, next_customer_id, next_address_id, next_order_id, next_payment_id, day_customer_count
        from shop_control.clock for update
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - an opened shop has a clock
    return Counters(*row)


def load(connection: psycopg.Connection, identity: Identity) -> State:
    """Rebuild the state of an opened shop from its database."""
    dice, clock, currency = Dice(identity.seed), identity.clock, Currency(identity.currency)
    counters = read_counters(connection)
    products = read_integers(
        connection,
        4,
        sql.SQL(
            """
            select product_id, (list_price * 100)::bigint, (unit_cost * 100)::bigint, (status = 'active')::int::bigint
            from products order by product_id
            """
        ),
    )
    opening = opening_products(dice, currency)
    state = State(
        dice=dice,
        clock=clock,
        currency=currency,
        people=People(dice, read_name_pool(connection)),
        assortment=Assortment(dice, products[:, 3] == 1),
        schedule=read_schedule(connection),
        counters=counters,
        list_price=_by_id(products[:, 0], products[:, 1], len(products)),
        unit_cost=_by_id(products[:, 0], products[:, 2], len(products)),
        opening_price=_by_id(products[:, 0], opening.list_price, len(products)),
        default_address=_default_addresses(connection, counters.next_customer_id - 1),
        steps=Agenda(STATUS_EVENT),
        payments=Agenda(PAYMENT_EVENT),
        erasures=Agenda(ERASURE_EVENT),
    )
    _remember_what_is_to_come(connection, state)
    return state


def _by_id(ids: IntArray, values: IntArray, largest_id: int) -> IntArray:
    held = np.zeros(largest_id + 1, dtype=np.int64)
    held[ids] = values
    return held


def _default_addresses(connection: psycopg.Connection, customer_count: int) -> IntArray:
    found = read_integers(connection, 2, sql.SQL("select customer_id, address_id from customer_addresses where is_default"))
    return _by_id(found[:, 0], found[:, 1], customer_count)


def _remember_what_is_to_come(connection: psycopg.Connection, state: State) -> None:
    """Fill the agendas with the future of young orders and customers, computed again from their ids."""
    now = state.clock.instant(state.counters.next_tick)
    young = read_integers(
        connection,
        4,
        sql.SQL(
            """
            select order_id, (extract(epoch from ordered_at) * 1000000)::bigint,
                   array_position({codes}, channel_code)::bigint - 1, (total_amount * 100)::bigint
            from orders where ordered_at >= {since}
            """
        ).format(codes=sql.Literal(list(CHANNEL_CODES)), since=sql.Literal(to_datetime(now - LONGEST_LIFE))),
    )
    steps, payments = lives(state.dice, Orders(young[:, 0], young[:, 1], young[:, 2], young[:, 3]))
    state.steps.add(steps[steps["at"] >= now])
    state.payments.add(payments[payments["at"] >= now])
    orderless = read_integers(
        connection,
        2,
        sql.SQL(
            """
            select customer_id, (extract(epoch from registered_at) * 1000000)::bigint
            from customers
            where registered_at >= {since} and not exists (select from orders where orders.customer_id = customers.customer_id)
            """
        ).format(since=sql.Literal(to_datetime(now - LONGEST_WAIT_FOR_ERASURE))),
    )
    wishes = erasures(state.dice, orderless[:, 0], orderless[:, 1])
    state.erasures.add(wishes[wishes["at"] >= now])
