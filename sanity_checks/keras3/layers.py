"""The layers of a Keras 3 model that own its variables, and what these are drawn from; see `sanity_checks.keras_shared.layers`."""

import functools
import sys

from sanity_checks.keras3 import graph
from sanity_checks.keras3 import isolation
from sanity_checks.keras_shared import layers

INITIALIZER_PLACE = 1           # among the positional arguments of add_weight
isolated = isolation.isolated


def key(variable):
    """What stands for a variable in a dict: hashable, the same for the same variable."""
    return id(variable)


def handle(variable):
    """The resource that operations of a graph read for a variable."""
    return variable.value.handle


leaves = functools.partial(layers.leaves, graph, key)
statistics = functools.partial(layers.statistics, graph, key)
initializers = functools.partial(layers.initializers, sys.modules[__name__])


def leaf_layers(model):
    """The layers that hold variables of their own, see `leaves`: list of (layer, list of its keras.Variable).

    The states of random seeds, which are no weights, are in none.
    """
    return [(leaf.layer, leaf.variables) for leaf in leaves(model)]


def drawn(model):
    """The variables that were created trainable, whether or not their layers have been frozen since: set of keys."""
    return {key(variable) for layer in graph.inside(model) for variable in layer._trainable_variables}


def build_like(twin, layer):
    """Builds a layer for inputs of the shape that another layer was built for."""
    config = layer.get_build_config()
    if config is None:
        raise ValueError(f"layer {layer.name!r} has kept no shape of its inputs")
    twin.build_from_config(config)
