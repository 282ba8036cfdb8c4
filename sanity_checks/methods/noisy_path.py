"""Gradients at noisy copies of images and at points of paths to them: the work of SmoothGrad and Integrated Gradients.

One traced pass serves both. What bounds it: one forward and one backward pass of the model per row; batches are filled
with rows of several samples, points and images, whatever their numbers.
"""

import dataclasses

import numpy as np

from sanity_checks import lazy
from sanity_checks.methods import backward
from sanity_checks.methods import base
from sanity_checks.methods import fields
from sanity_checks.methods import noise as noise_module

tf = lazy.module("tensorflow")


@dataclasses.dataclass(frozen=True)
class NoisyGradients(base.Work):
    """Mean and variance of the gradient over noisy copies of each image.

    The result is two float32 [N, H, W, C]; the variance is the mean squared deviation.

    Attributes:
        samples: int, copies.
        noise: standard deviation, as a fraction of the image's max - min.
    """
    samples: int
    noise: float

    def passes(self, image_shape):
        return self.samples

    def run(self, task):
        mean, squares, _ = _sums(task, self.samples, self.noise, np.ones(1), 0.)
        return mean, squares / self.samples


@dataclasses.dataclass(frozen=True)
class PathGradients(base.Work):
    """Integrated Gradients averaged over noisy copies of each image (samples=1, noise=0: of the image itself).

    The result is float32 [N, H, W, C]: (image - baseline) * mean over linspace(0, 1, steps) of the gradient.

    Attributes:
        steps: int, points on each path.
        samples: int, copies.
        noise: standard deviation, as a fraction of the image's max - min.
        baseline: float, or `fields.Array` [H, W, C].
    """
    steps: int
    samples: int
    noise: float
    baseline: float | fields.Array

    def passes(self, image_shape):
        return self.steps * self.samples

    def run(self, task):
        weighted = _sums(task, self.samples, self.noise, np.linspace(0, 1, self.steps), self.baseline)[2]
        return weighted / (self.steps * self.samples)


def noisy_path(classifier):
    """Traced pass: sums of gradients over noisy copies of images and over points on the way from a baseline to them.

    Its arguments:
        images: float32 [B, H, W, C].
        classes: int32 [B].
        keys: uint64 [B], the noise stream of each image.
        first_sample, num_samples: int32, the samples [first, first + num) of each stream.
        alphas: float64 [K], the path's points: baseline + alpha * (noisy image - baseline), in double precision
            as PAIR computes them: a ReLU at its kink would tell the difference.
        noise: float32, standard deviation of the noise as a fraction of the image's own max - min.
        baseline: float32 [H, W, C] or [1, 1, 1].

    It returns two float32 [B, H, W, C]: mean and summed squared deviation, over the samples, of each sample's summed
    gradient sum_k d logit / d x at alpha_k; and a third, the sum over samples of that times (noisy image - baseline).
    """
    return classifier.trace("noisy path", _noisy_path)


def _noisy_path(classifier):
    count = tf.TensorSpec((), tf.int32)
    signature = [*backward.signature(classifier), tf.TensorSpec((None,), tf.uint64), count, count,
                 tf.TensorSpec((None,), tf.float64), tf.TensorSpec((), tf.float32),
                 tf.TensorSpec((None, None, None), tf.float32)]

    @tf.function(input_signature=signature)
    def noisy_path_pass(images, classes, keys, first_sample, num_samples, alphas, noise, baseline):
        shape = tf.shape(images)
        # [B, S, H, W, C]
        spread = tf.reduce_max(images, axis=(1, 2, 3)) - tf.reduce_min(images, axis=(1, 2, 3))
        drawn = noise_module.normal(keys, first_sample, num_samples, images.shape[1:])
        noisy = tf.reshape(images, [shape[0], 1, shape[1], shape[2], shape[3]]) + (
            tf.reshape(noise * spread, [-1, 1, 1, 1, 1]) * drawn)
        difference = noisy - baseline
        # [B, S, K, H, W, C] -> rows [B * S * K, H, W, C]
        path = tf.reshape(alphas, [-1, 1, 1, 1]) * tf.cast(difference[:, :, None], tf.float64)
        path = tf.cast(tf.cast(baseline, tf.float64) + path, tf.float32)
        rows = tf.reshape(path, tf.concat([[-1], shape[1:]], 0))
        row_classes = tf.repeat(classes, num_samples * tf.size(alphas))
        gradients = backward.gradients(backward.explained_logits(classifier, rows, row_classes), rows)
        summed = tf.reduce_sum(tf.reshape(gradients, tf.shape(path)), axis=2)
        mean = tf.reduce_mean(summed, axis=1)
        squares = tf.reduce_sum(tf.square(summed - mean[:, None]), axis=1)
        return mean, squares, tf.reduce_sum(summed * difference, axis=1)

    return noisy_path_pass


def _sums(task, samples, noise, alphas, baseline):
    """Mean, summed squared deviation and weighted sum over samples, as `noisy_path` gives them but of any size."""
    steps_at_once = _even(len(alphas), task.batch_size)
    samples_at_once = _even(samples, task.batch_size // steps_at_once)
    images_at_once = max(1, task.batch_size // (steps_at_once * samples_at_once))
    baseline = np.reshape(np.asarray(baseline, np.float32), np.shape(baseline) or (1, 1, 1))
    parts = []
    for first in range(0, len(task.images), images_at_once):
        chunk = slice(first, first + images_at_once)
        moments = _Moments()
        for sample in range(0, samples, samples_at_once):
            count = min(samples_at_once, samples - sample)
            moments.add(count, _path_sums(task, chunk, sample, count, alphas, steps_at_once, noise, baseline))
        parts.append(moments.result())
    return tuple(np.concatenate(arrays).astype(np.float32) for arrays in zip(*parts))


def _path_sums(task, chunk, sample, count, alphas, steps_at_once, noise, baseline):
    images, totals, traced = task.images[chunk], None, noisy_path(task.classifier)
    for step in range(0, len(alphas), steps_at_once):
        points = alphas[step:step + steps_at_once]
        sums = traced(images, task.targets[chunk], task.noise_keys[chunk], sample, count, points, noise, baseline)
        task.progress(len(images) * count * len(points))
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
