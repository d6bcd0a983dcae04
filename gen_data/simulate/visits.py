"""Visits to the website, from the first page to the last: every row that they will leave, planned when they begin.

A visit's rows follow from its id and what it is given here alone, so that visits
may be planned in any order and any number at a time, and again after a restart.
A cart has the number of its visit, and so has the order that it may become.
"""

from collections.abc import Callable

import numpy as np

from gen_data import schema
from gen_data.behaviour.baskets import Lines
from gen_data.behaviour.searches import SEARCH_TEXTS, search_texts
from gen_data.behaviour.visits import (
    ADD_TO_CART,
    CART_LIFETIME,
    PURCHASE,
    SEARCH,
    VIEW,
    WISH,
    Rows,
    cart_quantities,
    pauses,
    plan_buying_courses,
    plan_courses,
    wish_lifetimes,
)
from gen_data.changes import NULL, Changes, Coded, Columns, Delete, Insert, Update, constant
from gen_data.randomness import Dice, IntArray
from gen_data.schema.visits import ACTIVITY_KINDS

# Product ids for visits: their ids, and a number that tells the products of one visit apart.
PickProducts = Callable[[IntArray, IntArray], IntArray]
# List prices in hundredths of products at instants.
PriceOf = Callable[[IntArray, IntArray], IntArray]

# Where the numbers of looked-at products begin, apart from those of an order's lines.
_FIRST_LOOK = 100


def browse(
    dice: Dice,
    pick_products: PickProducts,
    price_of: PriceOf,
    session_id: IntArray,
    starts_at: IntArray,
    customer_id: IntArray,
    device_id: IntArray,
) -> Changes:
    """Visits that do not buy: what they look at, the carts that they leave behind, and the wishes of people who are signed in.

    ``customer_id`` is 0 where nobody knows who it is. The last rows are those of
    wishes taken off their lists, up to LONGEST_WISH later.
    """
    rows = plan_courses(dice, session_id, customer_id > 0)
    session, kind = session_id[rows.visit], rows.kind
    seconds = np.where(rows.number > 0, pauses(dice, session, rows.number), 0)
    passed = np.cumsum(seconds)
    first = rows.number == 0
    at = starts_at[rows.visit] + (passed - passed[first][rows.visit]) * 1_000_000

    viewed = np.flatnonzero(kind == VIEW)
    product_id = np.full(len(kind), NULL)
    product_id[viewed] = pick_products(session[viewed], _FIRST_LOOK + rows.number[viewed])
    # What is put into a cart or on a list is what was looked at just before.
    acted = np.flatnonzero((kind == ADD_TO_CART) | (kind == WISH))
    product_id[acted] = product_id[acted - 1]
    kind = _not_twice(rows.visit, kind, product_id)

    added = np.flatnonzero(kind == ADD_TO_CART)
    position, number = _number_within(rows.visit[added])
    lines = Lines(position, number + 1, product_id[added], cart_quantities(dice, session[added], number + 1))
    owner = np.where(customer_id > 0, customer_id, NULL)
    carts = _fill_carts(session[added], owner[rows.visit[added]], at[added], lines, price_of(lines.product_id, at[added]))
    is_last = np.diff(rows.visit[added], append=-1) != 0
    left_id, left_at = session[added][is_last], at[added][is_last]

    wished = np.flatnonzero(kind == WISH)
    wishes: Columns = {
        "wish_id": session[wished],
        "customer_id": customer_id[rows.visit[wished]],
        "product_id": product_id[wished],
        "added_at": at[wished],
    }
    return _without_empty(
        [
            *carts,
            Insert(schema.WISHLISTS, wishes, at[wished], session[wished]),
            _log(dice, rows._replace(kind=kind), session_id, owner, device_id, product_id, at),
            *abandon(left_id, left_at + CART_LIFETIME),
            *remove_wishes(dice, session[wished], at[wished]),
        ]
    )


def shop_before_order(
    dice: Dice,
    pick_products: PickProducts,
    price_of: PriceOf,
    order_id: IntArray,
    starts_at: IntArray,
    ordered_at: IntArray,
    customer_id: IntArray,
    device_id: IntArray,
    lines: Lines,
) -> Changes:
    """Visits that end in an order, from ``starts_at`` to just before ``ordered_at``, with all of its ``lines`` in the cart.

    ``customer_id`` is 0 where somebody has not registered yet. ``lines`` are in
    the order of their orders, which each have at least one.
    """
    rows = plan_buying_courses(dice, order_id, np.bincount(lines.order, minlength=len(order_id)))
    session, kind = order_id[rows.visit], rows.kind
    at = _spread(rows, pauses(dice, session, rows.number + 1), starts_at, ordered_at)

    added = np.flatnonzero(kind == ADD_TO_CART)
    product_id = np.full(len(kind), NULL)
    product_id[added] = product_id[added - 1] = lines.product_id
    looked = np.flatnonzero((kind == VIEW) & (product_id == NULL))
    product_id[looked] = pick_products(session[looked], _FIRST_LOOK + rows.number[looked])
    owner = np.where(customer_id > 0, customer_id, NULL)
    return _without_empty(
        [
            *_fill_carts(session[added], owner[rows.visit[added]], at[added], lines, price_of(lines.product_id, at[added])),
            _log(dice, rows, order_id, owner, device_id, product_id, at),
        ]
    )


def convert(order_id: IntArray, customer_id: IntArray, device_id: IntArray, ordered_at: IntArray, sequence: IntArray) -> Changes:
    """The end of visits that bought: the cart becomes the order's, and the purchase is logged.

    ``sequence`` is the purchase_sequence of the order as it was shopped for. The
    orders and their customers must come before, in the same step.
    """
    count = len(order_id)
    converted: Columns = {
        "cart_id": order_id,
        "customer_id": customer_id,
        "status": constant("converted", count),
        "order_id": order_id,
        "updated_at": ordered_at,
    }
    purchases: Columns = {
        "session_id": order_id,
        "sequence": sequence,
        "customer_id": customer_id,
        "kind": Coded(ACTIVITY_KINDS, np.full(count, PURCHASE)),
        "product_id": np.full(count, NULL),
        "search_text": Coded(SEARCH_TEXTS, np.full(count, -1)),
        "device_id": device_id,
        "happened_at": ordered_at,
    }
    return _without_empty(
        [
            Update(schema.CARTS, converted, ordered_at, order_id),
            Insert(schema.CUSTOMER_ACTIVITY_LOG, purchases, ordered_at, order_id),
        ]
    )


def buy_at_once(
    order_id: IntArray, customer_id: IntArray, device_id: IntArray, ordered_at: IntArray, lines: Lines, list_price: IntArray
) -> Changes:
    """Orders of the website without a visit before: the cart is filled and becomes the order's in one instant.

    ``list_price`` is by line. The orders and their customers must come before, in the same step.
    """
    cart, at = order_id[lines.order], ordered_at[lines.order]
    filled = _fill_carts(cart, customer_id[lines.order], at, lines, list_price)
    return [*_without_empty(filled), *convert(order_id, customer_id, device_id, ordered_at, np.ones(len(order_id), dtype=np.int64))]


def abandon(cart_id: IntArray, at: IntArray) -> Changes:
    """Carts that are given up: left for CART_LIFETIME, or nothing in them was in stock."""
    columns: Columns = {"cart_id": cart_id, "status": constant("abandoned", len(cart_id)), "updated_at": at}
    return _without_empty([Update(schema.CARTS, columns, at, cart_id)])


def remove_wishes(dice: Dice, wish_id: IntArray, added_at: IntArray) -> Changes:
    """The wishes among these that will be taken off their lists again."""
    is_removed, lifetime = wish_lifetimes(dice, wish_id)
    gone = wish_id[is_removed]
    return _without_empty([Delete(schema.WISHLISTS, {"wish_id": gone}, (added_at + lifetime)[is_removed], gone)])


def _not_twice(visit: IntArray, kind: IntArray, product_id: IntArray) -> IntArray:
    """What is in a cart already is only looked at again."""
    added = np.flatnonzero(kind == ADD_TO_CART)
    order = added[np.lexsort((added, product_id[added], visit[added]))]
    is_repeated = (np.diff(visit[order], prepend=-1) == 0) & (np.diff(product_id[order], prepend=-1) == 0)
    kind[order[is_repeated]] = VIEW
    return kind


def _number_within(visit: IntArray) -> tuple[IntArray, IntArray]:
    """The position of each row's visit among those that have rows, and the row's number in it, from 0."""
    begins = np.diff(visit, prepend=-1) != 0
    position = np.cumsum(begins) - 1
    return position, np.arange(len(visit)) - np.flatnonzero(begins)[position]


def _spread(rows: Rows, seconds: IntArray, starts_at: IntArray, ends_at: IntArray) -> IntArray:
    """Instants of rows between the beginning and the end of their visits: the first at the beginning, none at the end."""
    passed = np.cumsum(seconds)
    first = np.flatnonzero(rows.number == 0)
    before = (passed - seconds)[first]
    whole = np.append(passed[first[1:] - 1], passed[-1:]) - before
    waited = (passed - seconds) - before[rows.visit]
    return starts_at[rows.visit] + (ends_at - starts_at)[rows.visit] * waited // whole[rows.visit]


def _fill_carts(cart_id: IntArray, customer_id: IntArray, added_at: IntArray, lines: Lines, list_price: IntArray) -> Changes:
    """Carts and what is in them, by line; the carts begin with their first lines."""
    first = lines.line_number == 1
    carts: Columns = {
        "cart_id": cart_id[first],
        "customer_id": customer_id[first],
        "status": constant("active", int(first.sum())),
        "order_id": np.full(int(first.sum()), NULL),
        "created_at": added_at[first],
        "updated_at": added_at[first],
    }
    items: Columns = {
        "cart_id": cart_id,
        "line_number": lines.line_number,
        "product_id": lines.product_id,
        "quantity": lines.quantity,
        "list_price": list_price,
        "added_at": added_at,
    }
    return [
        Insert(schema.CARTS, carts, added_at[first], cart_id[first]),
        Insert(schema.CART_ITEMS, items, added_at, cart_id),
    ]


def _log(
    dice: Dice, rows: Rows, session_id: IntArray, customer_id: IntArray, device_id: IntArray, product_id: IntArray, at: IntArray
) -> Insert:
    """The rows as the log has them. A search is for the product that is looked at next."""
    session = session_id[rows.visit]
    searched = np.flatnonzero(rows.kind == SEARCH)
    text = np.full(len(at), -1)
    text[searched] = search_texts(dice, session[searched], product_id[searched + 1])
    columns: Columns = {
        "session_id": session,
        "sequence": rows.number + 1,
        "customer_id": customer_id[rows.visit],
        "kind": Coded(ACTIVITY_KINDS, rows.kind),
        "product_id": product_id,
        "search_text": Coded(SEARCH_TEXTS, text),
        "device_id": device_id[rows.visit],
        "happened_at": at,
    }
    return Insert(schema.CUSTOMER_ACTIVITY_LOG, columns, at, session)


def _without_empty(changes: Changes) -> Changes:
    return [change for change in changes if len(change)]
