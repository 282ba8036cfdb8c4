"""What every saliency method is: a PAIR `CoreSaliency` with a batched path, and the work that methods share."""

import dataclasses
import hashlib

import numpy as np
import saliency.core as saliency

from sanity_checks import randomness
from sanity_checks.methods import fields


class Method(saliency.CoreSaliency):
    """A saliency method with its parameters; subclasses are frozen dataclasses whose fields are the parameters.

    `GetMask(image, call_model_function, call_model_args)` is PAIR's interface, one image at a time. `maps` computes
    the same for many images at once.
    """

    def __post_init__(self):
        fields.check_numbers(self)

    def work(self):
        """The pieces of work that the maps need: tuple of `Work`. A method without model passes needs none."""
        return ()

    def maps(self, task):
        """Maps of all images of a task. Model passes are made in `task.result(work)` alone.

        Args:
            task: `Task`.

        Returns:
            float32 [N, H, W, C], signed where the method is.
        """
        raise NotImplementedError

    def of_images(self, input_range):
        """The method as it is for images of a data set; another one where a parameter that was left open follows from them.

        Args:
            input_range: (lowest, highest) value that an image can have: floats, or tuples of a float for each channel.
        """
        return self

    def standard_errors(self, task):
        """Standard errors of `maps`, where they are means over noise: float32 [N, H, W, C]; else None."""
        return

    def unsuitable(self, classifier):
        """Why the method cannot explain this classifier: str, or None if it can."""
        return


class Work:
    """A piece of work on a model: what it costs and how it is done. Subclasses are frozen dataclasses.

    Two equal objects are the same work: the fields are all that the result depends on besides the task, and are
    hashable. Whatever methods ask for it, it is done and counted once.
    """

    def passes(self, image_shape):
        """Model passes per image: int, for images of shape (H, W, C)."""
        raise NotImplementedError

    def run(self, task):
        """The result for all images of a `Task`; reports `passes` an image to `task.progress`."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """Images to explain on the model's present weights, and the results of the work that is done.

    Attributes:
        classifier: `sanity_checks.models.classifier.Classifier`.
        images: float32 [N, H, W, C].
        targets: int32 [N], the class whose logit is explained.
        noise_keys: uint64 [N], the noise stream of each image.
        seed: int, that the noise streams were made from.
        batch_size: int, rows of a model pass; memory grows with it and with the results kept.
        progress: function of the number of model passes just done.
    """
    classifier: object
    images: np.ndarray
    targets: np.ndarray
    noise_keys: np.ndarray
    seed: int
    batch_size: int
    progress: object = lambda passes: None
    _results: dict = dataclasses.field(default_factory=dict)

    def result(self, work):
        """The result of a piece of work, done the first time it is asked for."""
        if work not in self._results:
            self._results[work] = work.run(self)
        return self._results[work]

    def batched(self, function, passes=1):
        """Joins `function(images [b, H, W, C], targets [b])` over batches: tuple of arrays [N, ...].

        Model passes of each row, `passes` of them, are reported to `progress`.
        """
        parts = []
        for first in range(0, len(self.images), self.batch_size):
            chunk = slice(first, first + self.batch_size)
            parts.append([np.asarray(part) for part in function(self.images[chunk], self.targets[chunk])])
            self.progress(passes * len(self.images[chunk]))
        return tuple(np.concatenate(arrays) for arrays in zip(*parts))


def noise_keys(seed, image_ids):
    """The noise stream of each image: uint64 [N].

    Args:
        seed: int.
        image_ids: sequence of N str or int.
    """
    return np.array([randomness.key("noise", seed, str(image_id)) for image_id in image_ids], np.uint64)


def content_ids(images):
    """Ids made of the images' own values, so that an image has the same noise wherever it stands: list of str."""
    return [hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=16).hexdigest() for image in images]
