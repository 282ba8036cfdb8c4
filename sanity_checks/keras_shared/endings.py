"""How a model ends: the softmax or sigmoid that turns its logits into probabilities, however it is written.

What a step does is not told by its name but by trying it on numbers. Steps that change nothing (Dropout, a linear activation,
a cast, a Reshape of [B, 1, 1, K] to [B, K]) are passed on the way down from the output.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from sanity_checks.graphs import calls
from sanity_checks.keras_shared import heads
from sanity_checks.keras_shared import wrappers

SOFTMAX, LOG_SOFTMAX, SIGMOID = "softmax", "log_softmax", "sigmoid"
PROBABILITIES = {SOFTMAX: tf.nn.softmax, LOG_SOFTMAX: tf.nn.log_softmax, SIGMOID: tf.sigmoid}
SAME = "same"                           # a step that changes nothing
PROBED = 3                              # rows of numbers that a step is tried on
SPREAD = 3.                             # their standard deviation; beyond 1, so that a clip to [0, 1] shows
PASSED = ("Identity", "Cast", "Reshape", "Squeeze")     # operations of a graph that change nothing
ERRORS = (*heads.ERRORS, tf.errors.OpError)


@dataclasses.dataclass(frozen=True, eq=False)
class Ending:
    """The end of a model.

    Attributes:
        tensor: symbolic tensor of the logits.
        kind: str in `PROBABILITIES`, what was taken off.
    """
    tensor: object
    kind: str


def find(graph, tensor):
    """Looks for the logits below an output of a functional model.

    Args:
        graph: the module that walks the graphs of this Keras.
        tensor: symbolic tensor, the output.

    Returns:
        `Ending`, or None where no softmax or sigmoid was found that can be taken off.
    """
    found = _below(graph, tensor)
    if found is None or found.kind == SIGMOID:
        return found
    below = _below(graph, found.tensor)             # softmax(log_softmax(z)) is softmax(z)
    while below is not None and below.kind == LOG_SOFTMAX:
        found, below = Ending(below.tensor, found.kind), _below(graph, below.tensor)
    return found


def effect(function, shape, dtype):
    """What a function of a tensor of one row of values an image does.

    Args:
        function: from tf.Tensor to tf.Tensor.
        shape: of the tensor, with the batch: [B, K], or [B, 1, 1, K] and the like.
        dtype: of the tensor.

    Returns:
        A key of `PROBABILITIES`, `SAME`, or None for anything else.
    """
    count, dtype = width(shape), tf.as_dtype(dtype)
    if count is None or not dtype.is_floating:
        return None
    values = tf.cast(np.random.default_rng(0).normal(0, SPREAD, (PROBED, *shape[1:])), dtype)
    try:
        found = tf.reshape(function(values), (PROBED, count))
    except ERRORS:
        return None
    dtype, found = min(dtype, found.dtype, key=lambda kind: kind.size), tf.cast(found, tf.float64)
    values = tf.cast(tf.reshape(values, (PROBED, count)), tf.float64)
    known = {SAME: tf.identity, **PROBABILITIES}
    return next((name for name, reference in known.items() if dtype.is_floating and is_close(found, reference(values), dtype)), None)


def is_close(found, expected, dtype):
    """Whether results agree up to the rounding of a type, relative to the largest."""
    tolerance = 1e-4 if tf.as_dtype(dtype).size >= 4 else 2e-2
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return bool(np.abs(found - expected).max() <= tolerance * np.abs(expected).max())


def width(shape):
    """K of a tensor of one row of K values an image, [B, K] or [B, 1, 1, K] and the like; None for another."""
    sides = [None if side is None else int(side) for side in shape[1:]]
    if not sides or None in sides or np.prod(sides) != max(sides):
        return None
    return max(sides)


def _below(graph, tensor):
    """`Ending` of the first softmax or sigmoid below a tensor, or None."""
    made = graph.producer(tensor)
    layer, below = made.layer, made.inputs[0] if len(made.inputs) == 1 else None
    if isinstance(layer, (graph.LIBRARY.layers.InputLayer, wrappers.without_activation(graph.LIBRARY))):
        return None
    if isinstance(layer, graph.LIBRARY.Model) and graph.is_functional(layer):
        return _of_model(graph, tensor, made)
    if below is not None and _is_plain(graph, layer):
        found = effect(lambda values: graph.called_like(tensor, layer, values), below.shape, below.dtype)
        if found == SAME:
            return _below(graph, below)
        if found:
            return Ending(below, found)
    switched = layer if "activation" in vars(layer) else _inner(graph, tensor) if _is_users(graph, layer) else None
    kind = switched and effect(switched.activation, tensor.shape, tensor.dtype)
    if kind not in PROBABILITIES:
        return None
    wrapper = wrappers.without_activation(graph.LIBRARY)(layer, switched, name=layer.name)
    made_anew = tf.nest.flatten(graph.called_like(tensor, wrapper))
    return Ending(made_anew[made.number], kind)


def _of_model(graph, tensor, made):
    """The ending of a nested model's."""
    found = find(graph, made.layer.outputs[made.number])
    if found is None:
        return None
    inner = graph.LIBRARY.Model(graph.ends(made.layer)[0], found.tensor, name=made.layer.name)
    return Ending(graph.called_like(tensor, inner), found.kind)


def _is_plain(graph, layer):
    """Whether what a layer or operation does can be tried on numbers: Keras' own, without variables."""
    return not _is_users(graph, layer) and not getattr(layer, "weights", ())


def _is_users(graph, layer):
    """Whether the code of a layer is not Keras' own: a subclassed model or layer, or a function in a Lambda."""
    module = type(layer).__module__.partition(".")[0]
    return module != graph.LIBRARY.__name__ or isinstance(layer, graph.LIBRARY.layers.Lambda)


def _inner(graph, tensor):
    """The layer inside a user's layer that makes its output and could be switched off.

    Returns:
        The layer, or None where none does, or where it is called elsewhere too.
    """
    made = graph.producer(tensor)
    if len(made.inputs) != 1:
        return None
    below, recorded = made.inputs[0], []

    def forward(values):
        with calls.recorded(graph.LIBRARY.layers.Layer) as found:
            outputs = graph.called_like(tensor, made.layer, values)
        recorded.append((tf.nest.flatten(outputs)[made.number], found))

    signature = [tf.TensorSpec((None, *below.shape[1:]), below.dtype)]
    try:
        tf.function(forward, signature, autograph=False).get_concrete_function()
    except ERRORS:
        return None
    value, found = recorded[-1]
    while True:
        for call in found:
            if "activation" in vars(call.layer) and any(output is value for output in call.outputs):
                return call.layer if sum(other.layer is call.layer for other in found) == 1 else None
        if value.op.type not in PASSED:
            return None
        value = value.op.inputs[0]
