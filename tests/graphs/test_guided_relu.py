"""The guided ReLU reaches every way to write a ReLU, or says that it cannot."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models

pytestmark = pytest.mark.slow

layers = tf_keras.layers


class CallsRelu(layers.Layer):
    def call(self, inputs):
        return tf.nn.relu(inputs)


class CallsMaximum(layers.Layer):
    def call(self, inputs):
        return tf.maximum(0., inputs)


class InTfFunction(layers.Layer):
    @tf.function
    def call(self, inputs):
        return tf.nn.relu(inputs)


def nested(*inner):
    return tf_keras.Sequential([layers.InputLayer((4, 4, 2)), *inner])


def conv(activation=None):
    kernel = tf_keras.initializers.RandomNormal(seed=1)
    return layers.Conv2D(2, 3, padding="same", activation=activation, kernel_initializer=kernel, name="conv")


WAYS = {
    "conv activation": lambda: [conv("relu")],
    "Activation layer": lambda: [conv(), layers.Activation("relu")],
    "ReLU layer": lambda: [conv(), layers.ReLU()],
    "tf.nn.relu in a Lambda": lambda: [conv(), layers.Lambda(tf.nn.relu)],
    "tf.nn.relu in a layer": lambda: [conv(), CallsRelu()],
    "tf.maximum": lambda: [conv(), CallsMaximum()],
    "nested model": lambda: [conv(), nested(layers.ReLU())],
    "twice nested model": lambda: [conv(), nested(nested(layers.Activation("relu")))],
    "ReLU with a maximum out of reach": lambda: [conv(), layers.ReLU(max_value=1e6)],
}


def classifier(middle):
    head = layers.Dense(3, kernel_initializer=tf_keras.initializers.RandomNormal(seed=2), name="head")
    return models.load_classifier(
        tf_keras.Sequential([layers.InputLayer((4, 4, 1)), *middle, layers.Flatten(), head]))


def expected(network, image, target):
    """Guided Backprop written out: backward through the head, the gates, the convolution."""
    weights = {v.name: v for block in network.blocks.values() for v in block}
    kernel = next(v for name, v in weights.items() if name.startswith("conv/kernel"))
    head = next(v for name, v in weights.items() if name.startswith("head/kernel"))
    out = tf.nn.conv2d(image, kernel, 1, "SAME")
    above = tf.reshape(head[:, target], out.shape)
    gated = above * tf.cast(above > 0, tf.float32) * tf.cast(out > 0, tf.float32)
    return tf.nn.conv2d_transpose(gated, kernel, image.shape, 1, "SAME").numpy()


@pytest.mark.parametrize("way", list(WAYS))
def test_every_relu_is_overridden(way):
    network = classifier(WAYS[way]())
    image = np.random.default_rng(0).normal(size=(1, 4, 4, 1)).astype(np.float32)
    found = methods.explain(network, image, "guided_backprop", np.array([1]))
    assert np.allclose(found, expected(network, image, 1), atol=1e-7)
    assert not np.allclose(found, methods.explain(network, image, "gradient", np.array([1])), atol=1e-4)


def test_functional_tf_nn_relu_is_overridden():
    inputs = layers.Input((4, 4, 1))
    outputs = layers.Dense(3, name="head")(layers.Flatten()(tf.nn.relu(conv()(inputs))))
    network = models.load_classifier(tf_keras.Model(inputs, outputs))
    image = np.random.default_rng(0).normal(size=(1, 4, 4, 1)).astype(np.float32)
    found = methods.explain(network, image, "guided_backprop", np.array([1]))
    assert np.allclose(found, expected(network, image, 1), atol=1e-7)


def test_relu6_is_closed_above_six():
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones", name="head")
    network = models.load_classifier(tf_keras.Sequential(
        [layers.InputLayer((1, 4, 1)), layers.ReLU(max_value=6), layers.Flatten(), layer]))
    image = np.array([-1, 1, 5, 7], np.float32).reshape(1, 1, 4, 1)
    assert methods.explain(network, image, "guided_backprop", np.array([0])).ravel().tolist() == [0, 1, 1, 0]


def test_maximum_of_two_tensors_keeps_its_gradient():
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones", name="head")
    network = models.load_classifier(tf_keras.Sequential(
        [layers.InputLayer((1, 3, 1)), layers.Lambda(lambda x: tf.maximum(-tf.nn.relu(x), 2 * x)), layers.Flatten(),
         layer]))
    image = np.array([-1, 1, 2], np.float32).reshape(1, 1, 3, 1)
    # For x < 0, -relu(x) = 0 is the larger; for x > 0, 2 x is.
    assert methods.explain(network, image, "guided_backprop", np.array([0])).ravel().tolist() == [0, 2, 2]


@pytest.mark.parametrize("middle, message", [
    (lambda: [conv("tanh")], "has no ReLU"),
    (lambda: [conv("relu"), InTfFunction()], "cannot reach the ReLU inside the tf.function"),
    (lambda: [conv(), layers.ReLU(threshold=1.)], "not defined for the ReLU with a threshold"),
    (lambda: [conv(), layers.ThresholdedReLU()], "not defined for the ReLU with a threshold"),
])
def test_what_cannot_be_overridden_is_refused(middle, message):
    with pytest.raises(ValueError, match=message):
        methods.explain(classifier(middle()), np.ones((1, 4, 4, 1), np.float32), "guided_backprop")


def test_the_plain_gradient_stays_plain_after_the_guided_pass(cnn, digits):
    methods.explain(cnn, digits[:1], "guided_backprop", np.array([0]))
    found = methods.explain(cnn, digits[:1], "gradient", np.array([0]))
    with tf.GradientTape() as tape:
        x = tf.constant(digits[:1])
        tape.watch(x)
        logit = cnn.model(x)[0, 0]
    assert np.allclose(found, tape.gradient(logit, x), rtol=1e-5, atol=1e-7)
