"""The layers of a Keras 3 model that own its variables, and their initializers."""

import keras

from sanity_checks.keras3 import graph

# Keras names these initializers without the "kernel" of the variable.
VARIABLE_OF_INITIALIZER = {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel"}


def key(variable):
    """What stands for a variable in a dict: hashable, the same for the same variable."""
    return id(variable)


def leaf_layers(model):
    """The layers that hold variables of their own, from the input upward, nested models taken apart.

    Args:
        model: keras.Model.

    Returns:
        list of (keras.layers.Layer, list of its keras.Variable). Every weight of the model is in exactly one; the
        states of random seeds, which are no weights, are in none.
    """
    leaves, seen = [], set()
    for layer in graph.inside(model):
        own = [variable for variable in layer.weights if key(variable) not in seen]
        if own:
            leaves.append((layer, own))
            seen.update(key(variable) for variable in own)
    return leaves


def initializers(model):
    """Each variable's own initializer.

    Returns:
        dict, `key(variable)` -> keras.initializers.Initializer. Variables of layers that do not tell theirs are left
        out; drawing them with the initializer "original" is then an error.
    """
    found = {}
    for layer in graph.inside(model):
        for attribute, initializer in vars(layer).items():
            stem, _, ending = attribute.rpartition("_")
            if ending == "initializer" and initializer is not None:
                variable = getattr(layer, VARIABLE_OF_INITIALIZER.get(stem, stem), None)
                if isinstance(variable, keras.Variable):
                    found[key(variable)] = initializer
    return found
