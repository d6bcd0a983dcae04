import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data.simulate.rows_in_order import RowsInOrder

pytestmark = pytest.mark.unit

_DTYPE = np.dtype([("value", "i8")])


def rows(values):
    made = np.zeros(len(values), dtype=_DTYPE)
    made["value"] = values
    return made


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 1500)), max_size=8))
def test_a_row_keeps_its_place_whatever_comes_after_it_and_goes_before_it(steps):
    held, expected = RowsInOrder(_DTYPE), {}
    for count, dropped in steps:
        values = np.arange(held.end, held.end + count)
        expected |= dict(zip(held.append(rows(values)).tolist(), values.tolist(), strict=True))
        gone = sorted(expected)[:dropped]
        held.drop_first(len(gone))
        for place in gone:
            del expected[place]
    places = np.array(sorted(expected), dtype=np.int64)
    assert held.at(places)["value"].tolist() == [expected[place] for place in places.tolist()]
    assert len(held.all()) == len(expected)


def test_a_field_changes_in_place():
    held = RowsInOrder(_DTYPE)
    places = held.append(rows([5, 6, 7]))
    held.drop_before(1)
    held.put(places[1:2], "value", np.array([60]))
    assert held.all()["value"].tolist() == [60, 7]
