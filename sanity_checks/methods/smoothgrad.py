"""SmoothGrad and VarGrad: mean and variance of the gradient over noisy copies of the image."""

import dataclasses

import numpy as np
import saliency.core as saliency

from sanity_checks.methods import base
from sanity_checks.methods import fields
from sanity_checks.methods import noise as noise_module
from sanity_checks.methods import noisy_path

INDEPENDENT, ANTITHETIC = "independent", "antithetic"

@dataclasses.dataclass(frozen=True)
class SmoothGrad(base.Method):
    """Mean of the gradient over noisy copies (Smilkov et al. 2017). Signed.

    The plain mean: PAIR's `magnitude=False`; its default squares. The noise of an image is the same for every
    weight state, so a change of the map is a change of the model.
    """
    samples: int = fields.parameter(50, "noisy copies of each image")
    noise: float = fields.parameter(0.15, "standard deviation of the noise, as a fraction of that image's max - min")
    estimator: str = fields.parameter(INDEPENDENT, "noise drawn for each copy (the paper's), or in pairs z, -z", (INDEPENDENT, ANTITHETIC))

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "samples", 1)
        fields.check_at_least(self, "noise", 0)
        fields.check_choices(self)
        if self.estimator == ANTITHETIC:
            fields.check_even(self, "samples")

    def work(self):
        return (noisy_path.NoisyGradients(self.samples, self.noise, self.estimator == ANTITHETIC),)

    def maps(self, task):
        return task.result(*self.work())[0]

    def standard_errors(self, task):
        return task.result(*self.work())[2]

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        return np.mean(self._gradients(x_value, call_model_function, call_model_args, noise_key), axis=0)

    def _gradients(self, x_value, call_model_function, call_model_args, noise_key):
        gradient = saliency.GradientSaliency()
        draw = noise_module.antithetic if self.estimator == ANTITHETIC else noise_module.normal
        noisy = noise_module.noisy_copies(x_value, self.samples, self.noise, noise_key, draw)
        return [gradient.GetMask(copy, call_model_function, call_model_args) for copy in noisy]


@dataclasses.dataclass(frozen=True)
class VarGrad(SmoothGrad):
    """Variance of the gradient over noisy copies (Adebayo et al. 2018, Local explanation methods). Never negative.

    The mean squared deviation from the mean; shares SmoothGrad's passes where samples and noise are the same.
    """

    def maps(self, task):
        return task.result(*self.work())[1]

    def standard_errors(self, task):
        return None

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        return np.var(self._gradients(x_value, call_model_function, call_model_args, noise_key), axis=0)
