"""All that knows the inside of Keras 3, behind the interface of `sanity_checks.keras2`; nothing else reads its private attributes.

The names are those of `sanity_checks.keras2`, with the same arguments and results; here a model is a keras.Model and a variable
a keras.Variable.
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
