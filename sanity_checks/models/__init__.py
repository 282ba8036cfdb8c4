"""Models: the paper's networks and any Keras file, each made into a `Classifier` that ends in logits."""

import dataclasses
import os
from collections.abc import Callable

from sanity_checks import registry
from sanity_checks.models import cnn
from sanity_checks.models import initialization
from sanity_checks.models import keras_file
from sanity_checks.models import mlp


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A registered model.

    Attributes:
        build: function (input_shape, num_classes) -> untrained tf_keras.Model.
        gradcam_layer: name of the layer whose output GradCAM reads, or None where there is no convolution.
    """
    build: Callable
    gradcam_layer: str | None


MODELS = {
    "cnn": Architecture(cnn.build, cnn.GRADCAM_LAYER),
    "mlp": Architecture(mlp.build, None),
}

TRAINABLE = ("cnn", "mlp")      # the networks that the paper trained


def trainable(name):
    """The `Architecture` of a network that can be trained here; ValueError for any other name."""
    return registry.lookup({known: MODELS[known] for known in TRAINABLE}, name, "trainable model")


def load_classifier(model, weights=None, seed=0, blocks=None, gradcam_layer=None):
    """Loads a model to explain.

    Args:
        model: a name in `MODELS`, a path to a Keras file (.keras, .h5, SavedModel), or a built tf_keras.Model.
        weights: path of a weights file for the model; "random" draws every variable from its own initializer;
            None keeps the weights of a Keras file or model.
        seed: int, of weights="random".
        blocks: list of "name=regular expression of layer names", top to bottom; default one block per layer.
        gradcam_layer: name of the layer that GradCAM reads; default the last convolutional feature map.

    Returns:
        `sanity_checks.models.classifier.Classifier`.

    Raises:
        ValueError: unknown model name, unsuitable model or weights.
        FileNotFoundError: no such file.
    """
    if isinstance(model, str) and not keras_file.looks_like_path(model):
        architecture = registry.lookup(MODELS, model, "model")
        if weights is None:
            raise ValueError(f"--weights: model {model!r} needs a weights file, or 'random'")
        classifier = keras_file.classify(architecture.build(), model, blocks, gradcam_layer or architecture.gradcam_layer)
    elif isinstance(model, str):
        name = os.path.splitext(os.path.basename(os.path.normpath(model)))[0]
        classifier = keras_file.classify(keras_file.load(model), name, blocks, gradcam_layer)
    else:
        classifier = keras_file.classify(model, None, blocks, gradcam_layer)
    if weights == "random":
        initialization.randomize_all(classifier, seed)
    elif weights is not None:
        _load_weights(classifier, weights)
    return classifier


def _load_weights(classifier, path):
    if not os.path.exists(path):
        raise FileNotFoundError(f"--weights: no such file: {path}")
    try:
        classifier.model.load_weights(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"--weights: {path} does not fit model {classifier.name!r}: {reason}") from error
