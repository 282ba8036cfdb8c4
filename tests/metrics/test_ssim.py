"""SSIM against skimage.metrics.structural_similarity."""

import numpy as np
import pytest
import skimage.metrics

from sanity_checks import metrics

SHAPES = ((28, 28, 1), (31, 46, 3), (33, 12, 2), (11, 11, 1), (299, 299, 1))


def maps_of(kind, seed, count, shape):
    maps = np.random.default_rng(seed).normal(size=(count, *shape))
    if kind == "sparse":
        return np.where(maps > 1.5, maps, 0.0)
    return 5 + np.cumsum(maps, axis=1) / 100 if kind == "smooth" else maps


def paper(a, b):
    """The paper's text: maps in [-1, 1], window 5."""
    a, b = (m / np.abs(m).max() for m in (a, b))
    return skimage.metrics.structural_similarity(a, b, win_size=5, data_range=2, channel_axis=-1)


def released(a, b):
    """The released code, with the defaults that scikit-image 0.15 had: maps in [0, 1], Gaussian window."""
    a, b = ((m - m.min()) / (m.max() - m.min()) for m in (a, b))
    return skimage.metrics.structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=True, data_range=2, channel_axis=-1
    )


ORACLES = {"ssim": paper, "ssim_released": released}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("kind", ("normal", "sparse", "smooth"))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_equals_scikit_image(name, kind, shape, dtype):
    a, b = (maps_of(kind, seed, 3, shape).astype(dtype) for seed in (0, 1))
    b[1:] += a[1:]
    expected = [ORACLES[name](*pair) for pair in zip(a.astype(np.float64), b.astype(np.float64))]
    np.testing.assert_allclose(metrics.similarity(a, b, name), expected, atol=1e-10)


@pytest.mark.parametrize("name", ORACLES)
def test_a_plane_cut_into_bands_equals_scikit_image(name):
    a, b = (maps_of("normal", seed, 1, (500, 401, 1)) for seed in (0, 1))
    np.testing.assert_allclose(metrics.similarity(a, b, name), [ORACLES[name](a[0], b[0])], atol=1e-10)


def test_a_chessboard_and_its_negative():
    """Windows of 25 hold 13 of one sign: mean 1/25 in magnitude, sample variance (25 - 1/25) / 24."""
    board = (-1.0) ** np.indices((20, 20)).sum(axis=0)[np.newaxis, :, :, np.newaxis]
    mean, variance, c1, c2 = 1 / 25, (25 - 1 / 25) / 24, 0.02**2, 0.06**2
    expected = (c1 - 2 * mean**2) / (c1 + 2 * mean**2) * (c2 - 2 * variance) / (c2 + 2 * variance)
    np.testing.assert_allclose(metrics.similarity(board, -board, "ssim"), expected)


def test_is_two_dimensional():
    """Rows and columns count alike: both maps turned over have the value that they had. Flattened windows would not."""
    a, b = (maps_of("smooth", seed, 3, (24, 31, 1)) for seed in (0, 1))
    turned = metrics.similarity(a.transpose(0, 2, 1, 3), b.transpose(0, 2, 1, 3), "ssim")
    np.testing.assert_allclose(turned, metrics.similarity(a, b, "ssim"), atol=1e-12)
    flat = [skimage.metrics.structural_similarity(*(m.ravel() / np.abs(m).max() for m in pair), win_size=5, data_range=2)
            for pair in zip(a, b)]
    assert np.abs(turned - flat).min() > 1e-3
