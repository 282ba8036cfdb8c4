"""Any Keras model as a classifier: softmax taken off, blocks found or named, GradCAM's feature map found or named."""

import dataclasses
import os
import zipfile

import tf_keras

from sanity_checks.keras2 import blocks as blocks_module
from sanity_checks.keras2 import logits
from sanity_checks.models import classifier as classifier_module
from sanity_checks.models import inception_v3

ENDINGS = (".keras", ".h5", ".hdf5")


def looks_like_path(model):
    """Whether a --model value names a Keras file or SavedModel folder rather than a registered model."""
    return os.sep in model or model.endswith(ENDINGS) or os.path.exists(model)


def load(path, flag="--model"):
    """Reads a Keras model: .keras, .h5 or a SavedModel folder.

    Args:
        path: str.
        flag: str, what names the file, for messages.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a Keras model.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"{flag}: no such file or folder: {path}")
    try:
        return tf_keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{flag}: {path} is not a Keras model that tf_keras can load: {first_line(error)}") from error


def load_weights(model, path):
    """Fills a model from a weights file; ValueError if the file is damaged or does not fit."""
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ValueError(f"--weights: {path} does not fit model {model.name!r}: {first_line(error)}") from error


def first_line(error):
    """The first line of an error's message, or the name of its type."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def classify(model, name=None, patterns=None, gradcam_layer=None):
    """Makes a `Classifier` of a Keras model.

    Args:
        model: built tf_keras.Model from images [B, H, W, C] to logits or probabilities [B, classes].
        name: str, for result rows; the model's own name by default. A model on the body of Inception v3 is called
            inception_v3, whatever its head.
        patterns: list of "block=regular expression of layer names", top to bottom; by default the paper's blocks for
            an Inception v3, one block per layer for any other model.
        gradcam_layer: name of the layer whose output GradCAM reads; the last convolutional feature map by default.

    Returns:
        `sanity_checks.models.classifier.Classifier` over the variables of `model`.

    Raises:
        ValueError: the model is of another form, or ends in a softmax that cannot be taken off.
    """
    if not isinstance(model, tf_keras.Model):
        raise ValueError(f"expected a tf_keras.Model, got {type(model).__module__}.{type(model).__name__}"
                         + ("; models of Keras 3 must be saved and loaded with tf_keras" if _is_keras_3(model) else ""))
    ending_in_logits = logits.unwrap(model)
    found = inception_v3.recognize(ending_in_logits) or classifier_module.Classifier(
        name=name or model.name, model=ending_in_logits, blocks=blocks_module.by_layer(ending_in_logits),
        initializers=blocks_module.initializers(ending_in_logits), features=blocks_module.feature_map(ending_in_logits))
    named = {}
    if patterns:
        named["blocks"] = blocks_module.by_patterns(ending_in_logits, patterns)
    if gradcam_layer:
        named["features"] = blocks_module.feature_map(ending_in_logits, gradcam_layer)
    return dataclasses.replace(found, **named)


def _is_keras_3(model):
    return type(model).__module__.startswith("keras.")
