import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data import schema
from gen_data.changes import Coded, Delete, Insert, Update
from gen_data.clock import DAY, HOUR
from gen_data.simulate.later import Later
from gen_data.texts import texts

pytestmark = pytest.mark.unit

instants = st.lists(st.integers(0, 5 * DAY), max_size=30)


def products(at):
    at = np.array(at, dtype=np.int64)
    columns = {"product_id": at * 3, "status": Coded(("active", "discontinued"), at % 2), "name": texts([f"row {one}" for one in at])}
    return Insert(schema.PRODUCTS, columns, at, at + 1)


def rows_of(changes):
    return [
        (type(record).__name__, at, step, product_id)
        for record in changes
        for at, step, product_id in zip(record.at.tolist(), record.step.tolist(), record.columns["product_id"].tolist(), strict=True)
    ]


@settings(deadline=None)
@given(st.lists(instants, max_size=8), st.lists(st.integers(0, 6 * DAY), min_size=1, max_size=12))
def test_every_row_comes_once_in_the_take_that_its_instant_falls_into(batches, cuts):
    later, taken, wanted = Later(), [], []
    batches = [batch for batch in batches if batch]
    cuts = [*sorted(cuts), 6 * DAY]
    for position, cut in enumerate(cuts):
        if position < len(batches):
            record = products(batches[position])
            taken.append((cut, rows_of(later.split([record], cut))))
            wanted += rows_of([record])
        taken.append((cut, rows_of(later.take(cut))))
    for batch in batches[len(cuts) :]:
        later.add([products(batch)])
        wanted += rows_of([products(batch)])
    taken.append((6 * DAY, rows_of(later.take(6 * DAY))))
    assert sorted(row for _, rows in taken for row in rows) == sorted(wanted)
    assert all(row[1] < cut for cut, rows in taken for row in rows)
    assert not list(later)


def test_a_row_that_is_due_is_never_held_back():
    later = Later()
    later.add([products([HOUR, 3 * HOUR, DAY + HOUR])])
    assert [row[1] for row in rows_of(later.take(2 * HOUR))] == [HOUR]
    later.add([products([2 * HOUR, 4 * HOUR])])
    assert sorted(row[1] for row in rows_of(later.take(DAY))) == [2 * HOUR, 3 * HOUR, 4 * HOUR]
    assert [row[1] for row in rows_of(later.take(2 * DAY))] == [DAY + HOUR]


def test_columns_stay_with_their_rows_and_kinds_with_their_own():
    later, at = Later(), np.array([3 * DAY, HOUR], dtype=np.int64)
    later.add([products(at), Update(schema.PRODUCTS, {"product_id": at}, at, at), Delete(schema.PRODUCTS, {"product_id": at}, at, at)])
    kinds = {type(record): record for record in later.take(4 * DAY) if HOUR in record.at}
    assert set(kinds) == {Insert, Update, Delete}
    columns = kinds[Insert].columns
    assert columns["name"].to_pylist()[0] == f"row {HOUR}"
    assert columns["status"].texts().to_pylist()[0] == "active"
