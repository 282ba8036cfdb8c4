"""Models: the paper's networks and any Keras file, each made into a `Classifier` that ends in logits."""

from collections.abc import Sequence
import os

from sanity_checks import arguments
from sanity_checks import imported
from sanity_checks import numerics
from sanity_checks import registry
from sanity_checks.models import architectures
from sanity_checks.models import classification
from sanity_checks.models import classifier as classifiers
from sanity_checks.models import grouping
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


def load_classifier(model, weights: str | os.PathLike | None = None, seed: int = 0, blocks: Sequence[str] | str | None = None,
                    gradcam_layer: str | None = None, image_size: Sequence[int] | None = None, output: str | None = None,
                    trust: bool = False) -> classifiers.Classifier:
    """Loads a model to explain.

    TensorFloat-32, which TensorFlow uses on newer GPUs, is turned off for this process, see `sanity_checks.numerics`.

    What is explained are logits: a softmax, log-softmax or sigmoid at the end is taken off, however it is written. One sigmoid
    makes two classes, of logits -z and z: maps are twice those of the equivalent softmax over (-z / 2, z / 2). One output without
    a sigmoid stays one class: whether it is a logit or a number that was fitted cannot be told. A model of integer images
    (uint8, int32) is explained on the same numbers as float32, if it computes the same on them.

    Args:
        model: a name in `MODELS`; a path (str or path) to a file that Keras 3 or tf_keras saved (.keras, .h5; of tf_keras
            also a SavedModel folder); a built model of either; or "package.module:function", a function without arguments
            that returns one. Its module is imported and the function called: that runs its code.
        weights: path (str or path) of a weights file for the model, of either Keras, or of a TensorFlow checkpoint of it; it
            must fit as a whole. "random" draws every variable from its own initializer; None keeps the weights of a Keras
            file or model. inception_v3 takes also "imagenet", a whole Keras file and a TF-Slim checkpoint, see
            `inception_weights.load`; alexnet also an array file, see `alexnet.load`.
        seed: int, of weights="random".
        blocks: list of "name=regular expression of layer names", top to bottom; default the paper's 17 for an
            Inception v3, whatever its head, and one block per layer for any other model. "grouped" makes about twenty blocks
            of a deep model's layers, see `grouping`.
        gradcam_layer: name of the layer that GradCAM reads; default the last convolutional feature map.
        image_size: (height, width) in pixels, for a model of images of any size, (None, None, channels).
        output: name of the output that is explained, for a model of several: the key of a dict of outputs, or the name of the layer
            that makes it.
        trust: bool, whether a model file may run code that it holds (Lambda layers) or names (modules to import).

    Returns:
        `sanity_checks.models.classifier.Classifier`.

    Raises:
        ValueError: unknown model name, unsuitable model or weights; several inputs; several outputs of which none is named; a
            model that was not built, or without a fixed image size; a file with code that is not trusted.
        FileNotFoundError: no such file.
    """
    numerics.use()
    weights = None if weights is None else arguments.path(weights, "weights")
    seed, blocks = arguments.whole_number(seed, "seed"), _patterns(blocks)
    for argument, value in (("gradcam_layer", gradcam_layer), ("output", output)):
        if not isinstance(value, (str, type(None))):
            raise ValueError(f"{argument}: expected a name, got {arguments.shown(value)}")
    named = isinstance(model, str) and (model in MODELS or not (imported.is_reference(model) or _looks_like_path(model)))
    architecture = registry.lookup(MODELS, model, "model") if named else None
    if named and weights is None:
        raise ValueError(f"weights: model {model!r} needs a weights file, or 'random'")
    loads = named and architecture.load is not None and weights != RANDOM
    _check_weights(weights, loads)
    if named:
        network, name = architecture.load(weights, seed) if loads else architecture.build(), model
    else:
        network, name = _network(model, trust)
    if weights not in (None, RANDOM) and not loads:
        implementations.implementation_of(network).load_weights(network, paths.checkpoint(weights))
    classifier = classification.classify(network, name, blocks, gradcam_layer, architecture, image_size, output)
    if weights == RANDOM:
        initialization.randomize_all(classifier, seed)
    finite.check(classifier)
    return classifier


def _patterns(blocks):
    """The argument `blocks` as a list of str, or as it is where it is no list."""
    if blocks is None or blocks == grouping.GROUPED:
        return blocks
    found = arguments.listed(blocks, "blocks", "name=regular expression")
    for pattern in found:
        if not isinstance(pattern, str):
            raise ValueError(f"blocks: expected name=regular expression, got {arguments.shown(pattern)}")
    return found


def _network(model, trust):
    """(Keras model of a function's name, a file or a model itself; name for its rows, None for its own)."""
    if imported.is_reference(model):
        return _called(model)
    if isinstance(model, (str, os.PathLike)):
        return _read(os.fspath(model), trust), os.path.splitext(os.path.basename(os.path.normpath(model)))[0]
    return model, None


def _looks_like_path(model):
    return os.sep in model or model.endswith(implementations.ENDINGS) or os.path.exists(model)


def _check_weights(weights, loads):
    """Refuses a path that cannot be weights; whether it exists is left to an architecture that `loads` them itself."""
    if weights in (None, RANDOM):
        return
    paths.check(weights, "weights")
    version = implementations.saved_by(weights)
    if loads and version and implementations.KERAS_3.match(version):
        raise ValueError(f"weights: {weights} was saved by Keras {version}, and this network is built with tf_keras; give the whole "
                         f"model as the model")
    if not loads and not os.path.exists(weights) and not paths.is_checkpoint(weights):
        raise FileNotFoundError(f"weights: no such file: {weights}")


def _read(path, trust):
    """The Keras model of a file or SavedModel folder."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"model: no such file or folder: {path}")
    paths.check(path, "model")
    if implementations.holds_weights_alone(path):
        raise ValueError(f"model: {path} holds weights without a model; give it as the weights of a model")
    return implementations.implementation_of(path).load(path, trust=trust)


def _called(reference):
    """(the model that a function returns, the function's name where Keras made up the model's, else None)."""
    function = imported.function(reference, "model")
    model = imported.call(function, reference, "model")
    try:
        keras = implementations.implementation_of(model)
    except ValueError as error:
        raise ValueError(str(error).replace("model:", f"model: {reference}:", 1)) from error
    return model, function.__name__ if keras.is_automatic(model) else None
