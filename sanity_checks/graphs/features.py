"""The feature map that GradCAM reads (Selvaraju et al. 2016): the last convolutional one of more than one pixel, before pooling.

It is found by walking the graph of the forward pass upward from the image, so it does not matter in which layers, nested
models or functions the model was written. A tensor is a convolution's map if a convolution made it, or if it was made from
such a map point by point (bias, normalization, activation, sums of branches ...) or by a dense layer at every pixel. Pooling,
padding, cropping and resizing make no map of their own.
"""

import dataclasses
import fractions
import math

import tensorflow as tf

from sanity_checks.graphs import checks
from sanity_checks.graphs import forward as forward_module

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput")
POINTWISE = (
    "Abs", "Add", "AddN", "AddV2", "BiasAdd", "Cast", "CheckNumerics", "ConcatV2", "Div", "DivNoNan", "Elu", "EnsureShape",
    "Erf", "Erfc", "Exp", "Expm1", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "Identity", "IdentityN", "LRN",
    "LeakyRelu", "Log", "Log1p", "Maximum", "Minimum", "Mul", "Neg", "Pow", "RealDiv", "Reciprocal", "Relu", "Relu6", "Rsqrt", "Select",
    "SelectV2", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Square", "SquaredDifference", "Sub", "Tanh")
IN_GROUPED = ("Conv2D", "Identity", "NoOp", "ReadVariableOp")       # what Keras' function of a convolution in groups consists of
PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum")
LAST, FIRST = "channels_last", "channels_first"


@dataclasses.dataclass(frozen=True)
class FeatureMap:
    """A feature map that GradCAM reads.

    Attributes:
        name: str, path of the layer that makes it, such as "body/conv5".
        size: (h, w), None where the graph does not tell.
        channels: int or None.
        layout: "channels_last", "channels_first", or "tokens" for [B, h * w, channels], perhaps with a class token before.
        position: int, which operation of the graph makes it.
    """
    name: str
    size: tuple
    channels: int | None
    layout: str
    position: int

    def __str__(self):
        return f"{self.name}, {self.size[0]} x {self.size[1]} x {self.channels}"


@dataclasses.dataclass(frozen=True)
class _Trail:
    """What a tensor has to do with the last convolution below it.

    Attributes:
        size: (h, w) of the convolution's map.
        layout: of the map.
        is_map: whether the tensor is that map; else it was reshaped, and may become it again.
        mixed: whether it was multiplied with weights since it was reshaped.
    """
    size: tuple
    layout: str
    is_map: bool = True
    mixed: bool = False


def find(forward, layer=None):
    """The feature map that GradCAM reads.

    Args:
        forward: `forward.Forward`.
        layer: name, or path, of the layer whose output to take instead.

    Returns:
        (`FeatureMap`, tf.Tensor of the graph), or (None, str why there is none).

    Raises:
        ValueError: no layer has that name, or several have, or its output is not a feature map.
    """
    trails = _trails(forward)
    return _named(forward, layer, trails) if layer else _last(forward, trails)


def as_channels_last(features, values):
    """A tensor of the shape of a feature map as [B, h, w, channels].

    Args:
        features: `FeatureMap`.
        values: tf.Tensor, the feature map or its gradient.
    """
    if features.layout == FIRST:
        return tf.transpose(values, (0, 2, 3, 1))
    if features.layout == "tokens":
        height, width = features.size
        return tf.reshape(values[:, -height * width:], (-1, height, width, values.shape[-1]))
    return values


def _last(forward, trails):
    reached = forward.below(forward.logits, checks.is_differentiable)
    maps = [operation for operation in reached if operation.type not in ("Identity", "Cast") and _is_map(trails.get(operation))]
    position = {operation: number for number, operation in enumerate(forward.operations)}
    newest = position[maps[-1]] if maps else -1
    later = [operation for operation in reached if position[operation] > newest]
    hidden = [operation for operation in later if _hides_convolution(operation)]
    if hidden:
        return None, (f"it calls a function that holds a convolution ({forward.layer_of(hidden[0])}), which is not looked "
                      f"into; name the layer to read with gradcam_layer")
    parts = _parts(forward)
    of_parts = [operation for operation in later if _is_convolution(operation) and parts.get(operation, 1) != 1]
    if of_parts:
        return None, (f"its last convolution ({forward.layer_of(of_parts[-1])}) sees an image in parts, one by one; name the layer "
                      f"to read with gradcam_layer")
    if not maps:
        return None, "it has no convolutional feature map; name one with gradcam_layer if there is one"
    tokens = [operation for operation in later if _is_token_map(trails.get(operation), operation)]
    if tokens:
        return None, (f"after its last convolution ({_layer_of(forward, maps[-1])}) it computes on tokens, in "
                      f"{forward.layer_of(tokens[-1])!r}; name the layer to read with gradcam_layer")
    trail, tensor = trails[maps[-1]], maps[-1].outputs[0]
    return FeatureMap(_layer_of(forward, maps[-1]), trail.size, _channels(tensor, trail.layout), trail.layout, newest), tensor


def _named(forward, name, trails):
    calls = [call for call in forward.calls if name in (call.path, call.layer.name) or call.path.endswith(f"/{name}")]
    # the model itself is called too: paths begin within it
    paths = list(dict.fromkeys(call.path.partition("/")[2] for call in forward.calls if "/" in call.path))
    if not calls:
        raise ValueError(f"gradcam_layer: no layer {name!r}; layers: {', '.join(paths)}")
    if len({id(call.layer) for call in calls}) > 1:
        several = ", ".join(dict.fromkeys(call.path.partition("/")[2] for call in calls))
        raise ValueError(f"gradcam_layer: several layers are called {name!r}; expected one of {several}")
    call = calls[-1]
    if len(call.outputs) != 1 or call.outputs[0].shape.rank not in (3, 4):
        shapes = " and ".join(str(list(output.shape)) for output in call.outputs)
        raise ValueError(f"gradcam_layer: the output of {name!r} has shape {shapes}, expected a feature map [B, h, w, channels] "
                         f"or tokens [B, h * w, channels]")
    tensor = call.outputs[0]
    features = _described(call, tensor, trails.get(tensor.op), forward)
    if features.size[0] * features.size[1] == 1:
        raise ValueError(f"gradcam_layer: the output of {name!r} is 1 x 1, expected a feature map of more than one pixel")
    if not any(tensor.op is operation for operation in forward.below(forward.logits, checks.is_differentiable)):
        raise ValueError(f"gradcam_layer: the logits do not depend on the output of {name!r}")
    return features, tensor


def _described(call, tensor, trail, forward):
    position, name = forward.operations.index(tensor.op), call.path.partition("/")[2] or call.path
    if tensor.shape.rank == 3:
        tokens = tensor.shape[1]
        side = next((math.isqrt(count) for count in (tokens, tokens - 1) if math.isqrt(count) ** 2 == count), 0) if tokens else 0
        if side < 2:
            raise ValueError(f"gradcam_layer: the output of {name!r} has {tokens} tokens, expected a square number, or one more "
                             f"with a class token before")
        return FeatureMap(name, (side, side), tensor.shape[2], "tokens", position)
    layout = trail.layout if trail and trail.is_map else getattr(call.layer, "data_format", None) or LAST
    return FeatureMap(name, _size(tensor, layout), _channels(tensor, layout), layout, position)


def _layer_of(forward, operation):
    """The path of the layer that returned an operation's output, inside the model; else of the layer that made it."""
    returned = [call.path for call in forward.calls if any(output.op is operation for output in call.outputs)]
    path = returned[0] if returned else forward.layer_of(operation)
    return path.partition("/")[2] or operation.name.rpartition("/")[2]      # a function's, in no layer


def _size(tensor, layout):
    shape = tuple(tensor.shape)
    return shape[2:] if layout == FIRST else shape[1:3]


def _channels(tensor, layout):
    return tensor.shape[1] if layout == FIRST else tensor.shape[-1]


def _is_map(trail):
    return trail is not None and trail.is_map


def _is_token_map(trail, operation):
    return trail is not None and not trail.is_map and trail.mixed and (operation.outputs[0].shape.rank or 3) >= 3


def _is_convolution(operation):
    return operation.type in CONVOLUTIONS or _grouped(operation) is not None


def _grouped(operation):
    """The convolution in groups that a call of Keras' function is, a NodeDef, or None."""
    if operation.type not in forward_module.FUNCTION_CALLS or len(operation.outputs) != 1:
        return None
    nodes = list(forward_module.inner_nodes(operation))
    convolutions = [node for node in nodes if node.op == "Conv2D"]
    return convolutions[0] if len(convolutions) == 1 and all(node.op in IN_GROUPED for node in nodes) else None


def _hides_convolution(operation):
    return _grouped(operation) is None and operation.type in forward_module.FUNCTION_CALLS and any(
        node.op in CONVOLUTIONS for node in forward_module.inner_nodes(operation))


def _parts(forward):
    """How many rows an operation's output has for each image, where that is known: dict, tf.Operation -> fractions.Fraction."""
    found = {}
    for operation in forward.operations:
        if operation in forward.of_image and operation.outputs:
            below = [found[value.op] for value in operation.inputs if value.op in found]
            factor = max(below, default=fractions.Fraction(1), key=lambda count: abs(count - 1))
            if operation.type in ("Reshape", "Pack") or _takes_one(operation):
                before, after = (_size_of_row(value) for value in (operation.inputs[0], operation.outputs[0]))
                factor = factor * before / after if before and after else factor
            found[operation] = factor
    return found


def _size_of_row(value):
    """How many numbers a tensor holds for each row of the only axis whose extent is not known: int, or None."""
    extents = list(value.shape) if value.shape.rank is not None else []
    if extents == [None, None]:             # flattened to be multiplied with weights, which say how long a row is
        kernels = [reader.inputs[1].shape for reader in value.consumers() if reader.type == "MatMul" and reader.inputs[0] is value]
        return kernels[0][0] if kernels and kernels[0].rank == 2 else None
    return math.prod(extent for extent in extents if extent is not None) if extents.count(None) == 1 else None


def _takes_one(operation):
    """Whether an operation takes one of several images, frames or patches that stand in a tensor of five axes or more."""
    if operation.type not in ("StridedSlice", "Unpack", "GatherV2"):
        return False
    before, after = operation.inputs[0].shape.rank, operation.outputs[0].shape.rank
    return before is not None and after is not None and before >= 5 and after < before


def _trails(forward):
    """dict, tf.Operation -> `_Trail` of its output, for those that have one."""
    found, of_image, parts = {}, forward.of_image, _parts(forward)
    for operation in forward.operations:
        if _is_convolution(operation) and parts.get(operation, 1) != 1:
            continue                        # of parts of an image
        if operation in of_image and operation.outputs:
            trail = _trail(operation, [found.get(value.op) for value in operation.inputs])
            if trail is not None:
                found[operation] = trail
    return found


def _trail(operation, below):
    output = operation.outputs[0]
    if _is_convolution(operation):
        if any(value.op.type == "ExpandDims" for value in operation.inputs):
            return None                     # a convolution of a sequence
        attributes = (_grouped(operation) or operation.node_def).attr
        layout = FIRST if attributes["data_format"].s == b"NCHW" else LAST
        size = _size(output, layout)
        return None if size == (1, 1) else _Trail(size, layout)
    known = [trail for trail in below if trail is not None]
    if not known:
        return None
    if operation.type == "BatchToSpaceND" and known[0].is_map:      # end of a dilated convolution
        return _Trail(_size(output, known[0].layout), known[0].layout)
    if operation.type in POINTWISE:
        return _pointwise(operation, output, known)
    if operation.type == "Transpose":
        return _transposed(operation, known[0])
    if operation.type == "Reshape":
        return _reshaped(output, known[0])
    if operation.type in PRODUCTS:
        return dataclasses.replace(known[0], is_map=False, mixed=True)
    if operation.type in ("StridedSlice", "Slice", "GatherV2", "Split", "Unpack", "Pack", "ExpandDims", "Squeeze", "Softmax", "Pad", "PadV2"):
        away = [trail for trail in known if not trail.is_map]
        return away[0] if away else None
    return None


def _pointwise(operation, output, known):
    if operation.type == "ConcatV2" and not _joins_channels(operation, known):
        return None
    maps = [trail for trail in known if trail.is_map and output.shape.rank == 4 and _size(output, trail.layout) == trail.size]
    away = sorted((trail for trail in known if not trail.is_map), key=lambda trail: not trail.mixed)
    return (maps or away or [None])[0]


def _joins_channels(operation, known):
    axis, rank = tf.get_static_value(operation.inputs[-1]), operation.outputs[0].shape.rank
    if axis is None or rank is None:
        return False
    maps = [trail for trail in known if trail.is_map]
    return not maps or int(axis) % rank == (1 if maps[0].layout == FIRST else rank - 1)


def _transposed(operation, trail):
    order = tf.get_static_value(operation.inputs[1])
    order = None if order is None else tuple(int(axis) for axis in order)
    if trail.is_map and order in ((0, 3, 1, 2), (0, 2, 3, 1)):
        wanted, layout = (LAST, FIRST) if order == (0, 3, 1, 2) else (FIRST, LAST)
        if trail.layout == wanted:
            return dataclasses.replace(trail, layout=layout)
    return dataclasses.replace(trail, is_map=False)


def _reshaped(output, trail):
    """A map taken apart, or put together again."""
    if output.shape.rank == 4 and _size(output, trail.layout) == trail.size:
        return dataclasses.replace(trail, is_map=True, mixed=False)
    return dataclasses.replace(trail, is_map=False)
