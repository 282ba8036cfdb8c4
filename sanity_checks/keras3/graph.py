"""Walking the graph of a functional Keras 3 model: which layer or operation makes a tensor, and from what."""

import contextlib
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
        if isinstance(self.layer, keras.layers.ReLU):
            return "relu"
        return activation_name(self.layer)


def producer(tensor):
    """The `Producer` of a symbolic tensor of a functional model."""
    operation, node, number = tensor._keras_history
    return Producer(operation, list(operation._inbound_nodes[node].input_tensors), _kind(operation), number)


def called_like(tensor, layer, value=None):
    """Calls a layer with the arguments of the call that made a symbolic tensor.

    Args:
        tensor: symbolic tensor of a functional model.
        layer: keras.layers.Layer or keras.Operation; it need not be the one that made the tensor.
        value: tf.Tensor, in the place of every symbolic tensor among the arguments; None leaves them.

    Returns:
        What the call returns.
    """
    maker, number, _ = tensor._keras_history
    given = maker._inbound_nodes[number].arguments
    arguments = (tuple(given.args), dict(given.kwargs))
    if value is not None:
        arguments = keras.tree.map_structure(lambda part: value if hasattr(part, "_keras_history") else part, arguments)
    positional, others = arguments
    return layer(*positional, **others)


def ends(model):
    """What a functional model was made from and to: its inputs and its outputs, each a symbolic tensor, a list or a dict."""
    function = _function(model)
    return function.input, function.output


@contextlib.contextmanager
def uncast(model):
    """Meanwhile models of integer inputs, this one or inside it, take real numbers as they are instead of rounding them."""
    found = [_function(inner) for inner in graphs(model)]
    found = [inner for inner in found if any("int" in value.dtype for value in inner.inputs)]
    for inner in found:
        vars(inner)["_convert_inputs_to_tensors"] = lambda tensors: tensors
    try:
        yield
    finally:
        for inner in found:
            vars(inner).pop("_convert_inputs_to_tensors", None)


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


def built_shapes(model):
    """The shapes that a subclassed model was called on: dict, name of the argument, or key in it, -> tuple with the batch.

    The name is "" where the model takes a tensor by itself. None if the model was not called.
    """
    shapes = model._build_shapes_dict if model.built else None
    if not shapes:
        return None
    if len(shapes) > 1:
        return {name.removesuffix("_shape"): tuple(shape) for name, shape in shapes.items()}
    shapes = next(iter(shapes.values()))
    if isinstance(shapes, dict):
        return {name: tuple(shape) for name, shape in shapes.items()}
    if isinstance(shapes[0], (list, tuple)):
        return {str(place): tuple(shape) for place, shape in enumerate(shapes)}
    return {"": tuple(shapes)}


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
