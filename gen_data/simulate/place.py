"""Placing orders: baskets, stock, prices, and the lives that begin."""

import numpy as np

from gen_data import schema
from gen_data.behaviour.agenda import Events, events
from gen_data.behaviour.baskets import Lines
from gen_data.behaviour.customers import is_away
from gen_data.behaviour.fraud import is_declined, pays_by_card, place_of
from gen_data.behaviour.order_life import NEVER, Life, Orders, plan_lives
from gen_data.behaviour.visits import buys_at_once, purchase_sequence
from gen_data.changes import Changes, Coded, Columns, Insert
from gen_data.ids import is_extra, is_fraud, tick_of
from gen_data.randomness import BoolArray, Dice, FloatArray, IntArray
from gen_data.schedule import Conditions
from gen_data.simulate import visits
from gen_data.simulate.aftersales import plan_enquiries, plan_loss
from gen_data.simulate.arrivals import WEBSITE, Coming
from gen_data.simulate.blast import brought_by, redeem
from gen_data.simulate.feed import feed_rows
from gen_data.simulate.fraud import disguise, fraud_truth
from gen_data.simulate.orders import Placed, amounts_of, fill, life_rows, order_rows
from gen_data.simulate.shipping import shipping_rows
from gen_data.simulate.state import DELIVERY, LINE, ORDER, STOCK_EVENT, State
from gen_data.simulate.stock import CANCEL, PLACE, SHIP
from gen_data.simulate.warehouse import move_stock


def place_orders(state: State, due: Coming, address_id: IntArray, ticks: IntArray, conditions: Conditions, end: int) -> Changes:
    """Place the orders that are due, in the order of their instants, and move all stock up to ``end``."""
    tick = state.clock.ticks_at(due["ordered_at"]) - ticks[0]
    province = state.people.province_positions(place_of(due["order_id"], address_id))
    region = state.region_by_province[province]
    _travel(state, due)
    disguise(state, due, province, conditions.discounted_count[tick])
    redeem(state, due, conditions, tick)
    lines = fill(state, due)
    life = plan_lives(state.dice, orders_of(state.dice, due, region, conditions, tick))
    new = np.zeros(len(lines.order), dtype=LINE)
    new["order_id"], new["line_number"] = due["order_id"][lines.order], lines.line_number
    new["product_id"], new["quantity"], new["region"] = lines.product_id, lines.quantity, region[lines.order]
    new["warehouse"] = -1
    places = state.lines.append(new)
    state.stock_events.add(stock_events(due, life, lines.order, places))
    changes = move_stock(state, ticks, conditions, end)

    warehouse = state.lines.at(places)["warehouse"]
    is_there = warehouse >= 0
    has_some = np.bincount(lines.order[is_there], minlength=len(due)) > 0
    changes += _refusals(state, due, lines, ~is_there, has_some)
    kept, order = np.flatnonzero(has_some), np.cumsum(has_some) - 1
    lines_kept = Lines(*(column[is_there] for column in lines._replace(order=order[lines.order])))
    life_kept = Life(*(column[kept] for column in life))
    tick_kept = tick[kept]
    list_price = state.today.list_price[lines_kept.product_id]
    discount, by_voucher, amounts = amounts_of(
        state, due[kept], lines_kept, list_price, conditions.discount_rate[tick_kept], conditions.discounted_count[tick_kept]
    )
    placed = Placed(due[kept], address_id[kept], province[kept], region[kept], *amounts)
    promotion_id = np.where(by_voucher, placed.coming["promotion_id"], conditions.promotion_id[tick_kept])
    changes += order_rows(state, placed, lines_kept, list_price, discount, warehouse[is_there], promotion_id)
    changes += life_changes(state, placed, life_kept, lines_kept, warehouse[is_there], conditions.dirty_rate[tick_kept])
    changes += _conversions(state, placed, lines, order, has_some)
    changes += [*_truth(state, placed), *fraud_truth(placed.coming)]
    line_amount = list_price * lines_kept.quantity - discount
    state.lines.put(places[is_there], "line_amount", line_amount)
    line_count, first_line = np.bincount(lines.order, minlength=len(due))[kept], places[np.searchsorted(lines.order, kept)]
    note_deliveries(state, life_kept, placed.coming, remember(state, placed, life_kept, line_count, first_line))
    return changes


def orders_of(dice: Dice, due: Coming, region: IntArray, conditions: Conditions, tick: IntArray) -> Orders:
    """What decides the lives of the orders; ``tick`` is a position in the conditions."""
    return Orders(
        order_id=due["order_id"].copy(),
        ordered_at=due["ordered_at"].copy(),
        channel=due["channel"].copy(),
        region=region,
        transit_factor=conditions.transit_factor[tick],
        loss_factor=conditions.loss_factor[tick],
        always_fails=is_declined(dice, due["order_id"]),
        by_card=pays_by_card(due["order_id"]),
    )


def stock_events(due: Coming, life: Life, order: IntArray, places: IntArray) -> Events:
    """What happens to the stock of lines (their places): reserved when ordered, given back when cancelled, gone when shipped."""
    parts = []
    given_back = np.where(life.is_shipped, NEVER, life.cancelled_at)
    for kind, at in ((PLACE, due["ordered_at"]), (CANCEL, given_back), (SHIP, life.shipped_at)):
        happens = at[order] != NEVER
        parts.append(
            events(
                STOCK_EVENT,
                at=at[order][happens],
                kind=np.full(int(happens.sum()), kind),
                line=places[happens],
                key=due["order_id"][order][happens],
            )
        )
    return np.concatenate(parts)


def life_changes(state: State, placed: Placed, life: Life, lines: Lines, warehouse: IntArray, dirty_rate: FloatArray) -> Changes:
    """Everything that will happen to orders up to their delivery or loss."""
    order_id, customer_id = placed.coming["order_id"].copy(), placed.coming["customer_id"].copy()
    lost, arrives, zone = np.flatnonzero(life.is_lost), np.flatnonzero(life.delivered_at != NEVER), state.clock.zone
    return [
        *life_rows(state, placed, life),
        *shipping_rows(state, placed, life, lines, warehouse),
        *feed_rows(state, placed, life, dirty_rate),
        *plan_loss(state.dice, state.currency, order_id[lost], customer_id[lost], life.cancelled_at[lost], placed.total[lost], zone),
        *plan_enquiries(state.dice, order_id[arrives], customer_id[arrives], life.promised_at[arrives], life.delivered_at[arrives], zone),
    ]


def remember(state: State, placed: Placed, life: Life, line_count: IntArray, first_line: IntArray) -> IntArray:
    """Keep what the aftermath will ask for; returns the places of the orders."""
    rows = np.zeros(len(placed.coming), dtype=ORDER)
    for name in ("order_id", "customer_id", "ordered_at", "channel"):
        rows[name] = placed.coming[name]
    rows["method"], rows["promised_at"] = life.method, life.promised_at
    rows["attempts"] = np.maximum(life.attempt_count, 1)
    rows["net"], rows["tax"], rows["shipping"], rows["total"] = placed.items - placed.discount, placed.tax, placed.shipping, placed.total
    rows["first_line"], rows["line_count"] = first_line, line_count
    return state.orders.append(rows)


def note_deliveries(state: State, life: Life, placed: Coming, places: IntArray, since: int = 0) -> Events:
    """Note the deliveries from ``since`` on; returns the earlier ones."""
    arrives = life.delivered_at != NEVER
    found = events(DELIVERY, at=life.delivered_at[arrives], place=places[arrives], key=placed["order_id"][arrives])
    is_past = found["at"] < since
    state.deliveries.add(found[~is_past])
    return found[is_past]


def _refusals(state: State, due: Coming, lines: Lines, is_refused: BoolArray, has_some: BoolArray) -> Changes:
    """The truth about what was not in stock; a visit that could buy nothing leaves its cart."""
    row = np.flatnonzero(is_refused)
    order_id, at = due["order_id"][lines.order[row]], due["ordered_at"][lines.order[row]]
    lost: Changes = [
        Insert(
            schema.LOST_SALES,
            {
                "order_id": order_id,
                "line_number": lines.line_number[row],
                "product_id": lines.product_id[row],
                "quantity": lines.quantity[row],
                "happened_at": at,
            },
            at,
            order_id,
        )
    ]
    left = np.flatnonzero(~has_some & _had_a_visit(state, due))
    return [*lost, *visits.abandon(due["order_id"][left], due["ordered_at"][left])]


def _conversions(state: State, placed: Placed, lines: Lines, order: IntArray, has_some: BoolArray) -> Changes:
    """The carts of the website that became orders, some of them at once; ``lines`` are all that were in them."""
    coming = placed.coming
    is_placed = has_some[lines.order]
    wanted = Lines(*(column[is_placed] for column in lines._replace(order=order[lines.order])))
    has_visit = _had_a_visit(state, coming)
    row = np.flatnonzero(has_visit)
    order_id = coming["order_id"][row]
    sequence = purchase_sequence(state.dice, order_id, np.bincount(wanted.order, minlength=len(coming))[row])
    converted = visits.convert(order_id, coming["customer_id"][row], coming["device_id"][row], coming["ordered_at"][row], sequence)
    at_once = np.flatnonzero((coming["channel"] == WEBSITE) & ~has_visit)
    in_cart = np.isin(wanted.order, at_once)
    bought = Lines(*(column[in_cart] for column in wanted))._replace(order=np.searchsorted(at_once, wanted.order[in_cart]))
    order_id, customer_id, device_id, at = (coming[name][at_once] for name in ("order_id", "customer_id", "device_id", "ordered_at"))
    list_price = state.today.list_price[bought.product_id]
    return [*converted, *visits.buy_at_once(order_id, customer_id, device_id, at, bought, list_price)]


def _had_a_visit(state: State, coming: Coming) -> BoolArray:
    """Which orders were made on the website after a visit to it. Frauds go straight to the checkout, as some others do."""
    order_id = coming["order_id"]
    had: BoolArray = (coming["channel"] == WEBSITE) & ~is_fraud(order_id) & ~buys_at_once(state.dice, order_id)
    return had


def _travel(state: State, due: Coming) -> None:
    """Let some orders be placed away from home; in place."""
    row = np.flatnonzero(is_away(state.dice, due["order_id"]))
    due["placed_from"][row] = 1 + state.dice.choose("away", due["order_id"][row], state.people.province_weights)


def _truth(state: State, placed: Placed) -> Changes:
    """Which orders would not be there on a normal day."""
    coming = placed.coming
    row = np.flatnonzero(is_extra(coming["order_id"]) & ~is_fraud(coming["order_id"]))
    order_id, at = coming["order_id"][row], coming["ordered_at"][row]
    columns: Columns = {"order_id": order_id, "scenario": _scenarios(state, order_id), "promotion_id": brought_by(state, order_id)}
    return [Insert(schema.CAUSED_ORDERS, columns, at, order_id)]


def _scenarios(state: State, order_id: IntArray) -> Coded:
    """What was going on when each order began to come; on a normal day, guests of former scenarios come back."""
    tick, back = np.unique(tick_of(order_id), return_inverse=True)
    names, codes = np.unique([state.schedule.at(int(one)).scenario.name for one in tick], return_inverse=True)
    return Coded(tuple(names.tolist()), codes[back])
