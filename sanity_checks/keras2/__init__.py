"""All that knows the inside of tf_keras (Keras 2), behind one interface; nothing else reads its private attributes.

    is_model, load, load_weights        which models these are, and their files             files
    key, leaf_layers, initializers      variables, the layers that own them                 layers
    feature_map, feature_layer          what GradCAM reads                                  layers
    to_logits                           a softmax at the end taken off                      logits
    structure, position, is_automatic   what a model computes at given weights, as JSON     description
    graphs, outputs, producer           walking the graph of a functional model             graph
    inside                              walking all layers, whatever nests them             graph
    guided_relus, recorded_output       contexts in which a model is called and traced      tracing

The names of the left column are found here and documented where they are defined, in the module of the right column;
that module is imported when a name is first used, so that importing this package does not import TensorFlow.
"""

import importlib

_HOME = {
    "is_model": "files",
    "load": "files",
    "load_weights": "files",
    "key": "layers",
    "leaf_layers": "layers",
    "initializers": "layers",
    "feature_map": "layers",
    "feature_layer": "layers",
    "to_logits": "logits",
    "structure": "description",
    "position": "description",
    "is_automatic": "description",
    "graphs": "graph",
    "outputs": "graph",
    "producer": "graph",
    "inside": "graph",
    "guided_relus": "tracing",
    "recorded_output": "tracing",
}


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
