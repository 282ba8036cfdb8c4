"""Gradient and Gradient x Input."""

import dataclasses

import saliency.core as saliency

from sanity_checks.methods import base


@dataclasses.dataclass(frozen=True)
class Gradient(base.Method):
    """Gradient of the explained logit by the image (Simonyan et al. 2014). Signed."""

    def maps(self, task):
        return task.gradient()

    def passes(self):
        return {"gradient": 1}

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return saliency.GradientSaliency().GetMask(x_value, call_model_function, call_model_args)


@dataclasses.dataclass(frozen=True)
class InputXGradient(Gradient):
    """Gradient times the image, entry by entry (Shrikumar et al. 2016). Signed; shares the gradient's pass."""

    def maps(self, task):
        return task.images * task.gradient()

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return x_value * super().GetMask(x_value, call_model_function, call_model_args)
