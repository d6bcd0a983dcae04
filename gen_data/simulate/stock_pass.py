"""The compiled pass over stock events; :mod:`gen_data.simulate.stock` says what it takes and gives.

Tables are arrays shaped (columns, rows). Of lots, chains and log, the rows in
use are counted in ``used``.
"""

import numba
import numpy as np

from gen_data.changes import NULL

PLACE, CANCEL, SHIP, RETURN = range(4)
NOT_RESERVED, REFUSED = -1, -2
# Positions in STOCK_MOVES.
_RECEIPT, _ISSUE, _BACK = range(3)

# Columns of the cells, by the names of Stock.
ON_HAND, RESERVED, ON_ORDER, EXPECTED_AT, SAFETY_STOCK, REORDER_POINT, TARGET, BELOW_SINCE, SEQUENCE = range(9)
# Columns of the lots: those of Lots, then the next lot of the same cell. Of the chains: a cell's first and last lot.
_CELL, _NUMBER, _REMAINING, _UNIT_COST, _NEXT = range(5)
_OLDEST, _NEWEST = range(2)
LOTS, LOG, STATES = range(3)

MILLION = 1_000_000
LEAST_LEAD_SECONDS = 6 * 3_600
_DAY_SECONDS = 24 * 3_600
_NONE = -1

# By region of the destination: the warehouses from the nearest on.
NEAREST = np.array([[0, 1, 2], [1, 2, 0], [2, 1, 0]])


@numba.njit
def _drawn(noise, purpose, cell, sequence):  # type: ignore[no-untyped-def]
    return noise[purpose, (cell * 7_919 + sequence) % noise.shape[1]]


@numba.njit
def lead_seconds(noise, cell, sequence, days):  # type: ignore[no-untyped-def]
    """How long a delivery to a cell takes when its log stands at ``sequence``: 30 % less to 30 % more than ``days``."""
    part = 700_000 + 600_000 * _drawn(noise, 0, cell, sequence) // MILLION
    return max(days * _DAY_SECONDS * part // MILLION, LEAST_LEAD_SECONDS)


@numba.njit
def receipt_cost(noise, cell, sequence, unit_cost, smallest):  # type: ignore[no-untyped-def]
    """What a piece costs in the receipt ``sequence`` of a cell: 4 % less to 4 % more than usual, in whole smallest amounts."""
    part = 960_000 + 80_000 * _drawn(noise, 1, cell, sequence) // MILLION
    return unit_cost * part // MILLION // smallest * smallest


@numba.njit
def _write(log, used, cells, cell, kind, quantity, lot, unit_cost, lot_after, line, at, step):  # type: ignore[no-untyped-def]
    """A row of the log, in the order of the columns of Log."""
    row = used[LOG]
    used[LOG] += 1
    log[0, row] = cell // 3 + 1
    log[1, row] = cell % 3
    log[2, row] = cells[SEQUENCE, cell]
    log[3, row] = kind
    log[4, row] = quantity
    log[5, row] = lot
    log[6, row] = unit_cost
    log[7, row] = lot_after
    log[8, row] = cells[ON_HAND, cell]
    log[9, row] = line
    log[10, row] = at
    log[11, row] = step


@numba.njit
def _note(states, used, cells, cell, at, step):  # type: ignore[no-untyped-def]
    """Look at the cell's alert and note the cell as it is now, in the order of the columns of CellStates."""
    if cells[ON_HAND, cell] - cells[RESERVED, cell] >= cells[SAFETY_STOCK, cell]:
        cells[BELOW_SINCE, cell] = NULL
    elif cells[BELOW_SINCE, cell] == NULL:
        cells[BELOW_SINCE, cell] = at
    row = used[STATES]
    used[STATES] += 1
    states[0, row] = cell
    states[1, row] = at
    states[2, row] = step
    states[3, row] = cells[ON_HAND, cell]
    states[4, row] = cells[RESERVED, cell]
    states[5, row] = cells[ON_ORDER, cell]
    states[6, row] = cells[EXPECTED_AT, cell]
    states[7, row] = cells[BELOW_SINCE, cell]


@numba.njit
def _chain(lots, chains, lot):  # type: ignore[no-untyped-def]
    """Put a lot behind the others of its cell."""
    cell = lots[_CELL, lot]
    lots[_NEXT, lot] = _NONE
    if chains[_OLDEST, cell] == _NONE:
        chains[_OLDEST, cell] = lot
    else:
        lots[_NEXT, chains[_NEWEST, cell]] = lot
    chains[_NEWEST, cell] = lot


@numba.njit
def _take_in(lots, chains, used, cells, log, cell, kind, quantity, unit_cost, line, at, step):  # type: ignore[no-untyped-def]
    """Pieces come in, as a new lot."""
    cells[SEQUENCE, cell] += 1
    cells[ON_HAND, cell] += quantity
    lot = used[LOTS]
    used[LOTS] += 1
    lots[_CELL, lot] = cell
    lots[_NUMBER, lot] = cells[SEQUENCE, cell]
    lots[_REMAINING, lot] = quantity
    lots[_UNIT_COST, lot] = unit_cost
    _chain(lots, chains, lot)
    _write(log, used, cells, cell, kind, quantity, cells[SEQUENCE, cell], unit_cost, quantity, line, at, step)


@numba.njit
def _issue(lots, chains, used, cells, log, cell, quantity, line, at, step):  # type: ignore[no-untyped-def]
    """Pieces go out, oldest lot first; gives what the last one cost."""
    unit_cost = np.int64(0)
    while quantity > 0:
        lot = chains[_OLDEST, cell]
        taken = min(quantity, lots[_REMAINING, lot])
        quantity -= taken
        unit_cost = lots[_UNIT_COST, lot]
        lots[_REMAINING, lot] -= taken
        if lots[_REMAINING, lot] == 0:
            chains[_OLDEST, cell] = lots[_NEXT, lot]
        cells[SEQUENCE, cell] += 1
        cells[ON_HAND, cell] -= taken
        _write(log, used, cells, cell, _ISSUE, -taken, lots[_NUMBER, lot], unit_cost, lots[_REMAINING, lot], line, at, step)
    return unit_cost


@numba.njit
def _receive(lots, chains, used, cells, log, states, noise, cell, unit_cost, smallest):  # type: ignore[no-untyped-def]
    """The delivery that the cell waits for arrives, at its own instant."""
    at, quantity = cells[EXPECTED_AT, cell], cells[ON_ORDER, cell]
    cells[ON_ORDER, cell] = 0
    cells[EXPECTED_AT, cell] = NULL
    cost = receipt_cost(noise, cell, cells[SEQUENCE, cell] + 1, unit_cost, smallest)
    _take_in(lots, chains, used, cells, log, cell, _RECEIPT, quantity, cost, _NONE, at, -1 - cell)
    _note(states, used, cells, cell, at, -1 - cell)


@numba.njit
def _reserve(cells, first, region, quantity):  # type: ignore[no-untyped-def]
    """Reserve in the nearest warehouse that has enough; gives its position, or REFUSED."""
    for choice in range(3):
        position = NEAREST[region, choice]
        cell = first + position
        if cells[ON_HAND, cell] - cells[RESERVED, cell] >= quantity:
            cells[RESERVED, cell] += quantity
            return position
    return REFUSED


@numba.njit
def _replenish(cells, noise, cell, at, lead_days):  # type: ignore[no-untyped-def]
    """Order up to the target when that is due; says whether it was."""
    available = cells[ON_HAND, cell] - cells[RESERVED, cell]
    if cells[ON_ORDER, cell] > 0 or available > cells[REORDER_POINT, cell] or available >= cells[TARGET, cell]:
        return False
    cells[ON_ORDER, cell] = cells[TARGET, cell] - available
    cells[EXPECTED_AT, cell] = at + MILLION * lead_seconds(noise, cell, cells[SEQUENCE, cell], lead_days)
    return True


@numba.njit(cache=True)
def run(cells, lots, used, unit_costs, lead_days, lines, events, suspended, noise, smallest, end, log, states):  # type: ignore[no-untyped-def]
    """Let the events happen; gives the position of the first one that cannot, or how many there are.

    The lots in use are by cell and number before and afterwards.
    """
    product_ids, regions, warehouses, issue_costs = lines.product_id, lines.region, lines.warehouse, lines.issue_cost
    instants, keys, kinds, line_of, quantities = events.at, events.key, events.kind, events.line, events.quantity
    chains = np.full((2, cells.shape[1]), _NONE)
    for lot in range(used[LOTS]):
        _chain(lots, chains, lot)
    for event in range(len(instants)):
        at, key, kind, line, quantity = instants[event], keys[event], kinds[event], line_of[event], quantities[event]
        if at >= end or (event > 0 and (at < instants[event - 1] or (at == instants[event - 1] and key < keys[event - 1]))):
            return event
        product, position = product_ids[line] - 1, warehouses[line]
        first = 3 * product
        for cell in range(first, first + 3):
            if cells[EXPECTED_AT, cell] != NULL and cells[EXPECTED_AT, cell] <= at:
                _receive(lots, chains, used, cells, log, states, noise, cell, unit_costs[product], smallest)
        if (kind == PLACE) != (position == NOT_RESERVED) or quantity < 1:
            return event
        if kind == PLACE:
            position = _reserve(cells, first, regions[line], quantity)
            warehouses[line] = position
            for cell in range(first, first + 3):
                is_ordered = not suspended[event] and _replenish(cells, noise, cell, at, lead_days[product])
                if is_ordered or cell == first + position:
                    _note(states, used, cells, cell, at, key)
        elif position != REFUSED:
            cell = first + position
            if kind == RETURN:
                _take_in(lots, chains, used, cells, log, cell, _BACK, quantity, issue_costs[line], line, at, key)
            else:
                if quantity > cells[RESERVED, cell]:
                    return event
                cells[RESERVED, cell] -= quantity
                if kind == SHIP:
                    issue_costs[line] = _issue(lots, chains, used, cells, log, cell, quantity, line, at, key)
            _note(states, used, cells, cell, at, key)
    for cell in range(cells.shape[1]):
        if cells[EXPECTED_AT, cell] != NULL and cells[EXPECTED_AT, cell] < end:
            _receive(lots, chains, used, cells, log, states, noise, cell, unit_costs[cell // 3], smallest)
    _put_in_order(lots, chains, used)
    return len(instants)


@numba.njit
def _put_in_order(lots, chains, used):  # type: ignore[no-untyped-def]
    """Keep the lots that have pieces left, by cell and number."""
    held = np.empty((_NEXT, used[LOTS]), np.int64)
    count = 0
    for cell in range(chains.shape[1]):
        lot = chains[_OLDEST, cell]
        while lot != _NONE:
            for column in range(_NEXT):
                held[column, count] = lots[column, lot]
            count += 1
            lot = lots[_NEXT, lot]
    # Assigning slices would take longer to compile than all the rest.
    for column in range(_NEXT):
        for lot in range(count):
            lots[column, lot] = held[column, lot]
    used[LOTS] = count
