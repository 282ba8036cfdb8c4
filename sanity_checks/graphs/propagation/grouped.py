"""Convolutions of groups, which Keras compiles apart: an operation that calls a function with one convolution in it.

Here such a function is gone through operation by operation, its convolution made of one for each group: gradients of grouped
convolutions exist on a GPU and in compiled functions alone.
"""

import tensorflow as tf
from tensorflow.python.framework import function_def_to_graph  # a function's operations

from sanity_checks.graphs import forward as forward_module
from sanity_checks.graphs.propagation import remaking

HARMLESS = ("BatchToSpaceND", "Const", "Identity", "NoOp", "Placeholder", "ReadVariableOp", "SpaceToBatchND")


def is_convolution(operation):
    """Whether an operation calls a function that is one convolution."""
    if operation.type not in ("PartitionedCall", "StatefulPartitionedCall") or len(operation.inputs) != 2 or len(operation.outputs) != 1:
        return False
    types = [node.op for node in forward_module.inner_nodes(operation)]
    return types.count("Conv2D") == 1 and set(types) <= {"Conv2D", *HARMLESS}


def kernel(operation):
    """The kernel that such an operation reads: tf.Tensor [h, w, in / groups, out]."""
    given = operation.inputs[1]
    if given.dtype != tf.resource:
        return given
    node = next(node for node in forward_module.inner_nodes(operation) if node.op == "ReadVariableOp")
    return tf.raw_ops.ReadVariableOp(resource=given, dtype=node.attr["dtype"].type)


def again(operation, value, kernel):
    """Such an operation of another value and another kernel, both tf.Tensor of one precision."""
    body = _body(operation)
    made = {body.inputs[0].ref(): value, body.inputs[1].ref(): kernel}
    for inner in body.get_operations():
        read = [made[given.ref()] for given in inner.inputs]
        if inner.type in ("Identity", "ReadVariableOp"):
            made[inner.outputs[0].ref()] = read[0]
        elif inner.type == "Conv2D":
            made[inner.outputs[0].ref()] = _by_groups(inner, *read)
        elif inner.type not in ("Placeholder", "NoOp"):
            made.update((output.ref(), new) for output, new in zip(inner.outputs, remaking.again(inner, read)))
    return made[body.outputs[0].ref()]


def _body(operation):
    """The function that an operation calls, as a graph."""
    name, = forward_module.functions_of(operation)
    definition = operation.graph._get_function(name)
    definition = definition.cached_definition if hasattr(definition, "cached_definition") else definition.definition
    return function_def_to_graph.function_def_to_graph(definition, input_shapes=[value.shape for value in operation.inputs])


def _by_groups(convolution, value, kernel):
    axis = 1 if convolution.get_attr("data_format") in (b"NCHW", "NCHW") else 3
    groups = value.shape[axis] // kernel.shape[2]
    parts = zip(tf.split(value, groups, axis), tf.split(kernel, groups, 3))
    return tf.concat([remaking.again(convolution, list(part))[0] for part in parts], axis)
