"""Tests of shading and resampling."""

import numpy as np
import pytest
from saliency import core as pair

from sanity_checks.figures import shading


@pytest.fixture
def saliency():
    """A signed map: float32 [20, 30, 3]."""
    return np.random.default_rng(0).normal(size=(20, 30, 3)).astype(np.float32)


def test_grey_is_pairs_visualization(saliency):
    np.testing.assert_allclose(shading.grey(saliency), pair.VisualizeImageGrayscale(saliency), atol=1e-6)


def test_diverging_is_odd(saliency):
    np.testing.assert_array_equal(shading.diverging(-saliency), -shading.diverging(saliency))


def test_diverging_reaches_full_colour_at_the_99th_percentile(saliency):
    size = np.abs(saliency.astype(np.float64).sum(-1))
    np.testing.assert_array_equal(np.abs(shading.diverging(saliency)) == 1, size >= np.percentile(size, 99))


@pytest.mark.parametrize("shade", [shading.grey, shading.diverging])
def test_a_lone_pixel_is_shown(shade):
    saliency = np.zeros((20, 20, 1), np.float32)
    saliency[3, 4] = 1e-8
    shown = shade(saliency)
    assert shown[3, 4] == 1 and np.count_nonzero(shown) == 1


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_shading_does_not_depend_on_scale(saliency, scale):
    np.testing.assert_allclose(shading.grey(saliency * np.float32(scale)), shading.grey(saliency), atol=1e-5)


@pytest.mark.parametrize("value, color", [
    (-1, (0, 0, 1)), (0, (1, 1, 1)), (1, (1, 0, 0)), (0.5, (1, 0.5, 0.5))])
def test_diverging_colors(value, color):
    assert tuple(shading.diverging_colors(np.array(value, float))) == color


def test_a_grey_image_in_another_range():
    image = np.array([[[-1.0], [0.0], [1.0]]], np.float32)
    np.testing.assert_array_equal(shading.picture(image, (-1, 1))[0], [[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1]])


def test_an_rgb_image_keeps_its_channels():
    image = np.random.default_rng(0).random((4, 4, 3))
    np.testing.assert_allclose(shading.picture(255 * image, (0, 255)), image)


def test_enlarging_by_a_whole_number_repeats_pixels(saliency):
    np.testing.assert_array_equal(shading.resized(saliency, 60, 60), saliency.repeat(3, 0).repeat(2, 1))


def test_reducing_by_a_whole_number_averages_blocks(saliency):
    blocks = saliency.astype(np.float64).reshape(10, 2, 10, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shading.resized(saliency, 10, 10), blocks, atol=1e-12)


def test_resampling_keeps_the_mean():
    values = np.random.default_rng(0).random((299, 299))
    assert shading.resized(values, 150, 150).mean() == pytest.approx(values.mean(), abs=1e-12)


def test_the_finest_stripes_do_not_beat():
    # Alternate black and white columns, 299 -> 150: each new pixel has all but 1 / 299 of one pixel of
    # either.
    stripes = np.tile(np.arange(299) % 2.0, (299, 1))
    assert np.ptp(shading.resized(stripes, 150, 150)) < 0.51
    smooth = shading.resized(stripes, 149, 149)
    assert np.abs(np.diff(smooth, axis=1)).max() < 0.02
