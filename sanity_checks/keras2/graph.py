"""Walking the graph of a functional tf_keras model: which layer makes a tensor, and from what."""

import dataclasses

import tensorflow as tf
import tf_keras

LIBRARY = tf_keras

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
        layer: tf_keras.layers.Layer.
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
        if isinstance(self.layer, tf_keras.layers.ReLU):
            return "relu"
        return activation_name(self.layer)


def producer(tensor):
    """The `Producer` of a symbolic tensor of a functional model."""
    layer, node, _ = tensor._keras_history
    inputs = layer._inbound_nodes[node].input_tensors
    return Producer(layer, list(inputs) if isinstance(inputs, (list, tuple)) else [inputs], _kind(layer))


def graphs(model):
    """The functional models inside a model, itself first: list of tf_keras.Model."""
    return [graph for graph in (model, *model.submodules) if is_functional(graph)]


def outputs(model, kind):
    """Every tensor that a layer of a kind makes in a functional model, from the top down: iterator of tensors."""
    for layer in reversed(model.layers):
        if _kind(layer) == kind:
            for node in layer._inbound_nodes:
                yield node.outputs


def nodes(model):
    """The calls that make up a functional model, each after those that it reads.

    Args:
        model: functional tf_keras.Model.

    Returns:
        list of (tf_keras.layers.Layer, arguments): the layer called, and what it was called with, a list of positional
        arguments and a dict of the others. In them a tensor made by another call is the tuple (position of the call in
        this list, number of its output).
    """
    calls = [node for depth in sorted(model._nodes_by_depth, reverse=True) for node in model._nodes_by_depth[depth]]
    positions = {id(node): position for position, node in enumerate(calls)}

    def source(value):
        if not hasattr(value, "_keras_history"):
            return value
        layer, node, number = value._keras_history
        return positions[id(layer._inbound_nodes[node])], number

    return [(node.layer, [] if node.is_input else [tf.nest.map_structure(source, part) for part in (
        list(node.call_args), dict(node.call_kwargs))]) for node in calls]


def is_functional(model):
    """Whether a model is a graph of layers: functional or sequential, and built."""
    return bool(getattr(model, "_is_graph_network", False))


def activation_name(layer):
    """The name of a layer's activation function, or None."""
    return getattr(getattr(layer, "activation", None), "__name__", None)


def children(layer):
    """The layers directly inside a layer or model, in the order of its graph or of its attributes: iterator."""
    return layer._flatten_layers(recursive=False, include_self=False)


def inside(layer):
    """Walk over the layers inside, in the order of the graph, inner layers before the one that holds them."""
    for child in children(layer):
        yield from inside(child)
    yield layer


def built_shape(model):
    """The shape of the images that a subclassed model was called on, with the batch; None if it was not."""
    return getattr(model, "_build_input_shape", None) if model.built else None


def _kind(layer):
    return next((kind for kind, classes in KINDS.items() if type(layer).__name__ in classes), None)
