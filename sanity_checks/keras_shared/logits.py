"""Taking the softmax off the end of a model, so that logits are explained and never probabilities.

The variables are shared with the model that was given, which is left as it is.
"""

import contextlib
import functools

PROBABILITIES = ("softmax", "sigmoid", "log_softmax")     # activations that are taken off


def to_logits(graph, model):
    """Returns a model that ends in the logits of `model`.

    Args:
        graph: the module that walks the graphs of this Keras, `sanity_checks.keras2.graph` or that of `keras3`.
        model: Keras model with one input and one output [B, classes].

    Returns:
        Keras model over the same layers and variables; `model` itself if it already ends in logits.

    Raises:
        ValueError: the model ends in a softmax or sigmoid that cannot be taken off, or has several inputs or
            outputs, or is not built.
    """
    model = model if graph.is_functional(model) else _made_functional(graph, model)
    _check_shape(model)
    return _unwrap_functional(graph, model)


def _check_shape(model):
    if not isinstance(model.input_shape, tuple):
        raise ValueError(f"model: {model.name!r} takes several inputs, expected one, images [B, H, W, C]")
    if len(model.input_shape) != 4 or None in model.input_shape[1:]:
        raise ValueError(f"model: {model.name!r} takes inputs of shape {model.input_shape[1:]}, expected images "
                         f"[H, W, C] of fixed size; put a Reshape layer in front")
    if not isinstance(model.output_shape, tuple) or len(model.output_shape) != 2:
        raise ValueError(f"model: {model.name!r} gives outputs of shape {model.output_shape}, expected [B, classes]")


def _made_functional(graph, model):
    """A subclassed model as the only layer of a functional one."""
    shape = graph.built_shape(model)
    if shape is None:
        raise ValueError(f"model: {model.name!r} must be built; call it on a batch of images first")
    inputs = graph.LIBRARY.Input(tuple(shape)[1:])
    return graph.LIBRARY.Model(inputs, model(inputs, training=False), name=model.name)


def _unwrap_functional(graph, model):
    top = graph.producer(_output(model))
    last, into_last = top.layer, top.inputs[0] if len(top.inputs) == 1 else top.inputs
    if isinstance(last, graph.LIBRARY.Model):
        inner = _unwrap_functional(graph, last) if graph.is_functional(last) else last
        return model if inner is last else _functional(graph, model, inner(into_last))
    if _is_activation_only(graph, last):
        return _unwrap_functional(graph, _functional(graph, model, into_last))
    if graph.activation_name(last) in PROBABILITIES:
        return _functional(graph, model, _without_activation(graph.LIBRARY)(last, name=last.name)(into_last))
    return model


def _output(model):
    return model.outputs[0]


def _functional(graph, model, output):
    return graph.LIBRARY.Model(model.inputs, output, name=model.name)


def _is_activation_only(graph, layer):
    """A layer that does nothing but the softmax: Activation, Softmax, or tf.nn.softmax called on a tensor."""
    if isinstance(layer, graph.LIBRARY.layers.Softmax):
        return True
    if isinstance(layer, graph.LIBRARY.layers.Activation):
        return graph.activation_name(layer) in PROBABILITIES
    symbol = str(getattr(layer, "symbol", ""))         # of a TensorFlow function in a functional model
    return symbol.rpartition(".")[2] in PROBABILITIES


@functools.cache
def _without_activation(library):
    """The class of a layer that calls another with its activation switched off, sharing its variables."""

    class WithoutActivation(library.layers.Layer):
        """Calls a layer with its activation switched off; shares its variables and leaves the layer unchanged."""

        def __init__(self, layer, **kwargs):
            super().__init__(**kwargs)
            self.layer = layer

        def call(self, inputs):
            with _linear(self.layer, library):
                return self.layer.call(inputs)

    return WithoutActivation


@contextlib.contextmanager
def _linear(layer, library):
    activation = layer.activation
    layer.activation = library.activations.linear
    try:
        yield
    finally:
        layer.activation = activation
