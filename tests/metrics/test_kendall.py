"""Kendall's rank correlation against SciPy's and against the definition, with and without ties."""

import itertools

import numpy as np
import pytest
import scipy.stats

from sanity_checks import metrics
from sanity_checks.metrics import kendall

SHAPES = ((1, 2, 1), (1, 3, 1), (4, 4, 1), (1, 17, 1), (5, 13, 3), (28, 28, 1), (40, 51, 3))
KINDS = {"continuous": lambda maps: maps, "few values": np.round, "sparse": lambda maps: np.maximum(maps, 0.5),
         "two values": lambda maps: np.where(maps > 0, 1.0, -1.0)}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kinds", list(itertools.product(KINDS, KINDS)))
def test_equals_scipy(shape, kinds):
    """Signed values, of maps that are alike, unlike and opposite."""
    generator = np.random.default_rng(0)
    first = generator.normal(size=(4, *shape))
    second = generator.normal(size=(4, *shape)) + np.reshape([0, 1, -1, 9], (4, 1, 1, 1)) * first
    a, b = (KINDS[kind](maps) for kind, maps in zip(kinds, (first, second)))
    with np.errstate(invalid="ignore"):
        expected = [scipy.stats.kendalltau(x.ravel(), y.ravel()).statistic for x, y in zip(a, b)]
    np.testing.assert_allclose(metrics.similarity(a, b, "kendall"), expected, atol=1e-12)


def test_a_large_map_of_float32_equals_scipy():
    a, b = np.random.default_rng(0).normal(size=(2, 1, 120, 119, 3)).astype(np.float32)
    a = np.where(a > 1, a, np.float32(0))
    expected = scipy.stats.kendalltau(a.ravel(), b.ravel()).statistic
    np.testing.assert_allclose(metrics.similarity(a, b, "kendall"), expected, atol=1e-12)


def test_opposite_order_is_exactly_minus_one():
    maps = np.random.default_rng(0).normal(size=(9, 7, 7, 1))
    np.testing.assert_array_equal(metrics.similarity(maps, -maps, "kendall"), -1.0)


def test_known_on_paper():
    """Orders 1 2 3 4 and 1 3 2 4: five concordant pairs of six, one discordant."""
    a, b = (np.reshape(values, (1, 2, 2, 1)).astype(float) for values in ([1, 2, 3, 4], [1, 3, 2, 4]))
    np.testing.assert_allclose(metrics.similarity(a, b, "kendall"), 4 / 6)


@pytest.mark.parametrize("size", (1, 2, 15, 16, 17, 64, 65, 200))
def test_inversions_equal_their_definition(size):
    generator = np.random.default_rng(size)
    rows = np.stack([generator.permutation(size) for _ in range(5)] + [np.arange(size), np.arange(size)[::-1]])
    expected = np.triu(rows[:, :, np.newaxis] > rows[:, np.newaxis, :], 1).sum(axis=(1, 2))
    np.testing.assert_array_equal(kendall._inversions(rows), expected)
