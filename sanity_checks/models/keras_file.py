"""Any Keras model as a classifier: softmax taken off, blocks found or named, GradCAM's feature map found or named."""

import os
import zipfile

import tf_keras

from sanity_checks.models import blocks as blocks_module
from sanity_checks.models import classifier as classifier_module
from sanity_checks.models import logits

ENDINGS = (".keras", ".h5", ".hdf5")


def looks_like_path(model):
    """Whether a --model value names a Keras file or SavedModel folder rather than a registered model."""
    return os.sep in model or model.endswith(ENDINGS) or os.path.exists(model)


def load(path):
    """Reads a Keras model: .keras, .h5 or a SavedModel folder.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a Keras model.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"--model: no such file or folder: {path}")
    try:
        return tf_keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"--model: {path} is not a Keras model that tf_keras can load: {reason}") from error


def classify(model, name=None, patterns=None, gradcam_layer=None):
    """Makes a `Classifier` of a Keras model.

    Args:
        model: built tf_keras.Model from images [B, H, W, C] to logits or probabilities [B, classes].
        name: str, for result rows; the model's own name by default.
        patterns: list of "block=regular expression of layer names", top to bottom; one block per layer by default.
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
    found = (blocks_module.by_patterns(ending_in_logits, patterns) if patterns
             else blocks_module.by_layer(ending_in_logits))
    return classifier_module.Classifier(
        name=name or model.name, model=ending_in_logits, blocks=found,
        initializers=blocks_module.initializers(ending_in_logits),
        features=blocks_module.feature_map(ending_in_logits, gradcam_layer))


def _is_keras_3(model):
    return type(model).__module__.startswith("keras.")
