"""PAIR's interface: a `call_model_function` over a classifier, and PAIR's own methods through it."""

import contextlib
import dataclasses

import numpy as np
import saliency.core as saliency
from saliency.core import guided_ig as pair_guided_ig

from sanity_checks.methods import base

TARGET = "target"                                    # key of call_model_args: the class to explain
GUIDED_GRADIENTS = "GUIDED_INPUT_OUTPUT_GRADIENTS"   # our addition to PAIR's keys, for Guided Backprop


def call_model_function(classifier):
    """Returns PAIR's `call_model_function(x_value_batch, call_model_args, expected_keys)` for a classifier.

    `call_model_args` is {"target": class}. Besides PAIR's keys, "GUIDED_INPUT_OUTPUT_GRADIENTS" is understood. The
    function's attribute `classifier` is the classifier.
    """
    passes = classifier.passes

    def call(x_value_batch, call_model_args=None, expected_keys=None):
        images = np.asarray(x_value_batch, np.float32)
        classes = np.full(len(images), call_model_args[TARGET], np.int32)
        found = {}
        for key in expected_keys:
            if key in found:
                continue
            if key == saliency.INPUT_OUTPUT_GRADIENTS:
                found[key] = passes.gradient(images, classes)[1].numpy()
            elif key == GUIDED_GRADIENTS:
                found[key] = passes.guided_gradient(images, classes)[1].numpy()
            elif key == saliency.OUTPUT_LAYER_VALUES:
                found[key] = passes.logits(images).numpy()[np.arange(len(images)), classes]
            elif key in (saliency.CONVOLUTION_LAYER_VALUES, saliency.CONVOLUTION_OUTPUT_GRADIENTS):
                features, gradients = passes.feature_gradient(images, classes)
                found[saliency.CONVOLUTION_LAYER_VALUES] = features.numpy()
                found[saliency.CONVOLUTION_OUTPUT_GRADIENTS] = gradients.numpy()
            else:
                raise ValueError(f"unknown key {key!r} asked of the model")
        return found

    call.classifier = classifier
    return call


class _PerImage(base.Method):
    """A method of PAIR's that goes image by image; its model passes are batched within the image where PAIR can."""

    def maps(self, task):
        call = call_model_function(task.classifier)
        maps = []
        for image, target in zip(task.images, task.targets):
            mask = self.GetMask(image, call, {TARGET: int(target)}, batch_size=task.batch_size)
            maps.append(np.asarray(mask, np.float32))
            task.progress(sum(self.passes().values()))
        return np.stack(maps)


@dataclasses.dataclass(frozen=True)
class Xrai(_PerImage):
    """XRAI (Kapishnikov et al. 2019): regions ranked by Integrated Gradients. The same value in every channel.

    Attributes:
        steps: points on the path of each of XRAI's two Integrated Gradients (black and white baseline).
        algorithm: "full" or "fast", PAIR's two.
    """
    steps: int = 100
    algorithm: str = "full"

    def __post_init__(self):
        base.check_at_least(self, "steps", 1)
        if self.algorithm not in ("full", "fast"):
            raise ValueError(f"xrai: algorithm must be 'full' or 'fast', got {self.algorithm!r}")

    def passes(self):
        return {("xrai", self.steps): 2 * self.steps}

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
    """Blur Integrated Gradients (Xu et al. 2020): the path goes from a blurred image to the image. Signed.

    Attributes:
        steps: blurs on the path.
        max_sigma: standard deviation of the strongest blur, in pixels.
    """
    steps: int = 100
    max_sigma: float = 50.

    def __post_init__(self):
        base.check_at_least(self, "steps", 1)

    def passes(self):
        return {("blur_ig", self.steps): self.steps}

    def GetMask(self, x_value, call_model_function, call_model_args=None, batch_size=1):
        return saliency.BlurIG().GetMask(x_value, call_model_function, call_model_args, steps=self.steps,
                                         max_sigma=self.max_sigma, batch_size=batch_size)


@dataclasses.dataclass(frozen=True)
class GuidedIg(_PerImage):
    """Guided Integrated Gradients (Kapishnikov et al. 2021): the path avoids steep directions. Signed.

    Attributes:
        steps: points on the path; each depends on the one before.
        fraction: of the features moved at each step.
        max_dist: how far the path may leave the straight line, as a fraction.
    """
    steps: int = 200
    fraction: float = 0.25
    max_dist: float = 0.02

    def __post_init__(self):
        base.check_at_least(self, "steps", 1)

    def passes(self):
        return {("guided_ig", self.steps): self.steps}

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
    original = pair_guided_ig.np
    pair_guided_ig.np = _NumpyWithOldQuantile()
    try:
        yield
    finally:
        pair_guided_ig.np = original


@dataclasses.dataclass(frozen=True)
class Occlusion(base.Method):
    """Occlusion (Zeiler & Fergus 2014): what the logit loses when a window is covered, summed over windows. Signed.

    PAIR's definition, with the windows batched: every position of the window, one pixel apart.

    Attributes:
        size: side of the window, in pixels; at most the image's.
        value: what the window is filled with.
    """
    size: int = 15
    value: float = 0.

    def __post_init__(self):
        base.check_at_least(self, "size", 1)

    def maps(self, task):
        return np.stack([self._map(task, image, target) for image, target in zip(task.images, task.targets)])

    def passes(self):
        return {}               # depends on the image size; counted as one piece of work an image

    def unsuitable(self, classifier):
        smallest = min(classifier.image_shape[:2])
        return f"its images are {smallest} pixels, the window {self.size}" if self.size > smallest else None

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return saliency.Occlusion().GetMask(x_value, call_model_function, call_model_args, self.size, self.value)

    def _map(self, task, image, target):
        passes = task.classifier.passes
        height, width = (extent - self.size + 1 for extent in image.shape[:2])
        logit = passes.logits(image[None]).numpy()[0, target]
        losses = np.empty(height * width, np.float32)
        for first in range(0, len(losses), task.batch_size):
            positions = np.arange(first, min(first + task.batch_size, len(losses)))
            covered = np.repeat(image[None], len(positions), axis=0)
            for copy, (row, column) in zip(covered, zip(*divmod(positions, width))):
                copy[row:row + self.size, column:column + self.size] = self.value
            losses[positions] = logit - passes.logits(covered).numpy()[:, target]
        return self._spread(losses.reshape(height, width), image.shape)

    def _spread(self, losses, shape):
        """Adds each window's loss to all pixels under it: [H - size + 1, W - size + 1] -> [H, W, C]."""
        scores = np.zeros(shape, np.float32)
        for (row, column), loss in np.ndenumerate(losses):
            scores[row:row + self.size, column:column + self.size] += loss
        return scores
