"""Models: the paper's networks and any Keras file, each made into a `Classifier` that ends in logits."""

from collections.abc import Sequence
import os

from sanity_checks import registry
from sanity_checks.models import architectures
from sanity_checks.models import classification
from sanity_checks.models import classifier as classifiers
from sanity_checks.models import identity
from sanity_checks.models import implementations
from sanity_checks.models import paths
from sanity_checks.weights import finite
from sanity_checks.weights import initialization

Architecture = architectures.Architecture
MODELS = architectures.MODELS
trainable = architectures.trainable
classify = classification.classify
implementation_of = implementations.implementation_of
structure = identity.structure
structure_sha256 = identity.structure_sha256

RANDOM = "random"


def load_classifier(model, weights: str | os.PathLike | None = None, seed: int = 0, blocks: Sequence[str] | None = None,
                    gradcam_layer: str | None = None, image_size: Sequence[int] | None = None,
                    output: str | None = None) -> classifiers.Classifier:
    """Loads a model to explain.

    What is explained are logits: a softmax, log-softmax or sigmoid at the end is taken off, however it is written. One sigmoid
    makes two classes, of logits -z and z: maps are twice those of the equivalent softmax over (-z / 2, z / 2). One output without
    a sigmoid stays one class: whether it is a logit or a number that was fitted cannot be told. A model of integer images
    (uint8, int32) is explained on the same numbers as float32, if it computes the same on them.

    Args:
        model: a name in `MODELS`, a path (str or path) to a Keras file (.keras, .h5, SavedModel), or a built
            tf_keras.Model.
        weights: path (str or path) of a weights file for the model; "random" draws every variable from its own
            initializer; None keeps the weights of a Keras file or model. inception_v3 takes also "imagenet", a whole
            Keras file and a TF-Slim checkpoint, see `inception_weights.load`; alexnet also an array file, see
            `alexnet.load`.
        seed: int, of weights="random".
        blocks: list of "name=regular expression of layer names", top to bottom; default the paper's 17 for an
            Inception v3, whatever its head, and one block per layer for any other model.
        gradcam_layer: name of the layer that GradCAM reads; default the last convolutional feature map.
        image_size: (height, width) in pixels, for a model of images of any size, (None, None, channels).
        output: name of the output that is explained, for a model of several: the key of a dict of outputs, or the name of the layer
            that makes it.

    Returns:
        `sanity_checks.models.classifier.Classifier`.

    Raises:
        ValueError: unknown model name, unsuitable model or weights; several inputs; several outputs of which none is named; a
            model that was not built, or without a fixed image size.
        FileNotFoundError: no such file.
    """
    weights = None if weights is None else os.fspath(weights)
    named = isinstance(model, str) and (model in MODELS or not _looks_like_path(model))
    architecture = registry.lookup(MODELS, model, "model") if named else None
    if named and weights is None:
        raise ValueError(f"weights: model {model!r} needs a weights file, or 'random'")
    loads = named and architecture.load is not None and weights != RANDOM
    _check_weights(weights, loads)
    if named:
        network = architecture.load(weights, seed) if loads else architecture.build()
        classifier = classification.classify(network, model, blocks, gradcam_layer, architecture, image_size, output)
    elif isinstance(model, (str, os.PathLike)):
        name = os.path.splitext(os.path.basename(os.path.normpath(model)))[0]
        classifier = classification.classify(_read(os.fspath(model)), name, blocks, gradcam_layer, None, image_size, output)
    else:
        classifier = classification.classify(model, None, blocks, gradcam_layer, None, image_size, output)
    if weights == RANDOM:
        initialization.randomize_all(classifier, seed)
    elif weights is not None and not loads:
        implementations.implementation_of(classifier.model).load_weights(classifier.model, weights)
    finite.check(classifier)
    return classifier


def _looks_like_path(model):
    return os.sep in model or model.endswith(implementations.ENDINGS) or os.path.exists(model)


def _check_weights(weights, loads):
    """Refuses a path that cannot be weights; whether it exists is left to an architecture that `loads` them itself."""
    if weights in (None, RANDOM):
        return
    paths.check(weights, "weights")
    if os.path.exists(weights):
        implementations.implementation_of(weights, "weights")
    elif not loads:
        raise FileNotFoundError(f"weights: no such file: {weights}")


def _read(path):
    """The Keras model of a file or SavedModel folder."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"model: no such file or folder: {path}")
    paths.check(path, "model")
    return implementations.implementation_of(path).load(path)
