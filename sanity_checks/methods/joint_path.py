"""Integrated Gradients over noisy images as one integral, over the noise and the path together.

Every noisy copy has one point of its own path: the points of an image's copies are stratified, and dealt to the copies by a
permutation from the image's own stream; the noise comes in pairs z, -z. What bounds it: one forward and one backward pass a
copy.
"""

import dataclasses

import numpy as np

from sanity_checks import lazy
from sanity_checks import randomness
from sanity_checks.methods import backward
from sanity_checks.methods import base
from sanity_checks.methods import fields
from sanity_checks.methods import noise as noise_module
from sanity_checks.methods import noisy_path

tf = lazy.module("tensorflow")


@dataclasses.dataclass(frozen=True)
class JointGradients(base.Work):
    """Mean over noisy copies z of (x + z - x') * gradient at x' + alpha (x + z - x'), alpha a point of each copy's own.

    The result is two float32 [N, H, W, C]: the mean, and its standard error, estimated from the pairs as if their points were drawn
    independently, which is never less.

    Attributes:
        samples: int, even: copies, each one pass.
        noise: standard deviation, as a fraction of the image's max - min.
        baseline: float, or `fields.Array` [H, W, C].
    """
    samples: int
    noise: float
    baseline: float | fields.Array

    def passes(self, image_shape):
        return self.samples

    def run(self, task):
        traced = task.classifier.trace("joint path", _joint_path)
        at_once = 2 * noisy_path.even(self.samples // 2, task.batch_size // 2)
        images_at_once = max(1, task.batch_size // at_once)
        baseline = np.reshape(np.asarray(self.baseline, np.float32), np.shape(self.baseline) or (1, 1, 1))
        parts = []
        for first in range(0, len(task.images), images_at_once):
            chunk = slice(first, first + images_at_once)
            keys = task.noise_keys[chunk]
            points = np.stack([stratified(key, self.samples) for key in keys])
            total = squares = 0.
            for sample in range(0, self.samples, at_once):
                count = min(at_once, self.samples - sample)
                sums = traced(task.images[chunk], task.targets[chunk], keys, sample, count, points[:, sample:sample + count], self.noise, baseline)
                task.progress(len(keys) * count)
                total, squares = (kept + part.numpy().astype(np.float64) for kept, part in zip((total, squares), sums))
            parts.append(_mean_and_error(total, squares, self.samples // 2))
        return tuple(np.concatenate(arrays).astype(np.float32) for arrays in zip(*parts))


def stratified(key, samples):
    """The points of an image's copies on their paths: float64 [samples], one in each of so many equal parts of [0, 1].

    Args:
        key: int, the image's noise stream.
        samples: int.
    """
    order = randomness.generator("joint path", int(key), samples).permutation(samples)
    return (order + .5) / samples


def _mean_and_error(total, squares, pairs):
    mean = total / pairs
    variance = np.maximum(squares / pairs - mean ** 2, 0) * pairs / max(pairs - 1, 1)
    return mean, np.sqrt(variance / pairs) if pairs > 1 else np.full_like(mean, np.nan)


def _joint_path(classifier):
    count = tf.TensorSpec((), tf.int32)
    signature = [*backward.signature(classifier), tf.TensorSpec((None,), tf.uint64), count, count,
                 tf.TensorSpec((None, None), tf.float64), tf.TensorSpec((), tf.float32), tf.TensorSpec((None, None, None), tf.float32)]

    @tf.function(input_signature=signature)
    def joint_path_pass(images, classes, keys, first_sample, num_samples, alphas, noise, baseline):
        """Sums over the pairs of their means, and of the squares of these: two float32 [B, H, W, C]."""
        shape = tf.shape(images)
        spread = tf.reduce_max(images, axis=(1, 2, 3)) - tf.reduce_min(images, axis=(1, 2, 3))
        drawn = noise_module.antithetic(keys, first_sample, num_samples, images.shape[1:])
        # [B, S, H, W, C]
        difference = images[:, None] + tf.reshape(noise * spread, [-1, 1, 1, 1, 1]) * drawn - baseline
        path = tf.cast(baseline, tf.float64) + alphas[:, :, None, None, None] * tf.cast(difference, tf.float64)
        rows = tf.reshape(tf.cast(path, tf.float32), tf.concat([[-1], shape[1:]], 0))
        gradients = backward.gradients(backward.explained_logits(classifier, rows, tf.repeat(classes, num_samples)), rows)
        products = tf.reshape(gradients, tf.shape(difference)) * difference
        pairs = tf.reduce_mean(tf.reshape(products, tf.concat([shape[:1], [num_samples // 2, 2], shape[1:]], 0)), axis=2)
        return tf.reduce_sum(pairs, axis=1), tf.reduce_sum(tf.square(pairs), axis=1)

    return joint_path_pass
