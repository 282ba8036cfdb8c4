"""Small models with many inputs and ends, and beside each the same function as a model of logits, written by hand."""

import keras
import numpy as np
import tensorflow as tf

from tests.models import bodies
from tests.models import own_code

SHAPE, CLASSES = bodies.SHAPE, bodies.CLASSES


def hidden(K, image):
    L = K.layers
    return L.GlobalAveragePooling2D()(L.Conv2D(5, 3, activation="relu", name="last")(L.Conv2D(6, 3, activation="relu")(image)))


def plain(K, classes=CLASSES):
    image = K.layers.Input(SHAPE)
    return K.Model(image, K.layers.Dense(classes, name="logits")(hidden(K, image)))


def twin(build):
    """A function (K, model) -> the model that `build` makes, with the weights of `model`."""
    def logits(K, model):
        made = build(K)
        made.set_weights(model.get_weights())
        return made
    return logits


def ending(end, classes=CLASSES):
    """The builder of a model whose logits go through a function of (K, tensor)."""
    def build(K):
        image = K.layers.Input(SHAPE)
        return K.Model(image, end(K, K.layers.Dense(classes, name="logits")(hidden(K, image))))
    return build


def dense(activation, classes=CLASSES):
    def build(K):
        image = K.layers.Input(SHAPE)
        return K.Model(image, K.layers.Dense(classes, activation=activation, name="logits")(hidden(K, image)))
    return build


def by_function(K, logits):
    return keras.ops.softmax(logits) if K is keras else tf.nn.softmax(logits)


def nested(K):
    L = K.layers
    inner = bodies.functional(K, [L.Conv2D(6, 3, activation="relu"), L.Conv2D(5, 3, activation="relu", name="last"), L.GlobalAveragePooling2D(),
                                  L.Dense(CLASSES, name="logits"), L.Softmax()], name="inner")
    return K.Sequential([L.Input(SHAPE), L.Rescaling(1.), inner])


def nested_logits(K, model):
    """The layers of the nested model but for the last, which is the softmax."""
    return bodies.functional(K, model.get_layer("inner").layers[1:-1])


def two_classes(K, model):
    """Logits -z and z of a model that ends in the sigmoid of z."""
    made = twin(lambda K: plain(K, 1))(K, model)
    both = K.layers.Dense(2, use_bias=False, name="both")
    outputs = both(made.output)
    both.set_weights([np.array([[-1., 1.]], np.float32)])
    return K.Model(made.inputs, outputs)


def several_outputs(K):
    image = K.layers.Input(SHAPE)
    inner = hidden(K, image)
    return K.Model(image, [K.layers.Dense(2, name="first")(inner), K.layers.Dense(CLASSES, activation="softmax", name="second")(inner)])


def second_output(K, model):
    inner = model.get_layer("second")
    logits = K.layers.Dense(CLASSES, name="logits")
    outputs = logits(inner.input)
    logits.set_weights(inner.get_weights())
    return K.Model(model.inputs, outputs)


def several_inputs(K):
    first, second = K.layers.Input(SHAPE), K.layers.Input(SHAPE)
    return K.Model([first, second], K.layers.Dense(CLASSES)(K.layers.Add()([hidden(K, first), K.layers.Flatten()(
        K.layers.Dense(5)(K.layers.GlobalAveragePooling2D()(second)))])))


def from_dict(K):
    image = K.layers.Input(SHAPE, name="image")
    return K.Model({"image": image}, K.layers.Dense(CLASSES, name="logits")(hidden(K, image)))


def of_integers(dtype):
    """The builder of a model of images of a type, from 0 to 255, that scales them itself."""
    def build(K):
        image = K.layers.Input(SHAPE, dtype=dtype)
        return K.Model(image, K.layers.Dense(CLASSES, name="logits")(hidden(K, K.layers.Rescaling(1 / 255)(image))))
    return build


def of_any_size(K):
    L = K.layers
    return bodies.functional(K, bodies.pooled(L, L.Conv2D(6, 3, activation="relu", name="last")), shape=(None, None, 3))


def rounded(K):
    return bodies.functional(K, [own_code.own_layer(K, tf.round), *bodies.pooled(K.layers, K.layers.Conv2D(6, 3, activation="relu"))])


def averaged(K):
    """An ensemble that averages probabilities."""
    image = K.layers.Input(SHAPE)
    inner = hidden(K, image)
    members = [K.layers.Dense(CLASSES, activation="softmax")(inner) for _ in range(2)]
    return K.Model(image, K.layers.Average()(members))


def clipped(K):
    image = K.layers.Input(SHAPE)
    outputs = K.layers.Dense(CLASSES, activation="softmax")(hidden(K, image))
    return K.Model(image, own_code.own_layer(K, lambda x: tf.clip_by_value(x, 1e-6, 1 - 1e-6))(outputs))
