import numpy as np
import pytest

from gen_data.simulate.happenings import ChangedValues

pytestmark = pytest.mark.unit


def test_a_value_is_the_last_one_at_or_before_the_instant():
    changes = ChangedValues(key=np.array([7, 3, 7]), at=np.array([100, 150, 200]), value=np.array([71, 31, 72]))
    key, at = np.array([7, 7, 7, 7, 3, 3, 5]), np.array([99, 100, 199, 200, 149, 151, 300])
    assert changes.as_of(key, at, np.full(7, -1)).tolist() == [-1, 71, 71, 72, -1, 31, -1]
