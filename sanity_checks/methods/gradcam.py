"""GradCAM (Selvaraju et al. 2016)."""

import dataclasses
import functools

import numpy as np
import saliency.core as saliency
from skimage import transform

from sanity_checks import lazy
from sanity_checks.methods import backward
from sanity_checks.methods import base

tf = lazy.module("tensorflow")
forward_module = lazy.module("sanity_checks.graphs.forward")
features_module = lazy.module("sanity_checks.graphs.features")


def feature_gradient(classifier):
    """Traced pass (images, classes) -> feature map [B, h, w, K], the logit's gradient by it [B, h, w, K]."""
    return classifier.trace("feature gradient", _feature_gradient)


def _feature_gradient(classifier):
    @tf.function(input_signature=backward.signature(classifier))
    def feature_gradient_pass(images, classes):
        forward = forward_module.within(classifier.keras, classifier.model, images)
        features, tensor = features_module.find(forward, classifier.inspected.gradcam_layer)
        gradients = backward.gradients(backward.chosen(forward.logits, classes), tensor)
        return tuple(tf.cast(features_module.as_channels_last(features, value), tf.float32) for value in (tensor, gradients))
    return feature_gradient_pass


@dataclasses.dataclass(frozen=True)
class SmallMaps(base.Work):
    """GradCAM at the feature map's own size: float32 [N, h, w] in [0, 1]."""

    def passes(self, image_shape):
        return 1

    def run(self, task):
        traced = feature_gradient(task.classifier)
        return task.batched(lambda images, targets: (
            _weighted_sum(*(array.numpy() for array in traced(images, targets))),))[0]


@dataclasses.dataclass(frozen=True)
class GradCam(base.Method):
    """GradCAM on the last convolutional feature map. Values in [0, 1], the same in every channel.

    Channel weights are the mean of the logit's gradient over the feature map; their weighted sum goes through a
    ReLU, is divided by its maximum and resized bilinearly to the image, as PAIR's `GradCam` does it. A map whose
    weighted sum is nowhere positive is all zero.
    """

    def work(self):
        return (SmallMaps(),)

    def maps(self, task):
        small = task.result(SmallMaps())
        height, width = task.images.shape[1:3]
        rows, columns = _resizing(small.shape[1], height), _resizing(small.shape[2], width)
        # [N, h, w] -> [N, H, W]
        large = np.einsum("Hh,nhw,Ww->nHW", rows, small, columns, optimize=True).astype(np.float32)
        return np.repeat(large[..., None], task.images.shape[3], axis=3)

    def unsuitable(self, classifier):
        return classifier.inspected.no_features

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        mask = saliency.GradCam().GetMask(x_value, call_model_function, call_model_args, three_dims=False)
        return np.repeat(mask[..., None], x_value.shape[2], axis=2)


def _weighted_sum(features, gradients):
    """GradCAM at the feature map's own size, divided by its maximum: float32 [b, h, w] in [0, 1]."""
    weights = gradients.mean(axis=(1, 2))
    cam = np.maximum(np.einsum("bhwk,bk->bhw", features, weights), 0)
    largest = cam.max(axis=(1, 2), keepdims=True)
    return np.divide(cam, largest, out=cam, where=largest > 0)


@functools.cache
def _resizing(small, large):
    """Matrix [large, small] of scikit-image's bilinear resize along one axis, which is linear and separable."""
    return transform.resize(np.eye(small), (large, small))
