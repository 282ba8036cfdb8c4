"""Models: the paper's networks and any Keras file, each made into a `Classifier` that ends in logits."""

from collections.abc import Callable
import dataclasses
import os

from sanity_checks import registry
from sanity_checks.keras2 import keras_file
from sanity_checks.models import alexnet
from sanity_checks.models import cnn
from sanity_checks.models import inception_v3
from sanity_checks.models import inception_weights
from sanity_checks.models import mlp
from sanity_checks.weights import initialization


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A registered model.

    Attributes:
        build: function (input_shape, num_classes) -> untrained tf_keras.Model.
        gradcam_layer: name of the layer whose output GradCAM reads; None where there is no convolution, or where
            the model's structure tells.
        load: function (weights, seed) -> tf_keras.Model, for weights that are more than a file for `build`.
    """
    build: Callable
    gradcam_layer: str | None
    load: Callable | None = None


MODELS = {
    "cnn": Architecture(cnn.build, cnn.GRADCAM_LAYER),
    "mlp": Architecture(mlp.build, None),
    "inception_v3": Architecture(inception_v3.build, None, inception_weights.load),
    "alexnet": Architecture(alexnet.build, alexnet.GRADCAM_LAYER, alexnet.load),
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
            None keeps the weights of a Keras file or model. inception_v3 takes also "imagenet", a whole Keras file
            and a TF-Slim checkpoint, see `inception_weights.load`; alexnet also an array file, see `alexnet.load`.
        seed: int, of weights="random".
        blocks: list of "name=regular expression of layer names", top to bottom; default the paper's 17 for an
            Inception v3, whatever its head, and one block per layer for any other model.
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
        loads = architecture.load and weights != "random"
        network = architecture.load(weights, seed) if loads else architecture.build()
        weights = None if loads else weights
        classifier = keras_file.classify(network, model, blocks, gradcam_layer or architecture.gradcam_layer)
    elif isinstance(model, str):
        name = os.path.splitext(os.path.basename(os.path.normpath(model)))[0]
        classifier = keras_file.classify(keras_file.load(model), name, blocks, gradcam_layer)
    else:
        classifier = keras_file.classify(model, None, blocks, gradcam_layer)
    if weights == "random":
        initialization.randomize_all(classifier, seed)
    elif weights is not None:
        if not os.path.exists(weights):
            raise FileNotFoundError(f"--weights: no such file: {weights}")
        keras_file.load_weights(classifier.model, weights)
    return classifier
