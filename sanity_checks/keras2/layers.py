"""The layers of a tf_keras model that own its variables, their initializers, and the feature map that GradCAM reads."""

import tf_keras

from sanity_checks.keras2 import graph

# Layers that only pool, reorder or pass on what a convolution has made: GradCAM looks below them.
PASSING_LAYERS = (
    "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten", "Reshape",
    "Dropout", "SpatialDropout2D", "ZeroPadding2D", "Permute", "ActivityRegularization", "GaussianNoise")

# Keras names these initializers without the "kernel" of the variable.
VARIABLE_OF_INITIALIZER = {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel"}


def key(variable):
    """What stands for a variable in a dict: hashable, the same for the same variable."""
    return variable.ref()


def leaf_layers(model):
    """The layers that hold variables of their own, from the input upward, nested models taken apart.

    Args:
        model: tf_keras.Model.

    Returns:
        list of (tf_keras.layers.Layer, list of its tf.Variable). Every variable of the model is in exactly one.
    """
    leaves, seen = [], set()
    for layer in graph.inside(model):
        own = [variable for variable in layer.variables if key(variable) not in seen]
        if own:
            leaves.append((layer, own))
            seen.update(key(variable) for variable in own)
    return leaves


def initializers(model):
    """Each variable's own initializer.

    Returns:
        dict, `key(variable)` -> tf_keras.initializers.Initializer. Variables of layers that do not tell theirs
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
                    found[key(variable)] = initializer
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
        named = {layer.name: layer for layer in graph.inside(model)
                 if hasattr(layer, "output") and not isinstance(layer, tf_keras.layers.InputLayer)}
        if layer_name not in named:
            raise ValueError(f"gradcam_layer: no layer {layer_name!r}; layers: {', '.join(named)}")
        output = named[layer_name].output
        if len(output.shape) != 4:
            raise ValueError(f"gradcam_layer: the output of {layer_name!r} has shape {tuple(output.shape)}, "
                             f"expected a feature map [B, h, w, channels]")
        return output
    if not any(isinstance(layer, tf_keras.layers.Conv2D) for layer in graph.inside(model)):
        return None
    for layer in reversed(model.layers):
        output = getattr(layer, "output", None)
        if hasattr(output, "shape") and len(output.shape) == 4 and type(layer).__name__ not in PASSING_LAYERS:
            return None if isinstance(layer, tf_keras.layers.InputLayer) else output
        nested = feature_map(layer) if graph.is_functional(layer) else None
        if nested is not None:
            return nested
    return None


def feature_layer(features):
    """The layer that makes a feature map: tf_keras.layers.Layer.

    Args:
        features: symbolic tensor, of `feature_map`.
    """
    return graph.producer(features).layer
