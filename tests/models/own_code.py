"""Small models with code of their user: functions, Lambda layers, own layers, subclassed models, for tf_keras and keras."""

import keras
import tensorflow as tf

from tests.models import bodies

SHAPE, CLASSES = bodies.SHAPE, bodies.CLASSES


def functions(K):
    """Functions in the place of layers: keras.ops in Keras 3, TensorFlow's in tf_keras."""
    L = K.layers
    image = L.Input(SHAPE)
    if K is keras:
        hidden = K.ops.relu(L.Conv2D(6, 3)(image * 2. - 1.))
        hidden = K.ops.maximum(L.Conv2D(5, 3, name="last")(K.ops.pad(hidden, ((0, 0), (1, 1), (1, 1), (0, 0)))), 0.)
        hidden = K.ops.mean(L.Activation("linear", name="read")(hidden), axis=(1, 2))
    else:
        hidden = tf.nn.relu(L.Conv2D(6, 3)(image * 2. - 1.))
        hidden = tf.maximum(L.Conv2D(5, 3, name="last")(tf.pad(hidden, ((0, 0), (1, 1), (1, 1), (0, 0)))), 0.)
        hidden = tf.reduce_mean(L.Activation("linear", name="read")(hidden), axis=(1, 2))
    return K.Model(image, L.Dense(CLASSES)(hidden))


def own_layer(K, function, name="own"):
    """A layer that calls a function, whose output has the shape of its input."""
    class Own(K.layers.Layer):
        def call(self, inputs):
            return function(inputs)

        def compute_output_shape(self, shape):
            return shape
    return Own(name=name)


def calling(function):
    """The builder of a model with an own layer between its two convolutions; `function` is looked up when it is called."""
    return lambda K: bodies.functional(K, bodies.pooled(
        K.layers, K.layers.Conv2D(6, 3, activation="relu"), own_layer(K, function), K.layers.Conv2D(5, 3, activation="relu", name="last")))


def hard_swish(L, name):
    """x * relu6(x + 3) / 6, as MobileNetV3 writes it."""
    return L.Lambda(lambda x: x * tf.nn.relu6(x + 3.) / 6., name=name)


def crelu(K):
    """relu(x) and relu(-x) beside each other, between two convolutions."""
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.Conv2D(4, 3, activation="relu")(image)
    inner = L.Conv2D(4, 3)(hidden)
    both = L.Concatenate()([L.ReLU()(inner), L.ReLU()(L.Rescaling(-1.)(inner))])
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(L.Conv2D(5, 3, activation="relu", name="last")(both))))


def lambdas(K):
    L = K.layers
    return bodies.functional(K, bodies.pooled(
        L, L.Lambda(lambda x: 2 * x - 1), L.Conv2D(6, 3), L.Lambda(lambda x: tf.nn.relu(x)), L.Conv2D(5, 3),
        L.Lambda(lambda x: tf.nn.relu(x), name="last")))


def own_weights(K):
    """An own layer that adds its weights, a convolution by tf.nn.conv2d and a scale."""
    class Convolution(K.layers.Layer):
        def build(self, shape):
            self.filters = self.add_weight(name="filters", shape=(3, 3, shape[-1], 5), initializer="glorot_uniform")
            self.scale = self.add_weight(name="scale", shape=(5,), initializer="ones")

        def call(self, inputs):
            return tf.nn.relu(tf.nn.conv2d(inputs, tf.convert_to_tensor(self.filters), 1, "VALID") * self.scale)

        def compute_output_shape(self, shape):
            return (shape[0], shape[1] - 2, shape[2] - 2, 5)
    return bodies.functional(K, bodies.pooled(K.layers, Convolution(), Convolution(name="last")))


def holding(K):
    """Own layers that hold layers."""
    class Block(K.layers.Layer):
        def __init__(self, name):
            super().__init__(name=name)
            self.conv, self.norm = K.layers.Conv2D(5, 3, padding="same"), K.layers.BatchNormalization()

        def build(self, shape):
            self.conv.build(shape)
            self.norm.build((*shape[:-1], 5))
            super().build(shape)

        def call(self, inputs):
            return tf.nn.relu(self.norm(self.conv(inputs)))

        def compute_output_shape(self, shape):
            return (*shape[:-1], 5)
    return bodies.functional(K, bodies.pooled(K.layers, Block("one"), Block("last")))


def subclassed(K):
    """A subclassed model with its attributes in another order than that of the calls."""
    L = K.layers

    class Network(K.Model):
        def __init__(self):
            super().__init__(name="network")
            self.top, self.last, self.first = L.Dense(CLASSES), L.Conv2D(5, 3, activation="relu", name="last"), L.Conv2D(6, 3)

        def call(self, images):
            return self.top(tf.reduce_mean(self.last(tf.nn.relu(self.first(images))), axis=(1, 2)))
    model = Network()
    model(tf.zeros((1, *SHAPE)))
    return model


def subclassed_of_models(K):
    """A subclassed model that holds a functional body and a list of layers."""
    L = K.layers

    class Network(K.Model):
        def __init__(self):
            super().__init__(name="network")
            self.heads, self.body = [L.Dense(8, activation="relu"), L.Dense(CLASSES)], bodies.body(K)
            self.flatten = L.Flatten()

        def call(self, images):
            hidden = self.flatten(self.body(images))
            for head in self.heads:
                hidden = head(hidden)
            return hidden
    model = Network()
    model(tf.zeros((1, *SHAPE)))
    return model


def always_on(K):
    """Dropout that is on whatever it is told."""
    class Always(K.layers.Dropout):
        def call(self, inputs, training=None):
            return super().call(inputs, training=True)
    return bodies.between(lambda L: [Always(.5, name="always")])(K)


def dropped_in_training(K):
    """Dropout called with training=True in the graph."""
    L = K.layers
    image = L.Input(SHAPE)
    hidden = L.Dropout(.5, name="always")(L.Conv2D(5, 3, activation="relu", name="last")(image), training=True)
    return K.Model(image, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(hidden)))
