"""All that knows the inside of tf_keras (Keras 2), behind one interface; nothing else reads its private attributes.

    is_model, load, load_weights        which models these are, and their files             files
    check_usable, custom_objects        whether this Keras runs here; a user's own classes  files
    key, handle                         what stands for a variable                          layers
    leaves, leaf_layers                 the layers that own variables                       layers
    drawn, statistics, initializers     which variables are drawn anew, and from what       layers
    initial_values, has_seed            values from an initializer and a seed               drawing
    isolated                            running code of others without a trace              isolation
    to_logits                           a softmax at the end taken off                      logits
    structure, is_automatic             what a model computes at given weights, as JSON     description
    inside, graphs, outputs, producer   walking the graph of a functional model             graph
    recorded_calls                      which layer makes which tensors of a traced call    tracing

The names of the left column are found here and documented where they are defined, in the module of the right column;
that module is imported when a name is first used, so that importing this package does not import TensorFlow.
"""

import importlib

_HOME = {
    "is_model": "files",
    "load": "files",
    "load_weights": "files",
    "check_usable": "files",
    "custom_objects": "files",
    "key": "layers",
    "handle": "layers",
    "leaves": "layers",
    "leaf_layers": "layers",
    "drawn": "layers",
    "statistics": "layers",
    "initializers": "layers",
    "initial_values": "drawing",
    "has_seed": "drawing",
    "isolated": "isolation",
    "to_logits": "logits",
    "structure": "description",
    "is_automatic": "description",
    "inside": "graph",
    "graphs": "graph",
    "outputs": "graph",
    "producer": "graph",
    "recorded_calls": "tracing",
}


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
