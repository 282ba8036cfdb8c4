"""What maps must be, computed on the user's own model by a GradientTape, layer by layer and without a graph.

Nothing here uses `sanity_checks`. Guided Backprop replaces functions (tf.nn.relu, tf.nn.relu6, tf.maximum with 0) by ones with a
gradient of their own; GradCAM reads what the layer that the registry names returned.
"""

import contextlib

import numpy as np
import tensorflow as tf

_MODULES = {id(module): module for module in (tf.nn, tf.compat.v2.nn, tf.compat.v1.nn)}.values()
_RELU, _RELU6, _MAXIMUM = tf.nn.relu, tf.nn.relu6, tf.maximum


def gradient(model, images, targets):
    """Gradient of each image's logit: float32 [N, H, W, C].

    Args:
        model: Keras model of logits [N, classes].
        images: float32 [N, H, W, C].
        targets: int [N].
    """
    with tf.GradientTape() as tape:
        images = _watched(tape, images)
        explained = _explained(model, images, targets)
    return tape.gradient(explained, images).numpy()


def guided(library, model, images, targets):
    """Like `gradient`, with gradient * 1{gradient > 0} * 1{output > 0} at every ReLU; `library` is tf_keras or keras."""
    with _guided_functions(model), _leaky(library.layers.PReLU):
        return gradient(model, images, targets)


def gradcam(model, layer, images, targets, tokens=None):
    """GradCAM at the size of a layer's output, divided by its largest value: float [N, h, w].

    Args:
        model, images, targets: as of `gradient`.
        layer: name of a layer at any depth, or of an operation.
        tokens: (h, w) where the layer gives tokens [N, h * w, K].
    """
    with tf.GradientTape() as tape, _recorded(find(model, layer)) as outputs:
        explained = _explained(model, _watched(tape, images), targets)
    maps, gradients = (np.asarray(tf.cast(value, tf.float32)) for value in (outputs[-1], tape.gradient(explained, outputs[-1])))
    if tokens:
        maps, gradients = (value.reshape(len(value), *tokens, -1) for value in (maps, gradients))
    cam = np.maximum((maps * gradients.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0)
    return cam / np.maximum(cam.max(axis=(1, 2), keepdims=True), 1e-30)


def find(model, name):
    """The layer of a name, at any depth."""
    found = {id(layer): layer for layer in [*model._flatten_layers(), *getattr(model, "operations", ())] if layer.name == name}
    if len(found) != 1:
        raise LookupError(f"{len(found)} layers are called {name!r}")
    return next(iter(found.values()))


def difference(found, expected):
    """The largest difference of two arrays, relative to the largest value expected."""
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))


def _watched(tape, images):
    images = tf.constant(images)
    tape.watch(images)
    return images


def _explained(model, images, targets):
    return tf.gather(tf.cast(model(images, training=False), tf.float32), targets, axis=1, batch_dims=1)


@contextlib.contextmanager
def _recorded(layer):
    outputs, call = [], layer.call

    def recorded(*arguments, **keywords):
        outputs.append(call(*arguments, **keywords))
        return outputs[-1]

    kept = vars(layer).get("call")
    vars(layer)["call"] = recorded
    try:
        yield outputs
    finally:
        if kept is None:
            del vars(layer)["call"]
        else:
            vars(layer)["call"] = kept


def _rectifier(function):
    """A function with its own gradient where it is rising, but for what is negative."""
    @tf.custom_gradient
    def rectified(values):
        outputs = function(values)

        def backward(gradients):
            rising = (outputs > 0) & ((outputs < 6) if function is _RELU6 else True)
            return tf.where(rising & (gradients > 0), gradients, tf.zeros_like(gradients))
        return outputs, backward
    return rectified


_GUIDED, _GUIDED6 = _rectifier(_RELU), _rectifier(_RELU6)


def _relu(features, name=None):
    return _GUIDED(tf.convert_to_tensor(features))


def _relu6(features, name=None):
    return _GUIDED6(tf.convert_to_tensor(features))


def _maximum(x, y, name=None):
    zero = [np.ndim(value) == 0 and float(value) == 0 for value in (x, y)]
    return _relu(y) if zero[0] else _relu(x) if zero[1] else _MAXIMUM(x, y)


@contextlib.contextmanager
def _guided_functions(model):
    """TensorFlow's functions replaced, where they are looked up and where a functional model of tf_keras holds them."""
    replaced = {id(_RELU): _relu, id(_RELU6): _relu6, id(_MAXIMUM): _maximum}
    holders = [layer for layer in model._flatten_layers() if id(getattr(layer, "function", None)) in replaced]
    held = [layer.function for layer in holders]
    patches = [(module, name, new) for module in _MODULES for name, new in (("relu", _relu), ("relu6", _relu6))]
    patches += [(module, "maximum", _maximum) for module in {id(m): m for m in (tf, tf.math, tf.compat.v2)}.values()]
    kept = [getattr(module, name) for module, name, _ in patches]
    try:
        for module, name, new in patches:
            setattr(module, name, new)
        for layer in holders:
            layer.function = replaced[id(layer.function)]
        yield
    finally:
        for (module, name, _), old in zip(patches, kept):
            setattr(module, name, old)
        for layer, old in zip(holders, held):
            layer.function = old


@contextlib.contextmanager
def _leaky(prelu):
    """PReLU written without a ReLU: it is a function of two sides."""
    call = prelu.call
    prelu.call = lambda layer, inputs: tf.where(inputs > 0, inputs, tf.convert_to_tensor(layer.alpha) * inputs)
    try:
        yield
    finally:
        prelu.call = call
