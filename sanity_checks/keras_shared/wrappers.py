"""Layers that are put around or behind a user's layers, so that what they compute changes and they do not."""

import contextlib
import functools

import tensorflow as tf


@functools.cache
def without_activation(library):
    """The class of a layer that calls another with an activation switched off; the variables are shared.

    Args:
        library: tf_keras or keras.
    """

    class WithoutActivation(library.layers.Layer):
        """Calls a layer or model with the activation of a layer switched off: its own, or that of a layer inside it."""

        def __init__(self, wrapped, layer=None, **options):
            super().__init__(autocast=False, **options)
            self.wrapped = wrapped
            self.switched = wrapped if layer is None else layer

        def call(self, *arguments, **others):
            with _linear(self.switched, library):
                return self.wrapped(*arguments, **others)

    return WithoutActivation


@functools.cache
def on_real_numbers(library):
    """The class of a layer that calls a model of integer images on images of real numbers."""

    class OnRealNumbers(library.layers.Layer):
        """Calls a model of integer images on float32 images, which are not rounded."""

        def __init__(self, graph, model, **options):
            super().__init__(autocast=False, **options)
            self.uncast, self.model = graph.uncast, model

        def call(self, inputs):
            with self.uncast(self.model):
                return self.model(inputs)

    return OnRealNumbers


@functools.cache
def two_classes(library):
    """The class of a layer from the logit z of one sigmoid [B, 1] to the logits (-z, z) of its two classes [B, 2]."""

    class TwoClasses(library.layers.Layer):
        """From z to (-z, z)."""

        def call(self, inputs):
            return tf.concat([-inputs, inputs], axis=-1)

    return TwoClasses


@contextlib.contextmanager
def _linear(layer, library):
    """Meanwhile a layer has no activation. The attribute is set past Keras, which would refuse one that is a layer."""
    attributes = vars(layer)
    activation = attributes["activation"]
    attributes["activation"] = library.activations.linear
    try:
        yield
    finally:
        attributes["activation"] = activation
