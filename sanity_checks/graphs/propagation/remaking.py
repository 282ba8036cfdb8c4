"""An operation made again with other inputs."""

import tensorflow as tf


def again(operation, inputs):
    """Adds an operation like another one, with these inputs, in their precision, to the graph: list of tf.Tensor."""
    real = next((value.dtype for value in inputs if value.dtype.is_floating), None)
    attributes = {}
    for name, value in operation.node_def.attr.items():
        if not name.startswith("_"):
            attributes[name] = value if real is None else _in_precision(value, real)
    dtypes = [real if real is not None and output.dtype.is_floating else output.dtype for output in operation.outputs]
    return tf.compat.v1.get_default_graph().create_op(operation.type, inputs, dtypes, attrs=attributes).outputs


def _in_precision(value, dtype):
    if value.WhichOneof("value") != "type" or not tf.as_dtype(value.type).is_floating:
        return value
    return type(value)(type=dtype.as_datatype_enum)
