"""Window sums against scipy.ndimage's filters."""

import numpy as np
import pytest
import scipy.ndimage

from sanity_checks.metrics import chunks
from sanity_checks.metrics import windows


@pytest.mark.parametrize("shape", ((3, 5, 5), (2, 40, 33), (1, 7, 90)))
def test_uniform_sums_equal_scipy(shape):
    planes = np.random.default_rng(0).normal(size=shape)
    sums = windows.UNIFORM_5.sum(planes, "sums", chunks.Scratch())
    assert sums.shape[1:] == windows.UNIFORM_5.layout(*shape[1:])
    expected = 25 * scipy.ndimage.uniform_filter(planes, (0, 5, 5))[:, 2:-2, 2:-2]
    np.testing.assert_allclose(sums[:, :, :-4], expected, atol=1e-12)


@pytest.mark.parametrize("shape", ((3, 11, 11), (2, 40, 33), (1, 26, 90)))
def test_gaussian_sums_equal_scipy(shape):
    planes = np.random.default_rng(0).normal(size=shape)
    sums = windows.GAUSSIAN_11.sum(planes, "sums", chunks.Scratch())
    assert sums.shape[1:] == windows.GAUSSIAN_11.layout(*shape[1:])
    filtered = scipy.ndimage.gaussian_filter(planes, (0, 1.5, 1.5), truncate=3.5)
    np.testing.assert_allclose(sums, filtered[:, 5:-5, 5:-5], atol=1e-12)


@pytest.mark.parametrize("window", (windows.UNIFORM_5, windows.GAUSSIAN_11))
def test_weight_is_the_sum_over_ones(window):
    sums = window.sum(np.ones((1, 11, 11)), "sums", chunks.Scratch())
    np.testing.assert_allclose(sums[0, 0, 0], window.weight)
