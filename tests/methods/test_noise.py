"""The noise generator: streams that can be cut anywhere, normal values, independent of one another."""

import numpy as np
import pytest

from sanity_checks.methods import base
from sanity_checks.methods import noise

SHAPES = [(28, 28, 1), (5, 3, 1), (4, 4, 3)]        # 784, 15 (not a multiple of Philox's 4 values) and 48 values


def keys(*ids):
    return base.noise_keys(0, ids)


def normal(stream_keys, first, count, shape=(28, 28, 1)):
    return noise.normal(stream_keys, first, count, shape).numpy()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cuts", [(0, 2, 4), (0, 1, 2, 3, 4), (0, 3, 4)])
def test_samples_are_the_same_however_they_are_cut(shape, cuts):
    whole = normal(keys("a", "b"), 0, 4, shape)
    parts = [normal(keys("a", "b"), first, last - first, shape) for first, last in zip(cuts, cuts[1:])]
    assert whole.shape == (2, 4, *shape) and np.array_equal(np.concatenate(parts, axis=1), whole)


def test_a_stream_does_not_depend_on_its_place_in_a_batch():
    assert np.array_equal(normal(keys("a", "b"), 0, 3), normal(keys("b", "a"), 0, 3)[::-1])


def test_samples_and_streams_differ():
    found = normal(keys("a", "b", 1), 0, 3).reshape(9, -1)
    correlations = np.corrcoef(found) - np.eye(9)
    # 784 pairs of independent values: the standard error of a correlation is 1 / 28; of 36, none beyond 4.5 of them.
    assert np.abs(correlations).max() < 4.5 / 28
    assert len(np.unique(found)) > 0.999 * found.size


def test_seeds_differ():
    one, other = (normal(base.noise_keys(seed, ["a"]), 0, 1).ravel() for seed in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / 28


def test_values_are_standard_normal():
    """Mean, variance, skewness and kurtosis of n values: standard errors sqrt(1, 2, 6, 24 / n)."""
    values = normal(keys("a", "b"), 7, 100).astype(float).ravel()
    n = values.size
    assert abs(values.mean()) < 4 * np.sqrt(1 / n)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((values ** 3).mean()) < 4 * np.sqrt(15 / n)
    assert abs((values ** 4).mean() - 3) < 4 * np.sqrt(96 / n)


def test_copies_are_the_image_and_scaled_noise(digits):
    image, key = 3 * digits[0], keys("a")[0]
    drawn = normal(keys("a"), 0, 5)[0]
    expected = image + 0.2 * (image.max() - image.min()) * drawn
    assert np.allclose(noise.noisy_copies(image, 5, 0.2, key), expected, atol=1e-6)
    assert np.array_equal(noise.noisy_copies(image, 2, 0., key), [image, image])
