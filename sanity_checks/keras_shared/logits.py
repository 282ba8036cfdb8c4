"""Making a model end in logits, so that these are explained and never probabilities, and take float32 images of one size.

The variables are shared with the model that was given, which is left as it is.
"""

import numpy as np
import tensorflow as tf

from sanity_checks import messages
from sanity_checks.graphs import checks
from sanity_checks.graphs import forward as forward_module
from sanity_checks.keras_shared import endings
from sanity_checks.keras_shared import heads
from sanity_checks.keras_shared import wrappers

TRIED = 3                       # images that a changed model is held to the original on
BRIGHTEST = 255                 # value of integer images
REAL_TOLERANCE = 1e-3           # of the largest logit: a model of integer images on the same numbers as float32


def to_logits(graph, tracing, model, image_size=None, output=None):
    """Returns a model from float32 images to the logits of `model`.

    A softmax, log-softmax or sigmoid at the end is taken off. One sigmoid of logit z becomes two classes of logits -z and z: half
    their difference is z, so a map is twice that of the softmax over (-z / 2, z / 2), which has the same probabilities.

    Args:
        graph: the module that walks the graphs of this Keras, `sanity_checks.keras2.graph` or that of `keras3`.
        tracing: the module that tells of its calls, `sanity_checks.keras2.tracing` or that of `keras3`.
        model: Keras model from images [B, H, W, C], or a dict of them, to outputs [B, classes] or [B, 1, 1, classes].
        image_size: (H, W) for a model of images of any size.
        output: str, which of several outputs is explained.

    Returns:
        Keras model from float32 [B, H, W, C] to float32 [B, classes] over the same layers and variables; `model` itself if it is
        one. An ending that cannot be taken off is left: `sanity_checks.graphs.checks` refuses what gives probabilities.

    Raises:
        ValueError: the model has several inputs, or several outputs of which none is named; or is not built; or its images are of
            no fixed size; or are integers and it computes something else on real numbers.
    """
    heads.check_size(image_size)
    given = heads.single(graph, heads.functional(graph, model, image_size), output)
    shape = heads.image_shape(given, image_size)
    if tuple(given.inputs[0].shape[1:]) != shape:
        _of_size(graph, given, shape)           # refused before anything else if the model does not take that size
    made = _with_rows(graph, _without_probabilities(graph, tracing, given, shape))
    if not tf.as_dtype(given.inputs[0].dtype).is_floating:
        return _on_real_numbers(graph, tracing, made, shape)
    return made if tuple(made.inputs[0].shape[1:]) == shape else _of_size(graph, made, shape)


def _without_probabilities(graph, tracing, model, shape):
    """The model with its ending taken off; itself if it has none, or if what is left is not what the ending was made from."""
    _check_rows(model)
    found = endings.find(graph, model.outputs[0])
    if found is None or endings.width(found.tensor.shape) is None:
        return model
    made = graph.LIBRARY.Model(model.inputs[0], found.tensor, name=model.name)
    if not _has_logits(tracing, model, made, found.kind, shape):
        return model
    if found.kind == endings.SIGMOID and endings.width(found.tensor.shape) == 1:
        rows = _as_rows(graph, found.tensor)
        classes = wrappers.two_classes(graph.LIBRARY)(dtype="float32", name="two_classes")(rows)
        return graph.LIBRARY.Model(model.inputs[0], classes, name=model.name)
    return made


def _check_rows(model):
    shape = tuple(model.outputs[0].shape)
    if len(shape) < 2 or endings.width(shape) is None:
        raise ValueError(f"model: {model.name!r} gives outputs of shape {shape}, expected [B, classes]")


def _has_logits(tracing, model, made, kind, shape):
    """Whether the probabilities of what a changed model gives are what the original gives, on random images."""
    forward = forward_module.traced(tracing, model, shape)
    checks.check_inference(forward, model.name)
    images = _images(model, shape)
    expected = forward.function(images).numpy().reshape(TRIED, -1)
    if not np.isfinite(expected).all():
        return True                     # of weights that are not: refused elsewhere, by name
    logits = tf.cast(made(images, training=False), tf.float32)
    found = endings.PROBABILITIES[kind](tf.reshape(logits, expected.shape))
    return endings.is_close(found, expected, model.outputs[0].dtype)


def _images(model, shape):
    """Random images of a model's type [TRIED, H, W, C]."""
    generator, dtype = np.random.default_rng(0), tf.as_dtype(model.inputs[0].dtype)
    if dtype.is_floating:
        return tf.cast(generator.random((TRIED, *shape)), dtype)
    return tf.cast(generator.integers(max(0, dtype.min), min(BRIGHTEST, dtype.max) + 1, (TRIED, *shape)), dtype)


def _with_rows(graph, model):
    """A model whose outputs are float32 [B, classes]."""
    output = _as_rows(graph, model.outputs[0])
    if tf.as_dtype(output.dtype) != tf.float32:
        output = graph.LIBRARY.layers.Activation("linear", dtype="float32", name="as_float32")(output)
    return model if output is model.outputs[0] else graph.LIBRARY.Model(model.inputs[0], output, name=model.name)


def _as_rows(graph, tensor):
    if len(tensor.shape) == 2:
        return tensor
    return graph.LIBRARY.layers.Reshape((endings.width(tensor.shape),), dtype=tf.as_dtype(tensor.dtype).name, name="as_rows")(tensor)


def _of_size(graph, model, shape):
    """A model of images of any size as one of a size."""
    inputs = graph.LIBRARY.Input(shape)
    try:
        return graph.LIBRARY.Model(inputs, model(inputs), name=model.name)
    except heads.ERRORS as error:
        raise ValueError(f"image_size: model {model.name!r} does not take images of {shape[0]} x {shape[1]}: "
                         f"{messages.one_line(error)}") from error


def _on_real_numbers(graph, tracing, model, shape):
    """A model of integer images as one of float32 images, so that there is a gradient; ValueError if it computes differently."""
    dtype = tf.as_dtype(model.inputs[0].dtype)
    inputs = graph.LIBRARY.Input(shape, dtype="float32")
    try:
        if not dtype.is_integer:
            raise TypeError("expected numbers")
        outputs = wrappers.on_real_numbers(graph.LIBRARY)(graph, model, name="on_real_numbers")(inputs)
        made = graph.LIBRARY.Model(inputs, outputs, name=model.name)
        forward = forward_module.traced(tracing, made)
    except endings.ERRORS as error:
        raise ValueError(f"model: {model.name!r} takes images of {dtype.name} and cannot be computed on float32, without which it "
                         f"has no gradient: {messages.one_line(error)}") from error
    checks.check_inference(forward, model.name)
    images = _images(model, shape)
    expected, found = (np.asarray(values) for values in (model(images, training=False), forward.function(tf.cast(images, tf.float32))))
    if np.isfinite(expected).all() and not np.abs(found - expected).max() <= REAL_TOLERANCE * np.abs(expected).max():
        raise ValueError(f"model: {model.name!r} takes images of {dtype.name} and computes other logits on the same numbers as "
                         f"float32, so its gradient is that of another function; build it on images of float32")
    return made
