"""A user's own saliency method: any function from a classifier and images to maps."""

from collections.abc import Callable
import dataclasses

import numpy as np

from sanity_checks.methods import base


@dataclasses.dataclass(frozen=True, eq=False)
class Call(base.Work):
    """One call of a user's function with all images of a task, counted as one model pass an image."""
    function: Callable

    def passes(self, image_shape):
        return 1

    def run(self, task):
        found = np.asarray(self.function(task.classifier, task.images, task.targets, task.seed), np.float32)
        if found.shape == task.images.shape[:3]:
            found = np.repeat(found[..., None], task.images.shape[3], axis=3)
        if found.shape != task.images.shape:
            name = getattr(self.function, "__name__", "the method")
            raise ValueError(f"{name} gave maps of shape {list(found.shape)}, expected {list(task.images.shape)} or "
                             f"{list(task.images.shape[:3])}, one map an image")
        task.progress(len(task.images))
        return found


@dataclasses.dataclass(frozen=True)
class Custom(base.Method):
    """Calls a function on whole batches of images.

    Attributes:
        function: (classifier, images float32 [N, H, W, C], targets int32 [N], seed int) -> maps [N, H, W] or
            [N, H, W, C]. It explains the logit `targets` of `classifier.model` on its present weights. A stochastic
            method draws its noise from the seed, so that the same weights give the same maps.
    """
    function: Callable = dataclasses.field(repr=False)

    def work(self):
        return (Call(self.function),)

    def maps(self, task):
        return task.result(*self.work())

    def GetMask(self, x_value, call_model_function, call_model_args=None):
        raise ValueError("a user's own method explains a classifier, not a call_model_function")
