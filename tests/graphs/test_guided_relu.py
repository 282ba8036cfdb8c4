"""The guided ReLU reaches every way to write a ReLU, or says that it cannot."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models

pytestmark = pytest.mark.slow


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    return request.param


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).normal(size=(1, 4, 4, 1)).astype(np.float32)


def calling(library, function, name="own"):
    """A layer of the user's own that calls a function."""
    class Own(library.layers.Layer):
        def call(self, inputs):
            return function(inputs)

        def compute_output_shape(self, shape):
            return shape

    return Own(name=name)


def nested(library, *inner):
    return library.Sequential([library.layers.Input((4, 4, 2)), *inner])


def conv(library, activation=None):
    kernel = library.initializers.RandomNormal(seed=1)
    return library.layers.Conv2D(2, 3, padding="same", activation=activation, kernel_initializer=kernel, name="conv")


def classifier(library, middle, **options):
    head = library.layers.Dense(3, kernel_initializer=library.initializers.RandomNormal(seed=2), name="head")
    return models.load_classifier(
        library.Sequential([library.layers.Input((4, 4, 1)), *middle, library.layers.Flatten(), head]), **options)


@tf.custom_gradient
def own_gradient(x):
    return tf.nn.relu(x), lambda upstream: upstream


WAYS = {
    "conv activation": lambda K: [conv(K, "relu")],
    "Activation layer": lambda K: [conv(K), K.layers.Activation("relu")],
    "ReLU layer": lambda K: [conv(K), K.layers.ReLU()],
    "tf.nn.relu in a Lambda": lambda K: [conv(K), K.layers.Lambda(tf.nn.relu)],
    "tf.nn.relu in a layer": lambda K: [conv(K), calling(K, tf.nn.relu)],
    "tf.maximum": lambda K: [conv(K), calling(K, lambda x: tf.maximum(0., x))],
    "keras.ops": lambda K: [conv(K), calling(K, keras.ops.relu)],
    "of the negative": lambda K: [conv(K), calling(K, lambda x: -x, "minus"), calling(K, lambda x: tf.nn.relu(-x))],
    "nested model": lambda K: [conv(K), nested(K, K.layers.ReLU())],
    "twice nested model": lambda K: [conv(K), nested(K, nested(K, K.layers.Activation("relu")))],
    "ReLU with a maximum out of reach": lambda K: [conv(K), K.layers.ReLU(max_value=1e6)],
    "clipped": lambda K: [conv(K), calling(K, lambda x: tf.clip_by_value(x, 0., 1e6))],
}


def expected(network, image, target):
    """Guided Backprop written out: backward through the head, the gates, the convolution."""
    convolution, head = (next(layer for layer in network.model.layers if layer.name == name) for name in ("conv", "head"))
    kernel, dense = tf.convert_to_tensor(convolution.kernel), tf.convert_to_tensor(head.kernel)
    out = tf.nn.conv2d(image, kernel, 1, "SAME")
    above = tf.reshape(dense[:, target], out.shape)
    gated = above * tf.cast(above > 0, tf.float32) * tf.cast(out > 0, tf.float32)
    return tf.nn.conv2d_transpose(gated, kernel, image.shape, 1, "SAME").numpy()


@pytest.mark.parametrize("way", list(WAYS))
def test_every_relu_is_overridden(library, way, image):
    network = classifier(library, WAYS[way](library))
    found = methods.explain(network, image, "guided_backprop", np.array([1]))
    assert np.allclose(found, expected(network, image, 1), atol=1e-7)
    assert not np.allclose(found, methods.explain(network, image, "gradient", np.array([1])), atol=1e-4)


@pytest.mark.parametrize("function, library", [(tf.nn.relu, tf_keras), (keras.ops.relu, keras)])
def test_a_function_of_a_functional_model_is_overridden(library, function, image):
    inputs = library.layers.Input((4, 4, 1))
    outputs = library.layers.Dense(3, name="head")(library.layers.Flatten()(function(conv(library)(inputs))))
    network = models.load_classifier(library.Model(inputs, outputs))
    found = methods.explain(network, image, "guided_backprop", np.array([1]))
    assert np.allclose(found, expected(network, image, 1), atol=1e-7)


def test_relu6_is_closed_above_six(library):
    layer = library.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="head")
    network = models.load_classifier(library.Sequential(
        [library.layers.Input((1, 4, 1)), library.layers.ReLU(max_value=6), library.layers.Flatten(), layer]))
    image = np.array([-1, 1, 5, 7], np.float32).reshape(1, 1, 4, 1)
    assert methods.explain(network, image, "guided_backprop", np.array([0])).ravel().tolist() == [0, 1, 1, 0]


def test_maximum_of_two_tensors_keeps_its_gradient(library):
    layer = library.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="head")
    network = models.load_classifier(library.Sequential(
        [library.layers.Input((1, 3, 1)), calling(library, lambda x: tf.maximum(-tf.nn.relu(x), 2 * x)), library.layers.Flatten(),
         layer]))
    image = np.array([-1, 1, 2], np.float32).reshape(1, 1, 3, 1)
    # For x < 0, -relu(x) = 0 is the larger; for x > 0, 2 x is.
    assert methods.explain(network, image, "guided_backprop", np.array([0])).ravel().tolist() == [0, 2, 2]


def leaky(library):
    return library.layers.LeakyReLU(.25) if library is tf_keras else library.layers.LeakyReLU(negative_slope=.25)


# A leaky ReLU with slope 0.25 in as many ways; its gradient is the plain one.
TWO_SIDED = {
    "LeakyReLU": leaky,
    "PReLU": lambda K: K.layers.PReLU(alpha_initializer=K.initializers.Constant(.25), shared_axes=[1, 2]),
    "ReLU with a slope": lambda K: K.layers.ReLU(negative_slope=.25),
    "ReLU with a slope and a maximum": lambda K: K.layers.ReLU(negative_slope=.25, max_value=1e6),
    "two ReLUs": lambda K: calling(K, lambda x: tf.nn.relu(x) - .25 * tf.nn.relu(-x)),
    "two ReLUs of a product": lambda K: calling(K, lambda x: tf.nn.relu(x) - .25 * tf.nn.relu(-1. * x)),
    "maximum and minimum": lambda K: calling(K, lambda x: tf.maximum(x, 0.) + .25 * tf.minimum(x, 0.)),
    "maximum of two": lambda K: calling(K, lambda x: tf.maximum(x, .25 * x)),
    "a choice": lambda K: calling(K, lambda x: tf.where(x > 0, x, .25 * x)),
}


@pytest.mark.parametrize("way", list(TWO_SIDED))
def test_a_function_of_two_sides_keeps_its_gradient(library, way, image):
    """With a ReLU elsewhere, which is guided: the same map in every way of writing the leaky one."""
    network = classifier(library, [conv(library), TWO_SIDED[way](library), calling(library, tf.nn.relu, "guided")])
    reference = classifier(library, [conv(library), leaky(library), calling(library, tf.nn.relu, "guided")])
    found, wanted = (methods.explain(given, image, "guided_backprop", np.array([1])) for given in (network, reference))
    assert np.allclose(found, wanted, atol=1e-7)
    assert not np.allclose(found, methods.explain(network, image, "gradient", np.array([1])), atol=1e-4)


@pytest.mark.parametrize("middle, message", [
    (lambda K: [conv(K, "tanh")], "has no ReLU, so Guided Backprop is not defined for it; activations found: tanh"),
    (lambda K: [conv(K, "gelu"), K.layers.Activation("swish")], "has no ReLU, .*; activations found: gelu, (swish|silu)$"),
    (lambda K: [conv(K), calling(K, lambda x: x * tf.sigmoid(x))], "has no ReLU, .*; activations found: sigmoid or swish$"),
    (lambda K: [conv(K), leaky(K)], "has no ReLU"),
    (lambda K: [conv(K), TWO_SIDED["PReLU"](K)], "has no ReLU"),
    (lambda K: [conv(K)], "has no ReLU, .*; activations found: none"),
    (lambda K: [conv(K, "relu"), calling(K, tf.function(tf.nn.relu))], "cannot reach the ReLU inside the tf.function or control flow '.*own'"),
    (lambda K: [conv(K, "relu"), calling(K, own_gradient)], "cannot reach the ReLU inside the custom gradient '.*own'"),
    (lambda K: [conv(K), calling(K, lambda x: tf.where(x > 0, x, 0.))], "cannot override the ReLU, .* that '.*own' writes as SelectV2"),
    (lambda K: [conv(K), calling(K, lambda x: tf.where(x < 0, tf.zeros_like(x), x))], "that '.*own' writes as SelectV2"),
    (lambda K: [conv(K), calling(K, lambda x: x * tf.cast(x > 0, x.dtype))], "that '.*own' writes as Mul"),
    (lambda K: [conv(K), calling(K, lambda x: (x + tf.abs(x)) / 2)], "that '.*own' writes as AddV2"),
    (lambda K: [conv(K), calling(K, lambda x: -tf.minimum(-x, 0.))], "that '.*own' writes as Minimum"),
    (lambda K: [conv(K), K.layers.ReLU(threshold=1.)], "the ReLU, or ReLU with a threshold, that '.*re_lu.*' writes as"),
])
def test_what_cannot_be_overridden_is_refused_before_the_run(library, middle, message):
    network = classifier(library, middle(library))
    with pytest.raises(ValueError, match=f"method 'guided_backprop' cannot explain model .*{message}"):
        methods.explain(network, np.ones((1, 4, 4, 1), np.float32), "guided_backprop")
    assert "guided gradient" not in network.traces()


def test_the_plain_gradient_stays_plain_after_the_guided_pass(cnn, digits):
    methods.explain(cnn, digits[:1], "guided_backprop", np.array([0]))
    found = methods.explain(cnn, digits[:1], "gradient", np.array([0]))
    with tf.GradientTape() as tape:
        x = tf.constant(digits[:1])
        tape.watch(x)
        logit = cnn.model(x)[0, 0]
    assert np.allclose(found, tape.gradient(logit, x), rtol=1e-5, atol=1e-7)
