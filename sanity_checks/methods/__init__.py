"""Saliency methods: PAIR's definitions, batched over many images, on the logits of the model's present weights."""

from collections.abc import Sequence
import dataclasses
import functools

import numpy as np

from sanity_checks import arguments
from sanity_checks import pixels
from sanity_checks import registry
from sanity_checks.methods import base
from sanity_checks.methods import controls
from sanity_checks.methods import custom
from sanity_checks.methods import fields
from sanity_checks.methods import gradcam
from sanity_checks.methods import gradient
from sanity_checks.methods import guided_backprop
from sanity_checks.methods import integrated_gradients
from sanity_checks.methods import occlusion
from sanity_checks.methods import pair
from sanity_checks.methods import perturbation
from sanity_checks.methods import propagation
from sanity_checks.methods import smoothgrad
from sanity_checks.weights import ownership

METHODS = {
    "gradient": gradient.Gradient,
    "smoothgrad": smoothgrad.SmoothGrad,
    "input_x_gradient": gradient.InputXGradient,
    "guided_backprop": guided_backprop.GuidedBackprop,
    "gradcam": gradcam.GradCam,
    "guided_gradcam": guided_backprop.GuidedGradCam,
    "integrated_gradients": integrated_gradients.IntegratedGradients,
    "integrated_gradients_smoothgrad": integrated_gradients.IntegratedGradientsSmoothGrad,
    "vargrad": smoothgrad.VarGrad,
    "edge_detector": controls.EdgeDetector,
    "input_x_edges": controls.InputXEdges,
    "random_map": controls.RandomMap,
    "xrai": pair.Xrai,
    "blur_ig": pair.BlurIg,
    "guided_ig": pair.GuidedIg,
    "occlusion": occlusion.Occlusion,
    "perturbation_mask": perturbation.PerturbationMask,
    "deconvnet": guided_backprop.Deconvnet,
    "lrp_epsilon": propagation.LrpEpsilon,
    "lrp_alpha_beta": propagation.LrpAlphaBeta,
    "deep_taylor": propagation.DeepTaylor,
    "lrp_composite": propagation.LrpComposite,
}

# Parameters of cheaper estimators of the same maps: the paper's nine methods in a tenth of the passes. The defaults are the paper's.
ESTIMATORS = {
    "paper": {},
    "efficient": {
        "smoothgrad": {"estimator": smoothgrad.ANTITHETIC, "samples": 20},
        "integrated_gradients": {"quadrature": "gauss_legendre", "steps": 10},
        "integrated_gradients_smoothgrad": {"estimator": integrated_gradients.JOINT, "samples": 100},
    },
}

# Rows of a model pass when the user does not say: where throughput levels off on a CPU, and Inception v3 stays below
# 4 GB of memory; 17 rows take the 50 samples of a photograph in three passes of one size.
SMALL_IMAGE = 64 * 64 * 3
BATCH_SIZE_SMALL, BATCH_SIZE_LARGE = 256, 17


def parameters(name):
    """The parameters of a registered method that a flag can set: tuple of `fields.Parameter`. Loads no TensorFlow."""
    return fields.describe(registry.lookup(METHODS, name, "method"))


def passes(made, image_shape):
    """Model passes per image and weight state, the prediction included, work that methods share counted once.

    Args:
        made: dict, name -> `base.Method`.
        image_shape: (H, W, C).
    """
    work = dict.fromkeys(piece for method in made.values() for piece in method.work())
    return 1 + sum(piece.passes(tuple(image_shape)) for piece in work)


def make(method, **values):
    """Makes a method with these parameters.

    Args:
        method: a name in `METHODS`, or a function (classifier, images, targets, seed) -> maps of the user's own. A
            registered method may be such a function too: `METHODS["mine"] = function`.
        **values: parameters of a registered method.

    Raises:
        ValueError: unknown method or parameter, or a value out of range.
    """
    if isinstance(method, base.Method):
        if values:
            raise ValueError(f"method: {type(method).__name__} is made already, with parameters of its own; got {', '.join(values)}")
        return method
    if isinstance(method, type) and issubclass(method, base.Method):
        raise ValueError(f"method: expected an instance of {method.__name__}, got the class; call it")
    if callable(method):
        if values:
            raise ValueError(f"parameters: a method of your own has none, got {', '.join(values)}; bind them with functools.partial")
        return custom.Custom(method)
    if not isinstance(method, str):
        raise ValueError(f"method: expected a name or a function, got {arguments.shown(method)}")
    registered = registry.lookup(METHODS, method, "method")
    known = dataclasses.fields(registered) if dataclasses.is_dataclass(registered) else ()
    for parameter in values:
        registry.lookup({field.name: field for field in known}, parameter, f"parameter of {method}")
    return registered(**values) if dataclasses.is_dataclass(registered) else custom.Custom(registered)


def name_of(method):
    """The name under which a method's results stand: its registered name, or the function's own name."""
    if isinstance(method, base.Method):
        return next((name for name, kind in METHODS.items() if kind is type(method)), type(method).__name__)
    return getattr(method, "__name__", type(method).__name__) if callable(method) else method


def default_batch_size(image_shape):
    """Rows of a model pass for images of this shape (H, W, C)."""
    return BATCH_SIZE_SMALL if np.prod(image_shape) <= SMALL_IMAGE else BATCH_SIZE_LARGE


def make_task(classifier, images, targets=None, image_ids=None, seed=0, batch_size=None, progress=None):
    """Checks the arguments of `explain` and makes a `base.Task` of them, on the model's present weights.

    `progress` is told of the model passes done, those of the prediction (targets=None) among them.
    """
    seed = arguments.whole_number(seed, "seed")
    images = pixels.as_float32(images)
    if images.ndim != 4 or images.shape[1:] != classifier.image_shape or not len(images):
        raise ValueError(f"expected images of shape [N, {', '.join(map(str, classifier.image_shape))}] with N > 0 "
                         f"for model {classifier.name!r}, got {list(images.shape)}")
    batch_size = default_batch_size(classifier.image_shape) if batch_size is None else arguments.whole_number(batch_size, "batch_size", 1)
    ids = base.content_ids(images) if image_ids is None else arguments.listed(image_ids, "image_ids")
    if len(ids) != len(images):
        raise ValueError(f"expected {len(images)} image ids, one an image, got {len(ids)}")
    progress = progress or (lambda passes: None)
    if targets is None:
        targets = predict(classifier, images, batch_size)
        progress(len(images))
    else:
        targets = _targets(targets, classifier, len(images))
    return base.Task(classifier, images, targets, base.noise_keys(seed, ids), seed, batch_size, progress)


def _targets(targets, classifier, count):
    try:
        found = np.asarray(targets)
    except (TypeError, ValueError) as error:
        raise ValueError(f"targets: expected {count} integers, one an image, got {arguments.shown(targets)}") from error
    if found.shape != (count,) or not np.issubdtype(found.dtype, np.integer):
        raise ValueError(f"targets: expected {count} integers, one an image, got {found.dtype} of shape {found.shape}")
    if found.min() < 0 or found.max() >= classifier.num_classes:
        raise ValueError(f"targets: expected classes from 0 to {classifier.num_classes - 1}, "
                         f"got {found.min()} to {found.max()}{classifier.advice}")
    return found.astype(np.int32)


def predict(classifier, images, batch_size):
    """The class of the largest logit of each image, on the model's present weights: int32 [N]."""
    with ownership.reading(classifier):
        parts = [classifier.logits(images[first:first + batch_size]).numpy().argmax(axis=1)
                 for first in range(0, len(images), batch_size)]
    return np.concatenate(parts).astype(np.int32)


def check_classifier(classifier):
    """ValueError if what is given for a classifier is something else, such as a Keras model."""
    if not hasattr(classifier, "inspected"):
        raise ValueError(f"classifier: expected what load_classifier returns, got {arguments.shown(classifier)}")


def of_images(made, input_range):
    """Methods as they are for images of this range: dict like `made`, name -> `base.Method`; see `base.Method.of_images`."""
    return {name: method.of_images(input_range) for name, method in made.items()}


def check_suitable(classifier, name, method):
    """ValueError if a method cannot explain a classifier."""
    reason = method.unsuitable(classifier)
    if reason:
        raise ValueError(f"method {name!r} cannot explain model {classifier.name!r}: {reason}")


def check_repeatable(classifier, made, images, seed=0, batch_size=None):
    """ValueError if a user's own method among these gives the same images other maps when it is called again.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        made: dict, name -> `base.Method`.
        images: float32 [n, H, W, C], a few.
        seed, batch_size: see `explain`.
    """
    for method in made.values():
        if isinstance(method, custom.Custom):
            custom.check_repeatable(method, functools.partial(
                make_task, classifier, images, seed=seed, batch_size=batch_size))


def explain(classifier, images: np.ndarray, method, targets: Sequence | np.ndarray | None = None, seed: int = 0,
            batch_size: int | None = None, image_ids: Sequence | None = None, **parameters) -> np.ndarray:
    """Saliency maps of a classifier's present weights.

    Args:
        classifier: from `load_classifier`.
        images: float32 [N, H, W, C], in the range that the model was trained on.
        method: a name in `METHODS`, or a function (classifier, images, targets, seed) -> maps.
        targets: int [N], classes whose logit is explained; None explains each image's predicted class.
        seed: int, of the noise of stochastic methods.
        batch_size: rows of a model pass. Memory grows with it; results do not depend on it.
        image_ids: N str or int, naming each image's noise stream. Default: a hash of the image's values, so that
            an image has the same noise wherever it stands.
        **parameters: the method's own, such as samples=50; see its class.

    Returns:
        float32 [N, H, W, C], the shape of the images.

    Raises:
        ValueError: unknown method or parameter, unsuitable model, images (complex or not finite ones, too) or targets.
        RuntimeError: another thread walks through weight states of the classifier.
    """
    return _explained(base.Method.maps, classifier, images, method, targets, seed, batch_size, image_ids, parameters)


def standard_errors(classifier, images: np.ndarray, method, targets: Sequence | np.ndarray | None = None, seed: int = 0,
                    batch_size: int | None = None, image_ids: Sequence | None = None, **parameters) -> np.ndarray | None:
    """Standard errors of the maps of `explain` as estimates of their limit of many samples: float32 [N, H, W, C].

    NaN where they are of one sample (or pair); None for a method that is no mean over noise. Arguments are those of `explain`.
    """
    return _explained(base.Method.standard_errors, classifier, images, method, targets, seed, batch_size, image_ids, parameters)


def _explained(what, classifier, images, method, targets, seed, batch_size, image_ids, parameters):
    """What a method of `base.Method`, `maps` or another, gives for these images."""
    check_classifier(classifier)
    made = make(method, **parameters)
    check_suitable(classifier, name_of(method), made)
    with ownership.reading(classifier):
        return getattr(made, what.__name__)(make_task(classifier, images, targets, image_ids, seed, batch_size))
