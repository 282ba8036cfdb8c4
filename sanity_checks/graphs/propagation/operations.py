"""What single operations are to relevance, and their coefficients."""

import numpy as np
import tensorflow as tf

from sanity_checks.graphs import guided_relu
from sanity_checks.graphs.propagation import grouped
from sanity_checks.graphs.propagation import remaking

# Kinds of operations.
ACTIVATION, MAXIMUM, PRODUCT, AVERAGE, SUM, AFFINE, MOVE = "activation", "maximum", "product", "average", "sum", "affine", "move"

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput")
DENSE = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum")
MAXIMA = ("MaxPool", "Max")
AVERAGES = ("AvgPool", "Mean", "Sum", "ResizeBilinear")         # linear, with coefficients of their own that are not negative
RESIZING = ("ResizeBilinear",)     # averages that are part of the layer which reads them, as other movement is
SUMS = ("Add", "AddV2", "AddN")
NORMALIZATIONS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
AFFINES = ("Add", "AddV2", "BiasAdd", "Mul", "Neg", "RealDiv", "Sub", *NORMALIZATIONS)
MOVES = ("BatchToSpaceND", "BroadcastTo", "Cast", "CheckNumerics", "ConcatV2", "DepthToSpace", "EnsureShape", "ExpandDims", "GatherV2",
         "Identity", "MirrorPad", "Pack", "Pad", "PadV2", "Reshape", "ResizeNearestNeighbor", "ReverseV2", "Slice", "SpaceToBatchND",
         "SpaceToDepth", "Split", "SplitV", "Squeeze", "StridedSlice", "Tile", "Transpose", "Unpack")
NOT_NEGATIVE = ("Abs", "Exp", "Relu", "Relu6", "Rsqrt", "Sqrt", "Square")
KEEPING_SIGN = ("Identity", "Reshape", "Cast", "ExpandDims", "Squeeze", "Mul", "Add", "AddV2", "RealDiv")


def kind(operation, of_image):
    """What an operation is to relevance: one of the kinds above, or None if relevance is not propagated through it.

    Args:
        operation: tf.Operation that computes from the image.
        of_image: set of tf.Operation, all that do.
    """
    read = image_inputs(operation, of_image)
    if not all(value.dtype.is_floating for value in [*read, *operation.outputs[:1]]):
        return None
    if operation.type in SUMS and len(read) > 1:
        return SUM
    if operation.type in MOVES:
        return MOVE if _moves_alone(operation) else None
    if len(read) != 1:
        return None
    if _is_activation(operation, read[0]):
        return ACTIVATION
    if operation.type in AFFINES:
        return AFFINE if _is_affine(operation, read[0]) else None
    if operation.type in (*CONVOLUTIONS, *DENSE) or grouped.is_convolution(operation):
        return PRODUCT
    return MAXIMUM if operation.type in MAXIMA else AVERAGE if operation.type in AVERAGES else None


def image_inputs(operation, of_image):
    """The inputs of an operation that are computed from the image: list of tf.Tensor."""
    return [value for value in operation.inputs if value.op in of_image]


def is_dense(operation):
    """Whether an operation is the product of a dense layer, not of a convolution."""
    return operation.type in DENSE


def _moves_alone(operation):
    """Whether an operation only moves values: padding is with zeros."""
    return operation.type != "PadV2" or _all(operation.inputs[2], lambda value: value == 0)


def _is_activation(operation, read):
    """Whether an operation is a ReLU, a ReLU's bound, or a local response normalization: what relevance passes unchanged."""
    if operation.type == "Minimum":
        bounds = [value for value in operation.inputs if value is not read]
        rectified = guided_relu.is_relu(read.op) or all(guided_relu.is_relu(reader) for reader in operation.outputs[0].consumers())
        return rectified and _all(bounds[0], lambda value: value > 0)
    return operation.type == "LRN" or guided_relu.is_relu(operation)


def _is_affine(operation, read):
    if operation.type in NORMALIZATIONS:
        return operation.inputs[0] is read and not operation.get_attr("is_training")
    return operation.type != "RealDiv" or operation.inputs[0] is read


def _all(tensor, condition):
    value = tf.get_static_value(tensor)
    return value is not None and bool(np.all(condition(value)))


def is_not_negative(tensor):
    """Whether a tensor that does not depend on the image is known to be nowhere negative, whatever the variables hold."""
    operation = tensor.op
    if operation.type in KEEPING_SIGN:
        read = [value for value in operation.inputs if value.dtype.is_floating]
        return all(is_not_negative(value) for value in read)
    return operation.type in NOT_NEGATIVE or _all(tensor, lambda value: value >= 0)


def affine(operation, of_image, dtype):
    """An affine operation as x * scale + offset.

    Args:
        operation: tf.Operation of the kind `AFFINE`.
        of_image: set of tf.Operation.
        dtype: tf.DType of the results.

    Returns:
        (scale or None, offset or None), tf.Tensor that fit the output's shape; None is 1 and 0.
    """
    if operation.type in NORMALIZATIONS:
        return _normalization(operation, dtype)
    first, second = (*operation.inputs, None)[:2]
    if operation.type == "Neg":
        return tf.constant(-1, dtype), None
    is_first = first.op in of_image
    other = tf.cast(second if is_first else first, dtype)
    if operation.type == "BiasAdd":
        return None, _by_channel(other, operation)
    if operation.type == "Sub":
        return (None, -other) if is_first else (tf.constant(-1, dtype), other)
    if operation.type == "Mul":
        return other, None
    return (1 / other, None) if operation.type == "RealDiv" else (None, other)


def _normalization(operation, dtype):
    gamma, beta, mean, variance = (tf.cast(value, dtype) for value in list(operation.inputs)[1:5])
    scale = tf.math.rsqrt(variance + operation.get_attr("epsilon"))
    if not _all(operation.inputs[1], lambda value: value == 1):
        scale *= gamma
    return _by_channel(scale, operation), _by_channel(beta - mean * scale, operation)


def _by_channel(values, operation):
    """Values of the channels, [C], as what is broadcast over the output of an operation."""
    first = operation.get_attr("data_format") in (b"NCHW", "NCHW")
    return tf.reshape(values, (-1, *[1] * (operation.outputs[0].shape.rank - 2))) if first else values


def coefficients(operation, of_image, dtype):
    """The kernel of an operation of the kind `PRODUCT`: tf.Tensor."""
    if grouped.is_convolution(operation):
        return tf.cast(grouped.kernel(operation), dtype)
    return next(tf.cast(value, dtype) for value in operation.inputs
                if value.op not in of_image and value.dtype.is_floating)


def multiplied(operation, of_image, value, kernel):
    """The product of another value and another kernel than those that an operation read: tf.Tensor."""
    if grouped.is_convolution(operation):
        return grouped.again(operation, value, kernel)
    inputs = [value if given.op in of_image else kernel if given.dtype.is_floating else given for given in operation.inputs]
    return remaking.again(operation, inputs)[0]
