import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen_data.randomness import Dice

pytestmark = pytest.mark.unit

IDS = np.arange(200_000)


def test_numbers_are_uniform():
    counts = np.histogram(Dice(1).uniform("test", IDS), bins=100, range=(0, 1))[0]
    expected = len(IDS) / 100
    # Chi-squared with 99 degrees of freedom lies below 148 in 999 of 1000 cases.
    assert ((counts - expected) ** 2 / expected).sum() < 148


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Dice(1).uniform("test", IDS[:-1]), Dice(1).uniform("test", IDS[1:])),
        (Dice(1).uniform("test", IDS), Dice(1).uniform("another", IDS)),
        (Dice(1).uniform("test", IDS), Dice(2).uniform("test", IDS)),
        (Dice(1).uniform("test", IDS, 0), Dice(1).uniform("test", IDS, 1)),
    ],
    ids=["neighbours", "purposes", "seeds", "parts"],
)
def test_numbers_of_different_keys_are_uncorrelated(first, second):
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(IDS))


@given(st.integers(0, 2**62), st.lists(st.integers(0, 2**62), min_size=1, max_size=30), st.integers(0, 30))
def test_a_number_does_not_depend_on_the_array_it_is_drawn_in(seed, ids, cut):
    dice, ids = Dice(seed), np.array(ids)
    mean = (ids % 90).astype(float)
    for draw in (lambda part: dice.uniform("test", part), lambda part: dice.normal("test", part)):
        assert np.array_equal(draw(ids), np.concatenate([draw(ids[:cut]), draw(ids[cut:])]))
    whole = dice.poisson("test", ids, mean)
    assert np.array_equal(whole, np.concatenate([dice.poisson("test", ids[:cut], mean[:cut]), dice.poisson("test", ids[cut:], mean[cut:])]))


@pytest.mark.parametrize("mean", [0.0, 0.3, 7.0, 49.0, 51.0, 4_000.0])
def test_poisson_counts_have_the_mean_and_variance_of_the_distribution(mean):
    counts = Dice(3).poisson("test", IDS, np.full(len(IDS), mean))
    assert counts.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / len(IDS)))
    assert counts.var() == pytest.approx(mean, rel=0.03)


def test_choices_follow_their_weights():
    chosen = Dice(4).choose("test", IDS, [1, 2, 7])
    assert np.bincount(chosen) / len(IDS) == pytest.approx([0.1, 0.2, 0.7], abs=0.005)


def test_normal_numbers_are_standard_normal():
    drawn = Dice(5).normal("test", IDS)
    assert (drawn.mean(), drawn.std()) == pytest.approx((0, 1), abs=0.01)
    assert (abs(drawn) > 1.96).mean() == pytest.approx(0.05, abs=0.003)
