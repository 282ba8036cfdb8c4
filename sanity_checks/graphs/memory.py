"""How much memory a pass needs, estimated from the graph of the forward pass."""

import math

BACKWARD = 2            # a gradient keeps every value of the forward pass, and makes one of each


def bytes_per_row(function):
    """What a gradient pass needs for one image beside the weights: int, bytes.

    Args:
        function: tf.function of images [B, H, W, C], `Inspected.logits`.
    """
    graph = function.get_concrete_function().graph
    return BACKWARD * sum(_bytes(output) for operation in graph.get_operations() for output in operation.outputs)


def _bytes(tensor):
    """Of a tensor whose first dimension is the batch; others, such as weights, are no part of a row."""
    shape = tensor.shape
    if shape.rank is None or shape.rank < 2 or shape[0] is not None or not shape[1:].is_fully_defined() or tensor.dtype.size < 1:
        return 0
    return math.prod(shape[1:].as_list()) * tensor.dtype.size
