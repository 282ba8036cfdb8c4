"""Taking the softmax off the end of a model, so that logits are explained and never probabilities.

The variables are shared with the model that was given, which is left as it is.
"""

import contextlib

import tensorflow as tf
import tf_keras

from sanity_checks.keras2 import graph

PROBABILITIES = ("softmax", "sigmoid", "log_softmax")     # activations that are taken off
PROBABILITY_OPERATIONS = ("Softmax", "Sigmoid", "LogSoftmax")
PASSING_OPERATIONS = ("Identity", "Cast", "Reshape", "Squeeze")


def to_logits(model):
    """Returns a model that ends in the logits of `model`.

    Args:
        model: tf_keras.Model with one input and one output [B, classes].

    Returns:
        tf_keras.Model over the same layers and variables; `model` itself if it already ends in logits.

    Raises:
        ValueError: the model ends in a softmax or sigmoid that cannot be taken off, or has several inputs or
            outputs, or is not built.
    """
    model = model if graph.is_functional(model) else _made_functional(model)
    _check_shape(model)
    unwrapped = _unwrap_functional(model)
    _refuse_probabilities(unwrapped)
    return unwrapped


def _check_shape(model):
    if not isinstance(model.input_shape, tuple):
        raise ValueError(f"model: {model.name!r} takes several inputs, expected one, images [B, H, W, C]")
    if len(model.input_shape) != 4 or None in model.input_shape[1:]:
        raise ValueError(f"model: {model.name!r} takes inputs of shape {model.input_shape[1:]}, expected images "
                         f"[H, W, C] of fixed size; put a Reshape layer in front")
    if not isinstance(model.output_shape, tuple) or len(model.output_shape) != 2:
        raise ValueError(f"model: {model.name!r} gives outputs of shape {model.output_shape}, expected [B, classes]")


def _made_functional(model):
    """A subclassed model as the only layer of a functional one."""
    shape = graph.built_shape(model)
    if shape is None:
        raise ValueError(f"model: {model.name!r} must be built; call it on a batch of images first")
    inputs = tf_keras.Input(tuple(shape)[1:])
    return tf_keras.Model(inputs, model(inputs, training=False), name=model.name)


def _unwrap_functional(model):
    top = graph.producer(model.output)
    last, into_last = top.layer, top.inputs[0] if len(top.inputs) == 1 else top.inputs
    if isinstance(last, tf_keras.Model):
        inner = _unwrap_functional(last) if graph.is_functional(last) else last
        return model if inner is last else _functional(model, inner(into_last))
    if _is_activation_only(last):
        return _unwrap_functional(_functional(model, into_last))
    if graph.activation_name(last) in PROBABILITIES:
        return _functional(model, _WithoutActivation(last, name=last.name)(into_last))
    return model


def _functional(model, output):
    return tf_keras.Model(model.inputs, output, name=model.name)


def _is_activation_only(layer):
    """A layer that does nothing but the softmax: Activation, Softmax, or tf.nn.softmax called on a tensor."""
    if isinstance(layer, tf_keras.layers.Softmax):
        return True
    if isinstance(layer, tf_keras.layers.Activation):
        return graph.activation_name(layer) in PROBABILITIES
    symbol = str(getattr(layer, "symbol", ""))         # of a TensorFlow function in a functional model
    return symbol.rpartition(".")[2] in PROBABILITIES


class _WithoutActivation(tf_keras.layers.Layer):
    """Calls a layer with its activation switched off; shares its variables and leaves the layer unchanged."""

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, inputs):
        with _linear(self.layer):
            return self.layer.call(inputs)


@contextlib.contextmanager
def _linear(layer):
    activation = layer.activation
    layer.activation = tf_keras.activations.linear
    try:
        yield
    finally:
        layer.activation = activation


def _refuse_probabilities(model):
    """Traces the model once and looks at the operation that makes its output."""
    function = tf.function(lambda images: model(images, training=False), autograph=False)
    traced = function.get_concrete_function(tf.TensorSpec((None,) + tuple(model.input_shape[1:]), tf.float32)).graph
    operation = traced.outputs[0].op
    while operation.type in PASSING_OPERATIONS and operation.inputs:
        operation = operation.inputs[0].op
    if operation.type in PROBABILITY_OPERATIONS:
        raise ValueError(f"model: {model.name!r} ends in {operation.type} ({operation.name}), which cannot be taken "
                         f"off; build it so that it ends in logits")
