"""Cheaper estimators of the same maps: their answers where these are known, their standard errors, and that they cost what they say."""

import numpy as np
import pytest
import saliency.core as saliency
import tf_keras

import sanity_checks
from sanity_checks import methods
from sanity_checks import models
from sanity_checks.methods import base
from sanity_checks.methods import joint_path
from sanity_checks.methods import noise as noise_module
from sanity_checks.methods import pair
from sanity_checks.methods import quadratures
from sanity_checks.weights import states
from tests import registry

VARIANTS = {
    "smoothgrad": {"estimator": "antithetic", "samples": 6},
    "vargrad": {"estimator": "antithetic", "samples": 6},
    "integrated_gradients": {"quadrature": "gauss_legendre", "steps": 5},
    "integrated_gradients midpoint": {"quadrature": "midpoint", "steps": 5},
    "integrated_gradients_smoothgrad": {"estimator": "joint", "samples": 6},
}
SHAPE = (4, 4, 1)


def polynomial(degree):
    """A model whose two logits are the sums of (w * x) ** degree and of w * x, weights w, and the weights [H, W, C]."""
    weights = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    image = tf_keras.Input(SHAPE)
    products = image * weights
    power = products
    for _ in range(degree - 1):
        power = power * products
    outputs = tf_keras.layers.Concatenate()([tf_keras.layers.Flatten()(power), tf_keras.layers.Flatten()(products)])
    head = np.kron(np.eye(2), np.ones((16, 1))).astype(np.float32)
    dense = tf_keras.layers.Dense(2, use_bias=False)
    model = tf_keras.Model(image, dense(outputs))
    dense.set_weights([head])
    return models.load_classifier(model), weights


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((3, *SHAPE), np.float32)


@pytest.mark.parametrize("name", list(VARIANTS))
def test_batched_maps_equal_get_mask(network, digits, name):
    method, settings = name.split()[0], VARIANTS[name]
    targets, ids = np.array([1, 5]), ["a", "b"]
    maps = methods.explain(network, digits[:2], method, targets, image_ids=ids, **settings)
    made, call = methods.make(method, **settings), pair.call_model_function(network)
    for i, key in enumerate(base.noise_keys(0, ids)):
        noise = {"noise_key": key} if registry.is_stochastic(method) else {}
        expected = made.GetMask(digits[i], call, {"target": targets[i]}, **noise)
        assert np.abs(maps[i] - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("name", list(VARIANTS))
def test_results_do_not_depend_on_batches_and_passes_are_counted(network, digits, name):
    method, settings, done = name.split()[0], VARIANTS[name], []
    whole = methods.explain(network, digits[:3], method, [1, 2, 3], **settings)
    for batch_size in (1, 2, 5, 13):
        parts = methods.explain(network, digits[2::-1], method, [3, 2, 1], batch_size=batch_size, **settings)[::-1]
        assert np.abs(parts - whole).max() <= 1e-4 * np.abs(whole).max()
    made = methods.make(method, **settings)
    made.maps(methods.make_task(network, digits[:3], np.array([1, 2, 3]), batch_size=4, progress=done.append))
    assert sum(done) == 3 * (methods.passes({"m": made}, network.image_shape) - 1)


def test_one_trace_serves_all_weight_states(digits):
    classifier = registry.classifier("small_cnn")
    with states.weight_states(classifier, "cascading") as walk:
        for _ in walk:
            for name, settings in VARIANTS.items():
                methods.explain(classifier, digits[:2], name.split()[0], [1, 2], **settings)
    assert set(classifier.traces().values()) == {1}


def test_the_noise_of_a_pair_is_z_and_minus_z_however_it_is_cut():
    keys = np.array([3, 4], np.uint64)
    whole = noise_module.antithetic(keys, 0, 8, SHAPE).numpy()
    assert np.array_equal(whole[:, ::2], -whole[:, 1::2])
    assert np.array_equal(whole[:, ::2], noise_module.normal(keys, 0, 4, SHAPE).numpy())
    assert np.array_equal(whole[:, 4:6], noise_module.antithetic(keys, 4, 2, SHAPE).numpy())


def test_antithetic_smoothgrad_of_a_quadratic_is_its_gradient(images):
    """The gradient of a quadratic is linear in the noise, which cancels in each pair; independent noise does not."""
    classifier, weights = polynomial(2)
    expected = 2 * weights ** 2 * images
    found = methods.explain(classifier, images, "smoothgrad", [0, 0, 0], samples=2, estimator="antithetic", noise=.5)
    other = methods.explain(classifier, images, "smoothgrad", [0, 0, 0], samples=2, noise=.5)
    assert np.allclose(found, expected, atol=1e-5) and np.abs(other - expected).max() > .05


@pytest.mark.parametrize("degree, steps", [(1, 1), (2, 1), (4, 2), (5, 3), (6, 3)])
def test_gauss_legendre_is_exact_for_polynomials(images, degree, steps):
    """n nodes integrate polynomials of degree 2 n - 1 exactly: the gradient's is degree - 1."""
    classifier, weights = polynomial(degree)
    found = methods.explain(classifier, images, "integrated_gradients", [0, 0, 0], steps=steps, quadrature="gauss_legendre")
    assert np.allclose(found, (weights * images) ** degree, rtol=1e-4, atol=1e-6)


def test_the_error_of_the_midpoint_rule_is_known(images):
    """Of x ** 3 along the path: the mean of 3 a ** 2 at the midpoints is 1 - 1 / (4 n ** 2)."""
    classifier, weights = polynomial(3)
    for steps in (1, 2, 5):
        found = methods.explain(classifier, images, "integrated_gradients", [0, 0, 0], steps=steps, quadrature="midpoint")
        assert np.allclose(found, (weights * images) ** 3 * (1 - 1 / (4 * steps ** 2)), rtol=1e-4, atol=1e-6)


def test_the_papers_quadrature_is_the_default_and_pairs(network, digits):
    expected = saliency.IntegratedGradients().GetMask(digits[0], pair.call_model_function(network), {"target": 2}, x_steps=7)
    found = methods.explain(network, digits[:1], "integrated_gradients", [2], steps=7)[0]
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    points, weights, total = quadratures.points("pair", 7)
    assert points.tolist() == np.linspace(0, 1, 7).tolist() and weights.tolist() == [1] * 7 and total == 7


def test_the_joint_integral_of_a_linear_model_is_exact(images):
    classifier, weights = polynomial(1)
    found = methods.explain(classifier, images, "integrated_gradients_smoothgrad", [0, 0, 0], samples=2, estimator="joint", baseline=.3)
    assert np.allclose(found, (images - .3) * weights, atol=1e-5)


def test_the_joint_integral_converges_to_the_grid_and_its_error_says_how_near(images):
    """Of w ** 2 x ** 2: E[(x + z) * 2 w ** 2 a (x + z)] = w ** 2 (x ** 2 + s ** 2), s the noise of the image."""
    classifier, weights = polynomial(2)
    settings = {"samples": 400, "estimator": "joint", "noise": .3}
    spread = .3 * np.ptp(images, axis=(1, 2, 3), keepdims=True)
    expected = weights ** 2 * (images ** 2 + spread ** 2)
    found = methods.explain(classifier, images, "integrated_gradients_smoothgrad", [0, 0, 0], **settings)
    errors = methods.standard_errors(classifier, images, "integrated_gradients_smoothgrad", [0, 0, 0], **settings)
    score = (found - expected) / errors
    # 48 values, 200 pairs each: none beyond 4.5 standard errors, which has a chance of 3e-4; the errors are never too small
    assert np.abs(score).max() < 4.5 and .2 < np.sqrt(np.mean(score ** 2)) < 1.3


def test_the_points_of_a_path_are_stratified_and_an_images_own():
    one, two = joint_path.stratified(1, 8), joint_path.stratified(2, 8)
    assert sorted(one) == sorted(two) == [(i + .5) / 8 for i in range(8)] and one.tolist() != two.tolist()
    assert one.tolist() == joint_path.stratified(np.uint64(1), 8).tolist()


@pytest.mark.parametrize("estimator", ["independent", "antithetic"])
def test_standard_errors_are_those_of_the_samples(network, digits, estimator):
    settings = {"samples": 8, "estimator": estimator}
    found = sanity_checks.standard_errors(network, digits[:1], "smoothgrad", [3], image_ids=["a"], batch_size=3, **settings)
    key = base.noise_keys(0, ["a"])[0]
    gradients = np.stack(methods.make("smoothgrad", **settings)._gradients(
        digits[0], pair.call_model_function(network), {"target": 3}, key))
    units = gradients if estimator == "independent" else gradients.reshape(4, 2, *digits[0].shape).mean(axis=1)
    expected = units.std(axis=0, ddof=1) / np.sqrt(len(units))
    assert np.abs(found[0] - expected).max() <= 1e-3 * expected.max()


def test_methods_without_noise_have_no_standard_error(network, digits):
    assert methods.standard_errors(network, digits[:1], "gradient", [0]) is None
    assert np.isnan(methods.standard_errors(network, digits[:1], "smoothgrad", [0], samples=1)).all()


@pytest.mark.parametrize("method, settings, message", [
    ("smoothgrad", {"estimator": "antithetic", "samples": 5}, "samples must be even, for pairs of noise z and -z, got 5"),
    ("integrated_gradients_smoothgrad", {"estimator": "joint", "samples": 3}, "samples must be even"),
    ("smoothgrad", {"estimator": "other"}, "estimator must be one of independent, antithetic, got 'other'"),
    ("integrated_gradients", {"quadrature": "simpson"}, "quadrature must be one of pair, midpoint, gauss_legendre"),
])
def test_wrong_estimators_are_refused(method, settings, message):
    with pytest.raises(ValueError, match=message):
        methods.make(method, **settings)


def test_the_efficient_estimators_take_a_tenth_of_the_passes(cnn):
    def passes(preset):
        names = [*methods.ESTIMATORS["efficient"], "gradient", "input_x_gradient", "guided_backprop", "gradcam", "guided_gradcam"]
        return methods.passes({name: methods.make(name, **methods.ESTIMATORS[preset].get(name, {})) for name in names}, cnn.image_shape)
    assert passes("paper") == 1354 and passes("efficient") <= 135
