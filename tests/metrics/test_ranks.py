"""Rank correlations against scipy.stats.spearmanr, the released code's on PAIR's own images."""

import numpy as np
import pytest
import scipy.stats

from sanity_checks import metrics

visualization = pytest.importorskip("saliency.core.visualization")

SHAPES = ((28, 28, 1), (17, 23, 3), (9, 6, 2), (2, 1, 1))


def maps_of(kind, seed, count, shape):
    """Maps without ties (normal), with many (rounded), many but for rounding (thirds), mostly zero (sparse)."""
    maps = np.random.default_rng(seed).normal(size=(count, *shape))
    if kind == "thirds":
        return 1 + np.round(maps * 2) / 3
    if kind == "rounded":
        return np.round(maps * 2)
    return np.where(np.abs(maps) > 1.5, maps, 0.0) if kind == "sparse" else maps


def spearman(images_a, images_b):
    return [scipy.stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(images_a, images_b)]


def greyscale(saliency_map):
    """The released code's image: PAIR's for three dimensions, its own for two."""
    if (saliency_map == saliency_map[..., :1]).all():
        return np.abs(saliency_map[..., 0]) / np.abs(saliency_map).max()
    return visualization.VisualizeImageGrayscale(saliency_map)


def diverging(saliency_map):
    if (saliency_map == saliency_map[..., :1]).all():
        return saliency_map[..., 0] / np.abs(saliency_map).max()
    return visualization.VisualizeImageDiverging(saliency_map)


IMAGES = {
    "spearman": lambda saliency_map: saliency_map,
    "spearman_abs": np.abs,
    "spearman_released": diverging,
    "spearman_abs_released": greyscale,
}


@pytest.mark.filterwarnings("ignore::scipy.stats.ConstantInputWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("kind", ("normal", "rounded", "thirds", "sparse"))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_equals_scipy(name, kind, shape, dtype):
    a, b = (maps_of(kind, seed, 12, shape).astype(dtype) for seed in (0, 1))
    b[:6] += a[:6]
    images_a, images_b = ([IMAGES[name](m) for m in maps.astype(np.float64)] for maps in (a, b))
    np.testing.assert_allclose(metrics.similarity(a, b, name), spearman(images_a, images_b), atol=1e-12)


@pytest.mark.parametrize("name", IMAGES)
def test_equals_scipy_on_a_photograph_sized_map(name):
    a, b = (maps_of("normal", seed, 1, (299, 299, 3)).astype(np.float32) for seed in (0, 1))
    b += a
    images_a, images_b = ([IMAGES[name](m) for m in maps.astype(np.float64)] for maps in (a, b))
    np.testing.assert_allclose(metrics.similarity(a, b, name), spearman(images_a, images_b), atol=1e-12)


def test_a_negated_map_has_signed_correlation_minus_one():
    for kind in ("normal", "rounded", "sparse"):
        maps = maps_of(kind, 0, 3, (17, 23, 3)).astype(np.float32)
        np.testing.assert_array_equal(metrics.similarity(maps, -maps, "spearman"), -1.0)


@pytest.mark.parametrize("name", ("spearman_abs", "spearman_abs_released"))
def test_a_negated_map_has_absolute_correlation_one(name):
    maps = maps_of("normal", 0, 3, (17, 23, 3)).astype(np.float32)
    np.testing.assert_array_equal(metrics.similarity(maps, -maps, name), 1.0)


def test_negative_zero_ties_with_zero():
    a = np.array([-0.0, 0.0, 1.0, 2.0]).reshape(1, 2, 2, 1)
    for dtype in (np.float32, np.float64):
        values = metrics.similarity(a.astype(dtype), np.abs(a).astype(dtype), "spearman")
        np.testing.assert_array_equal(values, 1.0)


def test_a_map_of_constant_magnitude_is_degenerate_only_to_the_absolute_correlation():
    maps = np.sign(maps_of("normal", 0, 1, (8, 8, 1)))
    assert metrics.similarity(maps, maps, "spearman") == 1
    assert np.isnan(metrics.similarity(maps, maps, "spearman_abs"))


@pytest.mark.parametrize("name", ("spearman_released", "spearman_abs_released"))
def test_a_colour_map_whose_99th_percentile_is_zero_is_degenerate(name):
    maps = np.zeros((1, 20, 20, 3))
    maps[0, 3, 4] = 1, 2, 3
    assert np.isnan(metrics.similarity(maps, maps, name))


@pytest.mark.parametrize("name", ("spearman_released", "spearman_abs_released"))
def test_equal_channels_are_a_two_dimensional_map(name):
    a, b = (maps_of("sparse", seed, 4, (20, 20, 1)) for seed in (0, 1))
    values = metrics.similarity(np.repeat(a, 3, axis=3), np.repeat(b, 3, axis=3), name)
    np.testing.assert_array_equal(values, metrics.similarity(a, b, name))


@pytest.mark.parametrize("name", ("spearman_released", "spearman_abs_released"))
def test_two_dimensional_and_colour_maps_may_share_a_batch(name):
    a, b = (maps_of("normal", seed, 4, (20, 20, 3)) for seed in (0, 1))
    a[::2] = a[::2, :, :, :1]
    values = [metrics.similarity(a[i : i + 1], b[i : i + 1], name)[0] for i in range(4)]
    np.testing.assert_array_equal(metrics.similarity(a, b, name), values)
