"""A model whose maps would be zero, random, or those of another model is refused in one line before anything is computed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models

SHAPE = (8, 8, 3)


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    request.param.utils.set_random_seed(0)
    return request.param


def calling(library, function):
    class Own(library.layers.Layer):
        def call(self, inputs):
            return function(inputs)

        def compute_output_shape(self, shape):
            return shape

    return Own(name="own")


def functional(library, *middle):
    """A model whose middle layers are called one after the other; a pair (layer, keywords) is called with these."""
    image = library.layers.Input(SHAPE)
    hidden = image
    for layer in middle:
        layer, keywords = layer if isinstance(layer, tuple) else (layer, {})
        hidden = layer(hidden, **keywords)
    return library.Model(image, library.layers.Dense(3)(library.layers.Flatten()(hidden)), name="network")


def refusal(model):
    before = [np.array(variable.numpy()) for variable in model.variables]
    with pytest.raises(ValueError) as caught:
        models.load_classifier(model)
    after = [variable.numpy() for variable in model.variables]
    assert all(map(np.array_equal, before, after)) and "\n" not in str(caught.value)
    return str(caught.value)


def assert_the_same_twice(model):
    before = [np.array(variable.numpy()) for variable in model.variables]
    classifier, images = models.load_classifier(model), np.random.default_rng(0).random((2, *SHAPE), np.float32)
    one, two = (methods.explain(classifier, images, "gradient", [0, 1]) for _ in range(2))
    assert np.array_equal(one, two) and one.any()
    assert all(np.array_equal(value, variable.numpy()) for value, variable in zip(before, model.variables))


class MCDropout:
    """Dropout that is always on, as a layer of a library."""

    def __new__(cls, library):
        class Always(library.layers.Dropout):
            def call(self, inputs, training=None):
                return super().call(inputs, training=True)
        return Always(.5, name="always")


RANDOM = {
    "Dropout": lambda K: (K.layers.Dropout(.5, name="on"), {"training": True}),
    "SpatialDropout2D": lambda K: (K.layers.SpatialDropout2D(.5, name="on"), {"training": True}),
    "GaussianNoise": lambda K: (K.layers.GaussianNoise(.5, name="on"), {"training": True}),
    "RandomFlip": lambda K: (K.layers.RandomFlip(name="on"), {"training": True}),
    "RandomRotation": lambda K: (K.layers.RandomRotation(.2, name="on"), {"training": True}),
    "MCDropout": MCDropout,
    "tf.random": lambda K: calling(K, lambda x: x + tf.random.normal(tf.shape(x))),
    "tf.random in a tf.function": lambda K: calling(K, tf.function(lambda x: x + tf.random.normal(tf.shape(x)))),
}


@pytest.mark.parametrize("way", list(RANDOM))
def test_a_layer_that_stays_random_is_refused_by_name(library, way):
    model = functional(library, library.layers.Conv2D(4, 3), RANDOM[way](library))
    if library is keras and isinstance(RANDOM[way](library), tuple):
        assert_the_same_twice(model)            # Keras 3 heeds the mode that the whole model is called in
        return
    message = refusal(model)
    assert "model: 'network' draws at random when it is called" in message or "changes its own variables" in message
    assert any(f"/{name}'" in message or f"/{name}/" in message for name in ("on", "always", "own")), message


def test_a_layer_in_training_elsewhere_is_right(library):
    layers = library.layers
    assert_the_same_twice(functional(
        library, layers.RandomFlip(), layers.Dropout(.5), layers.GaussianNoise(.3), layers.Conv2D(3, 3), layers.BatchNormalization()))


def test_seeded_noise_is_the_same_at_each_call(library):
    noise = calling(library, lambda x: x * (1 + tf.random.stateless_normal((1, *SHAPE), (1, 2))))
    assert_the_same_twice(functional(library, noise))


def test_normalization_by_the_batch_is_refused_and_moves_nothing(library):
    model = functional(library, library.layers.Conv2D(4, 3), (library.layers.BatchNormalization(name="on"), {"training": True}))
    if library is keras:
        assert_the_same_twice(model)
    else:
        assert "/on'" in refusal(model)
    own = calling(library, lambda x: (x - tf.reduce_mean(x, axis=0)) * 2)
    assert "gives an image other outputs alone than in a batch" in refusal(functional(library, own))


def test_a_layer_that_counts_its_calls_is_refused(library):
    class Counting(library.layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(name="count", shape=(), initializer="zeros", trainable=False)

        def call(self, inputs):
            self.count.assign(self.count + 1.)
            return inputs

        def compute_output_shape(self, shape):
            return shape

    assert "changes its own variables when it is called, in layer 'network" in refusal(functional(library, Counting(name="counting")))


@pytest.mark.parametrize("function, found", [
    (lambda x: tf.cast(tf.cast(x * 255, tf.uint8), tf.float32), "Cast to uint8"),
    (tf.round, "Round|Rint"),
    (tf.floor, "Floor"),
    (tf.stop_gradient, "StopGradient"),
    (tf.sign, "Sign"),
    (lambda x: tf.cast(x > .5, tf.float32), "Greater to bool"),
    (lambda x: tf.cast(255 * x, tf.int32) / 255, "Cast to int32"),
    (lambda x: x // .25, "FloorDiv"),
    (lambda x: tf.one_hot(tf.argmax(x, axis=-1), 3), "OneHot of int64"),
])
def test_a_step_between_image_and_logits_is_named(library, function, found):
    message = refusal(functional(library, calling(library, function)))
    assert message.startswith("model: no gradient reaches the image of 'network', since it passes ")
    assert any(f"{name} in '" in message and "/own'" in message for name in found.split("|")), message


def test_a_step_beside_a_smooth_way_is_none(library):
    classifier = models.load_classifier(functional(library, calling(library, lambda x: x + tf.stop_gradient(tf.round(x) - x))))
    images = np.random.default_rng(0).random((2, *SHAPE), np.float32)
    kernel = np.asarray(classifier.blocks["dense" if "dense" in classifier.blocks else list(classifier.blocks)[0]][0].numpy())
    found = methods.explain(classifier, images, "gradient", [0, 1])
    assert np.allclose(found.reshape(2, -1), kernel.T[:2], atol=1e-6), "the straight-through gradient"


def test_outputs_that_do_not_depend_on_the_image_are_an_error(library):
    message = refusal(functional(library, calling(library, tf.ones_like)))
    assert message == "model: the outputs of 'network' do not depend on the image at all"


@pytest.mark.parametrize("end", [
    lambda x: tf.clip_by_value(tf.nn.softmax(x), 1e-7, 1.), lambda x: tf.nn.softmax(x) * .9 + .1 / 3,
    lambda x: (tf.nn.softmax(x) + tf.nn.softmax(2 * x)) / 2, lambda x: tf.exp(x) / tf.reduce_sum(tf.exp(x), axis=1, keepdims=True),
    lambda x: tf.math.log(tf.nn.softmax(x) + 1e-7), lambda x: tf.clip_by_value(tf.sigmoid(x), .1, .9)])
def test_probabilities_that_cannot_be_taken_off_are_refused(library, end):
    image = library.layers.Input(SHAPE)
    model = library.Model(image, calling(library, end)(library.layers.Dense(3)(library.layers.Flatten()(image))), name="network")
    assert "model: 'network' ends in " in refusal(model) or "gives probabilities" in refusal(model)


def test_gated_logits_are_no_probabilities(library):
    """x * sigmoid(x) and its mean hold a sigmoid, and are logits."""
    image = library.layers.Input(SHAPE)
    hidden = library.layers.Conv2D(3, 3, activation="swish")(image)
    models.load_classifier(library.Model(image, library.layers.GlobalAveragePooling2D()(hidden)))


@pytest.mark.parametrize("function", [lambda x: tf.round(x) + x, lambda x: tf.math.real(tf.signal.ifft2d(tf.signal.fft2d(tf.cast(x, tf.complex64))))],
                         ids=["a branch without steps", "complex numbers"])
def test_what_a_gradient_passes_is_taken(library, function):
    model = functional(library, calling(library, function))
    kernel = model.layers[-1].kernel
    image = np.full((1, *SHAPE), .3, np.float32)
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
    image = library.layers.Input(SHAPE)
    return library.Model(image, calling(library, function)(library.layers.Dense(3)(library.layers.Flatten()(image))), name="network")


@pytest.mark.parametrize("name", list(End.REFUSED))
def test_outputs_made_of_probabilities_alone_are_refused(library, name):
    with pytest.raises(ValueError, match="^model: 'network' ends in (Softmax|Sigmoid|LogSoftmax) .*, which cannot be taken off"):
        models.load_classifier(ended(library, End.REFUSED[name]))


@pytest.mark.parametrize("name", list(End.TAKEN))
def test_outputs_that_probabilities_only_weigh_are_taken(library, name):
    model = ended(library, End.TAKEN[name])
    assert models.load_classifier(model).model is model
