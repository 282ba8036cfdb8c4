"""Integrated Gradients, of the image itself and averaged over noisy copies of it."""

import dataclasses

import numpy as np
import saliency.core as saliency

from sanity_checks.methods import base


@dataclasses.dataclass(frozen=True)
class IntegratedGradients(base.Method):
    """Path integral of the gradient from a baseline to the image (Sundararajan et al. 2017). Signed.

    (image - baseline) * sum of the gradients at linspace(0, 1, steps), both ends included, / steps: PAIR's
    quadrature, which the paper used.

    Attributes:
        steps: points on the path.
        baseline: value of every entry of the baseline image.
    """
    steps: int = 50
    baseline: float = 0.

    def __post_init__(self):
        base.check_at_least(self, "steps", 1)

    def maps(self, task):
        return task.integrated_gradient(self.steps, 1, 0., self.baseline)

    def passes(self):
        return {("path", self.steps, self.baseline): self.steps}

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return _pair_mask(x_value, call_model_function, call_model_args, self.steps, self.baseline)


@dataclasses.dataclass(frozen=True)
class IntegratedGradientsSmoothGrad(base.Method):
    """Integrated Gradients averaged over noisy copies of the image, from the same baseline (IG-SG). Signed.

    Attributes:
        steps: points on each path.
        samples: noisy copies; 25 in the released notebooks, 50 in the released script.
        noise: standard deviation of the noise, as a fraction of that image's max - min.
        baseline: value of every entry of the baseline image.
    """
    steps: int = 50
    samples: int = 25
    noise: float = 0.15
    baseline: float = 0.

    def __post_init__(self):
        base.check_at_least(self, "steps", 1)
        base.check_at_least(self, "samples", 1)
        base.check_at_least(self, "noise", 0)

    def maps(self, task):
        return task.integrated_gradient(self.steps, self.samples, self.noise, self.baseline)

    def passes(self):
        return {("noisy path", self.steps, self.samples, self.noise, self.baseline): self.steps * self.samples}

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        copies = base.noisy_copies(x_value, self.samples, self.noise, noise_key)
        return np.mean([_pair_mask(copy, call_model_function, call_model_args, self.steps, self.baseline)
                        for copy in copies], axis=0)


def _pair_mask(image, call_model_function, call_model_args, steps, baseline):
    return saliency.IntegratedGradients().GetMask(
        image, call_model_function, call_model_args, x_baseline=np.full_like(image, baseline), x_steps=steps)
