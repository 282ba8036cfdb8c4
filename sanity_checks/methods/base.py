"""What every saliency method is: a PAIR `CoreSaliency` with a batched path, and the work that methods share."""

import dataclasses
import hashlib

import numpy as np
import saliency.core as saliency

from sanity_checks import randomness
from sanity_checks.models import passes


class Method(saliency.CoreSaliency):
    """A saliency method with its parameters; subclasses are frozen dataclasses whose fields are the parameters.

    `GetMask(image, call_model_function, call_model_args)` is PAIR's interface, one image at a time. `maps` computes
    the same for many images at once.
    """

    def maps(self, task):
        """Maps of all images of a task.

        Args:
            task: `Task`.

        Returns:
            float32 [N, H, W, C], signed where the method is.
        """
        raise NotImplementedError

    def passes(self):
        """Model passes per image: dict, name of a piece of work -> passes. Methods that share a piece name it alike."""
        raise NotImplementedError

    def unsuitable(self, classifier):
        """Why the method cannot explain this classifier: str, or None if it can."""
        return


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """Images to explain on the model's present weights, and the results that several methods need.

    Attributes:
        classifier: `sanity_checks.models.classifier.Classifier`.
        images: float32 [N, H, W, C].
        targets: int32 [N], the class whose logit is explained.
        noise_keys: uint64 [N], the noise stream of each image.
        seed: int, that the noise streams were made from.
        batch_size: int, rows of a model pass; memory grows with it and with nothing else.
        progress: function of the number of model passes just done.
    """
    classifier: object
    images: np.ndarray
    targets: np.ndarray
    noise_keys: np.ndarray
    seed: int
    batch_size: int
    progress: object = lambda passes: None
    _shared: dict = dataclasses.field(default_factory=dict)

    def gradient(self):
        """Gradient of the explained logit by the image: float32 [N, H, W, C]."""
        return self._once("gradient", lambda: self._batched(self.classifier.passes.gradient)[1])

    def guided_gradient(self):
        """The same with the guided ReLU: float32 [N, H, W, C]."""
        return self._once("guided_gradient", lambda: self._batched(self.classifier.passes.guided_gradient)[1])

    def feature_gradient(self, reduce):
        """What `reduce(features [b, h, w, K], gradients [b, h, w, K])` makes of each batch, joined over batches."""
        def batch(images, targets):
            return (reduce(*(array.numpy() for array in self.classifier.passes.feature_gradient(images, targets))),)
        return self._once("feature_gradient", lambda: self._batched(batch)[0])

    def noisy_gradient(self, samples, noise):
        """Mean and variance of the gradient over noisy copies of each image.

        Args:
            samples: int, copies.
            noise: standard deviation, as a fraction of the image's max - min.

        Returns:
            Two float32 [N, H, W, C]; the variance is the mean squared deviation.
        """
        mean, squares, _ = self._once(("noisy", samples, noise, 1),
                                      lambda: self._noisy_path(samples, noise, np.ones(1), 0.))
        return mean, squares / samples

    def integrated_gradient(self, steps, samples, noise, baseline):
        """Integrated Gradients averaged over noisy copies of each image (samples=1, noise=0: of the image itself).

        Returns:
            float32 [N, H, W, C]: (image - baseline) * mean over linspace(0, 1, steps) of the gradient.
        """
        alphas = np.linspace(0, 1, steps)
        weighted = self._once(("path", steps, samples, noise, baseline),
                              lambda: self._noisy_path(samples, noise, alphas, baseline)[2])
        return weighted / (steps * samples)

    def _once(self, name, compute):
        if name not in self._shared:
            self._shared[name] = compute()
        return self._shared[name]

    def _batched(self, function):
        """Joins `function(images, targets)` over batches: tuple of float32 arrays [N, ...]."""
        parts = []
        for first in range(0, len(self.images), self.batch_size):
            chunk = slice(first, first + self.batch_size)
            parts.append([np.asarray(part) for part in function(self.images[chunk], self.targets[chunk])])
            self.progress(len(self.images[chunk]))
        return tuple(np.concatenate(arrays) for arrays in zip(*parts))

    def _noisy_path(self, samples, noise, alphas, baseline):
        """Mean, summed squared deviation and weighted sum over samples, as `Passes.noisy_path` but of any size."""
        steps_at_once = _even(len(alphas), self.batch_size)
        samples_at_once = _even(samples, self.batch_size // steps_at_once)
        images_at_once = max(1, self.batch_size // (steps_at_once * samples_at_once))
        parts = []
        for first in range(0, len(self.images), images_at_once):
            chunk = slice(first, first + images_at_once)
            moments = _Moments()
            for sample in range(0, samples, samples_at_once):
                count = min(samples_at_once, samples - sample)
                moments.add(count, self._path_sums(chunk, sample, count, alphas, steps_at_once, noise, baseline))
            parts.append(moments.result())
        return tuple(np.concatenate(arrays).astype(np.float32) for arrays in zip(*parts))

    def _path_sums(self, chunk, sample, count, alphas, steps_at_once, noise, baseline):
        images, totals = self.images[chunk], None
        for step in range(0, len(alphas), steps_at_once):
            points = alphas[step:step + steps_at_once]
            sums = self.classifier.passes.noisy_path(
                images, self.targets[chunk], self.noise_keys[chunk], sample, count, points, noise, baseline)
            self.progress(len(images) * count * len(points))
            sums = [part.numpy().astype(np.float64) for part in sums]
            # Means and weighted sums add over the steps. Deviations do not, and are only asked for with one step.
            totals = sums if totals is None else [a + b for a, b in zip(totals, sums)]
        return totals


def _even(total, most):
    """Size of the parts when `total` things are cut into as few and as equal parts of at most `most` as possible."""
    most = max(1, most)
    parts = -(-total // most)
    return -(-total // parts)


class _Moments:
    """Running mean and summed squared deviation over groups of samples (Chan et al. 1983), and a running sum."""

    def __init__(self):
        self._count, self._mean, self._squares, self._weighted = 0, 0., 0., 0.

    def add(self, count, sums):
        mean, squares, weighted = sums
        total = self._count + count
        shift = mean - self._mean
        self._squares = self._squares + squares + shift ** 2 * (self._count * count / total)
        self._mean = self._mean + shift * (count / total)
        self._weighted = self._weighted + weighted
        self._count = total

    def result(self):
        return self._mean, self._squares, self._weighted


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


def noisy_copies(image, samples, noise, noise_key):
    """The noisy copies of one image that the batched path explains: float32 [samples, H, W, C].

    Args:
        image: float [H, W, C].
        samples: int.
        noise: standard deviation, as a fraction of the image's max - min.
        noise_key: int, one of `noise_keys`.
    """
    image = np.asarray(image, np.float32)
    spread = noise * (image.max() - image.min())
    keys = np.array([noise_key], np.uint64)
    return image + spread * passes.normal(keys, 0, samples, image.shape)[0].numpy()


def check_at_least(method, parameter, least):
    """ValueError if a method's parameter is below `least` or not a number."""
    value = getattr(method, parameter)
    if not value >= least:
        raise ValueError(f"{type(method).__name__}: {parameter} must be at least {least}, got {value}")
