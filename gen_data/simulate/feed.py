"""Messages of the marketplaces, clean and dirty, and the truth about the dirty ones: planned when the order is placed."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from gen_data import schema
from gen_data.behaviour.channels import CHANNEL_CODES
from gen_data.behaviour.feed import (
    CLEAN,
    CLOSED,
    CONTRADICTING,
    CREATED,
    LATE,
    MALFORMED,
    MESSAGES_PER_ORDER,
    OUT_OF_ORDER,
    REPEATED,
    REPEATED_CREATED,
    Dirt,
    contradiction,
    delay,
    lateness,
    repetition,
    soil,
)
from gen_data.behaviour.order_life import NEVER, Life
from gen_data.changes import Changes, Coded, Insert
from gen_data.ids import is_fraud
from gen_data.randomness import FloatArray, IntArray
from gen_data.schema.ground_truth import DIRT_KINDS
from gen_data.simulate.arrivals import WEBSITE
from gen_data.simulate.orders import Placed
from gen_data.simulate.state import State
from gen_data.texts import Texts, join, numerals, pick, texts

# Untyped on purpose: the published stubs of these functions refuse valid calls.
_compute: Any = pyarrow.compute
_pa: Any = pa

_EVENTS = ("order_created", "order_delivered", "order_cancelled")
_NOTES = {
    LATE: "received days after it was sent",
    REPEATED: "the same message again",
    MALFORMED: "no valid message",
    OUT_OF_ORDER: "received after the message that closes the order",
    CONTRADICTING: "another total than the order has",
}


def feed_rows(state: State, placed: Placed, life: Life, dirty_rate: FloatArray) -> Changes:
    """What the marketplaces say of their orders; ``dirty_rate`` is that of the tick of each order."""
    row = np.flatnonzero((placed.coming["channel"] != WEBSITE) & ~is_fraud(placed.coming["order_id"]))
    closed_at = np.minimum(life.delivered_at[row], life.cancelled_at[row])
    order, is_closed = np.tile(row, 2), np.repeat([False, True], len(row))
    feed_id = placed.coming["order_id"][order] * MESSAGES_PER_ORDER + np.where(is_closed, CLOSED, CREATED)
    sent_at = np.where(is_closed, np.tile(closed_at, 2), placed.coming["ordered_at"][order])
    dirt = soil(state.dice, feed_id, is_closed, dirty_rate[order])
    received_at = sent_at + delay(state.dice, feed_id)
    received_at += np.where(dirt.kind == LATE, lateness(state.dice, feed_id), 0)
    after_closing = np.tile(closed_at, 2) + 2 * delay(state.dice, feed_id) + 60_000_000
    received_at = np.where(dirt.kind == OUT_OF_ORDER, after_closing, received_at)
    event = np.where(is_closed, np.where(life.cancelled_at[order] != NEVER, 2, 1), 0)
    payload = _payloads(state, placed, order, feed_id, event, sent_at, dirt)

    again = np.flatnonzero(dirt.kind == REPEATED)
    repeated_id = feed_id[again] + REPEATED_CREATED
    repeated_at = received_at[again] + repetition(state.dice, feed_id[again])
    feed_id, received_at = np.concatenate([feed_id, repeated_id]), np.concatenate([received_at, repeated_at])
    payload = _pa.chunked_array([payload, payload.take(_pa.array(again))]).combine_chunks()
    order, kind = (
        np.concatenate([order, order[again]]),
        np.concatenate([np.where(dirt.kind == REPEATED, CLEAN, dirt.kind), dirt.kind[again]]),
    )
    order_id = placed.coming["order_id"][order]
    dirty = np.flatnonzero(kind != CLEAN)
    notes = tuple(_NOTES[position] for position in range(len(DIRT_KINDS)))
    return [
        Insert(
            schema.MARKETPLACE_FEED,
            {
                "feed_id": feed_id,
                "channel_code": Coded(CHANNEL_CODES, placed.coming["channel"][order]),
                "received_at": received_at,
                "payload": payload,
            },
            received_at,
            order_id,
        ),
        Insert(
            schema.DIRTY_ROWS,
            {"feed_id": feed_id[dirty], "kind": Coded(DIRT_KINDS, kind[dirty]), "note": Coded(notes, kind[dirty])},
            received_at[dirty],
            order_id[dirty],
        ),
    ]


def _payloads(state: State, placed: Placed, order: IntArray, feed_id: IntArray, event: IntArray, sent_at: IntArray, dirt: Dirt) -> Texts:
    """The messages as text: JSON, or what is left of it."""
    total = placed.total[order]
    contradicts = dirt.kind == CONTRADICTING
    total = np.where(contradicts, contradiction(state.dice, feed_id, total, state.currency.smallest), total)
    sent = _compute.strftime(_pa.array(sent_at // 1_000_000, pa.timestamp("s", "UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    is_unreadable = (dirt.kind == MALFORMED) & (dirt.way == 0)
    amount = join("", numerals(total // 100), texts(["."] * len(total)), numerals(total % 100, width=2))
    amount = _compute.if_else(_pa.array(is_unreadable), _compute.replace_substring(amount, "0", "O"), amount)
    parts = (
        ('{"event":"', pick(_EVENTS, event)),
        ('","channel":"', pick(CHANNEL_CODES, placed.coming["channel"][order])),
        ('","order":"', numerals(placed.coming["order_id"][order])),
        ('","sent_at":"', sent),
        ('","total":"', amount),
        ('","currency":"', pick((state.currency.code,), np.zeros(len(order), dtype=np.int64))),
    )
    pieces: list[Texts] = []
    for label, column in parts:
        pieces += [_pa.repeat(label, len(order)), column]
    whole = join("", *pieces, _pa.repeat('"}', len(order)))
    cut = (dirt.kind == MALFORMED) & (dirt.way == 1)
    swapped = (dirt.kind == MALFORMED) & (dirt.way == 2)
    whole = _compute.if_else(_pa.array(cut), _compute.utf8_slice_codeunits(whole, 0, 61), whole)
    payload: Texts = _compute.if_else(_pa.array(swapped), _compute.replace_substring(whole, '":"', '"="'), whole)
    return payload
