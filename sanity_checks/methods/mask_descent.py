"""Descent on masks of cells, for many images at once: the two functions between a model's gradient passes.

They are used by `sanity_checks.methods.perturbation`, and traced once per process whatever the sizes.
"""

import dataclasses
import functools
import math

import numpy as np

from sanity_checks import lazy

tf = lazy.module("tensorflow")

CIRCLES = 35                # radii tried for the first mask, as in Fong and Vedaldi's code
ADAM = (0.9, 0.999, 1e-8)   # decay of the mean, decay of the square, epsilon (Kingma and Ba 2015)
FLAT = 1e-10                # added to squared slopes, so that their roots have a derivative where the mask is flat


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a mask and how they are enlarged to pixels.

    Attributes:
        shape: (h, w), cells.
        rows, columns: tf.Tensor float32 [H, h] and [W, w]; the enlarged mask is rows @ mask @ columns.T.
    """
    shape: tuple
    rows: object
    columns: object

    @classmethod
    def make(cls, sides, cell, blur):
        rows, columns = (gaussian(side, blur) @ _nearest(side, math.ceil(side / cell)) for side in sides)
        return cls((rows.shape[1], columns.shape[1]), tf.constant(rows, tf.float32), tf.constant(columns, tf.float32))

    def circles(self):
        """Masks that delete centred circles, from almost nothing to everything: float32 [CIRCLES, h, w]."""
        y, x = (np.arange(count) - (count - 1) / 2 for count in self.shape)
        distance = np.hypot(y[:, None], x[None])
        radii = np.linspace(distance.min(), distance.max(), CIRCLES)
        return (distance > radii[:, None, None]).astype(np.float32)


def gaussian(side, sigma):
    """Blurring along an axis, weights renormalized at the ends: float64 [side, side]; the identity where sigma is 0."""
    if sigma == 0:
        return np.eye(side)
    places = np.arange(side)
    weights = np.exp(-0.5 * ((places[:, None] - places) / sigma) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


def _nearest(side, cells):
    """Enlarging along an axis, each pixel the cell that it lies in: float64 [side, cells]."""
    return np.eye(cells)[np.arange(side) * cells // side]


def enlarged(mask, rows, columns):
    return tf.einsum("Hh,nhw,Ww->nHW", rows, mask, columns)


@functools.cache
def blended():
    """`_blended`, traced."""
    mask, axis, image = (tf.TensorSpec([None] * rank) for rank in (3, 2, 4))
    return tf.function(_blended, [mask, axis, axis, image, image, tf.TensorSpec((None, 2), tf.int32)])


def _blended(mask, rows, columns, perturbed, difference, shifts):
    """The images under their masks, and image - perturbed as it was shifted there: two float32 [n, H, W, C].

    Args:
        mask: float32 [n, h, w].
        rows, columns: float32 [H, h], [W, w].
        perturbed, difference: float32 [n, H, W, C].
        shifts: int32 [n, 2], pixels down and right; what is shifted in repeats the edge.
    """
    shifted = _shifted(difference, shifts)
    return _shifted(perturbed, shifts) + enlarged(mask, rows, columns)[..., None] * shifted, shifted


def _shifted(images, shifts):
    for axis in (1, 2):
        places = tf.maximum(tf.range(tf.shape(images)[axis])[None] - shifts[:, axis - 1, None], 0)
        images = tf.gather(images, places, axis=axis, batch_dims=1)
    return images


@functools.cache
def stepped():
    """`_stepped`, traced."""
    mask, axis, image = (tf.TensorSpec([None] * rank) for rank in (3, 2, 4))
    return tf.function(_stepped, [mask, mask, mask, axis, axis, image, image, tf.TensorSpec((None,)),
                                  tf.TensorSpec(()), tf.TensorSpec((4,))])


def _stepped(mask, mean, square, rows, columns, gradients, difference, active, step, settings):
    """One step of Adam on the masks: the new mask, mean and square, each float32 [n, h, w].

    Args:
        mask, mean, square: float32 [n, h, w].
        rows, columns: float32 [H, h], [W, w].
        gradients, difference: float32 [n, H, W, C], of the logit by the blended images; image - perturbed.
        active: float32 [n], derivative of the score by the logit.
        step: float32, from 1.
        settings: float32 [4]: learning rate, l1, tv, tv_beta.
    """
    learning_rate, l1, tv, beta = tf.unstack(settings)
    by_pixel = active[:, None, None] * tf.reduce_sum(gradients * difference, axis=3)
    slope = tf.einsum("Hh,nHW,Ww->nhw", rows, by_pixel, columns)
    slope += l1 * tf.sign(mask - 1) + tv * tf.gradients(_total_variation(mask, beta), mask)[0]
    decay, square_decay, epsilon = ADAM
    mean = decay * mean + (1 - decay) * slope
    square = square_decay * square + (1 - square_decay) * slope ** 2
    moved = learning_rate * mean / (1 - decay ** step)
    moved /= tf.sqrt(square / (1 - square_decay ** step)) + epsilon
    return tf.clip_by_value(mask - moved, 0., 1.), mean, square


def _total_variation(mask, beta):
    """Sum over cells of the slope, of both axes together, to the power beta."""
    down = tf.pad(mask[:, 1:] - mask[:, :-1], [[0, 0], [0, 1], [0, 0]])
    right = tf.pad(mask[:, :, 1:] - mask[:, :, :-1], [[0, 0], [0, 0], [0, 1]])
    return tf.reduce_sum((down ** 2 + right ** 2 + FLAT) ** (beta / 2))
