"""Stock as rows of inventory and inventory_log: what the shop opens with, what moves, and how it is read back."""

import numpy as np
import psycopg
from psycopg import sql

from gen_data import schema
from gen_data.behaviour.stock import Levels
from gen_data.changes import NULL, Changes, Coded, Columns, Insert, Update
from gen_data.randomness import IntArray
from gen_data.read import read_integers
from gen_data.schema.stock import STOCK_MOVES, WAREHOUSE_CODES
from gen_data.simulate.stock import CellStates, Events, Lines, Log, Lots, Stock, move


def opening_stock(
    planned: Levels, unit_cost: IntArray, lead_days: IntArray, smallest: int, noise: IntArray, at: int
) -> tuple[Stock, Changes]:
    """A shop's stock at its opening, every cell at its target, and the rows of inventory and inventory_log that say so.

    ``unit_cost`` (hundredths) and ``lead_days`` are by product, ``smallest`` is
    the currency's smallest amount, ``noise`` as for :func:`gen_data.simulate.stock.move`.
    """
    count = len(planned.target)
    nothing = np.zeros(0, dtype=np.int64)
    stock = Stock(
        on_hand=np.zeros(count, dtype=np.int64),
        reserved=np.zeros(count, dtype=np.int64),
        on_order=planned.target.copy(),
        expected_at=np.full(count, at),
        safety_stock=planned.safety.copy(),
        reorder_point=planned.reorder_point.copy(),
        target=planned.target.copy(),
        below_since=np.full(count, NULL),
        sequence=np.zeros(count, dtype=np.int64),
        lots=Lots(nothing, nothing, nothing, nothing),
        unit_cost=unit_cost,
        lead_days=lead_days,
        smallest=smallest,
    )
    lines, events = Lines(*[nothing] * len(Lines._fields)), Events(*[nothing] * len(Events._fields))
    delivered = move(stock, lines, events, np.zeros(0, dtype=np.bool_), at + 1, noise)
    cell = np.arange(count)
    columns: Columns = {
        **_cell_key(cell),
        "on_hand": stock.on_hand,
        "reserved": stock.reserved,
        "on_order": stock.on_order,
        "expected_at": stock.expected_at,
        "safety_stock": stock.safety_stock,
        "reorder_point": stock.reorder_point,
        "below_safety_since": stock.below_since,
        "updated_at": np.full(count, at),
    }
    return stock, [Insert(schema.INVENTORY, columns, np.full(count, at), -1 - cell), log_rows(delivered.log, nothing, nothing)]


def log_rows(log: Log, order_id: IntArray, line_number: IntArray) -> Insert:
    """Rows of inventory_log; ``order_id`` and ``line_number`` are those of the lines that were given to the move."""
    columns: Columns = {
        "product_id": log.product_id,
        "warehouse_code": Coded(WAREHOUSE_CODES, log.warehouse),
        "sequence": log.sequence,
        "kind": Coded(STOCK_MOVES, log.kind),
        "quantity": log.quantity,
        "lot": log.lot,
        "unit_cost": log.unit_cost,
        "lot_after": log.lot_after,
        "on_hand_after": log.on_hand_after,
        "order_id": _of_lines(log.line, order_id),
        "line_number": _of_lines(log.line, line_number),
        "happened_at": log.at,
    }
    return Insert(schema.INVENTORY_LOG, columns, log.at, log.step)


def cell_rows(states: CellStates) -> Update:
    """Rows of inventory as they become."""
    columns: Columns = {
        **_cell_key(states.cell),
        "on_hand": states.on_hand,
        "reserved": states.reserved,
        "on_order": states.on_order,
        "expected_at": states.expected_at,
        "below_safety_since": states.below_since,
        "updated_at": states.at,
    }
    return Update(schema.INVENTORY, columns, states.at, states.step)


def review_levels(stock: Stock, planned: Levels, at: int) -> Changes:
    """Plan anew at ``at``, when everything before has happened; gives the rows of inventory that change."""
    available = stock.on_hand - stock.reserved
    below_since = np.where(available >= planned.safety, NULL, np.where(stock.below_since == NULL, at, stock.below_since))
    changed = np.flatnonzero((stock.safety_stock != planned.safety) | (stock.reorder_point != planned.reorder_point))
    stock.safety_stock, stock.reorder_point, stock.target = (column.copy() for column in planned)
    stock.below_since = below_since
    instants = np.full(len(changed), at)
    columns: Columns = {
        **_cell_key(changed),
        "safety_stock": planned.safety[changed],
        "reorder_point": planned.reorder_point[changed],
        "below_safety_since": below_since[changed],
        "updated_at": instants,
    }
    return [Update(schema.INVENTORY, columns, instants, -1 - changed)]


def load_stock(connection: psycopg.Connection, planned: Levels, unit_cost: IntArray, lead_days: IntArray, smallest: int) -> Stock:
    """The stock of an opened shop from its tables, as it was in memory at the same tick; ``planned`` are the levels in force."""
    with connection.transaction(force_rollback=True):
        # Before a big new log has been analyzed, the planner would sort it again for every lot.
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            connection.execute("select set_config(%s, 'off', true)", (setting,))
        cells, lots = _load_cells(connection), _load_lots(connection)
    columns = (column.copy() for column in cells[:, 1:].T)
    on_hand, reserved, on_order, expected_at, safety_stock, reorder_point, below_since, sequence = columns
    return Stock(
        on_hand=on_hand,
        reserved=reserved,
        on_order=on_order,
        expected_at=expected_at,
        safety_stock=safety_stock,
        reorder_point=reorder_point,
        target=planned.target.copy(),
        below_since=below_since,
        sequence=sequence,
        lots=lots,
        unit_cost=unit_cost,
        lead_days=lead_days,
        smallest=smallest,
    )


def _load_cells(connection: psycopg.Connection) -> IntArray:
    """Each cell's row of inventory and the last number of its log."""
    return read_integers(
        connection,
        9,
        sql.SQL(
            """
            select (product_id - 1) * 3 + array_position({codes}, warehouse_code) - 1 as cell, on_hand::bigint, reserved::bigint,
                   on_order::bigint, coalesce((extract(epoch from expected_at) * 1000000)::bigint, {null}),
                   safety_stock::bigint, reorder_point::bigint,
                   coalesce((extract(epoch from below_safety_since) * 1000000)::bigint, {null}), last.sequence::bigint
            from inventory cross join lateral (
                select sequence from inventory_log
                where inventory_log.product_id = inventory.product_id and inventory_log.warehouse_code = inventory.warehouse_code
                order by sequence desc limit 1
            ) last
            order by cell
            """
        ).format(codes=sql.Literal(list(WAREHOUSE_CODES)), null=sql.Literal(NULL)),
    )


def _load_lots(connection: psycopg.Connection) -> Lots:
    """Lots with pieces left.

    First in, first out leaves the pieces that came last: each cell's lots are
    walked back, from the newest on, until they hold what is in the warehouse.
    The log is read as far back as the oldest of them, however old the shop is.
    """
    found = read_integers(
        connection,
        4,
        sql.SQL(
            """
            with recursive held as (
                select product_id, warehouse_code, opened.*, on_hand - opened.quantity as in_older_lots
                from inventory cross join lateral (
                    select log.sequence, log.quantity, log.unit_cost from inventory_log log
                    where log.product_id = inventory.product_id and log.warehouse_code = inventory.warehouse_code
                      and log.kind in ('receipt', 'return')
                    order by log.sequence desc limit 1
                ) opened
                where on_hand > 0
                union all
                select product_id, warehouse_code, opened.*, in_older_lots - opened.quantity
                from held cross join lateral (
                    select log.sequence, log.quantity, log.unit_cost from inventory_log log
                    where log.product_id = held.product_id and log.warehouse_code = held.warehouse_code
                      and log.sequence < held.sequence and log.kind in ('receipt', 'return')
                    order by log.sequence desc limit 1
                ) opened
                where in_older_lots > 0
            )
            select (product_id - 1) * 3 + array_position({codes}, warehouse_code) - 1 as cell, sequence::bigint,
                   (quantity + least(in_older_lots, 0))::bigint, (unit_cost * 100)::bigint
            from held order by cell, sequence
            """
        ).format(codes=sql.Literal(list(WAREHOUSE_CODES))),
    )
    return Lots(*(column.copy() for column in found.T))


def _cell_key(cell: IntArray) -> Columns:
    return {"product_id": cell // 3 + 1, "warehouse_code": Coded(WAREHOUSE_CODES, cell % 3)}


def _of_lines(line: IntArray, values: IntArray) -> IntArray:
    found = np.full(len(line), NULL)
    is_line = line >= 0
    found[is_line] = values[line[is_line]]
    return found
