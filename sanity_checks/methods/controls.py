"""Controls: maps that ignore the model."""

import dataclasses

import numpy as np
from skimage import filters

from sanity_checks.methods import base


@dataclasses.dataclass(frozen=True)
class EdgeDetector(base.Method):
    """Sobel magnitude of each channel of the image, scikit-image's. Never negative; invariant to the weights."""

    def maps(self, task):
        return np.stack([self._edges(image) for image in task.images])

    def passes(self):
        return {}

    def GetMask(self, x_value, call_model_function=None, call_model_args=None):
        return self._edges(x_value)

    def _edges(self, image):
        channels = [filters.sobel(image[..., channel]) for channel in range(image.shape[-1])]
        return np.stack(channels, axis=-1).astype(np.float32)
