"""Counter-based random numbers: a value depends on the seed, the purpose and the entity, never on what was drawn before."""

import hashlib
from functools import cache

import numba
import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_TO_UNIT = 2.0**-53
_NORMAL_FROM_MEAN = 50.0


class Dice:
    """Random numbers of one seed.

    Every method takes the ``purpose`` of the draw, the ids of the entities it
    is for, and a ``part`` that tells several draws for one entity and purpose
    apart. The same arguments give the same value in an array of any length.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniform(self, purpose: str, ids: npt.ArrayLike, part: npt.ArrayLike = 0) -> FloatArray:
        """Uniform numbers in [0, 1), shaped as ``ids`` and ``part`` broadcast together."""
        counter = np.asarray(ids, dtype=np.int64).view(np.uint64)
        inner = np.asarray(part, dtype=np.int64).view(np.uint64)
        drawn: FloatArray = _uniform(counter, inner, *_keys(self.seed, purpose))
        return drawn

    def integers(self, purpose: str, ids: npt.ArrayLike, below: npt.ArrayLike, part: npt.ArrayLike = 0) -> IntArray:
        """Integers in [0, ``below``), each equally likely."""
        scaled: FloatArray = self.uniform(purpose, ids, part) * np.asarray(below)
        return scaled.astype(np.int64)

    def choose(self, purpose: str, ids: npt.ArrayLike, weights: npt.ArrayLike, part: npt.ArrayLike = 0) -> IntArray:
        """Positions into ``weights``, each as likely as its weight; a row of weights per id when it is two-dimensional."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.float64), axis=-1)
        bounds = bounds / bounds[..., -1:]
        drawn = self.uniform(purpose, ids, part)
        if bounds.ndim == 1:
            return np.searchsorted(bounds[:-1], drawn, side="right").astype(np.int64)
        chosen: IntArray = (drawn[:, None] >= bounds[:, :-1]).sum(axis=1, dtype=np.int64)
        return chosen

    def normal(self, purpose: str, ids: npt.ArrayLike, part: int = 0) -> FloatArray:
        """Standard normal numbers, by the Box-Muller transform."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(purpose, ids, 2 * part)))
        normal: FloatArray = radius * np.cos(2.0 * np.pi * self.uniform(purpose, ids, 2 * part + 1))
        return normal

    def poisson(self, purpose: str, ids: npt.ArrayLike, mean: FloatArray) -> IntArray:
        """Poisson counts with the given ``mean`` per id.

        Small means by inversion of the distribution function; large ones by the
        normal approximation with the Cornish-Fisher term for skewness.
        """
        ids = np.asarray(ids, dtype=np.int64)
        counts = np.zeros(ids.shape, dtype=np.int64)
        large = mean >= _NORMAL_FROM_MEAN
        z = self.normal(purpose, ids[large], part=1)
        counts[large] = np.maximum(np.floor(mean[large] + np.sqrt(mean[large]) * z + (z * z - 1.0) / 6.0 + 0.5), 0.0).astype(np.int64)
        small = np.flatnonzero(~large)
        drawn, rate = self.uniform(purpose, ids[small]), mean[small]
        probability = np.exp(-rate)
        reached, count = probability.copy(), 0
        # 200 lies far beyond the 53-bit tail of any mean below 50.
        while small.size and count < 200:
            beyond = drawn >= reached
            small, drawn, rate, probability, reached = small[beyond], drawn[beyond], rate[beyond], probability[beyond], reached[beyond]
            count += 1
            counts[small] = count
            probability = probability * rate / count
            reached = reached + probability
        return counts


@cache
def _keys(seed: int, purpose: str) -> tuple[np.uint64, np.uint64]:
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    first, second = np.frombuffer(digest, dtype="<u8")
    return first, second


@numba.njit(numba.uint64(numba.uint64), cache=True)
def mix(x):  # type: ignore[no-untyped-def]
    """Scatter a 64-bit number, in compiled code: the finalizer of SplitMix64 (Steele, Lea and Flood 2014; constants of Stafford's variant 13)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@numba.vectorize([numba.float64(*[numba.uint64] * 4)], cache=True)
def _uniform(counter, inner, first_key, second_key):  # type: ignore[no-untyped-def]
    mixed = mix(mix(counter * _WEYL + first_key) + inner * _WEYL + second_key)
    return np.float64(mixed >> np.uint64(11)) * _TO_UNIT
