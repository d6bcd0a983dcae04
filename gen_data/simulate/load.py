"""Rebuilds a shop's state from its database: what is not kept is planned again from the ids of young entities, and what has happened dropped."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from gen_data.behaviour.aftersales import LONGEST_AFTERMATH
from gen_data.behaviour.baskets import Lines
from gen_data.behaviour.catalogue import Assortment, opening_products
from gen_data.behaviour.channels import CHANNEL_CODES
from gen_data.behaviour.customers import LONGEST_WAIT_FOR_ERASURE
from gen_data.behaviour.fraud import LONGEST_CAMPAIGN, place_of
from gen_data.behaviour.money import Currency
from gen_data.behaviour.order_life import LONGEST_LIFE, plan_lives
from gen_data.behaviour.people import People
from gen_data.behaviour.stock import regions
from gen_data.behaviour.visits import CART_LIFETIME, LONGEST_VISIT, LONGEST_WISH
from gen_data.changes import Changes
from gen_data.clock import TICK, to_datetime
from gen_data.identity import Identity, read_name_pool, read_schedule
from gen_data.ids import KEYS_PER_TICK, customer_number, is_guest, is_put_in_by_fraud
from gen_data.randomness import Dice, IntArray
from gen_data.read import read_integers
from gen_data.schedule import promotion_start
from gen_data.schema.stock import WAREHOUSE_CODES
from gen_data.simulate import visits
from gen_data.simulate.aftermath import plan_aftermath
from gen_data.simulate.arrivals import COMING, LONGEST_VISIT_TICKS, arrive, coming, recognise
from gen_data.simulate.blast import responding
from gen_data.simulate.customers import forget
from gen_data.simulate.fraud import begin_campaigns, choose_accounts, fraud_orders
from gen_data.simulate.inventory import load_stock
from gen_data.simulate.loyalty import load_loyalty
from gen_data.simulate.orders import Placed
from gen_data.simulate.place import life_changes, note_deliveries, orders_of, remember, stock_events
from gen_data.simulate.state import LINE, Counters, Day, State, read_counters, stock_levels, with_room_for
from gen_data.simulate.stock import noise_table
from gen_data.simulate.stretch import buying_visits, idle_visits

# Visits that began earlier have left all their rows but for what becomes of their carts and wishes.
_VISIT_TICKS = max(LONGEST_VISIT_TICKS, -(-LONGEST_VISIT // TICK))
_CAMPAIGN_TICKS = LONGEST_CAMPAIGN // TICK + 1
_MICROSECONDS = sql.SQL("(extract(epoch from {}) * 1000000)::bigint")


def load(connection: psycopg.Connection, identity: Identity) -> State:
    """The state of an opened shop, as it stands at the clock's tick."""
    state = _shop_today(connection, identity)
    now = state.clock.instant(state.counters.next_tick)
    _plan_orders_again(connection, state, now)
    _plan_visits_again(connection, state, now)
    _plan_campaigns_again(connection, state, now)
    _plan_wishes_again(connection, state, now)
    orderless = read_integers(
        connection,
        2,
        sql.SQL(
            """
            select customer_id, {at} from customers
            where registered_at >= {since} and not exists (select from orders where orders.customer_id = customers.customer_id)
            """
        ).format(at=_instant("registered_at"), since=_moment(now - LONGEST_WAIT_FOR_ERASURE)),
    )
    state.later.split(forget(state, orderless[:, 0], orderless[:, 1]), now)
    return state


def _shop_today(connection: psycopg.Connection, identity: Identity) -> State:
    """The shop with its shelves, stock, customers and points, and with nothing to come."""
    dice, clock, currency = Dice(identity.seed), identity.clock, Currency(identity.currency)
    counters, schedule, people = read_counters(connection), read_schedule(connection), People(dice, read_name_pool(connection))
    products = read_integers(
        connection,
        5,
        sql.SQL(
            """
            select product_id, (list_price * 100)::bigint, (unit_cost * 100)::bigint, (status = 'active')::int::bigint, lead_time_days::bigint
            from products join suppliers using (supplier_id) order by product_id
            """
        ),
    )
    opening = opening_products(dice, currency)
    assortment = Assortment(dice, products[:, 3] == 1)
    list_price, unit_cost, opening_price = _by_id(products[:, 1]), _by_id(products[:, 2]), _by_id(opening.list_price)
    first_tick = clock.day_start(max(counters.next_tick - 1, 0))
    began_at = clock.instant(first_tick)
    former_price = _by_id(_prices_before(connection, began_at)) if first_tick else list_price
    regions_by_province = regions(people.province_pool)
    noise, lead_days = noise_table(dice), products[:, 4].copy()
    levels = stock_levels(assortment, people, regions_by_province, lead_days, schedule.at(first_tick).orders_per_day)
    return State(
        dice=dice,
        clock=clock,
        currency=currency,
        people=people,
        assortment=assortment,
        schedule=schedule,
        counters=counters,
        list_price=list_price,
        unit_cost=unit_cost,
        opening_price=opening_price,
        category=_by_id(opening.category),
        lead_days=lead_days,
        region_by_province=regions_by_province,
        today=Day(began_at, list_price, assortment.appeal(list_price, opening_price)),
        yesterday=Day(clock.instant(0), former_price, assortment.appeal(former_price, opening_price)),
        default_address=_default_addresses(connection, counters),
        stock=load_stock(connection, levels, unit_cost[1:], lead_days, currency.smallest),
        noise=noise,
        loyalty=load_loyalty(connection, began_at),
        coming=np.empty(0, dtype=COMING),
        taken_address=_taken_addresses(connection),
        frauds=set(read_integers(connection, 1, sql.SQL("select customer_id from ground_truth.fraud_customers"))[:, 0].tolist()),
        known_at_blast={},
    )


def _by_id(values: IntArray) -> IntArray:
    """Values by id from 1, in an array that the ids are positions in."""
    return np.concatenate([np.zeros(1, dtype=np.int64), values])


def _instant(column: str) -> sql.Composed:
    return _MICROSECONDS.format(sql.Identifier(column))


def _moment(instant: int) -> sql.Composable:
    return sql.Literal(to_datetime(instant))


def _prices_before(connection: psycopg.Connection, began_at: int) -> IntArray:
    found = read_integers(
        connection,
        2,
        sql.SQL(
            """
            select distinct on (product_id) product_id, (list_price * 100)::bigint from product_prices
            where valid_from < {} order by product_id, valid_from desc
            """
        ).format(_moment(began_at)),
    )
    return found[:, 1]


def _default_addresses(connection: psycopg.Connection, counters: Counters) -> IntArray:
    """The last address of each base customer that is really theirs."""
    moved = read_integers(
        connection, 2, sql.SQL("select customer_id, address_id from customer_addresses where address_id <> customer_id order by created_at")
    )
    moved = moved[~is_put_in_by_fraud(moved[:, 1])]
    held = with_room_for(np.empty(0, dtype=np.int64), counters.customer_count)
    held[customer_number(moved[:, 0])] = moved[:, 1]
    return held


def _taken_addresses(connection: psycopg.Connection) -> dict[int, int]:
    """The addresses that stand as default in accounts of others."""
    moved = read_integers(
        connection, 2, sql.SQL("select customer_id, address_id from customer_addresses where is_default and address_id <> customer_id")
    )
    return dict(moved[is_put_in_by_fraud(moved[:, 1])].tolist())


def _plan_orders_again(connection: psycopg.Connection, state: State, now: int) -> None:
    """The lives of young orders, and the aftermath of those that were delivered lately."""
    since = sql.SQL("ordered_at >= {}").format(_moment(now - LONGEST_LIFE - LONGEST_AFTERMATH))
    orders = read_integers(
        connection,
        10,
        sql.SQL(
            """
            select order_id, customer_id, address_id, {at}, array_position({channels}, channel_code)::bigint - 1, (items_amount * 100)::bigint,
                   (discount_amount * 100)::bigint, (shipping_amount * 100)::bigint, (tax_amount * 100)::bigint, (total_amount * 100)::bigint
            from orders where {since} order by ordered_at, order_id
            """
        ).format(at=_instant("ordered_at"), channels=sql.Literal(list(CHANNEL_CODES)), since=since),
    )
    lines = read_integers(
        connection,
        6,
        sql.SQL(
            """
            select order_id, line_number::bigint, product_id, quantity::bigint, array_position({warehouses}, warehouse_code)::bigint - 1,
                   (line_amount * 100)::bigint
            from orders join order_items using (order_id) where {since} order by ordered_at, order_id, line_number
            """
        ).format(warehouses=sql.Literal(list(WAREHOUSE_CODES)), since=since),
    )
    placed_coming = coming({"order_id": orders[:, 0], "customer_id": orders[:, 1], "ordered_at": orders[:, 3], "channel": orders[:, 4]})
    province = state.people.province_positions(place_of(orders[:, 0], orders[:, 2]))
    region = state.region_by_province[province]
    placed = Placed(placed_coming, orders[:, 2], province, region, *orders[:, 5:].T)
    order = np.repeat(np.arange(len(orders)), _run_lengths(lines[:, 0]))
    held = np.zeros(len(lines), dtype=LINE)
    for position, name in enumerate(("order_id", "line_number", "product_id", "quantity", "warehouse", "line_amount")):
        held[name] = lines[:, position]
    held["region"] = region[order]
    held["issue_cost"] = _issue_costs(connection, lines, now)
    places = state.lines.append(held)

    ticks, tick = np.unique(state.clock.ticks_at(orders[:, 3]), return_inverse=True)
    if not len(ticks):
        return
    conditions = state.schedule.conditions(state.clock, ticks)
    life = plan_lives(state.dice, orders_of(state.dice, placed_coming, region, conditions, tick))
    bought = Lines(order, lines[:, 1], lines[:, 2], lines[:, 3])
    state.later.split(life_changes(state, placed, life, bought, lines[:, 4], conditions.dirty_rate[tick]), now)
    moves = stock_events(placed_coming, life, order, places)
    state.stock_events.add(moves[moves["at"] >= now])
    first = np.searchsorted(order, np.arange(len(orders)))
    order_places = remember(state, placed, life, np.bincount(order, minlength=len(orders)), places[first])
    arrived = note_deliveries(state, life, placed_coming, order_places, now)
    ticks, tick = np.unique(state.clock.ticks_at(arrived["at"]), return_inverse=True)
    if len(ticks):
        return_factor = state.schedule.conditions(state.clock, ticks).return_factor[tick]
        state.later.split(plan_aftermath(state, arrived, return_factor, since=now), now)


def _run_lengths(values: IntArray) -> IntArray:
    """How often each value comes in a row."""
    return np.diff(np.append(np.flatnonzero(np.diff(values, prepend=-1)), len(values)))


def _issue_costs(connection: psycopg.Connection, lines: IntArray, now: int) -> IntArray:
    """What the last piece of each line cost that left the warehouse, 0 where none has."""
    issued = read_integers(
        connection,
        3,
        sql.SQL(
            """
            select distinct on (order_id, line_number) order_id, line_number::bigint, (unit_cost * 100)::bigint
            from inventory_log where kind = 'issue' and happened_at >= {} order by order_id, line_number, sequence desc
            """
        ).format(_moment(now - LONGEST_LIFE - LONGEST_AFTERMATH)),
    )
    cost = np.zeros(len(lines), dtype=np.int64)
    wanted, known = lines[:, 0] * 16 + lines[:, 1], issued[:, 0] * 16 + issued[:, 1]
    if len(known) and len(wanted):
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        is_found = known[place] == wanted
        cost[is_found] = issued[place[is_found], 2]
    return cost


class _Window(NamedTuple):
    """Ticks of one local day that have passed, and how many customers there were when that day began."""

    ticks: IntArray
    day: Day
    day_customer_count: int
    day_guest_count: int
    known: IntArray


def _windows(connection: psycopg.Connection, state: State, tick_count: int) -> Iterator[_Window]:
    """So many last ticks, fewer than a day has, by day."""
    counters, clock = state.counters, state.clock
    first, today = max(counters.next_tick - tick_count, 0), clock.day_start(max(counters.next_tick - 1, 0))
    newcomers = read_integers(
        connection,
        2,
        sql.SQL("select customer_id, {} from customer_history where operation = 'insert' and changed_at >= {}").format(
            _instant("changed_at"), _moment(clock.instant(first))
        ),
    )
    registered = np.sort(newcomers[~is_guest(newcomers[:, 0]), 1])
    before = counters.customer_count - len(registered)
    for begin, end, day in ((first, today, state.yesterday), (today, counters.next_tick, state.today)):
        ticks = np.arange(max(begin, first), end)
        if not len(ticks):
            continue
        counts = counters.day_customer_count, counters.day_guest_count
        if day is state.yesterday:
            counts = _counts_at(connection, clock.instant(clock.day_start(int(ticks[0]))))
        yield _Window(ticks, day, *counts, before + np.searchsorted(registered, clock.instant(0) + ticks * TICK))


def _counts_at(connection: psycopg.Connection, at: int) -> tuple[int, int]:
    """How many base customers and guests had ever registered before an instant."""
    registered = read_integers(
        connection,
        1,
        sql.SQL("select customer_id from customer_history where operation = 'insert' and changed_at < {}").format(_moment(at)),
    )
    guest_count = int(is_guest(registered[:, 0]).sum())
    return len(registered) - guest_count, guest_count


def _plan_visits_again(connection: psycopg.Connection, state: State, now: int) -> None:
    """Visits that are not over, with the orders that will come of them."""
    still_coming = [state.coming]
    for window in _windows(connection, state, _VISIT_TICKS):
        conditions = state.schedule.conditions(state.clock, window.ticks)
        for promotion_id in set(conditions.blast_id.tolist()) - {0}:
            began_at = state.clock.instant(promotion_start(promotion_id))
            state.known_at_blast[promotion_id] = _counts_at(connection, began_at)[0]
        counts = window.day_customer_count, window.day_guest_count
        arrived = arrive(state.dice, state.clock, window.ticks, conditions, *counts, state.frauds)
        recognise(state.dice, arrived, window.ticks, window.known)
        arrived = responding(state.dice, state.known_at_blast, arrived, window.ticks, conditions)
        state.later.split(buying_visits(state, arrived, window.day), now)
        state.later.split(idle_visits(state, window.ticks, conditions, window.known, window.day), now)
        still_coming.append(arrived[arrived["ordered_at"] >= now])
    state.coming = np.concatenate(still_coming)


def _plan_campaigns_again(connection: psycopg.Connection, state: State, now: int) -> None:
    """The orders that are still to come of fraud campaigns that are not over."""
    ticks = np.arange(max(state.counters.next_tick - _CAMPAIGN_TICKS, 0), state.counters.next_tick)
    if not len(ticks) or not state.schedule.conditions(state.clock, ticks).fraud_rates.any():
        return
    for window in _windows(connection, state, _CAMPAIGN_TICKS):
        conditions = state.schedule.conditions(state.clock, window.ticks)
        frauds = fraud_orders(state.dice, begin_campaigns(state.dice, state.clock, window.ticks, conditions))
        choose_accounts(state, frauds, window.ticks, window.known)
        state.coming = np.concatenate([state.coming, frauds[frauds["ordered_at"] >= now]])


def _plan_wishes_again(connection: psycopg.Connection, state: State, now: int) -> None:
    """What becomes of the carts and wishes of visits that are over."""
    first_key = max(state.counters.next_tick - _VISIT_TICKS, 0) * KEYS_PER_TICK
    carts = read_integers(
        connection,
        2,
        sql.SQL(
            """
            select cart_id, {at} from (
                select cart_id, max(added_at) as added_at from carts join cart_items using (cart_id)
                where status = 'active' and cart_id < {first} group by cart_id
            ) as left_alone
            """
        ).format(at=_instant("added_at"), first=sql.Literal(first_key)),
    )
    wishes = read_integers(
        connection,
        2,
        sql.SQL("select wish_id, {at} from wishlists where added_at >= {since} and wish_id < {first}").format(
            at=_instant("added_at"), since=_moment(now - LONGEST_WISH), first=sql.Literal(first_key)
        ),
    )
    given_up: Changes = [*visits.abandon(carts[:, 0], carts[:, 1] + CART_LIFETIME), *visits.remove_wishes(state.dice, *wishes.T)]
    state.later.split(given_up, now)
