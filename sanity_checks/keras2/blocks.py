"""Finding a model's randomization blocks, its variables' initializers and its last convolutional feature map."""

import collections
import re

import tf_keras

# Layers that only pool, reorder or pass on what a convolution has made: GradCAM looks below them.
PASSING_LAYERS = (
    "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten", "Reshape",
    "Dropout", "SpatialDropout2D", "ZeroPadding2D", "Permute", "ActivityRegularization", "GaussianNoise")

# Keras names these initializers without the "kernel" of the variable.
VARIABLE_OF_INITIALIZER = {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel"}


def leaf_layers(model):
    """The layers that hold variables of their own, from the input upward, nested models taken apart.

    Args:
        model: tf_keras.Model.

    Returns:
        list of (tf_keras.layers.Layer, list of its tf.Variable). Every variable of the model is in exactly one.
    """
    leaves, seen = [], set()
    for layer in _inside(model):
        own = [variable for variable in layer.variables if variable.ref() not in seen]
        if own:
            leaves.append((layer, own))
            seen.update(variable.ref() for variable in own)
    return leaves


def _inside(layer):
    """Walk over the layers inside, in the order of the graph, inner layers before the one that holds them."""
    for child in layer._flatten_layers(recursive=False, include_self=False):
        yield from _inside(child)
    yield layer


def by_layer(model):
    """One block per layer with variables, named after the layer, top to bottom.

    Returns:
        dict, name -> tuple of tf.Variable.
    """
    blocks = {}
    for layer, variables in reversed(leaf_layers(model)):
        name = layer.name if layer.name not in blocks else f"{layer.name}_{len(blocks)}"
        blocks[name] = tuple(variables)
    return blocks


def by_patterns(model, patterns):
    """Blocks named by the user.

    Args:
        model: tf_keras.Model.
        patterns: list of "name=regular expression", top to bottom. A layer belongs to the first block whose
            expression matches its whole name.

    Returns:
        dict, name -> tuple of tf.Variable.

    Raises:
        ValueError: a pattern is malformed or matches nothing, or a layer with variables matches none.
    """
    compiled = collections.OrderedDict(_parse(pattern) for pattern in patterns)
    blocks = {name: [] for name in compiled}
    for layer, variables in leaf_layers(model):
        name = next((name for name, expression in compiled.items() if expression.fullmatch(layer.name)), None)
        if name is None:
            raise ValueError(f"--blocks: no pattern matches layer {layer.name!r}; add one, for example 'rest=.*'")
        blocks[name] += variables
    for name, variables in blocks.items():
        if not variables:
            raise ValueError(f"--blocks: pattern {name}={compiled[name].pattern} matches no layer with variables; "
                             f"layers: {', '.join(layer.name for layer, _ in leaf_layers(model))}")
    return {name: tuple(variables) for name, variables in blocks.items()}


def _parse(pattern):
    name, equals, expression = pattern.partition("=")
    if not (name and equals and expression):
        raise ValueError(f"--blocks: expected name=regular expression, found {pattern!r}")
    try:
        return name.strip(), re.compile(expression.strip())
    except re.error as error:
        raise ValueError(f"--blocks: {pattern!r} is not a regular expression: {error}") from error


def initializers(model):
    """Each variable's own initializer.

    Returns:
        dict, `variable.ref()` -> tf_keras.initializers.Initializer. Variables of layers that do not tell theirs
        are left out; drawing them with the initializer "original" is then an error.
    """
    found = {}
    for layer in model.submodules:
        if not isinstance(layer, tf_keras.layers.Layer):
            continue
        for attribute, initializer in vars(layer).items():
            stem, _, ending = attribute.rpartition("_")
            if ending == "initializer" and initializer is not None:
                variable = getattr(layer, VARIABLE_OF_INITIALIZER.get(stem, stem), None)
                if hasattr(variable, "ref"):
                    found[variable.ref()] = initializer
    return found


def feature_map(model, layer_name=None):
    """The tensor that GradCAM reads: the last convolutional feature map, before pooling.

    Args:
        model: functional or sequential tf_keras.Model.
        layer_name: name of the layer to take instead, in `model` or in a model nested in it.

    Returns:
        Symbolic tensor [B, h, w, K] of `model` or of a model nested in it, or None if the model has none (or is
        subclassed and no layer is named).

    Raises:
        ValueError: no layer has that name, or its output is not a feature map.
    """
    if layer_name:
        named = {layer.name: layer for layer in _inside(model)
                 if hasattr(layer, "output") and not isinstance(layer, tf_keras.layers.InputLayer)}
        if layer_name not in named:
            raise ValueError(f"--gradcam_layer: no layer {layer_name!r}; layers: {', '.join(named)}")
        output = named[layer_name].output
        if len(output.shape) != 4:
            raise ValueError(f"--gradcam_layer: the output of {layer_name!r} has shape {tuple(output.shape)}, "
                             f"expected a feature map [B, h, w, channels]")
        return output
    if not any(isinstance(layer, tf_keras.layers.Conv2D) for layer in _inside(model)):
        return None
    for layer in reversed(model.layers):
        output = getattr(layer, "output", None)
        if hasattr(output, "shape") and len(output.shape) == 4 and type(layer).__name__ not in PASSING_LAYERS:
            return None if isinstance(layer, tf_keras.layers.InputLayer) else output
        nested = feature_map(layer) if getattr(layer, "_is_graph_network", False) else None
        if nested is not None:
            return nested
    return None
