"""Moves the stock of a stretch: events of lines old and new go through the compiled pass, rows come out."""

import numpy as np

from gen_data.changes import Changes
from gen_data.randomness import IntArray
from gen_data.schedule import Conditions
from gen_data.simulate.inventory import cell_rows, log_rows
from gen_data.simulate.state import State
from gen_data.simulate.stock import Events, Lines, move


def move_stock(state: State, ticks: IntArray, conditions: Conditions, end: int) -> Changes:
    """Let all stock events before ``end`` happen; the lines in memory learn their warehouses and costs."""
    due = state.stock_events.take(end)
    due = due[np.lexsort((due["line"], due["kind"], due["key"], due["at"]))]
    places, line = np.unique(due["line"], return_inverse=True)
    rows = state.lines.at(places)
    lines = Lines(*(rows[name].copy() for name in Lines._fields))
    events = Events(due["at"].copy(), due["key"].copy(), due["kind"].copy(), line, lines.quantity[line])
    tick = state.clock.ticks_at(events.at) - ticks[0]
    suspended = state.assortment.rank(lines.product_id[line]) < conditions.suspended_count[tick]
    log, cells = move(state.stock, lines, events, suspended, end, state.noise)
    state.lines.put(places, "warehouse", lines.warehouse)
    state.lines.put(places, "issue_cost", lines.issue_cost)
    return [log_rows(log, rows["order_id"].copy(), rows["line_number"].copy()), cell_rows(cells)]
