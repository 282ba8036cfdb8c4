"""What a Keras model computes at given weights, as JSON values that do not depend on names that Keras made up.

Each layer is described by its class, configuration and dtype policy, and by the layers inside it. Where its class, or a
function that it uses, is not Keras' own, the code is described too, with the attributes that it reads. A functional
model adds which call reads which. Layers are told by their positions, never by their names.
"""

import re
import types

import numpy as np
import tensorflow as tf

from sanity_checks.graphs import digest
from sanity_checks.runs import fingerprint

KNOWN = ("tf_keras", "tensorflow", "keras", "numpy", "builtins", "sanity_checks")   # code that its version tells
DROPPED = ("name", "trainable", "module", "registered_name", "build_config", "shared_object_id", "batch_input_shape")
LAMBDA = "<lambda>"
REVIVED = "saved_model.load"       # end of the module of classes that Keras makes up for a SavedModel's layers


def structure(graph, model):
    """Describes a model.

    Args:
        graph: the module that walks the graphs of this Keras, `sanity_checks.keras2.graph` or that of `keras3`.
        model: built Keras model.

    Returns:
        dict of JSON values: "model", the description of the model with what is inside it; "variables", a list of
        [shape, dtype] in the model's order; "input_shape"; "output", which of several outputs of its last layer is the model's,
        where it is not the first; and "operations", a checksum, where a SavedModel has brought layers whose code is not known.
    """
    described = {"model": _layer(graph, model), "input_shape": _json(model.input_shape),
                 "variables": [[list(v.shape), tf.as_dtype(v.dtype).name] for v in model.weights]}
    number = graph.producer(model.outputs[0]).number if graph.is_functional(model) else 0
    if number:
        described["output"] = number
    if any(type(layer).__module__.endswith(REVIVED) for layer in graph.inside(model)):
        described["operations"] = digest.sha256(model)
    return described


def is_automatic(layer):
    """Whether a layer or model has the name that Keras gives to one without: dense, dense_1, model ..."""
    kind = type(layer).__name__
    words = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()
    names = "model|functional" if kind == "Functional" else re.escape(words)
    return re.fullmatch(rf"(private)?({names})(_\d+)?", layer.name) is not None


def _layer(graph, layer):
    described = {"class": type(layer).__name__}
    if hasattr(layer, "dtype_policy"):          # a function of keras.ops has none
        described["dtype"] = [layer.dtype_policy.name, layer.compute_dtype]
    if graph.is_functional(layer):
        calls = graph.nodes(layer)
        layers = list({id(called): called for called, _ in calls}.values())
        order = {id(called): number for number, called in enumerate(layers)}
        described["layers"] = [_layer(graph, inner) for inner in layers]
        described["calls"] = [[order[id(called)], _json(arguments)] for called, arguments in calls]
        return {**described, **_code(layer)}
    described["config"] = _config(layer)
    children = graph.children(layer) if hasattr(layer, "dtype_policy") else ()
    inner = [_layer(graph, child) for child in children]
    return {**described, **({"layers": inner} if inner else {}), **_code(layer)}


def _config(layer):
    """The layer's configuration; where it cannot give one, its public attributes."""
    try:
        config = layer.get_config()
    except (NotImplementedError, ValueError, TypeError, AttributeError):
        config = None
    if config is None or not hasattr(layer, "dtype_policy"):
        config = {name: value for name, value in vars(layer).items() if not name.startswith("_") and _plain(value)}
    dropped = (*DROPPED, "dtype")
    if type(layer).__name__ == "Lambda":
        dropped += ("output_shape", "mask") + (() if _known(layer.function) else ("function",))
    return _json({name: value for name, value in config.items() if name not in dropped})


def _code(layer):
    """{"code": fingerprint} of what a layer runs that is not Keras' own; empty for Keras' layers."""
    parts, read = [], set()
    for kind in type(layer).__mro__:
        if not _known(kind):
            functions = [function for value in vars(kind).values() for function in _functions(value)]
            parts.append([kind.__qualname__, [_function(function) for function in functions]])
            read.update(*(_names(function.__code__) for function in functions))
    for name, value in sorted(vars(layer).items()):
        if getattr(getattr(value, "__wrapped__", None), "__self__", None) is layer:
            continue                # a method of the class, which Keras 3 wraps for each layer
        if callable(value) and not is_part(value):
            if not _known(value):
                parts.append([name, _function(value)])
            elif name in read:
                parts.append([name, _full_name(value)])
        elif name in read and _plain(value):
            parts.append([name, _value(value)])
    return {"code": fingerprint.code(parts)} if parts else {}


def _known(value):
    """Whether a class, a function or an object's class is Keras' own or this library's."""
    module = getattr(value, "__module__", None) or type(value).__module__
    return module.partition(".")[0] in KNOWN and getattr(value, "__name__", "") != LAMBDA


def _full_name(value):
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _functions(value):
    """The functions behind an attribute of a class, decorated or not."""
    found = [getattr(value, name, None) for name in ("fget", "__func__", "python_function")] + [value]
    return [function for function in found if isinstance(function, types.FunctionType)]


def _function(value):
    """The fingerprint of a function; of a lambda by its bytecode, for one read from a file has no source."""
    value = getattr(value, "python_function", value)
    if getattr(value, "__name__", "") != LAMBDA:
        return fingerprint.code(value)
    cells = [cell.cell_contents for cell in value.__closure__ or ()]
    helpers = [value.__globals__.get(name) for name in sorted(_names(value.__code__))]
    helpers = [_function(helper) for helper in helpers if isinstance(helper, types.FunctionType) and not _known(helper)]
    return fingerprint.code([value.__code__, value.__defaults__, _value(cells), helpers])


def _names(code):
    """Every name that a piece of bytecode reads, nested functions included: set of str."""
    return set(code.co_names).union(*(_names(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def _plain(value):
    """Whether an attribute is a setting: no layer, variable or other part that Keras tracks."""
    if isinstance(value, (list, tuple)):
        return all(_plain(part) for part in value)
    if isinstance(value, dict):
        return all(_plain(part) for part in value.values())
    return not callable(value) and not is_part(value)


def is_part(value):
    """Whether an object is a layer, a variable, a metric or the like, of either Keras."""
    return isinstance(value, tf.Module) or any(hasattr(value, name) for name in ("variables", "assign", "dtype_policy"))


def _value(value):
    """An attribute with its constant tensors as arrays."""
    if isinstance(value, (list, tuple)):
        return [_value(part) for part in value]
    if isinstance(value, dict):
        return {name: _value(part) for name, part in value.items()}
    return np.asarray(value) if isinstance(value, tf.Tensor) and tf.executing_eagerly() else value


def _json(value):
    """A configuration's value as JSON, without the names of layers and where classes are from."""
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        inner = {k: v for k, v in value["config"].items() if k not in DROPPED or value.get("class_name") == "Policy"}
        return {"class_name": _json(value.get("class_name")), "config": _json(inner)}
    if isinstance(value, dict):
        return {str(name): _json(part) for name, part in value.items()}
    if isinstance(value, tf.TensorShape):
        return value.as_list()
    if isinstance(value, (list, tuple, set)):
        return [_json(part) for part in value]
    if isinstance(value, (np.ndarray, tf.Tensor)):
        return fingerprint.code(np.asarray(value))
    return fingerprint.json_value(value)
