"""Correlations of rows against SciPy's, and the ranks they are made of."""

import numpy as np
import pytest
import scipy.stats

from sanity_checks import metrics
from sanity_checks.metrics import correlation


def test_ranks_are_doubled_average_ranks_about_zero():
    ranks = correlation.rank(np.array([[5.0, 1.0, 5.0, 7.0], [2.0, 2.0, 2.0, 2.0]]))
    np.testing.assert_array_equal(ranks.values, [[0, -3, 0, 3], [0, 0, 0, 0]])
    np.testing.assert_array_equal(ranks.degenerate, [False, True])


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_ranks_equal_scipy(dtype):
    vectors = np.random.default_rng(0).integers(0, 40, (6, 101)).astype(dtype)
    expected = 2 * scipy.stats.rankdata(vectors, axis=1) - 102
    np.testing.assert_array_equal(correlation.rank(vectors).values, expected)


def test_many_ranks_are_kept_exactly(monkeypatch):
    vectors = np.random.default_rng(0).normal(size=(2, 50))
    expected = correlation.rank(vectors).values
    monkeypatch.setattr(correlation, "FLOAT32_WHOLE_NUMBERS", 10)
    found = correlation.rank(vectors).values
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


def test_pearson_equals_scipy():
    a, b = np.random.default_rng(0).normal(size=(2, 5, 33))
    expected = [scipy.stats.pearsonr(x, y).statistic for x, y in zip(a, b)]
    np.testing.assert_allclose(correlation.correlate(correlation.centre(a), correlation.centre(b)), expected)


def test_vectors_that_differ_by_rounding_alone_are_degenerate():
    vectors = np.full((1, 9), 1 / 3)
    vectors[0, 4] = np.nextafter(1 / 3, 1)
    assert correlation.centre(vectors).degenerate


def test_exactly_one_and_minus_one():
    vectors = np.random.default_rng(0).normal(size=(50, 333))
    for features in (correlation.centre(vectors), correlation.rank(vectors)):
        opposite = features._replace(values=-features.values)
        np.testing.assert_array_equal(correlation.correlate(features, features), 1.0)
        np.testing.assert_array_equal(correlation.correlate(features, opposite), -1.0)


@pytest.mark.parametrize("scale", (1e-200, 1, 1e140))
def test_pearson_of_maps_equals_scipy(scale):
    """Of signed values, channels and all; squares of tiny and of huge values stay within float64."""
    a, b = np.random.default_rng(0).normal(size=(2, 5, 6, 7, 3)) + 0.5
    expected = [scipy.stats.pearsonr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b)]
    np.testing.assert_allclose(metrics.similarity(scale * a, b, "pearson"), expected, atol=1e-12)
    np.testing.assert_allclose(metrics.similarity(-scale * a, b, "pearson"), -np.array(expected), atol=1e-12)
