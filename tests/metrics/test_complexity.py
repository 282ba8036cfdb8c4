"""The relative rise of entropy against Quantus' formula written out, and against answers known on paper."""

import numpy as np
import pytest
import scipy.stats

from sanity_checks import metrics
from sanity_checks.metrics import complexity

RISE = metrics.find("efficient_mprt")


def quantus(first, second):
    """EfficientMPRT of Quantus 0.6: `discrete_entropy` with 100 bins of each map as it is, then (b - a) / a."""
    a, b = (scipy.stats.entropy(pk=np.histogram(values, bins=100)[0]) for values in (first, second))
    return (b - a) / a


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("shape", ((28, 28, 1), (33, 21, 3)))
def test_equals_quantus(dtype, shape):
    """Signed, sparse, skewed and huge maps."""
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(4, *shape))
    first = np.stack([noise[0], np.maximum(noise[1], 0), np.exp(2 * noise[2]), 1e30 * noise[3]]).astype(dtype)
    second = generator.uniform(-1, 1, (4, *shape)).astype(dtype)
    expected = [quantus(*pair) for pair in zip(first, second)]
    np.testing.assert_allclose(RISE.similarity(first, second), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(RISE.compare_maps(RISE.prepare(first), second), expected, rtol=1e-9, atol=1e-12)


def spread(counts):
    """A map [1, 1, K, 1] with so many values in evenly spaced bins."""
    return np.repeat(np.linspace(0, 1, len(counts)), counts).reshape(1, 1, -1, 1)


def test_known_on_paper():
    two, four = spread([6, 6]), spread([3, 3, 3, 3])
    np.testing.assert_allclose(complexity.entropies(four).entropy, np.log(4))
    np.testing.assert_allclose(RISE.similarity(two, four), 1.0)
    np.testing.assert_allclose(RISE.similarity(four, two), -0.5)
    np.testing.assert_array_equal(RISE.similarity(four, four), 0.0)
    np.testing.assert_allclose(complexity.entropies(np.linspace(0, 1, 1000).reshape(1, 10, 100, 1)).entropy, np.log(100), rtol=1e-4)


@pytest.mark.parametrize("constant", (0.0, 0.3, -7e20, np.nan, np.inf))
def test_a_constant_map_is_nan_and_nothing_is_divided(constant):
    maps = np.random.default_rng(0).normal(size=(3, 5, 6, 1))
    flat = maps.copy()
    flat[1] = constant
    with np.errstate(all="raise"):
        for pair in ((maps, flat), (flat, maps), (flat, flat)):
            found = RISE.similarity(*pair)
            np.testing.assert_array_equal(np.isnan(found), [False, True, False])


def test_values_that_differ_by_rounding_alone_are_constant():
    maps = np.full((1, 5, 6, 1), np.float32(1e9))
    maps[0, 0, 0, 0] = np.nextafter(np.float32(1e9), np.float32(2e9))
    found = complexity.entropies(maps)
    # newer NumPy finds 100 bins too narrow, older NumPy makes two bins of them
    assert np.isfinite(found.entropy).all() and found.entropy[0] < 0.2


def test_is_no_similarity():
    """Metrics of similarity are chosen by name, this one belongs to its test."""
    assert "efficient_mprt" not in metrics.METRICS
    with pytest.raises(ValueError, match="unknown metric 'efficient_mprt'"):
        metrics.similarity(np.ones((1, 2, 2, 1)), np.ones((1, 2, 2, 1)), "efficient_mprt")
