"""Promotions as they begin."""

import numpy as np

from gen_data import schema
from gen_data.changes import Changes, Columns, Insert
from gen_data.simulate.state import State
from gen_data.texts import texts


def begin_promotions(state: State, first_tick: int, end_tick: int) -> Changes:
    """The promotions that begin from ``first_tick`` up to ``end_tick``."""
    begun = state.schedule.promotions_begun(state.clock, first_tick, end_tick)
    if not begun:
        return []
    starts_at = np.array([promotion.starts_at for promotion in begun])
    columns: Columns = {
        "promotion_id": np.array([promotion.promotion_id for promotion in begun]),
        "code": texts([promotion.code for promotion in begun]),
        "name": texts([promotion.name for promotion in begun]),
        "kind": texts([promotion.kind for promotion in begun]),
        "discount_rate": np.array([round(promotion.discount_rate * 10_000) for promotion in begun]),
        "starts_at": starts_at,
        "ends_at": np.array([promotion.ends_at for promotion in begun]),
        "updated_at": starts_at,
    }
    # Before any order of the same instant.
    return [Insert(schema.PROMOTIONS, columns, starts_at, np.zeros(len(begun), dtype=np.int64))]
