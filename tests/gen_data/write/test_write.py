import itertools

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gen_data.clock import DAY
from gen_data.fingerprint import fingerprints
from gen_data.write.batch import write_batch
from gen_data.write.bulk import FirstLoad
from gen_data.write.steps import StepWriter
from tests.gen_data.write.small_shop import BEGIN, DAYS, QUARTER, between, open_small_shop, opened_small_shop, some_days

pytestmark = pytest.mark.integration

END = BEGIN + DAYS * DAY
CLOCK = {"next_tick": 3 * 1_440}


@pytest.fixture(scope="module")
def shop(services):
    """A session of a small shop that has opened."""
    with opened_small_shop(services) as connection:
        yield connection


def stretches(changes, cuts):
    bounds = [BEGIN, *sorted(cuts), END]
    return [between(changes, start, end) for start, end in itertools.pairwise(bounds)]


def after_batches(shop, changes, cuts):
    with shop.transaction(force_rollback=True):
        for stretch in stretches(changes, cuts):
            write_batch(shop, stretch)
        return fingerprints(shop)


def after_first_load(shop, changes, cuts):
    with shop.transaction(force_rollback=True):
        with FirstLoad(shop) as load:
            for stretch in stretches(changes, cuts):
                load.write(stretch)
            load.finish()
        return fingerprints(shop)


def after_steps(shop, changes, cuts):
    open_small_shop(shop)
    try:
        writer = StepWriter(shop)
        for stretch in stretches(changes, cuts):
            with shop.transaction():
                writer.begin(0, stretch, CLOCK)
            writer.finish(stretch, CLOCK)
        return fingerprints(shop)
    finally:
        open_small_shop(shop)


@pytest.mark.long
@hypothesis_settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.sets(st.integers(1, DAYS * 96 - 1), max_size=8))
def test_the_rows_are_the_same_however_they_are_written_and_time_is_cut(shop, seed, quarters):
    changes, cuts = some_days(seed), [BEGIN + quarter * QUARTER for quarter in quarters]
    expected = after_steps(shop, changes, [])
    assert {"customers", "customer_history", "orders", "inventory", "wishlists", "carts"} <= {
        name for name, rows in expected.items() if rows.row_count
    }
    assert after_batches(shop, changes, cuts) == expected
    assert after_first_load(shop, changes, cuts) == expected
    assert after_steps(shop, changes, cuts) == expected
