"""How stock moves: one pass over what is ordered, cancelled, shipped and brought back, in the order in which it happens.

Rows do not depend on how the events are cut into calls: a delivery is booked at
its own instant before anything later happens to its product, and at the end of
a call at the latest.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gen_data.changes import NULL
from gen_data.randomness import BoolArray, Dice, IntArray
from gen_data.simulate import stock_pass
from gen_data.simulate.stock_pass import CANCEL, NOT_RESERVED, PLACE, REFUSED, RETURN, SHIP

__all__ = [
    "CANCEL",
    "NOT_RESERVED",
    "PLACE",
    "REFUSED",
    "RETURN",
    "SHIP",
    "CellStates",
    "Events",
    "Lines",
    "Log",
    "Lots",
    "Moved",
    "Stock",
    "move",
    "noise_table",
]

_NOISE_COUNT = 1 << 16
_LEAST_LEAD = stock_pass.LEAST_LEAD_SECONDS * stock_pass.MILLION


class Lots(NamedTuple):
    """Lots that are not used up, by cell and number: the oldest of a cell first. ``unit_cost`` in hundredths."""

    cell: IntArray
    number: IntArray
    remaining: IntArray
    unit_cost: IntArray


@dataclass
class Stock:
    """What lies where, and what is planned; by cell (see :mod:`gen_data.behaviour.stock`), and by product where said.

    Attributes:
        on_hand: pieces in the warehouse.
        reserved: pieces of them that are sold but have not left.
        on_order: pieces that the supplier will bring.
        expected_at: when he brings them; NULL when nothing is on order.
        safety_stock: pieces below which there is an alert.
        reorder_point: available pieces at which more are ordered.
        target: available pieces up to which they are ordered.
        below_since: since when fewer than the safety stock are available; NULL when they are not.
        sequence: the last used number of inventory_log.
        lots: what is in the warehouse, by when it came.
        unit_cost: hundredths that a piece usually costs, by product.
        lead_days: days that a delivery usually takes, by product.
        smallest: the currency's smallest amount, in hundredths.
    """

    on_hand: IntArray
    reserved: IntArray
    on_order: IntArray
    expected_at: IntArray
    safety_stock: IntArray
    reorder_point: IntArray
    target: IntArray
    below_since: IntArray
    sequence: IntArray
    lots: Lots
    unit_cost: IntArray
    lead_days: IntArray
    smallest: int


class Lines(NamedTuple):
    """Order lines. ``region`` is where they go, ``warehouse`` where they come from: a position, NOT_RESERVED or REFUSED.

    ``issue_cost`` is what the last of their pieces cost when it left, in
    hundredths. The last two columns are written to.
    """

    product_id: IntArray
    quantity: IntArray
    region: IntArray
    warehouse: IntArray
    issue_cost: IntArray


class Events(NamedTuple):
    """What happens to lines, by ``at`` and ``key``; equal ones happen in the given order.

    ``kind`` is PLACE, CANCEL, SHIP or RETURN, ``line`` a position in the lines,
    and ``quantity`` the pieces concerned: all of the line's, or those that come
    back and can be sold again. Nothing but PLACE happens to a refused line.
    """

    at: IntArray
    key: IntArray
    kind: IntArray
    line: IntArray
    quantity: IntArray


class Log(NamedTuple):
    """Rows of inventory_log, each cell's in its order. ``kind`` is a position in STOCK_MOVES, ``line`` is -1 for a receipt.

    ``lot_after`` and ``on_hand_after`` are the pieces left of the lot and of all.
    ``step`` is the event's key, and ``-1 - cell`` for a receipt.
    """

    product_id: IntArray
    warehouse: IntArray
    sequence: IntArray
    kind: IntArray
    quantity: IntArray
    lot: IntArray
    unit_cost: IntArray
    lot_after: IntArray
    on_hand_after: IntArray
    line: IntArray
    at: IntArray
    step: IntArray


class CellStates(NamedTuple):
    """Cells after each event or receipt that changed them, each cell's in its order; ``step`` as in the log."""

    cell: IntArray
    at: IntArray
    step: IntArray
    on_hand: IntArray
    reserved: IntArray
    on_order: IntArray
    expected_at: IntArray
    below_since: IntArray

    def last_of_each(self) -> "CellStates":
        """The last state of each cell that changed."""
        last = np.full(int(self.cell.max(initial=-1)) + 1, -1)
        last[self.cell] = np.arange(len(self.cell))
        rows = last[last >= 0]
        return CellStates(*(column[rows] for column in self))


class Moved(NamedTuple):
    """What a call of :func:`move` did."""

    log: Log
    states: CellStates


_CELL_COLUMNS = (
    "on_hand",
    "reserved",
    "on_order",
    "expected_at",
    "safety_stock",
    "reorder_point",
    "target",
    "below_since",
    "sequence",
)


def noise_table(dice: Dice) -> IntArray:
    """Numbers below a million, shaped (2, many): how lead times (row 0) and costs (row 1) differ from the usual."""
    return dice.integers("stock noise", np.arange(_NOISE_COUNT), stock_pass.MILLION, np.arange(2)[:, None])


def move(stock: Stock, lines: Lines, events: Events, suspended: BoolArray, end: int, noise: IntArray) -> Moved:
    """Let the events happen, and everything that is delivered before ``end``; writes to the stock and to the lines.

    A line is reserved whole, in the warehouse nearest to its region that has
    enough available, or refused. After every attempt more is ordered for each
    cell of the product that stands at its reorder point and waits for nothing,
    unless the event is ``suspended``.

    Args:
        stock: as it is when everything before the first event has happened.
        lines: those that the events are about, as int64.
        events: all before ``end``.
        suspended: for each event, whether replenishment of its product stands still.
        end: instant before which everything has happened afterwards.
        noise: from :func:`noise_table`, always the same.

    Raises:
        ValueError: an event is not in order, or is not possible after what happened to its line. The stock is then of no use.
    """
    held_count, placed_count = len(stock.lots.cell), int(np.count_nonzero(events.kind == PLACE))
    receipts = _most_receipts(stock, events, placed_count, end)
    lots = np.empty((len(Lots._fields) + 1, held_count + receipts + int(np.count_nonzero(events.kind == RETURN))), dtype=np.int64)
    lots[:-1, :held_count] = stock.lots
    # Every row of an issue but its last one uses up a lot, and an attempt changes all cells of its product at most.
    log = np.empty((len(Log._fields), len(events.at) + lots.shape[1] + receipts), dtype=np.int64)
    states = np.empty((len(CellStates._fields), len(events.at) + 2 * placed_count + receipts), dtype=np.int64)
    cells, used = np.array([getattr(stock, name) for name in _CELL_COLUMNS]), np.array([held_count, 0, 0])
    reached = stock_pass.run(
        cells, lots, used, stock.unit_cost, stock.lead_days, lines, events, suspended, noise, stock.smallest, end, log, states
    )
    if reached < len(events.at):
        raise ValueError(f"stock: event {reached} is out of order, or not possible after what happened to line {events.line[reached]}.")
    for name, column in zip(_CELL_COLUMNS, cells, strict=True):
        setattr(stock, name, column)
    stock.lots = Lots(*lots[:-1, : used[stock_pass.LOTS]].copy())
    return Moved(Log(*log[:, : used[stock_pass.LOG]]), CellStates(*states[:, : used[stock_pass.STATES]]))


def _most_receipts(stock: Stock, events: Events, placed_count: int, end: int) -> int:
    """A bound of how many deliveries can arrive: what is on order, and then one a cell in the least lead time, ordered by some attempt."""
    waiting = int(np.count_nonzero(stock.expected_at != NULL))
    if not placed_count:
        return waiting
    in_time = len(stock.on_hand) * (1 + max(0, end - int(events.at[0])) // _LEAST_LEAD)
    return waiting + min(in_time, 3 * placed_count)
