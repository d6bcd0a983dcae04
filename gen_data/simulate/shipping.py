"""Shipments and their events, from the day a parcel leaves its warehouse: planned when the order is placed."""

import numpy as np

from gen_data import schema
from gen_data.behaviour.baskets import Lines
from gen_data.behaviour.order_life import NEVER, Life
from gen_data.behaviour.shipping import CARRIER_CODES, COST_DONG, distributor_id
from gen_data.behaviour.stock import WAREHOUSES
from gen_data.changes import NULL, Changes, Coded, Insert, Update
from gen_data.clock import HOUR
from gen_data.ids import SHIPMENTS_PER_ORDER
from gen_data.randomness import IntArray
from gen_data.schema.shipping import SHIPMENT_EVENT_KINDS, SHIPMENT_STATUSES
from gen_data.schema.stock import WAREHOUSE_CODES
from gen_data.simulate.orders import Placed
from gen_data.simulate.state import State

_ORIGINS = tuple(warehouse.province for warehouse in WAREHOUSES)
_IN_TRANSIT, _DELIVERED, _LOST = range(3)
_PICKED_UP = SHIPMENT_EVENT_KINDS.index("picked_up")


def shipping_rows(state: State, placed: Placed, life: Life, lines: Lines, warehouse: IntArray) -> Changes:
    """One shipment for each order that leaves and each warehouse that holds some of it; ``warehouse`` is a position by line."""
    leaves = life.shipped_at[lines.order] != NEVER
    pairs = np.unique(lines.order[leaves] * SHIPMENTS_PER_ORDER + warehouse[leaves])
    order, origin = pairs // SHIPMENTS_PER_ORDER, pairs % SHIPMENTS_PER_ORDER
    order_id = placed.coming["order_id"][order]
    shipment_id = order_id * SHIPMENTS_PER_ORDER + origin
    shipped_at, promised_at = life.shipped_at[order], life.promised_at[order]
    is_lost = life.is_lost[order]
    ends_at = np.where(is_lost, life.cancelled_at[order], life.delivered_at[order])
    carrier = life.carrier[order]
    shipment = Insert(
        schema.SHIPMENTS,
        {
            "shipment_id": shipment_id,
            "order_id": order_id,
            "warehouse_code": Coded(WAREHOUSE_CODES, origin),
            "carrier_code": Coded(CARRIER_CODES, carrier),
            "distributor_id": distributor_id(carrier, placed.region[order]),
            "status": Coded(SHIPMENT_STATUSES, np.full(len(order), _IN_TRANSIT)),
            "shipping_cost": state.currency.price(COST_DONG)[carrier],
            "shipped_at": shipped_at,
            "promised_at": promised_at,
            "delivered_at": np.full(len(order), NULL),
            "updated_at": shipped_at,
        },
        shipped_at,
        order_id,
    )
    arrival = Update(
        schema.SHIPMENTS,
        {
            "shipment_id": shipment_id,
            "status": Coded(SHIPMENT_STATUSES, np.where(is_lost, _LOST, _DELIVERED)),
            "delivered_at": np.where(is_lost, NULL, ends_at),
            "updated_at": ends_at,
        },
        ends_at,
        order_id,
    )
    return [shipment, arrival, _events(state, placed, order, origin, shipment_id, is_lost, shipped_at, promised_at, ends_at)]


def _events(
    state: State,
    placed: Placed,
    order: IntArray,
    origin: IntArray,
    shipment_id: IntArray,
    is_lost: IntArray,
    shipped_at: IntArray,
    promised_at: IntArray,
    ends_at: IntArray,
) -> Insert:
    """Picked up; delayed when the promise passes; out for delivery some hours before it arrives; delivered, or lost."""
    hours_out = 1 + state.dice.integers("hours out for delivery", shipment_id, 5)
    out_at = np.where(is_lost, NEVER, np.maximum(ends_at - hours_out * HOUR, shipped_at + 1_000_000))
    delayed_at = np.where(promised_at < np.where(is_lost, ends_at, out_at), promised_at, NEVER)
    at = np.stack([shipped_at, delayed_at, out_at, np.where(is_lost, NEVER, ends_at), np.where(is_lost, ends_at, NEVER)], axis=1)
    happens = at != NEVER
    row, kind = np.nonzero(happens)
    sequence = np.cumsum(happens, axis=1)[row, kind]
    is_at_origin = kind == _PICKED_UP
    place = np.where(is_at_origin, len(state.people.province_pool) + origin[row], placed.province[order[row]])
    return Insert(
        schema.SHIPMENT_EVENTS,
        {
            "shipment_id": shipment_id[row],
            "sequence": sequence,
            "kind": Coded(SHIPMENT_EVENT_KINDS, kind),
            "place": Coded((*state.people.province_pool, *_ORIGINS), place),
            "happened_at": at[row, kind],
        },
        at[row, kind],
        placed.coming["order_id"][order[row]],
    )
