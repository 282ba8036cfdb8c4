"""AlexNet (Krizhevsky et al. 2012) as a single tower, as Caffe's `bvlc_alexnet` has it: figure 36 of the paper.

Weights are a Keras weights file of `build`, or the array file in which Caffe's weights go round for TensorFlow,
`bvlc_alexnet.npy`: a dict from layer name to [kernel, bias]. Images for those are BGR, the mean colour subtracted
(preprocess "caffe").
"""

import os
import pickle

import numpy as np
import tensorflow as tf
import tf_keras

from sanity_checks import keras2
from sanity_checks import messages

GRADCAM_LAYER = "Conv5"     # after its ReLU, before pooling
ARRAYS = ".npy"             # ending of an array file

# Local response normalization over 5 neighbouring channels. Caffe divides its alpha of 1e-4 by their number.
LRN_RADIUS, LRN_ALPHA, LRN_BETA = 2, 1e-4 / 5, 0.75

# Start of Caffe's training: standard deviation of the normal that kernels are drawn from, and constant of the biases.
START = {"conv1": (0.01, 0.), "conv2": (0.01, 0.1), "conv3": (0.01, 0.), "conv4": (0.01, 0.1), "conv5": (0.01, 0.1),
         "fc6": (0.005, 0.1), "fc7": (0.005, 0.1), "fc8": (0.01, 0.)}

# What the pickle in an array file may name: NumPy's arrays, and the bytes of one written by Python 2.
_HARMLESS = {(f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")}
_HARMLESS |= {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}


@tf_keras.utils.register_keras_serializable("sanity_checks")
class GroupedConvolution(tf_keras.layers.Conv2D):
    """Conv2D whose groups are convolutions of their own: Keras compiles them with XLA, beyond reach of other traces."""

    def call(self, inputs):
        parts = zip(tf.split(inputs, self.groups, axis=3), tf.split(self.kernel, self.groups, axis=3))
        joined = tf.concat([self.convolution_op(part, kernel) for part, kernel in parts], axis=3)
        return self.activation(tf.nn.bias_add(joined, self.bias))


@tf_keras.utils.register_keras_serializable("sanity_checks")
class LocalResponseNormalization(tf_keras.layers.Layer):
    """x / (1 + alpha * sum of x**2 over the neighbouring channels)**beta."""

    def call(self, inputs):
        return tf.nn.local_response_normalization(inputs, LRN_RADIUS, 1., LRN_ALPHA, LRN_BETA)


def build(input_shape=(227, 227, 3), num_classes=1000):
    """Returns the untrained network, ending in logits; dropout, which explains nothing, is left out.

    Args:
        input_shape: (H, W, 3), at least 67 x 67.
        num_classes: int.
    """
    layers = tf_keras.layers
    return tf_keras.Sequential([
        layers.InputLayer(input_shape, name="image"),
        layers.Conv2D(96, 11, strides=4, **_options("conv1")),
        LocalResponseNormalization(name="norm1"),
        layers.MaxPool2D(3, 2, name="pool1"),
        GroupedConvolution(256, 5, padding="same", groups=2, **_options("conv2")),
        LocalResponseNormalization(name="norm2"),
        layers.MaxPool2D(3, 2, name="pool2"),
        layers.Conv2D(384, 3, padding="same", **_options("conv3")),
        GroupedConvolution(384, 3, padding="same", groups=2, **_options("conv4")),
        GroupedConvolution(256, 3, padding="same", groups=2, **_options("conv5")),
        layers.MaxPool2D(3, 2, name="pool5"),
        layers.Flatten(name="flatten"),
        layers.Dense(4096, **_options("fc6")),
        layers.Dense(4096, **_options("fc7")),
        layers.Dense(num_classes, **_options("fc8", activation=None)),
    ], name="alexnet")


def block(name):
    """The block, and layer, of a name in Caffe's files, as the paper writes it: "conv1" -> "Conv1", "fc8" -> "FC8"."""
    return name.upper() if name.startswith("fc") else name.capitalize()


def _options(name, activation="relu"):
    stddev, bias = START[name]
    return dict(name=block(name), activation=activation, kernel_initializer=tf_keras.initializers.RandomNormal(0., stddev),
                bias_initializer=tf_keras.initializers.Constant(bias))


def load(weights, seed=0):
    """Reads an AlexNet.

    Args:
        weights: path of an array file (.npy) or of a Keras weights file.
        seed: not used.

    Returns:
        tf_keras.Model.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or does not fit.
    """
    if not os.path.exists(weights):
        raise FileNotFoundError(f"weights: no such file: {weights}")
    arrays = _read_arrays(weights) if weights.endswith(ARRAYS) else None
    model = build()
    if arrays is None:
        keras2.load_weights(model, weights)
    else:
        _fill(model, arrays, weights)
    return model


def _fill(model, arrays, path):
    for name in START:
        expected = [tuple(variable.shape) for variable in model.get_layer(block(name)).variables]
        found = [np.shape(array) for array in arrays.get(name, ())]
        if found != expected:
            raise ValueError(f"weights: {path} does not fit model 'alexnet': expected {name} with arrays of shapes "
                             f"{expected}, found {found or 'none'}")
        model.get_layer(block(name)).set_weights(arrays[name])


def _read_arrays(path):
    """The dict in an array file, layer name -> list of arrays. A pickle can run code: this one may only make arrays."""
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version](file)
            arrays = _Arrays(file, encoding="latin1").load().item()
        return {str(name): [np.asarray(array, np.float32) for array in pair] for name, pair in arrays.items()}
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"weights: {path} is not an array file of a dict, layer name -> [kernel, bias]: "
                         f"{messages.one_line(error)}") from error


class _Arrays(pickle.Unpickler):
    """Refuses all but NumPy's arrays."""

    def find_class(self, module, name):
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)
