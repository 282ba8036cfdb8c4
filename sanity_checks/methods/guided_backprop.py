"""Guided Backprop, Guided GradCAM and Deconvnet: gradients with other ReLUs."""

import dataclasses

import numpy as np

from sanity_checks import lazy
from sanity_checks.methods import backward
from sanity_checks.methods import base
from sanity_checks.methods import gradcam

tf = lazy.module("tensorflow")
guided_relu = lazy.module("sanity_checks.graphs.guided_relu")

# Our additions to the keys of PAIR's call_model_function.
GUIDED_GRADIENTS, DECONVNET_GRADIENTS = "GUIDED_INPUT_OUTPUT_GRADIENTS", "DECONVNET_INPUT_OUTPUT_GRADIENTS"


def guided_gradient(classifier):
    """Traced pass like `gradient.gradient`, with gradient * 1{gradient > 0} * 1{output > 0} at every ReLU."""
    return classifier.trace("guided gradient", _guided_gradient)


def deconvnet_gradient(classifier):
    """Traced pass like `gradient.gradient`, with gradient * 1{gradient > 0} at every ReLU."""
    return classifier.trace("deconvnet gradient", _deconvnet_gradient)


def _guided_gradient(classifier):
    return _overridden_gradient(classifier, guided_relu.GUIDED)


def _deconvnet_gradient(classifier):
    return _overridden_gradient(classifier, guided_relu.DECONVNET)


def _overridden_gradient(classifier, rule):
    @tf.function(input_signature=backward.signature(classifier))
    def overridden_gradient_pass(images, classes):
        with guided_relu.overridden(rule):
            explained = backward.explained_logits(classifier, images, classes)
            return explained, backward.gradients(explained, images)
    return overridden_gradient_pass


@dataclasses.dataclass(frozen=True)
class GuidedGradients(base.Work):
    """The guided gradient of the explained logit by the image: float32 [N, H, W, C]."""

    def passes(self, image_shape):
        return 1

    def run(self, task):
        return task.batched(guided_gradient(task.classifier))[1]


@dataclasses.dataclass(frozen=True)
class GuidedBackprop(base.Method):
    """Gradient with gradient * 1{gradient > 0} * 1{output > 0} at every ReLU (Springenberg et al. 2015). Signed."""

    def work(self):
        return (GuidedGradients(),)

    def maps(self, task):
        return task.result(GuidedGradients())

    def unsuitable(self, classifier):
        return classifier.inspected.no_guided

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return np.asarray(call_model_function(x_value[None], call_model_args, [GUIDED_GRADIENTS])[GUIDED_GRADIENTS])[0]


@dataclasses.dataclass(frozen=True)
class GuidedGradCam(base.Method):
    """Guided Backprop times GradCAM, entry by entry (Selvaraju et al. 2016). Signed; needs no pass of its own."""

    def work(self):
        return GuidedBackprop().work() + gradcam.GradCam().work()

    def maps(self, task):
        return GuidedBackprop().maps(task) * gradcam.GradCam().maps(task)

    def unsuitable(self, classifier):
        return GuidedBackprop().unsuitable(classifier) or gradcam.GradCam().unsuitable(classifier)

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return (GuidedBackprop().GetMask(x_value, call_model_function, call_model_args)
                * gradcam.GradCam().GetMask(x_value, call_model_function, call_model_args))


@dataclasses.dataclass(frozen=True)
class DeconvnetGradients(base.Work):
    """The gradient of the explained logit by the image, rectified at every ReLU: float32 [N, H, W, C]."""

    def passes(self, image_shape):
        return 1

    def run(self, task):
        return task.batched(deconvnet_gradient(task.classifier))[1]


@dataclasses.dataclass(frozen=True)
class Deconvnet(base.Method):
    """Gradient with gradient * 1{gradient > 0} at every ReLU, whatever its input was (Zeiler and Fergus 2014). Signed.

    Bounds of ReLUs (ReLU6) and max-pooling have the plain gradient.
    """

    def work(self):
        return (DeconvnetGradients(),)

    def maps(self, task):
        return task.result(DeconvnetGradients())

    def unsuitable(self, classifier):
        reason = classifier.inspected.no_guided
        return reason and reason.replace("Guided Backprop", "Deconvnet")

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return np.asarray(call_model_function(x_value[None], call_model_args, [DECONVNET_GRADIENTS])[DECONVNET_GRADIENTS])[0]
