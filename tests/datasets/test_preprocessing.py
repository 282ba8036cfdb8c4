"""The ways in which pixels become inputs, by name and by numbers, and how figures turn them back into colours."""

import numpy as np
from PIL import Image
import pytest

from sanity_checks import datasets
from sanity_checks.comparison import gallery
from sanity_checks.datasets import preprocessing
from sanity_checks.figures import shading

TORCH = "123.675,116.28,103.53,58.395,57.12,57.375"         # mean and std of ImageNet, times 255
WAYS = [*preprocessing.PREPROCESSING, "127.5,64", "10,20,30,40,50,60", TORCH]


def test_raw_leaves_pixels_as_they_are():
    given = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    way = datasets.find_preprocessing("raw")
    assert np.array_equal(way.function(given), given) and way.function(given).dtype == np.float32
    assert way.input_range == (0., 255.)


def test_numbers_are_means_and_standard_deviations():
    given = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)
    one, six = (preprocessing.find(text) for text in (" 10, 4", "10,20,30,4,5,6"))
    assert np.allclose(one.function(given), (given - 10.) / 4) and one.input_range == (-2.5, 61.25)
    assert np.allclose(six.function(given), (given - np.array([10., 20, 30])) / np.array([4., 5, 6]))
    assert np.allclose(six.input_range, [(-2.5, -4, -5), (61.25, 47, 37.5)]) and (one.channels, six.channels) == (None, 3)


def test_torch_and_inception_by_numbers():
    given = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)
    for name, text in (("torch", TORCH), ("inception", "127.5,127.5")):
        named, numbered = preprocessing.find(name), preprocessing.find(text)
        assert np.allclose(named.function(given), numbered.function(given), atol=1e-6)
        assert np.allclose(named.input_range, numbered.input_range)


@pytest.mark.parametrize("way", WAYS)
def test_figures_show_the_pixels(tmp_path, way):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3)).astype(np.uint8)
    pixels[0, 0], pixels[0, 1] = 0, 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    data = datasets.load("image_folder", images=tmp_path, image_size=(9, 9), preprocess=way)
    picture = shading.picture(gallery.shown_image(data, data.test[:1][0]), gallery.shown_range(data))
    assert np.allclose(picture, pixels / 255, atol=1e-6)


@pytest.mark.parametrize("text, message", [
    ("Raw", "expected one of inception, unit, raw, .*, or numbers on the scale of 0 to 255, MEAN,STD or three means and "
            "three standard deviations, got 'Raw'; did you mean raw?"),
    ("1", "got '1'"), ("1,2,3", "got '1,2,3'"), ("1,x", "got '1,x'"), ("", "got ''"), ("raw,unit", "got 'raw,unit'"),
    ("0.5,0.5", "expected means of at most 255 and standard deviations of at least 1"), ("0,0", "at least 1"),
    ("0.485,0.456,0.406,0.229,0.224,0.225", "at least 1"), ("nan,1", "at most 255"), ("0,inf", "at most 255"),
    ("1,-1", "at least 1"), ("1e30,1", "at most 255"),
])
def test_others_are_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=f"^preprocess: .*{message}") as caught:
        preprocessing.find(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("channels", [1, 4])
def test_ways_of_three_channels_are_for_three(channels):
    for way in ("torch", "caffe", TORCH):
        with pytest.raises(ValueError, match=f"^preprocess: {way} expects images of 3 channels, found {channels}"):
            preprocessing.find(way, channels)
    for way in ("inception", "unit", "raw", "tf", "127.5,64"):
        assert preprocessing.find(way, channels).channels is None
