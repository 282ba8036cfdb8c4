"""Pearson correlation of prepared vectors, and Spearman's as the Pearson correlation of average ranks.

Spearman's rank correlation is scipy.stats.spearmanr's: tied values share the average of their ranks. The
ranks are kept doubled and centred, so that they are whole numbers, which float32 holds exactly.
"""

import math
from typing import NamedTuple

import numpy as np

from sanity_checks.metrics import sorting

# scipy.stats.pearsonr's limit: below this ratio of norm to mean a vector is constant but for rounding.
NEARLY_CONSTANT = 1e-13
# Whole numbers up to here are exact in float32.
FLOAT32_WHOLE_NUMBERS = 2**24


class Centred(NamedTuple):
    """Vectors ready to be correlated.

    Attributes:
        values: float32 or float64 [N, K], each row with mean 0.
        power: float64 [N], the sum of the squares of each row.
        degenerate: bool [N], rows that have no correlation with anything.
    """

    values: np.ndarray
    power: np.ndarray
    degenerate: np.ndarray


def centre(vectors):
    """Returns the `Centred` form of `vectors`, float64 [N, K], for a Pearson correlation."""
    means = vectors.mean(axis=1)
    values = vectors - means[:, np.newaxis]
    power = _dot(values, values)
    return Centred(values, power, np.sqrt(power) <= NEARLY_CONSTANT * np.abs(means))


def values(maps):
    """Returns the `Centred` values of maps, float32 or float64 [N, H, W, C], finite.

    Each map is first divided by the power of two next to its largest magnitude, which changes no digit, so that squares
    stay within float64.
    """
    vectors = maps.reshape(len(maps), math.prod(maps.shape[1:])).astype(np.float64)
    _, exponents = np.frexp(np.abs(vectors).max(axis=1))
    return centre(np.ldexp(vectors, -exponents[:, np.newaxis]))


def rank(vectors):
    """Returns the `Centred` average ranks of `vectors`, float [N, K], for a Spearman correlation.

    Bound by the sort; see `sorting.sort_rows`.
    """
    return centred_ranks(*sorting.sort_rows(vectors))


def centred_ranks(order, ordered):
    """Returns the `Centred` ranks of rows that are sorted.

    Args:
        order: int64 [N * K], as `sorting.sort_rows` gives it.
        ordered: float [N, K], the sorted values of each row, or any non-decreasing function of them.
    """
    count, size = ordered.shape
    dtype = np.float32 if size <= FLOAT32_WHOLE_NUMBERS else np.float64
    ranks = np.empty(count * size, dtype)
    ranks[order] = _ranks_in_order(ordered, dtype)
    ranks = ranks.reshape(count, size)
    power = _dot(ranks, ranks)
    return Centred(ranks, power, power == 0)


def _ranks_in_order(ordered, dtype):
    """Returns [N * K], twice the average rank minus (K + 1), for the sorted rows [N, K]."""
    count, size = ordered.shape
    starts_tie = np.ones((count, size), bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=starts_tie[:, 1:])
    if starts_tie.all():
        return np.tile(np.arange(1 - size, size, 2, dtype=dtype), count)
    starts = np.flatnonzero(starts_tie)
    lengths = np.diff(starts, append=count * size)
    # First plus last rank of a tie (ranks from 1, in its row), minus (K + 1).
    doubled = 2 * starts + lengths
    doubled -= np.repeat(np.arange(count) * (2 * size) + size, starts_tie.sum(axis=1))
    return np.repeat(doubled.astype(dtype), lengths)


def correlate(a, b):
    """Returns the correlation of each row of `a` with the same row of `b`.

    Args:
        a, b: Centred, [N, K].

    Returns:
        float64 [N] in [-1, 1]; NaN where either row is degenerate. Equal rows give exactly 1: numerator and
        denominator are then the same sum.
    """
    scale = np.sqrt(a.power * b.power)
    scale[a.degenerate | b.degenerate | (scale == 0)] = np.nan
    return np.clip(_dot(a.values, b.values) / scale, -1, 1)


def _dot(a, b):
    """Returns float64 [N], the row-wise sums of products, added in an order that depends on K alone."""
    return np.multiply(a, b, dtype=np.float64).sum(axis=1)
