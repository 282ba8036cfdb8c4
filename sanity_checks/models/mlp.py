"""The paper's multilayer perceptron, 784-2500-1500-500-10 (Adebayo et al. 2018, appendix)."""

import math

import tf_keras

WIDTHS = {"hidden1": 2500, "hidden2": 1500, "hidden3": 500}


def build(input_shape=(28, 28, 1), num_classes=10):
    """Returns the untrained network, ending in logits; hidden layers are ReLU.

    Kernels start from a truncated normal of standard deviation 2 / sqrt(fan in), biases from zero.

    Args:
        input_shape: (H, W, C) of images in [0, 1].
        num_classes: int.
    """
    layers = [tf_keras.layers.InputLayer(input_shape, name="image"), tf_keras.layers.Flatten(name="flatten")]
    fan_in = math.prod(input_shape)
    for name, width in WIDTHS.items():
        layers.append(_dense(width, fan_in, name, activation="relu"))
        fan_in = width
    layers.append(_dense(num_classes, fan_in, "logits", activation=None))
    return tf_keras.Sequential(layers, name="mlp")


def _dense(width, fan_in, name, activation):
    start = tf_keras.initializers.TruncatedNormal(stddev=2 / math.sqrt(fan_in))
    return tf_keras.layers.Dense(width, activation=activation, kernel_initializer=start, name=name)
