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
from sanity_checks.methods import quadratures

tf = lazy.module("tensorflow")


@dataclasses.dataclass(frozen=True)
class NoisyGradients(base.Work):
    """Mean and variance of the gradient over noisy copies of each image.

    The result is three float32 [N, H, W, C]: mean, variance (the mean squared deviation), and the mean's standard error.

    Attributes:
        samples: int, copies.
        noise: standard deviation, as a fraction of the image's max - min.
        antithetic: bool, whether the noise comes in pairs z, -z, whose means are what the standard error is of.
    """
    samples: int
    noise: float
    antithetic: bool = False

    def passes(self, image_shape):
        return self.samples

    def run(self, task):
        mean, squares, units, _ = _sums(task, self.samples, self.noise, np.ones(1), np.ones(1), 0., self.antithetic)
        count = self.samples // (2 if self.antithetic else 1)
        error = np.sqrt(units / (count * (count - 1))) if count > 1 else np.full_like(mean, np.nan)
        return mean, squares / self.samples, error


@dataclasses.dataclass(frozen=True)
class PathGradients(base.Work):
    """Integrated Gradients averaged over noisy copies of each image (samples=1, noise=0: of the image itself).

    The result is float32 [N, H, W, C]: (image - baseline) * weighted mean of the gradient over the points of the path.

    Attributes:
        steps: int, points on each path.
        samples: int, copies.
        noise: standard deviation, as a fraction of the image's max - min.
        baseline: float, or `fields.Array` [H, W, C].
        quadrature: a name in `quadratures.QUADRATURES`.
    """
    steps: int
    samples: int
    noise: float
    baseline: float | fields.Array
    quadrature: str = quadratures.PAIR

    def passes(self, image_shape):
        return self.steps * self.samples

    def run(self, task):
        points, weights, total = quadratures.points(self.quadrature, self.steps)
        weighted = _sums(task, self.samples, self.noise, points, weights, self.baseline, False)[3]
        return weighted / (total * self.samples)


def noisy_path(classifier, antithetic=False):
    """Traced pass: sums of gradients over noisy copies of images and over points on the way from a baseline to them.

    Its arguments:
        images: float32 [B, H, W, C].
        classes: int32 [B].
        keys: uint64 [B], the noise stream of each image.
        first_sample, num_samples: int32, the samples [first, first + num) of each stream.
        alphas: float64 [K], the path's points: baseline + alpha * (noisy image - baseline), in double precision
            as PAIR computes them: a ReLU at its kink would tell the difference.
        weights: float32 [K], of the points.
        noise: float32, standard deviation of the noise as a fraction of the image's own max - min.
        baseline: float32 [H, W, C] or [1, 1, 1].

    It returns four float32 [B, H, W, C]: mean and summed squared deviation, over the samples, of each sample's summed
    gradient sum_k weight_k * d logit / d x at alpha_k; the summed squared deviation of the units that are independent, samples
    or the means of antithetic pairs; and the sum over samples of the summed gradient times (noisy image - baseline).
    """
    return classifier.trace("antithetic noisy path" if antithetic else "noisy path", _antithetic_path if antithetic else _noisy_path)


def _noisy_path(classifier):
    return _traced(classifier, noise_module.normal, 1)


def _antithetic_path(classifier):
    return _traced(classifier, noise_module.antithetic, 2)


def _traced(classifier, draw, group):
    count = tf.TensorSpec((), tf.int32)
    signature = [*backward.signature(classifier), tf.TensorSpec((None,), tf.uint64), count, count,
                 tf.TensorSpec((None,), tf.float64), tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.float32),
                 tf.TensorSpec((None, None, None), tf.float32)]

    @tf.function(input_signature=signature)
    def noisy_path_pass(images, classes, keys, first_sample, num_samples, alphas, weights, noise, baseline):
        shape = tf.shape(images)
        # [B, S, H, W, C]
        spread = tf.reduce_max(images, axis=(1, 2, 3)) - tf.reduce_min(images, axis=(1, 2, 3))
        drawn = draw(keys, first_sample, num_samples, images.shape[1:])
        noisy = tf.reshape(images, [shape[0], 1, shape[1], shape[2], shape[3]]) + (
            tf.reshape(noise * spread, [-1, 1, 1, 1, 1]) * drawn)
        difference = noisy - baseline
        # [B, S, K, H, W, C] -> rows [B * S * K, H, W, C]
        path = tf.reshape(alphas, [-1, 1, 1, 1]) * tf.cast(difference[:, :, None], tf.float64)
        path = tf.cast(tf.cast(baseline, tf.float64) + path, tf.float32)
        rows = tf.reshape(path, tf.concat([[-1], shape[1:]], 0))
        row_classes = tf.repeat(classes, num_samples * tf.size(alphas))
        gradients = backward.gradients(backward.explained_logits(classifier, rows, row_classes), rows)
        summed = tf.reduce_sum(tf.reshape(weights, [-1, 1, 1, 1]) * tf.reshape(gradients, tf.shape(path)), axis=2)
        mean = tf.reduce_mean(summed, axis=1)
        squares = tf.reduce_sum(tf.square(summed - mean[:, None]), axis=1)
        return mean, squares, _unit_squares(summed, mean, group, squares), tf.reduce_sum(summed * difference, axis=1)

    return noisy_path_pass


def _unit_squares(summed, mean, group, squares):
    """Summed squared deviation of the means of so many neighbouring samples [B, S, H, W, C] from their mean."""
    if group == 1:
        return squares
    shape = tf.shape(summed)
    units = tf.reduce_mean(tf.reshape(summed, tf.concat([shape[:1], [shape[1] // group, group], shape[2:]], 0)), axis=2)
    return tf.reduce_sum(tf.square(units - mean[:, None]), axis=1)


def _sums(task, samples, noise, alphas, weights, baseline, antithetic):
    """Mean, summed squared deviations and weighted sum over samples, as `noisy_path` gives them but of any size."""
    group = 2 if antithetic else 1
    steps_at_once = even(len(alphas), task.batch_size)
    samples_at_once = group * even(samples // group, task.batch_size // (steps_at_once * group))
    images_at_once = max(1, task.batch_size // (steps_at_once * samples_at_once))
    baseline = np.reshape(np.asarray(baseline, np.float32), np.shape(baseline) or (1, 1, 1))
    traced, parts = noisy_path(task.classifier, antithetic), []
    for first in range(0, len(task.images), images_at_once):
        chunk = slice(first, first + images_at_once)
        moments = _Moments(group)
        for sample in range(0, samples, samples_at_once):
            count = min(samples_at_once, samples - sample)
            moments.add(count, _path_sums(task, traced, chunk, sample, count, alphas, weights, steps_at_once, noise, baseline))
        parts.append(moments.result())
    return tuple(np.concatenate(arrays).astype(np.float32) for arrays in zip(*parts))


def _path_sums(task, traced, chunk, sample, count, alphas, weights, steps_at_once, noise, baseline):
    images, totals = task.images[chunk], None
    for step in range(0, len(alphas), steps_at_once):
        points = slice(step, step + steps_at_once)
        sums = traced(images, task.targets[chunk], task.noise_keys[chunk], sample, count, alphas[points],
                      weights[points].astype(np.float32), noise, baseline)
        task.progress(len(images) * count * len(alphas[points]))
        sums = [part.numpy().astype(np.float64) for part in sums]
        # Means and weighted sums add over the steps. Deviations do not, and are only asked for with one step.
        totals = sums if totals is None else [a + b for a, b in zip(totals, sums)]
    return totals


def even(total, most):
    """Size of the parts when `total` things are cut into as few and as equal parts of at most `most` as possible."""
    most = max(1, most)
    parts = -(-total // most)
    return -(-total // parts)


class _Moments:
    """Running mean and summed squared deviations over groups of samples (Chan et al. 1983), and a running sum.

    `group` is how many samples are one independent unit.
    """

    def __init__(self, group=1):
        self._count, self._mean, self._squares, self._units, self._weighted, self._group = 0, 0., 0., 0., 0., group

    def add(self, count, sums):
        mean, squares, units, weighted = sums
        total = self._count + count
        shift = mean - self._mean
        between = shift ** 2 * (self._count * count / total)
        self._squares = self._squares + squares + between
        self._units = self._units + units + between / self._group
        self._mean = self._mean + shift * (count / total)
        self._weighted = self._weighted + weighted
        self._count = total

    def result(self):
        return self._mean, self._squares, self._units, self._weighted
