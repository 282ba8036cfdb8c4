"""Controls: maps that ignore the model, and one that is nothing but the model's weights."""

import dataclasses

import numpy as np
from skimage import filters

from sanity_checks import randomness
from sanity_checks.methods import base
from sanity_checks.weights import initialization


@dataclasses.dataclass(frozen=True)
class EdgeDetector(base.Method):
    """Sobel magnitude of each channel of the image, scikit-image's. Never negative; invariant to the weights."""

    def maps(self, task):
        return np.stack([self._edges(image) for image in task.images])

    def GetMask(self, x_value, call_model_function=None, call_model_args=None):
        return self._edges(x_value)

    def _edges(self, image):
        channels = [filters.sobel(image[..., channel]) for channel in range(image.shape[-1])]
        return np.stack(channels, axis=-1).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class InputXEdges(EdgeDetector):
    """The image times its edges (Adebayo et al. 2018, figure 37): what a product with the input looks like anyway."""

    def _edges(self, image):
        return image * super()._edges(image)


@dataclasses.dataclass(frozen=True)
class RandomMap(base.Method):
    """Gaussian noise whose seed is the model's weights and the class: the same give the same map, others an independent one.

    The most sensitive map there can be; what its similarity reaches, chance reaches.
    """

    def maps(self, task):
        digest = initialization.weights_sha256(task.classifier)
        return np.stack([_noise(digest, target, key, task.images.shape[1:])
                         for target, key in zip(task.targets, task.noise_keys)])

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        digest = initialization.weights_sha256(call_model_function.classifier)
        return _noise(digest, call_model_args["target"], noise_key, x_value.shape)


def _noise(digest, target, key, shape):
    return randomness.generator("random map", digest, int(target), int(key)).standard_normal(shape, np.float32)
