"""What range of images a model rescales inside, on both Keras, and who is warned."""

import re
import types
import warnings

import keras
import numpy as np
import pytest
import tf_keras

import sanity_checks
from sanity_checks import keras2
from sanity_checks import keras3
from sanity_checks.models import input_range

TORCH = {"mean": [0.485 * 255, 0.456 * 255, 0.406 * 255], "variance": [(0.229 * 255) ** 2, (0.224 * 255) ** 2, (0.225 * 255) ** 2]}


@pytest.fixture(params=["keras 2", "keras 3"])
def layers(request):
    return (tf_keras if request.param == "keras 2" else keras).layers


def classifier(model):
    """As much of a classifier as is looked at."""
    return types.SimpleNamespace(name="m", model=model, keras=keras2 if isinstance(model, tf_keras.Model) else keras3)


def begun(layers, *first, channels=3):
    """A model that begins with these layers."""
    module = tf_keras if layers is tf_keras.layers else keras
    return module.Sequential([layers.Input((8, 8, channels)) if module is keras else layers.InputLayer((8, 8, channels)),
                              *first, layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)])


@pytest.mark.parametrize("rescalings, expected", [
    ([(1 / 255, 0)], (0, 255)), ([(1 / 127.5, -1)], (0, 255)), ([(1 / 128, -1)], (0, 255)), ([(1 / 256, 0)], (0, 255)),
    ([(1 / 255, -0.5)], (0, 255)), ([(1, -127.5)], (0, 255)), ([(2, -1)], (0, 1)), ([(255, 0)], (0, 1)), ([(1, -0.5)], None),
    ([(0.5, 0.5)], (-1, 1)), ([(127.5, 127.5)], (-1, 1)), ([(1 / 255, 0), (2, -1)], (0, 255)), ([(127.5, 127.5), (1 / 255, 0)], (-1, 1)),
    ([(1 / 64, -2)], (0, 255)), ([(1, 0)], None), ([(3, 7)], None), ([(0, 0)], None),
    ([(1 / np.sqrt(TORCH["variance"]), -np.array(TORCH["mean"]) / np.sqrt(TORCH["variance"]))], (0, 255)),
    ([([1 / 0.229, 1 / 0.224, 1 / 0.225], [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])], (0, 1))], ids=str)
def test_rescalings(layers, rescalings, expected):
    model = begun(layers, *(layers.Rescaling(scale, offset) for scale, offset in rescalings))
    assert input_range.expected(classifier(model)) == expected


def test_other_beginnings_do_not_tell(layers):
    adapted = layers.Normalization()
    adapted.adapt(np.random.default_rng(0).random((4, 8, 8, 3)).astype(np.float32))
    for first in ([], [adapted], [layers.Conv2D(3, 1), layers.Rescaling(1 / 255)], [layers.BatchNormalization()], [layers.ReLU()]):
        assert input_range.expected(classifier(begun(layers, *first))) is None


def test_a_normalization_of_given_numbers_tells(layers):
    assert input_range.expected(classifier(begun(layers, layers.Normalization(**TORCH)))) == (0, 255)
    unknown = layers.Normalization(mean=[5., 5, 5], variance=[9., 9, 9])
    assert input_range.expected(classifier(begun(layers, unknown))) is None


def test_layers_that_keep_values_and_nesting_are_passed(layers):
    module = tf_keras if layers is tf_keras.layers else keras
    augment = module.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1), layers.ZeroPadding2D(1), layers.Resizing(8, 8)])
    body = module.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)])
    inputs = layers.Input((8, 8, 3))
    model = module.Model(inputs, body(augment(inputs)))
    assert input_range.expected(classifier(model)) == (0, 255)


class Own(tf_keras.Model):
    """A user's class."""

    def __init__(self):
        super().__init__()
        self.scaled, self.flat, self.top = tf_keras.layers.Rescaling(1 / 255), tf_keras.layers.Flatten(), tf_keras.layers.Dense(2)

    def call(self, images):
        return self.top(self.flat(self.scaled(images)))


def test_classifiers_of_both_keras(layers):
    loaded = sanity_checks.load_classifier(begun(layers, layers.Rescaling(1 / 127.5, -1)))
    assert input_range.expected(loaded) == (0, 255)


def test_a_subclassed_model_as_a_classifier():
    model = Own()
    model(np.zeros((1, 4, 4, 1), np.float32))
    assert input_range.expected(sanity_checks.load_classifier(model)) == (0, 255)


@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny"])
@pytest.mark.parametrize("module", [tf_keras, keras], ids=["keras 2", "keras 3"])
@pytest.mark.slow
def test_networks_of_applications(module, name):
    model = getattr(module.applications, name)(weights=None, input_shape=(32, 32, 3), classes=3)
    assert input_range.expected(classifier(model)) == (0, 255)


@pytest.mark.parametrize("name", ["ResNet50", "MobileNetV2"])
@pytest.mark.slow
def test_networks_of_applications_that_do_not_tell(name):
    model = getattr(tf_keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=3)
    assert input_range.expected(classifier(model)) is None


def data(*span):
    return types.SimpleNamespace(name="photos", input_range=span)


TORCH_RANGE = ((-2.12, -2.04, -1.80), (2.25, 2.43, 2.64))


@pytest.mark.parametrize("rescaling, span, warned", [
    ((1 / 255, 0), (-1., 1.), "0 to 255; those of photos are -1 to 1. Photographs are prepared for it by preprocess raw"),
    ((1 / 255, 0), (0., 1.), "0 to 255; those of photos are 0 to 1."), ((1 / 255, 0), TORCH_RANGE, "0 to 255; those of photos are -2.12 to 2.64."),
    ((1 / 255, 0), (0.02, 0.97), "0 to 255;"), ((1 / 255, 0), (-123., 151.), "0 to 255;"),
    ((1 / 255, 0), (0., 255.), None), ((1 / 255, 0), (3., 201.), None), ((1 / 255, 0), (0., 256.), None),
    ((2, -1), (0., 1.), None), ((2, -1), (0.1, 0.8), None), ((2, -1), (-1., 1.), "0 to 1; those of photos are -1 to 1. .* preprocess unit"),
    ((2, -1), (0., 255.), "0 to 1; those of photos are 0 to 255."), ((0.5, 0.5), (-1., 1.), None),
    ((0.5, 0.5), (0., 1.), "-1 to 1; those of photos are 0 to 1. .* preprocess inception"),
    (None, (0., 255.), None), (None, (-1., 1.), None)], ids=str)
def test_a_mismatch(rescaling, span, warned):
    model = begun(tf_keras.layers, *([tf_keras.layers.Rescaling(*rescaling)] if rescaling else []))
    found = input_range.mismatch(classifier(model), data(*span))
    if warned is None:
        assert found is None
    else:
        assert re.match(f"input_range: model 'm' rescales inside, and expects images of {warned}", found) and "\n" not in found


def test_run_warns(tmp_path):
    loaded = sanity_checks.load_classifier(begun(tf_keras.layers, tf_keras.layers.Rescaling(1 / 255), channels=1))
    images = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    run = lambda images: sanity_checks.run(loaded, images, methods=["gradient"], null_draws=1, progress=False)
    with pytest.warns(UserWarning, match="rescales inside, and expects images of 0 to 255; those of images are") as caught:
        run(images)
    assert [warning.filename for warning in caught if "rescales" in str(warning.message)] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        run(images * 255)
