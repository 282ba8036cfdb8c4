"""HOG correlations against skimage.feature.hog with SciPy's correlations."""

import numpy as np
import pytest
import scipy.stats
import skimage.feature

from sanity_checks import metrics
from sanity_checks.metrics import hog

# Three cells of 16 pixels or more along both axes, or smaller cells; all but the first have pixels beyond the last cell.
SHAPES = ((48, 64, 1), (71, 49, 3), (50, 40, 2), (33, 83, 3), (130, 150, 3), (28, 28, 1))


def maps_of(kind, seed, count, shape):
    """Noise, noise that is mostly zero, multiples of 1/3 (equal gradients), or smooth and equal channels."""
    maps = np.random.default_rng(seed).normal(size=(count, *shape))
    if kind == "rounded":
        return np.round(maps * 3) / 3
    if kind == "smooth":
        return np.repeat(np.maximum(maps[..., :1].cumsum(axis=1).cumsum(axis=2), 0), shape[2], axis=3)
    return np.where(maps > 1.5, maps, 0.0) if kind == "sparse" else maps


def oracle(saliency_map):
    """scikit-image's HOG, with cells of 16 pixels or as many as let three fit along either axis."""
    side = min(16, saliency_map.shape[0] // 3, saliency_map.shape[1] // 3)
    return skimage.feature.hog(saliency_map, pixels_per_cell=(side, side), channel_axis=-1)


def paper(a, b):
    a, b = (oracle(m / np.abs(m).max()) for m in (a, b))
    return scipy.stats.pearsonr(a, b).statistic


def released(a, b):
    a, b = (oracle((m - m.min()) / (m.max() - m.min())) for m in (a, b))
    return scipy.stats.spearmanr(a, b).statistic


ORACLES = {"hog": paper, "hog_released": released}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("kind", ("normal", "sparse", "rounded", "smooth"))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_equals_scikit_image(name, kind, shape, dtype):
    a, b = (maps_of(kind, seed, 2, shape).astype(dtype) for seed in (0, 1))
    b[1:] += a[1:]
    expected = [ORACLES[name](*pair) for pair in zip(a.astype(np.float64), b.astype(np.float64))]
    np.testing.assert_allclose(metrics.similarity(a, b, name), expected, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_histograms_equal_scikit_image(shape):
    maps = maps_of("normal", 0, 2, shape)
    planes = np.ascontiguousarray(maps.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(hog.hog(planes), [oracle(m) for m in maps], atol=1e-12)


@pytest.mark.parametrize("flip", (1, -1))
@pytest.mark.parametrize("slope", ((0, 1), (1, 0), (1, 1), (-1, 1), (1e-20, 1), (1e-20, -1)))
def test_a_plane_of_one_direction_equals_scikit_image(slope, flip):
    """Gradients along the borders between orientations, on both sides of 0 and 180 degrees."""
    down, across = np.indices((48, 48))
    plane = flip * (slope[0] * down + slope[1] * np.where(down % 2, across, -across)) * 1.0
    expected = oracle(plane[:, :, np.newaxis])
    np.testing.assert_allclose(hog.hog(plane[np.newaxis, np.newaxis])[0], expected, atol=1e-12)


def test_equal_gradients_take_the_first_channel():
    maps = np.repeat(maps_of("normal", 0, 1, (48, 48, 1)), 3, axis=3)
    planes = np.ascontiguousarray(maps.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(hog.hog(planes), hog.hog(planes[:, :1]))


@pytest.mark.parametrize("name", ORACLES)
def test_noise_of_mnists_size_is_not_degenerate(name):
    a, b = (maps_of("normal", seed, 20, (28, 28, 1)) for seed in (0, 1))
    assert np.isfinite(metrics.similarity(a, b, name)).all()
