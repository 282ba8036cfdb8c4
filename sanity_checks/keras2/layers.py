"""The layers of a tf_keras model that own its variables, and what these are drawn from; see `sanity_checks.keras_shared.layers`."""

import functools
import sys

from sanity_checks.keras2 import graph
from sanity_checks.keras2 import isolation
from sanity_checks.keras_shared import layers

INITIALIZER_PLACE = 3           # among the positional arguments of add_weight
isolated = isolation.isolated


def key(variable):
    """What stands for a variable in a dict: hashable, the same for the same variable."""
    return variable.ref()


def handle(variable):
    """The resource that operations of a graph read for a variable."""
    return variable.handle


leaves = functools.partial(layers.leaves, graph, key)
statistics = functools.partial(layers.statistics, graph, key)
initializers = functools.partial(layers.initializers, sys.modules[__name__])


def leaf_layers(model):
    """The layers that hold variables of their own, see `leaves`: list of (layer, list of its tf.Variable)."""
    return [(leaf.layer, leaf.variables) for leaf in leaves(model)]


def drawn(model):
    """The variables that were created trainable, whether or not their layers have been frozen since: set of keys."""
    return {key(variable) for variable in model.weights if variable.trainable}


def build_like(twin, layer):
    """Builds a layer for inputs of the shape that another layer was built for."""
    config = layer.get_build_config()
    if config is None and layer._saved_model_inputs_spec is not None:       # a `build` that does not keep its argument
        import tensorflow as tf
        config = {"input_shape": tf.nest.map_structure(lambda spec: tuple(spec.shape), layer._saved_model_inputs_spec)}
    if config is None:
        raise ValueError(f"layer {layer.name!r} has kept no shape of its inputs")
    twin.build_from_config(config)
