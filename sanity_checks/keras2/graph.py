"""Walking the graph of a functional tf_keras model: which layer makes a tensor, and from what."""

import contextlib
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
        number: int, which of the outputs of the layer's call the tensor is.
    """
    layer: object
    inputs: list
    kind: str | None
    number: int = 0

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
    layer, node, number = tensor._keras_history
    inputs = layer._inbound_nodes[node].input_tensors
    return Producer(layer, tf.nest.flatten(inputs), _kind(layer), number)


def called_like(tensor, layer, value=None):
    """Calls a layer with the arguments of the call that made a symbolic tensor.

    Args:
        tensor: symbolic tensor of a functional model.
        layer: tf_keras.layers.Layer; it need not be the one that made the tensor.
        value: tf.Tensor, in the place of every symbolic tensor among the arguments; None leaves them.

    Returns:
        What the call returns.
    """
    maker, number, _ = tensor._keras_history
    node = maker._inbound_nodes[number]
    arguments = (tuple(node.call_args), dict(node.call_kwargs))
    if value is not None:
        arguments = tf.nest.map_structure(lambda part: value if hasattr(part, "_keras_history") else part, arguments)
    positional, others = arguments
    return layer(*positional, **others)


def ends(model):
    """What a functional model was made from and to: its inputs and its outputs, each a symbolic tensor, a list or a dict."""
    return model.input, model.output


@contextlib.contextmanager
def uncast(model):
    """Meanwhile models of integer inputs, this one or inside it, take real numbers as they are instead of rounding them."""
    found = [inner for inner in graphs(model) if any(value.dtype.is_integer for value in inner.inputs)]
    for inner in found:
        vars(inner)["_conform_to_reference_input"] = lambda tensor, ref_input: tensor
    try:
        yield
    finally:
        for inner in found:
            del vars(inner)["_conform_to_reference_input"]


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


def built_shapes(model):
    """The shapes that a subclassed model was called on: dict, name of the argument, or key in it, -> tuple with the batch.

    The name is "" where the model takes a tensor by itself. None if the model was not called.
    """
    shapes = getattr(model, "_build_input_shape", None) if model.built else None
    if shapes is None or isinstance(shapes, dict):
        return shapes and {name: tuple(shape) for name, shape in shapes.items()}
    if isinstance(shapes, tf.TensorShape) or not isinstance(shapes[0], (tf.TensorShape, list, tuple)):
        return {"": tuple(shapes)}
    return {str(place): tuple(shape) for place, shape in enumerate(shapes)}


def _kind(layer):
    return next((kind for kind, classes in KINDS.items() if type(layer).__name__ in classes), None)
