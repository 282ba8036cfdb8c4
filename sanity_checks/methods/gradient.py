"""Gradient and Gradient x Input."""

import dataclasses

import saliency.core as saliency

from sanity_checks import lazy
from sanity_checks.methods import backward
from sanity_checks.methods import base

tf = lazy.module("tensorflow")


def gradient(classifier):
    """Traced pass (images, classes) -> logit of each row's class [B], its gradient by the image [B, H, W, C]."""
    return classifier.trace("gradient", _gradient)


def _gradient(classifier):
    @tf.function(input_signature=backward.signature(classifier))
    def gradient_pass(images, classes):
        explained = backward.explained_logits(classifier, images, classes)
        return explained, backward.gradients(explained, images)
    return gradient_pass


@dataclasses.dataclass(frozen=True)
class Gradients(base.Work):
    """Gradient of the explained logit by the image: float32 [N, H, W, C]."""

    def passes(self, image_shape):
        return 1

    def run(self, task):
        return task.batched(gradient(task.classifier))[1]


@dataclasses.dataclass(frozen=True)
class Gradient(base.Method):
    """Gradient of the explained logit by the image (Simonyan et al. 2014). Signed."""

    def work(self):
        return (Gradients(),)

    def maps(self, task):
        return task.result(Gradients())

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return saliency.GradientSaliency().GetMask(x_value, call_model_function, call_model_args)


@dataclasses.dataclass(frozen=True)
class InputXGradient(Gradient):
    """Gradient times the image, entry by entry (Shrikumar et al. 2016). Signed; shares the gradient's pass."""

    def maps(self, task):
        return task.images * super().maps(task)

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return x_value * super().GetMask(x_value, call_model_function, call_model_args)
