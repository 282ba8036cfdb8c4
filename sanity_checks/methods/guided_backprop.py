"""Guided Backprop and Guided GradCAM."""

import dataclasses

import numpy as np

from sanity_checks.methods import base
from sanity_checks.methods import gradcam
from sanity_checks.methods import pair


@dataclasses.dataclass(frozen=True)
class GuidedBackprop(base.Method):
    """Gradient with gradient * 1{gradient > 0} * 1{output > 0} at every ReLU (Springenberg et al. 2015). Signed."""

    def maps(self, task):
        return task.guided_gradient()

    def passes(self):
        return {"guided_gradient": 1}

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        keys = [pair.GUIDED_GRADIENTS]
        return np.asarray(call_model_function(x_value[None], call_model_args, keys)[pair.GUIDED_GRADIENTS])[0]


@dataclasses.dataclass(frozen=True)
class GuidedGradCam(base.Method):
    """Guided Backprop times GradCAM, entry by entry (Selvaraju et al. 2016). Signed; needs no pass of its own."""

    def maps(self, task):
        return GuidedBackprop().maps(task) * gradcam.GradCam().maps(task)

    def passes(self):
        return {**GuidedBackprop().passes(), **gradcam.GradCam().passes()}

    def unsuitable(self, classifier):
        return gradcam.GradCam().unsuitable(classifier)

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return (GuidedBackprop().GetMask(x_value, call_model_function, call_model_args)
                * gradcam.GradCam().GetMask(x_value, call_model_function, call_model_args))
