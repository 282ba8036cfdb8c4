"""Deconvnet and the methods of relevance: identities, references written out, parameters, and the range of images."""

import types

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.comparison import identity
from sanity_checks.comparison import runner
from sanity_checks.methods import pair
from sanity_checks.models import alexnet
from sanity_checks.models import efficientnet_lite0
from sanity_checks.models import inception_v3
from tests import registry

RELEVANCE = ("lrp_epsilon", "lrp_alpha_beta", "deep_taylor", "lrp_composite")


def unbiased(classifier):
    """The classifier with every offset zero."""
    for block in classifier.parts.values():
        for variable in block:
            name = getattr(variable, "path", variable.name)
            if "bias" in name or "beta" in name or "moving_mean" in name:
                variable.assign(np.zeros(variable.shape, np.float32))
    return classifier


@pytest.fixture(scope="module", params=list(registry.NETWORKS))
def bare(request):
    """A network of ReLUs without biases."""
    return unbiased(registry.classifier(request.param))


def test_epsilon_zero_is_gradient_x_input(bare, digits):
    found, expected = (methods.explain(bare, digits, name, **options)
                       for name, options in (("lrp_epsilon", {"epsilon": 0.}), ("input_x_gradient", {})))
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("name, options", [
    ("lrp_epsilon", {"epsilon": 0.}), ("lrp_alpha_beta", {}), ("lrp_alpha_beta", {"alpha": 2., "beta": 1.}),
    ("deep_taylor", {"low": 0., "high": 1.}), ("lrp_composite", {}),
    ("lrp_composite", {"first": "bounded", "convolution": "alpha_2_beta_1", "low": 0., "high": 1.})], ids=str)
def test_the_sum_of_a_map_is_the_logit(bare, digits, name, options):
    logits = bare.logits(digits).numpy()
    maps = methods.explain(bare, digits, name, logits.argmax(axis=1), **options)
    assert maps.sum(axis=(1, 2, 3)) == pytest.approx(logits.max(axis=1), rel=1e-4)


def test_alpha_1_beta_0_is_never_negative(network, digits):
    """On images that are not negative, for a logit that is not."""
    logits = network.logits(digits).numpy()
    assert logits.max(axis=1).min() > 0
    maps = methods.explain(network, digits, "lrp_alpha_beta", logits.argmax(axis=1))
    assert maps.min() >= 0 and maps.max() > 0
    assert methods.explain(network, digits, "lrp_alpha_beta", logits.argmax(axis=1), alpha=2., beta=1.).min() < 0


# Deconvnet

def deconvnet(images, weights, target):
    """Deconvnet of a network of two hidden dense layers, written out: [N, pixels]."""
    kernels = weights[::2]
    gradient = np.repeat(kernels[-1][:, target][None], len(images), axis=0)
    for kernel in kernels[-2::-1]:
        gradient = np.maximum(gradient, 0) @ kernel.T
    return gradient


def dense(library, activation):
    layers = library.layers
    hidden = [layer for width in (9, 7) for layer in (layers.Dense(width), activation(library))]
    return library.Sequential([layers.Input((4, 3, 1)), layers.Flatten(), *hidden, layers.Dense(3)])


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["tf_keras", "keras"])
@pytest.mark.parametrize("activation", [lambda k: k.layers.ReLU(), lambda k: k.layers.ReLU(6.),
                                        lambda k: k.layers.Lambda(_maximum if k is tf_keras else _maximum_of_keras_3)], ids=["relu", "relu6", "maximum"])
def test_deconvnet_ignores_what_a_relu_read(library, activation):
    library.utils.set_random_seed(1)
    classifier = models.load_classifier(dense(library, activation))
    images = np.random.default_rng(0).normal(size=(3, 4, 3, 1)).astype(np.float32)
    found = methods.explain(classifier, images, "deconvnet", np.full(3, 1))
    expected = deconvnet(images, classifier.model.get_weights(), 1)
    assert found.reshape(3, -1) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert not np.allclose(found, methods.explain(classifier, images, "guided_backprop", np.full(3, 1)))


def _maximum(x):
    import tensorflow as tf
    return tf.maximum(x, 0.)


def _maximum_of_keras_3(x):
    return keras.ops.maximum(x, 0.)


def test_deconvnet_is_guided_backprop_where_every_relu_is_open(digits):
    classifier = registry.classifier("small_cnn")
    for block in list(classifier.blocks.values())[1:]:
        block[0].assign(np.abs(block[0]) + .01)
        block[1].assign(np.abs(block[1]) + .01)
    found, guided = (methods.explain(classifier, digits, name) for name in ("deconvnet", "guided_backprop"))
    assert np.array_equal(found, guided) and found.any()


def test_deconvnet_refuses_what_guided_backprop_refuses():
    model = tf_keras.Sequential([tf_keras.layers.InputLayer((4, 3, 1)), tf_keras.layers.Flatten(), tf_keras.layers.Dense(3, activation="tanh"),
                                 tf_keras.layers.Dense(2)])
    classifier = models.load_classifier(model)
    reason = methods.make("deconvnet").unsuitable(classifier)
    assert reason == "it has no ReLU, so Deconvnet is not defined for it; activations found: tanh"
    with pytest.raises(ValueError, match="method 'lrp_epsilon' cannot explain model .*: relevance is not propagated through Tanh, in layer .*dense"):
        methods.explain(classifier, np.zeros((1, 4, 3, 1), np.float32), "lrp_epsilon")


# Parameters and range

@pytest.mark.parametrize("name, values, message", [
    ("lrp_alpha_beta", {"alpha": 2.}, "beta must be alpha - 1, got alpha 2.0 and beta 0.0"),
    ("lrp_alpha_beta", {"alpha": 0.5, "beta": -0.5}, "alpha must be at least 1"),
    ("lrp_epsilon", {"epsilon": -1.}, "epsilon must be at least 0"),
    ("deep_taylor", {"low": 1., "high": 0.}, "low must be below high, got 1.0 and 0.0"),
    ("lrp_composite", {"first": "zbox"}, "first must be one of flat, bounded"),
    ("lrp_composite", {"convolution": "gamma"}, "convolution must be one of z_plus, alpha_2_beta_1"),
])
def test_wrong_parameters_are_refused_when_a_method_is_made(name, values, message):
    with pytest.raises(ValueError, match=message):
        methods.make(name, **values)


def explained(classifier, images, **options):
    return methods.explain(classifier, images, "deep_taylor", np.zeros(len(images), int), **options)


def test_the_range_is_the_models_where_it_is_not_given(cnn, network, digits):
    assert cnn.input_range == (0., 1.)
    assert np.array_equal(explained(cnn, digits), explained(cnn, digits, low=0., high=1.))
    assert np.array_equal(explained(cnn, digits, high=2.), explained(cnn, digits, low=0., high=2.))
    with pytest.raises(ValueError, match=f"^low: model '{network.name}' does not tell the range of its images; give low and high$"):
        explained(network, digits)


def test_a_model_that_rescales_tells_its_range():
    layers = keras.layers
    classifier = models.load_classifier(keras.Sequential([
        layers.Input((6, 6, 3)), layers.Rescaling(1 / 127.5, -1), layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dense(2)]))
    images = np.random.default_rng(0).uniform(0, 255, (2, 6, 6, 3)).astype(np.float32)
    assert classifier.input_range == (0., 255.)
    assert np.array_equal(explained(classifier, images), explained(classifier, images, low=0., high=255.))


def test_a_range_may_differ_by_channel(digits):
    method = methods.make("deep_taylor", low=np.array([-1., 0., -2.]), high=3.)
    assert method == methods.make("deep_taylor", low=np.array([-1., 0., -2.]), high=3.) and hash(method)
    with pytest.raises(ValueError, match="low must be below high"):
        methods.make("deep_taylor", low=np.array([-1., 5., -2.]), high=3.)
    classifier = unbiased(models.load_classifier(inception_like()))
    images = np.random.default_rng(1).uniform(0, 1, (2, 6, 6, 3)).astype(np.float32)
    found = method.maps(methods.make_task(classifier, images))
    logits = classifier.logits(images).numpy().max(axis=1)
    assert found.sum(axis=(1, 2, 3)) == pytest.approx(np.maximum(logits, 0), rel=1e-4)


def inception_like():
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(0)
    return tf_keras.Sequential([layers.InputLayer((6, 6, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3)])


def test_a_runs_range_is_the_data_sets_and_is_held(digits):
    """In the settings of a run, and in the maps of its units, whatever the model says."""
    open_, given = methods.make("deep_taylor"), methods.make("deep_taylor", high=4.)
    plain = runner.Protocol("cascading", {"open": open_, "given": given, "gradient": methods.make("gradient")}, ("spearman",))
    found = plain.of_images(types.SimpleNamespace(input_range=(0., 2.))).methods
    assert found["open"] == methods.make("deep_taylor", low=0., high=2.) and found["gradient"] is plain.methods["gradient"]
    assert found["given"] == methods.make("deep_taylor", low=0., high=4.)
    settings, _ = identity.of_methods({"deep_taylor": found["open"]})
    assert settings["deep_taylor_low"] == 0. and settings["deep_taylor_high"] == 2.
    assert methods.make("lrp_composite").of_images((0., 2.)) == methods.make("lrp_composite")
    bounded = methods.make("lrp_composite", first="bounded").of_images(((0., 1., 2.), (3., 4., 5.)))
    assert np.array_equal(bounded.low, [0, 1, 2]) and np.array_equal(bounded.high, [3, 4, 5])


def test_get_mask_takes_the_models_range(cnn, digits):
    mask = methods.make("deep_taylor").GetMask(digits[0], pair.call_model_function(cnn), {"target": 0})
    assert np.abs(mask - explained(cnn, digits[:1])[0]).max() <= 1e-5 * np.abs(mask).max()


def test_maps_of_the_flat_rule_are_not_the_same_everywhere(network, digits):
    """A first layer that is dense has the epsilon rule."""
    assert (methods.explain(network, digits, "lrp_composite").std(axis=(1, 2, 3)) > 0).all()


def test_cost_follows_from_the_parameters():
    cost = {name: methods.make(name).work()[0].passes((28, 28, 1)) for name in RELEVANCE}
    assert cost == {"lrp_epsilon": 1, "lrp_alpha_beta": 2, "deep_taylor": 2, "lrp_composite": 2}
    assert methods.make("lrp_alpha_beta", alpha=2., beta=1.).passes_per_image == 3
    assert methods.make("lrp_composite", convolution="alpha_2_beta_1").passes_per_image == 3


# The repository's own networks for photographs

@pytest.mark.parametrize("build", [
    lambda: alexnet.build((67, 67, 3), 5), pytest.param(lambda: efficientnet_lite0.build((32, 32, 3), 5), marks=pytest.mark.slow),
    pytest.param(lambda: inception_v3.build((75, 75, 3), 5), marks=pytest.mark.slow)], ids=["alexnet", "efficientnet_lite0", "inception_v3"])
def test_relevance_reaches_photographs(build):
    """Groups, local response normalization, branches and batch normalization: a deep Taylor map's sum is the logit."""
    classifier = models.load_classifier(build(), weights="random", seed=1)
    images = np.random.default_rng(0).uniform(-1, 1, (2, *classifier.image_shape)).astype(np.float32)
    logits = classifier.logits(images).numpy()
    maps = methods.explain(classifier, images, "deep_taylor", logits.argmax(axis=1), low=-1., high=1.)
    assert logits.max(axis=1).min() > 0 and maps.sum(axis=(1, 2, 3)) == pytest.approx(logits.max(axis=1), rel=1e-3)
    assert maps.min() >= 0 and (maps.std(axis=(1, 2, 3)) > 0).all()


def test_a_new_state_merges_its_own_normalization(digits):
    """One trace for all states: with other statistics the map is that of a classifier made with them."""
    def make(seed):
        layers = keras.layers
        keras.utils.set_random_seed(0)
        model = keras.Sequential([layers.Input((28, 28, 1)), layers.Conv2D(3, 5, strides=3), layers.BatchNormalization(), layers.ReLU(),
                                  layers.Flatten(), layers.Dense(4)])
        generator = np.random.default_rng(seed)
        model.set_weights([np.abs(generator.normal(size=array.shape)) + .1 if array.ndim == 1 else array for array in model.get_weights()])
        return models.load_classifier(model)
    first, second = make(1), make(2)
    for name in RELEVANCE:
        options = registry.SETTINGS.get(name, {})
        before = methods.explain(first, digits, name, np.zeros(8, int), **options)
        kept = first.model.get_weights()
        first.model.set_weights(second.model.get_weights())
        after, expected = (methods.explain(made, digits, name, np.zeros(8, int), **options) for made in (first, second))
        first.model.set_weights(kept)
        assert np.abs(after - expected).max() <= 1e-5 * np.abs(expected).max() and not np.allclose(before, after), name
    assert set(first.traces().values()) == {1}
