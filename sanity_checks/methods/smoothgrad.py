"""SmoothGrad and VarGrad: mean and variance of the gradient over noisy copies of the image."""

import dataclasses

import numpy as np
import saliency.core as saliency

from sanity_checks.methods import base


@dataclasses.dataclass(frozen=True)
class SmoothGrad(base.Method):
    """Mean of the gradient over noisy copies (Smilkov et al. 2017). Signed.

    The plain mean: PAIR's `magnitude=False`; its default squares. The noise of an image is the same for every
    weight state, so a change of the map is a change of the model.

    Attributes:
        samples: noisy copies of each image.
        noise: standard deviation of the noise, as a fraction of that image's max - min.
    """
    samples: int = 50
    noise: float = 0.15

    def __post_init__(self):
        base.check_at_least(self, "samples", 1)
        base.check_at_least(self, "noise", 0)

    def maps(self, task):
        return task.noisy_gradient(self.samples, self.noise)[0]

    def passes(self):
        return {("noisy", self.samples, self.noise): self.samples}

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        return np.mean(self._gradients(x_value, call_model_function, call_model_args, noise_key), axis=0)

    def _gradients(self, x_value, call_model_function, call_model_args, noise_key):
        gradient = saliency.GradientSaliency()
        noisy = base.noisy_copies(x_value, self.samples, self.noise, noise_key)
        return [gradient.GetMask(copy, call_model_function, call_model_args) for copy in noisy]


@dataclasses.dataclass(frozen=True)
class VarGrad(SmoothGrad):
    """Variance of the gradient over noisy copies (Adebayo et al. 2018, Local explanation methods). Never negative.

    The mean squared deviation from the mean; shares SmoothGrad's passes where samples and noise are the same.
    """

    def maps(self, task):
        return task.noisy_gradient(self.samples, self.noise)[1]

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        return np.var(self._gradients(x_value, call_model_function, call_model_args, noise_key), axis=0)
