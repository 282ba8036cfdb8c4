"""Images in memory: real finite numbers, or one line."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sanity_checks
from sanity_checks import methods
from sanity_checks import pixels


@pytest.mark.parametrize("given", [
    [[0, 1], [2, 3]], np.array([[0, 1], [2, 3]], np.uint8), np.arange(4.).reshape(2, 2), np.arange(4, dtype=">f4").reshape(2, 2),
    tf.reshape(tf.range(4), (2, 2)), tf.cast([[0, 1], [2, 3]], tf.bfloat16), np.array([[0, 1], [2, 3]], object)], ids=lambda x: str(
        getattr(x, "dtype", "list")))
def test_numbers_are_taken_as_float32(given):
    found = pixels.as_float32(given)
    assert found.dtype == np.float32 and found.flags.c_contiguous and found.tolist() == [[0, 1], [2, 3]]


def test_what_is_float32_is_not_copied():
    images = np.zeros((2, 3, 3, 1), np.float32)
    assert np.shares_memory(pixels.as_float32(images), images)


@pytest.mark.parametrize("given, message", [
    (np.ones((2, 2), complex), "expected an array of real numbers, found values of type complex128"),
    (np.array([["1"]]), "expected an array of real numbers, found values of type <U1"),
    ([[1, 2], [3]], "expected an array of real numbers, found setting an array element"),
    (np.array([[1j]], object), "expected an array of real numbers, found "),
    ([[0, 1e300]], "expected finite numbers, found inf in the image at position 0$"),
])
def test_other_values_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^things: {message}"):
        pixels.as_float32(given, "things")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_bad_image_is_named(value):
    images = np.zeros((6, 2, 2, 1), np.float32)
    images[3, 1, 0] = value
    with pytest.raises(ValueError, match=f"^images: expected finite numbers, found {value} in the image at position 3$"):
        pixels.check_finite(images)
    images[5] = value
    with pytest.raises(ValueError, match="at position 3, and in 1 more$"):
        pixels.check_finite(images)


def test_a_range_has_a_span():
    assert pixels.value_range(np.array([3., -1.])) == (-1, 3) and pixels.value_range(np.array([5.])) == (5, 6)


@pytest.fixture(scope="module")
def classifier():
    layers = tf_keras.layers
    return sanity_checks.load_classifier(tf_keras.Sequential(
        [layers.InputLayer((4, 4, 1)), layers.Flatten(), layers.Dense(2)]))


@pytest.mark.parametrize("call", [
    lambda classifier, images: methods.explain(classifier, images, "gradient"),
    lambda classifier, images: methods.make_task(classifier, images, targets=[0, 0, 0]),
    lambda classifier, images: sanity_checks.run(classifier, images, methods=["gradient"], progress=False)],
    ids=["explain", "make_task", "run"])
def test_the_api_refuses_them(classifier, call):
    images = np.zeros((3, 4, 4, 1), np.float32)
    with pytest.raises(ValueError, match="^images: expected an array of real numbers, found values of type complex64"):
        call(classifier, images.astype(np.complex64))
    images[2, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="^images: expected finite numbers, found nan in the image at position 2"):
        call(classifier, images)
