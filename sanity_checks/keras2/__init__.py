"""All that knows the inside of tf_keras (Keras 2): files, layers, logits, feature maps, initializers, the guided ReLU.

`Classifier.keras` is this package, or one with the same two functions for another Keras. Both are used while a pass is
being traced; importing the package loads no TensorFlow.
"""

from sanity_checks import lazy

_tracing = lazy.module("sanity_checks.keras2.tracing")


def guided_relus(model):
    """Context in which the ReLUs of a model that is called have the guided gradient, see `guided_relu.overridden`."""
    return _tracing.guided_relus(model)


def recorded_output(features):
    """Context that yields a list of the outputs of the layer that makes `features`, see `tracing.recorded_output`."""
    return _tracing.recorded_output(features)
