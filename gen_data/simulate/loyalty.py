"""Loyalty in motion: balances that go on from transaction to transaction, and the nightly review of the tiers.

Rows do not depend on how time is cut into stretches, as long as the tiers are
reviewed at every local midnight: a customer's tier is the same all day.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

from gen_data import schema
from gen_data.behaviour.aftersales import LONGEST_AFTERMATH
from gen_data.behaviour.loyalty import QUALIFYING_DAYS, points_for, redeemable, tier_of
from gen_data.behaviour.money import Currency
from gen_data.changes import NULL, Changes, Coded, Columns, Insert, Update
from gen_data.clock import DAY, to_datetime
from gen_data.ids import position_of
from gen_data.randomness import IntArray
from gen_data.read import read_integers
from gen_data.schema.customers import LOYALTY_MOVES, TIERS

EARN, REVERSE, REDEEM = (LOYALTY_MOVES.index(kind) for kind in ("earn", "reverse", "redeem"))
_WINDOW = QUALIFYING_DAYS * DAY
# What counts for the tiers: points earned and taken back.
_QUALIFYING = np.dtype([("at", "i8"), ("customer_id", "i8"), ("order_id", "i8"), ("points", "i8")])
Rows = npt.NDArray[np.void]


class LoyaltyEvents(NamedTuple):
    """What may move points, in any order: ``kind`` is EARN, REVERSE or REDEEM.

    A delivered order earns points on its ``net_amount`` (hundredths, items less
    discount), and loses them when it is returned, on a later day. Somebody who
    thinks of a voucher names no order. Amounts are read for EARN alone.
    """

    kind: IntArray
    customer_id: IntArray
    at: IntArray
    order_id: IntArray
    net_amount: IntArray


@dataclass
class Loyalty:
    """Everybody's points.

    ``balance``, ``sequence`` (of the last transaction), ``tier`` (position in
    TIERS) and ``qualifying`` (points) are by :func:`gen_data.ids.position_of`.
    ``window`` holds what qualifies up to the last review, in parts by instant,
    the oldest first; ``since_review`` what came after it.
    """

    balance: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    sequence: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    tier: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    qualifying: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    window: deque[Rows] = field(default_factory=deque)
    since_review: list[Rows] = field(default_factory=list)

    def make_room(self, size: int) -> None:
        """Let the arrays hold at least ``size`` positions; newcomers have no points and are in the first tier."""
        if size <= len(self.balance):
            return
        missing = np.zeros(max(size, 2 * len(self.balance)) - len(self.balance), dtype=np.int64)
        for name in ("balance", "sequence", "tier", "qualifying"):
            setattr(self, name, np.concatenate([getattr(self, name), missing]))


def post(loyalty: Loyalty, currency: Currency, events: LoyaltyEvents) -> Changes:
    """Let the points of a stretch move; returns the rows of loyalty_transactions.

    Nothing is written where no points move: too small an order, an empty balance.
    """
    if not len(events.at):
        return []
    step = np.where(events.kind == REDEEM, events.customer_id, events.order_id)
    place = position_of(events.customer_id)
    loyalty.make_room(int(place.max()) + 1)
    # The writers keep the order of steps within an instant, so the transactions must too.
    order = np.lexsort((events.kind, step, events.at, place))
    events, step, place = LoyaltyEvents(*(column[order] for column in events)), step[order], place[order]
    points = np.where(events.kind == EARN, points_for(currency, events.net_amount, loyalty.tier[place]), 0)
    is_reverse = events.kind == REVERSE
    points[is_reverse] = -_earned_before(loyalty, events.order_id[is_reverse], events.at[is_reverse])
    sequence, balance = np.empty(len(place), dtype=np.int64), np.empty(len(place), dtype=np.int64)
    for rows in _rounds(place):
        who, held = place[rows], loyalty.balance[place[rows]]
        moved = np.where(events.kind[rows] == REDEEM, -redeemable(held), np.maximum(points[rows], -held))
        loyalty.balance[who] += moved
        loyalty.sequence[who] += moved != 0
        points[rows], balance[rows], sequence[rows] = moved, loyalty.balance[who], loyalty.sequence[who]

    moves = np.flatnonzero(points)
    kind, customer_id, at, order_id, _ = (column[moves] for column in events)
    qualifies = np.flatnonzero(kind != REDEEM)
    _qualify(loyalty, at[qualifies], customer_id[qualifies], order_id[qualifies], points[moves][qualifies])
    columns: Columns = {
        "customer_id": customer_id,
        "sequence": sequence[moves],
        "kind": Coded(LOYALTY_MOVES, kind),
        "points": points[moves],
        "balance_after": balance[moves],
        "order_id": np.where(kind == REDEEM, NULL, order_id),
        "happened_at": at,
    }
    return [Insert(schema.LOYALTY_TRANSACTIONS, columns, at, step[moves])] if len(moves) else []


def review(loyalty: Loyalty, at: int) -> Changes:
    """Promote and demote as of a local midnight, by the points of the 90 days before it; returns the changes of customers."""
    new = np.concatenate([np.empty(0, dtype=_QUALIFYING), *loyalty.since_review])
    loyalty.window.append(new[np.lexsort((new["order_id"], new["customer_id"], new["at"]))])
    loyalty.since_review = []
    old = _expire(loyalty.window, at - _WINDOW)
    np.subtract.at(loyalty.qualifying, position_of(old["customer_id"]), old["points"])

    touched = np.unique(np.concatenate([old["customer_id"], new["customer_id"]]))
    place = position_of(touched)
    earned = tier_of(loyalty.qualifying[place])
    moves = earned != loyalty.tier[place]
    loyalty.tier[place] = earned
    customer_id, instant = touched[moves], np.full(int(moves.sum()), at)
    columns: Columns = {"customer_id": customer_id, "tier": Coded(TIERS, earned[moves]), "updated_at": instant}
    return [Update(schema.CUSTOMERS, columns, instant, customer_id)] if len(customer_id) else []


def load_loyalty(connection: psycopg.Connection, reviewed_at: int) -> Loyalty:
    """Rebuild everybody's points from the database; ``reviewed_at`` is the local midnight (instant) of the last review."""
    loyalty = Loyalty()
    last = read_integers(
        connection,
        3,
        sql.SQL(
            """
            select distinct on (customer_id) customer_id, balance_after::bigint, sequence::bigint
            from loyalty_transactions order by customer_id, sequence desc
            """
        ),
    )
    tiers = read_integers(
        connection,
        2,
        sql.SQL("select customer_id, array_position({tiers}, tier)::bigint - 1 from customers where tier <> {first}").format(
            tiers=sql.Literal(list(TIERS)), first=sql.Literal(TIERS[0])
        ),
    )
    rows = read_integers(
        connection,
        4,
        sql.SQL(
            """
            select (extract(epoch from happened_at) * 1000000)::bigint, customer_id, order_id, points::bigint
            from loyalty_transactions
            where kind <> 'redeem' and happened_at >= {since}
            order by happened_at, customer_id, order_id
            """
        ).format(since=sql.Literal(to_datetime(reviewed_at - _WINDOW))),
    )
    loyalty.make_room(max((int(position_of(found[:, 0]).max()) + 1 for found in (last, tiers) if len(found)), default=0))
    loyalty.balance[position_of(last[:, 0])], loyalty.sequence[position_of(last[:, 0])] = last[:, 1], last[:, 2]
    loyalty.tier[position_of(tiers[:, 0])] = tiers[:, 1]
    for part in (rows[rows[:, 0] < reviewed_at], rows[rows[:, 0] >= reviewed_at]):
        _qualify(loyalty, *part.T)
    reviewed, *loyalty.since_review = loyalty.since_review
    loyalty.window.append(reviewed)
    return loyalty


def _qualify(loyalty: Loyalty, at: IntArray, customer_id: IntArray, order_id: IntArray, points: IntArray) -> None:
    rows = np.empty(len(at), dtype=_QUALIFYING)
    rows["at"], rows["customer_id"], rows["order_id"], rows["points"] = at, customer_id, order_id, points
    loyalty.since_review.append(rows)
    np.add.at(loyalty.qualifying, position_of(customer_id), points)


def _expire(window: deque[Rows], since: int) -> Rows:
    """Take the rows before an instant out of the window."""
    old = [np.empty(0, dtype=_QUALIFYING)]
    while window:
        first = window.popleft()
        count = int(np.searchsorted(first["at"], since))
        old.append(first[:count])
        if count < len(first):
            window.appendleft(first[count:])
            break
    return np.concatenate(old)


def _earned_before(loyalty: Loyalty, order_id: IntArray, at: IntArray) -> IntArray:
    """The points that orders earned on an earlier day; 0 for none. Each order is asked for once."""
    earned = np.zeros(len(order_id), dtype=np.int64)
    if not len(order_id):
        return earned
    by_id, since = np.argsort(order_id), int(at.min()) - LONGEST_AFTERMATH
    for held in reversed(loyalty.window):
        recent = held[np.searchsorted(held["at"], since) :]
        place = by_id[np.minimum(np.searchsorted(order_id[by_id], recent["order_id"]), len(order_id) - 1)]
        found = (order_id[place] == recent["order_id"]) & (recent["points"] > 0)
        earned[place[found]] = recent["points"][found]
        if len(recent) < len(held):
            break
    return earned


def _rounds(place: IntArray) -> list[IntArray]:
    """Rows of each round, given places in ascending order: the first of every place, the second of every place, and so on."""
    begins = np.flatnonzero(np.diff(place, prepend=-1))
    number = np.arange(len(place)) - np.repeat(begins, np.diff(begins, append=len(place)))
    by_round = np.argsort(number, kind="stable")
    return np.split(by_round, np.searchsorted(number[by_round], np.arange(1, int(number.max()) + 1)))
