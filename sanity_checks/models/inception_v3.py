"""Inception v3 (Szegedy et al. 2015): building it, and the paper's 17 blocks of any model on its body."""

import math

import tensorflow as tf
import tf_keras

from sanity_checks.models import inception_body
from sanity_checks.models import recognition

HEAD = "Logits"                     # the block of everything above the body
BACKGROUND_CLASSES = 1001           # outputs of a network trained with TF-Slim: class 0 is the background
BELOW_MINUS_2 = 0.02275013          # of the standard normal distribution
BLOCKS = (HEAD,) + inception_body.BLOCKS[::-1]      # top to bottom


def build(input_shape=(299, 299, 3), num_classes=1000):
    """Returns the untrained network, Keras' port of it: ends in global average pooling and the dense logits.

    Args:
        input_shape: (H, W, 3) of images in [-1, 1]; 299 x 299 in the paper, at least 75 x 75.
        num_classes: int.
    """
    return tf_keras.applications.InceptionV3(
        weights=None, input_shape=tuple(input_shape), classes=num_classes, classifier_activation=None)


class KernelInitializer(tf_keras.initializers.Initializer):
    """What the released code draws kernels of convolutions and dense layers from: TF-Slim's variance scaling.

    A normal of variance 1.3 * 2 / fan in, truncated at two standard deviations. 1.3 makes up for the
    truncation: the standard deviation is 1.003 * sqrt(2 / fan in), where that of Keras' VarianceScaling is
    sqrt(2 / fan in). Drawn by inversion, in half the time of TensorFlow's rejection: a stage of the tests
    draws up to 24 million values.
    """

    def __init__(self, seed=0):
        """Args: seed: int below 2**31."""
        self._seed = seed

    def __call__(self, shape, dtype=tf.float32):
        fan_in = math.prod(shape[:-1])
        quantiles = tf.random.stateless_uniform(shape, (self._seed, 0), BELOW_MINUS_2, 1 - BELOW_MINUS_2)
        return tf.cast(math.sqrt(1.3 * 2 / fan_in) * tf.math.ndtri(quantiles), dtype)

    def get_config(self):
        return {"seed": self._seed}


def recognize(keras, model):
    """What the tests need to know of a model on the body of Inception v3, whatever its head.

    Args:
        keras: the package that knows the model's inside, `sanity_checks.keras2` or `keras3`.
        model: Keras model that ends in logits.

    Returns:
        `recognition.Recognized` with the paper's 17 blocks and the released code's initializers; None for any other
        model.
    """
    body = inception_body.find(model, keras)
    if body is None:
        return None
    return recognition.Recognized(_blocks(keras, model, body), _initializers(keras, model))


def label_offset(outputs):
    """What a network with so many outputs adds to a label: 1 if it was trained with a background class, else 0."""
    return 1 if outputs == BACKGROUND_CLASSES else 0


def _blocks(keras, model, body):
    """The 17 blocks: dict, name -> tuple of tf.Variable. What lies below the body joins its lowest block."""
    blocks = {name: [] for name in BLOCKS}
    for scope, layers in body.layers.items():
        for layer in layers:
            blocks[scope.partition("/")[0]] += layer.variables
    in_body = {id(layer) for layers in body.layers.values() for layer in layers}
    block = BLOCKS[-1]
    for layer, variables in keras.leaf_layers(model):
        if id(layer) in in_body:
            block = HEAD
        else:
            blocks[block] += variables
    return {name: tuple(variables) for name, variables in blocks.items()}


def _initializers(keras, model):
    """Each variable's initializer in the released code: TF-Slim's for kernels, zero for biases."""
    found = keras.initializers(model)
    for layer in keras.inside(model):
        if type(layer).__name__ in ("Conv2D", "Dense") and layer.built:
            found[keras.key(layer.kernel)] = KernelInitializer()
            if layer.use_bias:
                found[keras.key(layer.bias)] = tf_keras.initializers.Zeros()
    return found
