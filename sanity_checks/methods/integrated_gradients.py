"""Integrated Gradients, of the image itself and averaged over noisy copies of it."""

import dataclasses

import numpy as np
import saliency.core as saliency

from sanity_checks.methods import base
from sanity_checks.methods import fields
from sanity_checks.methods import joint_path
from sanity_checks.methods import noise as noise_module
from sanity_checks.methods import noisy_path
from sanity_checks.methods import quadratures

GRID, JOINT = "grid", "joint"
_BASELINE = "value of every entry of the baseline image; from Python also that image, an array [H, W, C]"


@dataclasses.dataclass(frozen=True)
class IntegratedGradients(base.Method):
    """Path integral of the gradient from a baseline to the image (Sundararajan et al. 2017). Signed.

    (image - baseline) * sum of the gradients at linspace(0, 1, steps), both ends included, / steps: PAIR's
    quadrature, which the paper used; others are a parameter.
    """
    steps: int = fields.parameter(50, "points on the path")
    baseline: float | fields.Array = fields.parameter(0., _BASELINE)
    quadrature: str = fields.parameter(quadratures.PAIR, "points and weights on the path; pair is the paper's", tuple(quadratures.QUADRATURES))

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "steps", 1)
        fields.check_choices(self)
        fields.hold_array(self, "baseline")

    def work(self):
        return (noisy_path.PathGradients(self.steps, 1, 0., self.baseline, self.quadrature),)

    def maps(self, task):
        return task.result(*self.work())

    def unsuitable(self, classifier):
        return _unsuitable_baseline(self.baseline, classifier)

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        if self.quadrature == quadratures.PAIR:
            return _pair_mask(x_value, call_model_function, call_model_args, self.steps, self.baseline)
        points, weights, total = quadratures.points(self.quadrature, self.steps)
        difference, gradient = x_value - self.baseline, saliency.GradientSaliency()
        return difference / total * sum(
            weight * gradient.GetMask((self.baseline + point * difference).astype(np.float32), call_model_function, call_model_args)
            for point, weight in zip(points, weights))


@dataclasses.dataclass(frozen=True)
class IntegratedGradientsSmoothGrad(base.Method):
    """Integrated Gradients averaged over noisy copies of the image, from the same baseline (IG-SG). Signed.

    The released notebooks take 25 copies, the released script 50. The estimator "grid" has all points of every copy's path;
    "joint" has one integral over both, of `samples` passes in all (see `joint_path`), and no use for `steps`.
    """
    steps: int = fields.parameter(50, "points on each path")
    samples: int = fields.parameter(25, "noisy copies of each image")
    noise: float = fields.parameter(0.15, "standard deviation of the noise, as a fraction of that image's max - min")
    baseline: float | fields.Array = fields.parameter(0., _BASELINE)
    estimator: str = fields.parameter(GRID, "all points of every copy's path (the paper's), or one point a copy", (GRID, JOINT))

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "steps", 1)
        fields.check_at_least(self, "samples", 1)
        fields.check_at_least(self, "noise", 0)
        fields.check_choices(self)
        if self.estimator == JOINT:
            fields.check_even(self, "samples")
        fields.hold_array(self, "baseline")

    def work(self):
        if self.estimator == JOINT:
            return (joint_path.JointGradients(self.samples, self.noise, self.baseline),)
        return (noisy_path.PathGradients(self.steps, self.samples, self.noise, self.baseline),)

    def maps(self, task):
        found = task.result(*self.work())
        return found[0] if self.estimator == JOINT else found

    def standard_errors(self, task):
        return task.result(*self.work())[1] if self.estimator == JOINT else None

    def unsuitable(self, classifier):
        return _unsuitable_baseline(self.baseline, classifier)

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        if self.estimator == JOINT:
            return self._joint_mask(x_value, call_model_function, call_model_args, noise_key)
        copies = noise_module.noisy_copies(x_value, self.samples, self.noise, noise_key)
        return np.mean([_pair_mask(copy, call_model_function, call_model_args, self.steps, self.baseline)
                        for copy in copies], axis=0)

    def _joint_mask(self, x_value, call_model_function, call_model_args, noise_key):
        gradient = saliency.GradientSaliency()
        copies = noise_module.noisy_copies(x_value, self.samples, self.noise, noise_key, noise_module.antithetic)
        points = joint_path.stratified(noise_key, self.samples)
        return np.mean([(copy - self.baseline) * gradient.GetMask(
            (self.baseline + point * (copy - self.baseline)).astype(np.float32), call_model_function, call_model_args)
            for point, copy in zip(points, copies)], axis=0)


def _unsuitable_baseline(baseline, classifier):
    if np.ndim(baseline) and baseline.shape != classifier.image_shape:
        return f"its images have shape {classifier.image_shape}, the baseline {baseline.shape}"
    return None


def _pair_mask(image, call_model_function, call_model_args, steps, baseline):
    return saliency.IntegratedGradients().GetMask(
        image, call_model_function, call_model_args, x_baseline=np.full_like(image, baseline), x_steps=steps)
