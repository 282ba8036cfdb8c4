"""The guided ReLU (Springenberg et al. 2015), put in place of every ReLU of a model while a function is traced.

At a ReLU the gradient becomes gradient * 1{gradient > 0} * 1{output > 0}. The override acts on operations, so it
does not matter how the ReLU was written: `activation="relu"`, `Activation("relu")`, `ReLU()`, `tf.nn.relu`,
`tf.nn.relu6`, `tf.maximum(x, 0)`, at any depth of nested models. What it cannot reach is refused, never passed over.
"""

import contextlib

import tensorflow as tf
import tf_keras

RELU_OPERATIONS = ("Relu", "Relu6")


@tf.RegisterGradient("SanityChecksGuidedRelu")
def _guided_relu_gradient(operation, gradient):
    return _guided(operation.outputs[0], gradient)


@tf.RegisterGradient("SanityChecksGuidedRelu6")
def _guided_relu6_gradient(operation, gradient):
    output = operation.outputs[0]
    return tf.where(output < 6, _guided(output, gradient), tf.zeros_like(gradient))


@tf.RegisterGradient("SanityChecksGuidedMaximum")
def _guided_maximum_gradient(operation, gradient):
    zero_first, zero_second = (_is_zero(value) for value in operation.inputs)
    if not zero_first and not zero_second:
        return _plain_maximum_gradient(operation, gradient)
    guided = _guided(operation.outputs[0], gradient)
    rectified = operation.inputs[1] if zero_first else operation.inputs[0]
    if rectified.shape.rank != guided.shape.rank:
        raise ValueError(f"Guided Backprop cannot override {operation.name!r}: tf.maximum broadcasts its input")
    return (None, guided) if zero_first else (guided, None)


OVERRIDES = {"Relu": "SanityChecksGuidedRelu", "Relu6": "SanityChecksGuidedRelu6",
             "Maximum": "SanityChecksGuidedMaximum"}


@contextlib.contextmanager
def overridden(model):
    """While a tf.function is being traced: ReLUs added to its graph have the guided gradient.

    Args:
        model: the tf_keras.Model that is called inside, for the check and for messages.

    Raises:
        ValueError: the model has no ReLU, or one that the override cannot reach (inside a nested tf.function or
            a control-flow body, or a ReLU with a threshold).
    """
    _refuse_thresholds(model)
    graph = tf.compat.v1.get_default_graph()
    before = len(graph.get_operations())
    with graph.gradient_override_map(OVERRIDES):
        yield
    _check(model, graph, graph.get_operations()[before:])


def _guided(output, gradient):
    return tf.where((output > 0) & (gradient > 0), gradient, tf.zeros_like(gradient))


def _plain_maximum_gradient(operation, gradient):
    first, second = operation.inputs
    chosen = first >= second
    zeros = tf.zeros_like(gradient)
    return tuple(_sum_to_shape(tf.where(mask, gradient, zeros), value)
                 for mask, value in ((chosen, first), (tf.logical_not(chosen), second)))


def _sum_to_shape(gradient, value):
    axes = tf.raw_ops.BroadcastGradientArgs(s0=tf.shape(value), s1=tf.shape(gradient))[0]
    return tf.reshape(tf.reduce_sum(gradient, axes), tf.shape(value))


def _is_zero(value):
    constant = tf.get_static_value(value)
    return constant is not None and (constant == 0).all()


def _is_relu(operation):
    return operation.type in RELU_OPERATIONS or (
        operation.type == "Maximum" and any(_is_zero(value) for value in operation.inputs))


def _check(model, graph, operations):
    for operation in operations:
        for body in _called_functions(operation, graph):
            if _contains_relu(body, graph):
                raise ValueError(f"Guided Backprop cannot reach the ReLU inside the tf.function or control flow "
                                 f"{operation.name!r} of model {model.name!r}; remove @tf.function from that layer")
    if not any(_is_relu(operation) for operation in operations):
        raise ValueError(f"model {model.name!r} has no ReLU, so Guided Backprop is not defined for it")


def _called_functions(operation, graph):
    """Names of the functions that an operation calls."""
    names = []
    for attribute in operation.node_def.attr.values():
        functions = [attribute.func] if attribute.HasField("func") else list(attribute.list.func)
        names += [function.name for function in functions if function.name]
    return names


def _contains_relu(name, graph):
    definition = graph._get_function(name)
    definition = definition.cached_definition if hasattr(definition, "cached_definition") else definition.definition
    for node in definition.node_def:
        if node.op in RELU_OPERATIONS:
            return True
        inner = [value.func.name for value in node.attr.values() if value.HasField("func") and value.func.name]
        if any(_contains_relu(other, graph) for other in inner if other != name):
            return True
    return False


def _refuse_thresholds(model):
    for layer in model.submodules:
        thresholded = isinstance(layer, tf_keras.layers.ThresholdedReLU) or (
            isinstance(layer, tf_keras.layers.ReLU) and float(layer.threshold) != 0)
        if thresholded:
            raise ValueError(f"Guided Backprop is not defined for the ReLU with a threshold, layer {layer.name!r}")
