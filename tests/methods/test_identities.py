"""Methods whose answer is known by analysis, and what every method must keep."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.methods import noise
from sanity_checks.weights import states
from tests import registry

FEW = registry.SETTINGS


def settings(classifier, name):
    registry.suitable(classifier, name)
    return FEW.get(name, {})


def linear(weights):
    """A linear classifier of 5 x 4 images; weights [20, classes]."""
    layer = tf_keras.layers.Dense(weights.shape[1], use_bias=False)
    model = tf_keras.Sequential([tf_keras.layers.InputLayer((5, 4, 1)), tf_keras.layers.Flatten(), layer])
    layer.set_weights([weights])
    return models.load_classifier(model)


@pytest.fixture
def line():
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(20, 3)).astype(np.float32)
    return linear(weights), weights[:, 1].reshape(5, 4, 1), rng.random((2, 5, 4, 1), np.float32)


def test_linear_model_gradient_is_its_weights(line):
    classifier, w, images = line
    maps = methods.explain(classifier, images, "gradient", np.array([1, 1]))
    assert np.array_equal(maps, np.stack([w, w]))


def test_linear_model_smoothgrad_is_its_weights_and_vargrad_zero(line):
    classifier, w, images = line
    maps = methods.explain(classifier, images, "smoothgrad", np.array([1, 1]))
    assert np.allclose(maps, w, rtol=1e-6)
    assert np.abs(methods.explain(classifier, images, "vargrad", np.array([1, 1]))).max() < 1e-12


@pytest.mark.parametrize("baseline", [0., 0.5])
def test_linear_model_integrated_gradients(line, baseline):
    classifier, w, images = line
    maps = methods.explain(classifier, images, "integrated_gradients", np.array([1, 1]), baseline=baseline)
    assert np.allclose(maps, (images - baseline) * w, atol=1e-6)


def test_smoothgrad_without_noise_is_the_gradient(network, digits):
    gradient = methods.explain(network, digits, "gradient")
    smooth = methods.explain(network, digits, "smoothgrad", noise=0., samples=3)
    assert np.abs(smooth - gradient).max() <= 1e-5 * np.abs(gradient).max()


def test_integrated_gradients_smoothgrad_without_noise_is_integrated_gradients(network, digits):
    plain = methods.explain(network, digits[:2], "integrated_gradients", steps=10)
    smooth = methods.explain(network, digits[:2], "integrated_gradients_smoothgrad", noise=0., samples=2, steps=10)
    assert np.abs(smooth - plain).max() <= 1e-5 * np.abs(plain).max()


def test_input_x_gradient_is_the_product(network, digits):
    product = digits * methods.explain(network, digits, "gradient")
    assert np.array_equal(methods.explain(network, digits, "input_x_gradient"), product)


def test_guided_gradcam_is_the_product(cnn, digits):
    product = methods.explain(cnn, digits, "guided_backprop") * methods.explain(cnn, digits, "gradcam")
    assert np.array_equal(methods.explain(cnn, digits, "guided_gradcam"), product)


def test_integrated_gradients_are_complete_within_the_quadrature_error(network, digits):
    """linspace with both ends, divided by steps: sum / n = (n - 1) / n * trapezoid rule + (d_0 + d_1) / (2 n).

    d is the directional derivative along the path. The trapezoid rule gives the difference of the logits up to
    half a step times the change of d over each step.
    """
    steps, image = 200, digits[:1]
    path = (np.linspace(0, 1, steps)[:, None, None, None] * image).astype(np.float32)
    d = (methods.explain(network, path, "gradient", np.full(steps, 3)) * image).sum(axis=(1, 2, 3), dtype=float)
    mask = methods.explain(network, image, "integrated_gradients", np.array([3]), steps=steps)
    trapezoid = (mask.sum(dtype=float) - (d[0] + d[-1]) / (2 * steps)) * steps / (steps - 1)
    logits = network.logits(path).numpy()[:, 3]
    assert abs(trapezoid - (logits[-1] - logits[0])) < np.abs(np.diff(d)).sum() / (2 * (steps - 1)) + 1e-4


def test_one_layer_convolution_has_the_closed_form_gradient():
    """Paper, section 5.3: sum over offsets of a[i + k, j + l] * w[k, l] with a = 1{conv >= 0}."""
    rng = np.random.default_rng(1)
    kernel = rng.normal(size=(3, 3, 1, 1)).astype(np.float32)
    layer = tf_keras.layers.Conv2D(1, 3, padding="same", use_bias=False, activation="relu")
    model = tf_keras.Sequential([tf_keras.layers.InputLayer((9, 8, 1)), layer, tf_keras.layers.Flatten(),
                                 tf_keras.layers.Lambda(lambda x: tf.reduce_sum(x, 1, keepdims=True))])
    layer.set_weights([kernel])
    image = rng.normal(size=(1, 9, 8, 1)).astype(np.float32)
    padded = np.pad(image[0, ..., 0], 1)
    active = np.array([[(padded[i:i + 3, j:j + 3] * kernel[..., 0, 0]).sum() >= 0 for j in range(8)] for i in range(9)])
    expected = np.zeros((9, 8))
    for (i, j), on in np.ndenumerate(active):
        for k in range(3):
            for l in range(3):
                if on and 0 <= i + k - 1 < 9 and 0 <= j + l - 1 < 8:
                    expected[i + k - 1, j + l - 1] += kernel[k, l, 0, 0]
    found = methods.explain(models.load_classifier(model), image, "gradient", np.array([0]))
    assert np.allclose(found[0, ..., 0], expected, atol=1e-5)


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_results_do_not_depend_on_batch_size_or_order(network, digits, name):
    options = settings(network, name)
    whole = methods.explain(network, digits[:3], name, batch_size=256, **options)
    parts = methods.explain(network, digits[2::-1], name, batch_size=3, **options)[::-1]
    assert np.abs(whole - parts).max() <= 2e-5 * np.abs(whole).max()


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_same_weights_give_bit_identical_maps(network, digits, name):
    options = settings(network, name)
    first = methods.explain(network, digits[:2], name, **options)
    assert np.array_equal(first, methods.explain(network, digits[:2], name, **options))


@pytest.fixture(scope="module")
def fresh_classifier():
    """Function to a classifier that holds the present weights and was never traced on others; one a state, for all methods."""
    made = {}

    def of(network, state):
        if (network.name, state) not in made:
            made[network.name, state] = registry.copy(network)
        return made[network.name, state]
    return of


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_maps_on_a_weight_state_equal_those_of_a_fresh_classifier(network, digits, name, fresh_classifier):
    options = settings(network, name)
    methods.explain(network, digits[:2], name, **options)      # traced on the original weights
    with states.weight_states(network, "cascading") as walk:
        for state in walk:
            if state.index not in (1, 4):
                continue
            fresh = fresh_classifier(network, state.index)
            expected = methods.explain(fresh, digits[:2], name, np.array([1, 2]), **options)
            found = methods.explain(network, digits[:2], name, np.array([1, 2]), **options)
            assert np.abs(found - expected).max() <= 1e-5 * max(np.abs(expected).max(), 1e-12)


def test_one_trace_serves_all_weight_states(digits):
    classifier = registry.classifier("small_cnn")
    with states.weight_states(classifier, "cascading") as walk:
        for _ in itertools.islice(walk, 2):
            for name in methods.METHODS:
                methods.explain(classifier, digits[:1], name, **FEW.get(name, {}))
    assert set(classifier.traces().values()) == {1}


def test_seed_and_image_id_name_the_noise(cnn, digits):
    images = np.repeat(digits[:1], 2, axis=0)
    explain = lambda **options: methods.explain(cnn, images, "smoothgrad", np.zeros(2, int), samples=3, **options)
    same, other = explain(image_ids=["a", "b"]), explain(image_ids=["a", "b"], seed=1)
    assert not np.allclose(same[0], same[1]) and not np.allclose(same, other)
    assert np.array_equal(explain(image_ids=[7, 7])[0], explain(image_ids=["7", "7"])[1])


def test_noise_has_the_images_own_scale(digits):
    copies = noise.noisy_copies(3 * digits[0], 200, 0.15, 5)
    spread = 0.15 * 3 * (digits[0].max() - digits[0].min())
    # 156,800 normal values: the standard error of their standard deviation is 0.18 %.
    assert (copies - 3 * digits[0]).std() == pytest.approx(spread, rel=0.01)


def test_defaults_are_the_papers():
    defaults = {name: {found.name: found.default for found in methods.parameters(name)} for name in methods.METHODS}
    assert defaults["smoothgrad"] == {"samples": 50, "noise": 0.15, "estimator": "independent"}
    assert defaults["integrated_gradients"] == {"steps": 50, "baseline": 0., "quadrature": "pair"}
    assert defaults["integrated_gradients_smoothgrad"]["samples"] == 25 and defaults["integrated_gradients_smoothgrad"]["estimator"] == "grid"


def test_targets_default_to_the_prediction(cnn, digits):
    predicted = cnn.logits(digits).numpy().argmax(axis=1)
    assert np.array_equal(methods.explain(cnn, digits, "gradient"),
                          methods.explain(cnn, digits, "gradient", predicted))


def test_edge_detector_ignores_the_weights(cnn, digits):
    before = methods.explain(cnn, digits, "edge_detector")
    with states.weight_states(cnn, "cascading") as walk:
        list(walk)
        assert np.array_equal(methods.explain(cnn, digits, "edge_detector"), before)
    assert before.min() >= 0 and not np.any(methods.explain(cnn, np.ones_like(digits), "edge_detector"))


@pytest.mark.parametrize("arguments, message", [
    ({"method": "gradcan"}, "unknown method 'gradcan'; did you mean 'gradcam'"),
    ({"method": "smoothgrad", "sample": 3}, "unknown parameter of smoothgrad 'sample'; did you mean 'samples'"),
    ({"method": "smoothgrad", "samples": 0}, "samples must be at least 1"),
    ({"method": "smoothgrad", "noise": float("nan")}, "noise must be a finite number"),
    ({"method": "gradient", "targets": [0, 1]}, "expected 8 integers"),
    ({"method": "gradient", "targets": [10] * 8}, "expected classes from 0 to 9, got 10 to 10"),
    ({"method": "gradient", "batch_size": -1}, "batch_size: expected a whole number of at least 1"),
    ({"method": "gradient", "image_ids": ["a"]}, "expected 8 image ids"),
])
def test_wrong_arguments_are_refused(cnn, digits, arguments, message):
    with pytest.raises(ValueError, match=message):
        methods.explain(cnn, digits, **arguments)


@pytest.mark.parametrize("shape", [(0, 28, 28, 1), (2, 28, 28, 3), (28, 28, 1)])
def test_wrong_images_are_refused(cnn, shape):
    with pytest.raises(ValueError, match=r"expected images of shape \[N, 28, 28, 1\]"):
        methods.explain(cnn, np.zeros(shape, np.float32), "gradient")
