"""Walking the graph of a functional Keras 3 model: which layer or operation makes a tensor, and from what."""

import dataclasses

import keras

LIBRARY = keras

# How a layer acts, whatever its class is called: the kinds that `Producer` tells apart.
KINDS = {
    "convolution": ("Conv2D",),
    "normalization": ("BatchNormalization",),
    "activation": ("Activation", "ReLU"),
    "pooling": ("AveragePooling2D", "MaxPooling2D"),
    "concatenation": ("Concatenate",),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Producer:
    """The layer that makes a tensor.

    Attributes:
        layer: keras.layers.Layer, or keras.Operation of a function of `keras.ops`.
        inputs: list of symbolic tensors that the layer reads for this tensor.
        kind: str in `KINDS`, or None for a layer of another kind.
    """
    layer: object
    inputs: list
    kind: str | None

    @property
    def filters(self):
        """Number of filters of a convolution."""
        return self.layer.filters

    @property
    def kernel(self):
        """(height, width) of a convolution's kernel."""
        return tuple(self.layer.kernel_size)

    @property
    def activation(self):
        """Name of the activation of a layer, for example "relu"; None if it has none."""
        if isinstance(self.layer, keras.layers.ReLU):
            return "relu"
        return activation_name(self.layer)


def producer(tensor):
    """The `Producer` of a symbolic tensor of a functional model."""
    operation, node, _ = tensor._keras_history
    return Producer(operation, list(operation._inbound_nodes[node].input_tensors), _kind(operation))


def graphs(model):
    """The functional models inside a model, itself first: list of keras.Model."""
    return [layer for layer in reversed(list(inside(model))) if is_functional(layer)]


def outputs(model, kind):
    """Every tensor that a layer of a kind makes in a functional model, from the top down: iterator of tensors."""
    for layer in reversed(model.layers):
        if _kind(layer) == kind:
            for node in layer._inbound_nodes:
                yield from node.outputs


def nodes(model):
    """The calls that make up a functional model, each after those that it reads.

    Args:
        model: functional keras.Model.

    Returns:
        list of (keras.Operation, arguments): the layer or operation called, and what it was called with, a list of
        positional arguments and a dict of the others. In them a tensor made by another call is the tuple (position of the
        call in this list, number of its output).
    """
    by_depth = _function(model)._nodes_by_depth
    calls = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    positions = {id(node): position for position, node in enumerate(calls)}

    def source(value):
        if not hasattr(value, "_keras_history"):
            return value
        operation, node, number = value._keras_history
        return positions[id(operation._inbound_nodes[node])], number

    return [(node.operation, [] if node.is_input else [keras.tree.map_structure(source, part) for part in (
        list(node.arguments.args), dict(node.arguments.kwargs))]) for node in calls]


def is_functional(model):
    """Whether a model is a graph of layers: functional or sequential, and built."""
    return _function(model) is not None


def activation_name(layer):
    """The name of a layer's activation function, or None."""
    activation = getattr(layer, "activation", None)
    return getattr(activation, "__name__", None)


def children(layer):
    """The layers directly inside a layer or model, in the order of its graph or of its attributes: list."""
    if is_functional(layer):
        return [called for called in dict.fromkeys(operation for operation, _ in _called(layer))
                if isinstance(called, keras.layers.Layer)]
    return layer._flatten_layers(recursive=False, include_self=False)


def inside(layer):
    """Walk over the layers inside, in the order of the graph, inner layers before the one that holds them."""
    for child in children(layer):
        yield from inside(child)
    yield layer


def built_shape(model):
    """The shape of the images that a subclassed model was called on, with the batch; None if it was not."""
    shapes = list((model._build_shapes_dict or {}).values())
    return (None, *shapes[0][1:]) if model.built and len(shapes) == 1 and isinstance(shapes[0], (tuple, list)) else None


def _called(model):
    by_depth = _function(model)._nodes_by_depth
    return [(node.operation, node) for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def _function(model):
    """The graph of a model: itself if it is functional, the one inside a sequential model; None for another."""
    if isinstance(model, keras.Sequential):
        return model._functional
    return model if isinstance(model, keras.Model) and hasattr(model, "_nodes_by_depth") else None


def _kind(layer):
    return next((kind for kind, classes in KINDS.items() if type(layer).__name__ in classes), None)
