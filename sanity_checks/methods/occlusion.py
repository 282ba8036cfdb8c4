"""Occlusion. What bounds it: a forward pass of the model for each position of the window, in full batches."""

import dataclasses

import numpy as np
import saliency.core as saliency

from sanity_checks.methods import base
from sanity_checks.methods import fields


@dataclasses.dataclass(frozen=True)
class Losses(base.Work):
    """What the explained logit loses at each position of the window: float32 [N, H - size + 1, W - size + 1].

    Attributes:
        size: int, side of the window, in pixels.
        value: float, what it is filled with.
    """
    size: int
    value: float

    def passes(self, image_shape):
        return 1 + int(np.prod(_positions(self.size, image_shape)))      # with that of the image as it is

    def run(self, task):
        return np.stack([self._losses(task, image, target) for image, target in zip(task.images, task.targets)])

    def _losses(self, task, image, target):
        height, width = _positions(self.size, image.shape)
        logit = task.classifier.logits(image[None]).numpy()[0, target]
        task.progress(1)
        losses = np.empty(height * width, np.float32)
        for first in range(0, len(losses), task.batch_size):
            positions = np.arange(first, min(first + task.batch_size, len(losses)))
            covered = np.repeat(image[None], len(positions), axis=0)
            for copy, (row, column) in zip(covered, zip(*divmod(positions, width))):
                copy[row:row + self.size, column:column + self.size] = self.value
            losses[positions] = logit - task.classifier.logits(covered).numpy()[:, target]
            task.progress(len(positions))
        return losses.reshape(height, width)


@dataclasses.dataclass(frozen=True)
class Occlusion(base.Method):
    """Occlusion (Zeiler & Fergus 2014): what the logit loses when a window is covered, summed over windows. Signed.

    PAIR's definition, with the windows batched: every position of the window, one pixel apart.
    """
    size: int = fields.parameter(15, "side of the window, in pixels; at most the image's")
    value: float = fields.parameter(0., "what the window is filled with")

    def __post_init__(self):
        super().__post_init__()
        fields.check_at_least(self, "size", 1)

    def work(self):
        return (Losses(self.size, self.value),)

    def maps(self, task):
        losses = task.result(*self.work())
        return np.stack([_spread(of_image, self.size, task.images.shape[1:]) for of_image in losses])

    def unsuitable(self, classifier):
        smallest = min(classifier.image_shape[:2])
        return f"its images are {smallest} pixels, the window {self.size}" if self.size > smallest else None

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        return saliency.Occlusion().GetMask(x_value, call_model_function, call_model_args, self.size, self.value)


def _positions(size, image_shape):
    """Rows and columns of positions of a window in an image."""
    return tuple(extent - size + 1 for extent in image_shape[:2])


def _spread(losses, size, shape):
    """Adds each window's loss to all pixels under it: [H - size + 1, W - size + 1] -> [H, W, C]."""
    scores = np.zeros(shape, np.float32)
    for (row, column), loss in np.ndenumerate(losses):
        scores[row:row + size, column:column + size] += loss
    return scores
