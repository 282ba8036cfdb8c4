"""Integrated Gradients, of the image itself and averaged over noisy copies of it."""

import dataclasses

import numpy as np
import saliency.core as saliency

from sanity_checks.methods import base
from sanity_checks.methods import fields
from sanity_checks.methods import noise as noise_module
from sanity_checks.methods import noisy_path

_BASELINE = "value of every entry of the baseline image; from Python also that image, an array [H, W, C]"


@dataclasses.dataclass(frozen=True)
class IntegratedGradients(base.Method):
    """Path integral of the gradient from a baseline to the image (Sundararajan et al. 2017). Signed.

    (image - baseline) * sum of the gradients at linspace(0, 1, steps), both ends included, / steps: PAIR's
    quadrature, which the paper used.
    """
    steps: int = fields.parameter(50, "points on the path")
    baseline: float | fields.Array = fields.parameter(0., _BASELINE)

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "steps", 1)
        fields.hold_array(self, "baseline")

    def work(self):
        return (noisy_path.PathGradients(self.steps, 1, 0., self.baseline),)

    def maps(self, task):
        return task.result(*self.work())

    def unsuitable(self, classifier):
        return _unsuitable_baseline(self.baseline, classifier)

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return _pair_mask(x_value, call_model_function, call_model_args, self.steps, self.baseline)


@dataclasses.dataclass(frozen=True)
class IntegratedGradientsSmoothGrad(base.Method):
    """Integrated Gradients averaged over noisy copies of the image, from the same baseline (IG-SG). Signed.

    The released notebooks take 25 copies, the released script 50.
    """
    steps: int = fields.parameter(50, "points on each path")
    samples: int = fields.parameter(25, "noisy copies of each image")
    noise: float = fields.parameter(0.15, "standard deviation of the noise, as a fraction of that image's max - min")
    baseline: float | fields.Array = fields.parameter(0., _BASELINE)

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "steps", 1)
        fields.check_at_least(self, "samples", 1)
        fields.check_at_least(self, "noise", 0)
        fields.hold_array(self, "baseline")

    def work(self):
        return (noisy_path.PathGradients(self.steps, self.samples, self.noise, self.baseline),)

    def maps(self, task):
        return task.result(*self.work())

    def unsuitable(self, classifier):
        return _unsuitable_baseline(self.baseline, classifier)

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        copies = noise_module.noisy_copies(x_value, self.samples, self.noise, noise_key)
        return np.mean([_pair_mask(copy, call_model_function, call_model_args, self.steps, self.baseline)
                        for copy in copies], axis=0)


def _unsuitable_baseline(baseline, classifier):
    if np.ndim(baseline) and baseline.shape != classifier.image_shape:
        return f"its images have shape {classifier.image_shape}, the baseline {baseline.shape}"
    return None


def _pair_mask(image, call_model_function, call_model_args, steps, baseline):
    return saliency.IntegratedGradients().GetMask(
        image, call_model_function, call_model_args, x_baseline=np.full_like(image, baseline), x_steps=steps)
