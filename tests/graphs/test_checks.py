"""What the graph of a forward pass tells: integers, steps and probabilities are refused by name; what has a gradient is not."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    request.param.utils.set_random_seed(0)
    return request.param


def through(library, function, *end):
    """A model with a layer that computes a function of the image."""
    class Step(library.layers.Layer):
        def call(self, inputs):
            return function(inputs)

    layers = library.layers
    return library.Sequential([library.Input((6, 6, 1)), Step(name="step"), layers.Flatten(), layers.Dense(3), *end], name="net")


@pytest.mark.parametrize("function, found", [
    (lambda x: tf.cast(tf.cast(255 * x, tf.uint8), tf.float32), "Cast to uint8 in 'net.*/step'"),
    (lambda x: tf.cast(255 * x, tf.int32) / 255, "Cast to int32 in 'net.*/step'"),
    (lambda x: tf.round(255 * x) / 255, "(Round|Rint) in 'net.*/step'"),
    (lambda x: x // .25, "FloorDiv in 'net.*/step'"),
    (lambda x: tf.cast(x > .5, tf.float32), "Greater to bool in 'net.*/step'"),
])
def test_steps_are_refused_by_the_type_and_the_layer(library, function, found):
    with pytest.raises(ValueError, match=f"^model: no gradient reaches the image of 'net', since it passes {found}"):
        models.load_classifier(through(library, function))


@pytest.mark.parametrize("function", [lambda x: tf.round(x) + x, lambda x: tf.math.real(tf.signal.ifft2d(tf.signal.fft2d(tf.cast(x, tf.complex64))))],
                         ids=["a branch without steps", "complex numbers"])
def test_what_a_gradient_passes_is_taken(library, function):
    model = through(library, function)
    kernel = model.layers[-1].kernel
    image = np.full((1, 6, 6, 1), .3, np.float32)
    found = methods.explain(models.load_classifier(model), image, "gradient", np.array([1]))
    assert np.allclose(found.ravel(), np.asarray(kernel)[:, 1], atol=1e-5)


@pytest.mark.parametrize("unroll", [False, True])
def test_loops_have_a_gradient(library, unroll):
    layers = library.layers
    model = library.Sequential([library.Input((5, 4, 1)), layers.Reshape((5, 4)), layers.LSTM(3, unroll=unroll), layers.Dense(2)])
    image = np.random.default_rng(0).random((1, 5, 4, 1), np.float32)
    found = methods.explain(models.load_classifier(model), image, "gradient", np.array([1]))
    with tf.GradientTape() as tape:
        variable = tf.Variable(image)
        value = model(variable)[0, 1]
    expected = tape.gradient(value, variable)
    assert np.abs(expected).max() > 0 and np.allclose(found, expected, atol=1e-6)


class End:
    """Ends of a model as functions of its last values [B, 3]."""
    REFUSED = {
        "two branches": lambda x: (tf.nn.softmax(x) + tf.nn.softmax(2 * x)) / 2,
        "a branch deeper": lambda x: (tf.nn.sigmoid(x) + tf.nn.sigmoid(2 * x) + tf.nn.sigmoid(3 * x)) / 3,
        "of a reshape whose shape is computed": lambda x: tf.reshape(tf.nn.softmax(x), (tf.shape(x)[0], 3)),
        "logarithm": lambda x: tf.math.log(tf.nn.softmax(x) + 1e-7),
    }
    TAKEN = {
        "swish": lambda x: x * tf.nn.sigmoid(x),
        "attention": lambda x: tf.nn.softmax(x) * tf.nn.relu(x + 1),
        "a gate beside": lambda x: x + tf.nn.sigmoid(x),
    }


def ended(library, function):
    class Last(library.layers.Layer):
        def call(self, inputs):
            return function(inputs)

    return through(library, tf.identity, Last(name="last"))


@pytest.mark.parametrize("name", list(End.REFUSED))
def test_outputs_made_of_probabilities_alone_are_refused(library, name):
    with pytest.raises(ValueError, match="^model: 'net' ends in (Softmax|Sigmoid|LogSoftmax) .*, which cannot be taken off"):
        models.load_classifier(ended(library, End.REFUSED[name]))


@pytest.mark.parametrize("name", list(End.TAKEN))
def test_outputs_that_probabilities_only_weigh_are_taken(library, name):
    model = ended(library, End.TAKEN[name])
    assert models.load_classifier(model).model is model
