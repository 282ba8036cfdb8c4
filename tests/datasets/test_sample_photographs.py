"""The photographs that packages ship."""

import numpy as np
import pytest
from skimage import data
from sklearn import datasets as sklearn_datasets

from sanity_checks import datasets
from sanity_checks.datasets import sample_photographs


def test_they_are_the_packages_photographs():
    found = datasets.load("sample_photographs", image_size=(300, 451), preprocess="raw")
    assert found.test.ids == ("chelsea.png", "coffee.png", "camera.png", "rocket.jpg", "astronaut.png", "flower.jpg", "china.jpg")
    assert found.test.labels.tolist() == [281, 967, 872, -1, -1, -1, -1] and found.image_shape == (300, 451, 3)
    assert np.array_equal(found.test[0:1][0], data.chelsea())                   # at its own size: not a pixel is changed
    china = datasets.load("sample_photographs", image_size=(427, 640), preprocess="raw").test[6:][0]
    assert np.array_equal(china, sklearn_datasets.load_sample_image("china.jpg"))
    camera = found.test[2:3][0]
    assert np.ptp(camera, axis=-1).max() == 0 and camera.std() > 50             # grey in three channels


def test_their_range_is_that_of_the_preprocessing():
    found = datasets.load("sample_photographs", image_size=(32, 32), preprocess="efficientnet_lite")
    pixels = datasets.load("sample_photographs", image_size=(32, 32), preprocess="raw").test[:]
    assert np.allclose(found.test[:], (pixels - 127) / 128, atol=1e-6) and found.input_range == (-127 / 128, 1.)


def test_the_checksum_covers_size_and_preprocessing():
    one, two, three = (datasets.load("sample_photographs", image_size=size, preprocess=way).sha256
                       for size, way in (((8, 8), "raw"), ((8, 9), "raw"), ((8, 8), "unit")))
    assert len({one, two, three}) == 3


@pytest.mark.parametrize("package, module", [("scikit-image", "skimage"), ("scikit-learn", "sklearn")])
def test_a_missing_package_is_named(monkeypatch, package, module):
    find = sample_photographs.util.find_spec
    monkeypatch.setattr(sample_photographs.util, "find_spec", lambda name: None if name == module else find(name))
    with pytest.raises(ValueError, match=f"dataset: sample_photographs needs the package {package}: pip install {package}"):
        datasets.load("sample_photographs")


def test_a_missing_photograph_is_named(monkeypatch):
    monkeypatch.setitem(sample_photographs.SOURCES, ("scikit-image", "skimage", "data"), {"gone.png": 1})
    with pytest.raises(ValueError, match="this version of scikit-image has no .*gone.png"):
        datasets.load("sample_photographs")


def test_a_folder_is_refused():
    with pytest.raises(ValueError, match="data_dir: .*not read from here"):
        datasets.load("sample_photographs", "here")
