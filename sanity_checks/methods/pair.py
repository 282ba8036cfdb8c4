"""PAIR's interface: a `call_model_function` over a classifier, and PAIR's own methods through it."""

import contextlib
import dataclasses
import threading

import numpy as np
import saliency.core as saliency
from saliency.core import guided_ig as pair_guided_ig

from sanity_checks.methods import base
from sanity_checks.methods import fields
from sanity_checks.methods import gradcam
from sanity_checks.methods import gradient
from sanity_checks.methods import guided_backprop
from sanity_checks.methods import propagation

_QUANTILE = threading.Lock()        # of the module of PAIR's that is lent another NumPy
TARGET = "target"                                    # key of call_model_args: the class to explain


def call_model_function(classifier):
    """Returns PAIR's `call_model_function(x_value_batch, call_model_args, expected_keys)` for a classifier.

    `call_model_args` is {"target": class}. Besides PAIR's keys, "GUIDED_INPUT_OUTPUT_GRADIENTS" and
    "DECONVNET_INPUT_OUTPUT_GRADIENTS" are understood, and "INPUT_RELEVANCES" with {"method": a method of relevance}.
    The function's attribute `classifier` is the classifier.
    """
    def call(x_value_batch, call_model_args=None, expected_keys=None):
        images = np.asarray(x_value_batch, np.float32)
        classes = np.full(len(images), call_model_args[TARGET], np.int32)
        found = {}
        for key in expected_keys:
            if key in found:
                continue
            if key == saliency.INPUT_OUTPUT_GRADIENTS:
                found[key] = gradient.gradient(classifier)(images, classes)[1].numpy()
            elif key == guided_backprop.GUIDED_GRADIENTS:
                found[key] = guided_backprop.guided_gradient(classifier)(images, classes)[1].numpy()
            elif key == guided_backprop.DECONVNET_GRADIENTS:
                found[key] = guided_backprop.deconvnet_gradient(classifier)(images, classes)[1].numpy()
            elif key == propagation.RELEVANCES:
                found[key] = propagation.relevance(classifier, call_model_args[propagation.METHOD])(images, classes)[0].numpy()
            elif key == saliency.OUTPUT_LAYER_VALUES:
                found[key] = classifier.logits(images).numpy()[np.arange(len(images)), classes]
            elif key in (saliency.CONVOLUTION_LAYER_VALUES, saliency.CONVOLUTION_OUTPUT_GRADIENTS):
                features, gradients = gradcam.feature_gradient(classifier)(images, classes)
                found[saliency.CONVOLUTION_LAYER_VALUES] = features.numpy()
                found[saliency.CONVOLUTION_OUTPUT_GRADIENTS] = gradients.numpy()
            else:
                raise ValueError(f"unknown key {key!r} asked of the model")
        return found

    call.classifier = classifier
    return call


@dataclasses.dataclass(frozen=True)
class Masks(base.Work):
    """The masks of a method of PAIR's that goes image by image: float32 [N, H, W, C]."""
    method: base.Method

    def passes(self, image_shape):
        return self.method.passes_per_image()

    def run(self, task):
        call, masks = call_model_function(task.classifier), []
        for image, target in zip(task.images, task.targets):
            mask = self.method.GetMask(image, call, {TARGET: int(target)}, batch_size=task.batch_size)
            masks.append(np.asarray(mask, np.float32))
            task.progress(self.passes(image.shape))
        return np.stack(masks)


class _PerImage(base.Method):
    """A method of PAIR's that goes image by image; its model passes are batched within the image where PAIR can."""

    def work(self):
        return (Masks(self),)

    def maps(self, task):
        return task.result(*self.work())

    def passes_per_image(self):
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Xrai(_PerImage):
    """XRAI (Kapishnikov et al. 2019): regions ranked by Integrated Gradients. The same value in every channel."""
    steps: int = fields.parameter(100, "points on the path of each of XRAI's two Integrated Gradients, from the "
                                       "image's lowest value and from its highest")
    algorithm: str = fields.parameter("full", "PAIR's algorithm", choices=("full", "fast"))

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "steps", 1)
        fields.check_choices(self)

    def passes_per_image(self):
        return 2 * self.steps

    def GetMask(self, x_value, call_model_function, call_model_args=None, batch_size=1):
        parameters = saliency.XRAIParameters(steps=self.steps, algorithm=self.algorithm)
        # PAIR segments colour images; a grey one is shown to it three times over, its gradients averaged back.
        colour = np.repeat(x_value, 3, axis=2) if x_value.shape[2] == 1 else x_value
        call = _as_grey(call_model_function) if x_value.shape[2] == 1 else call_model_function
        mask = saliency.XRAI().GetMask(colour, call, call_model_args, extra_parameters=parameters,
                                       batch_size=batch_size)
        return np.repeat(np.asarray(mask)[..., None], x_value.shape[2], axis=2)


def _as_grey(call_model_function):
    def call(x_value_batch, call_model_args=None, expected_keys=None):
        found = call_model_function(np.asarray(x_value_batch)[..., :1], call_model_args, expected_keys)
        return {key: np.repeat(np.asarray(value), 3, axis=3) for key, value in found.items()}
    return call


@dataclasses.dataclass(frozen=True)
class BlurIg(_PerImage):
    """Blur Integrated Gradients (Xu et al. 2020): the path goes from a blurred image to the image. Signed."""
    steps: int = fields.parameter(100, "blurs on the path")
    max_sigma: float = fields.parameter(50., "standard deviation of the strongest blur, in pixels")

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "steps", 1)
        fields.check_at_least(self, "max_sigma", 0)

    def passes_per_image(self):
        return self.steps

    def GetMask(self, x_value, call_model_function, call_model_args=None, batch_size=1):
        return saliency.BlurIG().GetMask(x_value, call_model_function, call_model_args, steps=self.steps,
                                         max_sigma=self.max_sigma, batch_size=batch_size)


@dataclasses.dataclass(frozen=True)
class GuidedIg(_PerImage):
    """Guided Integrated Gradients (Kapishnikov et al. 2021): the path avoids steep directions. Signed."""
    steps: int = fields.parameter(200, "points on the path; each depends on the one before")
    fraction: float = fields.parameter(0.25, "share of the features moved at each step")
    max_dist: float = fields.parameter(0.02, "how far the path may leave the straight line, as a fraction")

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "steps", 1)
        fields.check_fraction(self, "fraction")
        fields.check_fraction(self, "max_dist")

    def passes_per_image(self):
        return self.steps

    def GetMask(self, x_value, call_model_function, call_model_args=None, batch_size=1):
        with _numpy_2_quantile():
            return saliency.GuidedIG().GetMask(x_value, call_model_function, call_model_args, x_steps=self.steps,
                                               fraction=self.fraction, max_dist=self.max_dist)


class _NumpyWithOldQuantile:
    """NumPy, with the `interpolation` argument of quantile that NumPy 2.4 took away and PAIR 0.2.1 still passes."""

    def __getattr__(self, name):
        return getattr(np, name)

    def quantile(self, values, q, interpolation):
        return np.quantile(values, q, method=interpolation)


@contextlib.contextmanager
def _numpy_2_quantile():
    with _QUANTILE:
        original = pair_guided_ig.np
        pair_guided_ig.np = _NumpyWithOldQuantile()
        try:
            yield
        finally:
            pair_guided_ig.np = original
