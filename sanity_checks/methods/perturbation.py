"""Perturbation masks (Fong and Vedaldi 2017, "Interpretable Explanations of Black Boxes by Meaningful Perturbation").

For each image a mask of small resolution is learned by gradient descent: the smallest region, smooth in outline, whose
perturbation takes the explained logit away. Many images are optimized at once. An iteration is one gradient pass of
the model, the same traced pass that Gradient uses, between two small functions that are traced once per process; what
bounds it is that pass.
"""

import dataclasses

import numpy as np
import saliency.core as saliency

from sanity_checks import lazy
from sanity_checks import randomness
from sanity_checks.methods import base
from sanity_checks.methods import fields
from sanity_checks.methods import gradient
from sanity_checks.methods import mask_descent

tf = lazy.module("tensorflow")

SUPPRESSED = 0.01           # score that counts as gone: 99 % less than that of the image (their section 4.3)
PERTURBATIONS = ("blur", "constant", "noise")


@dataclasses.dataclass(frozen=True)
class PerturbationMask(base.Method):
    """Learned deletion mask, 1 where the perturbation is needed, 0 where the image may stay. The same in every channel.

    Minimizes, over masks m with a value in [0, 1] per cell (1 keeps the image, 0 perturbs it),

        l1 * sum |1 - m| + tv * sum |slope of m|^tv_beta + max(0, 1 + (z(m) - z(image)) / |z(image) - z(perturbed)|)

    and shows 1 - m. z is the explained logit of the image blended with its perturbed version by the mask. Fong and
    Vedaldi descend on the softmax probability; logits are explained here as by every other method, in units of what
    the whole perturbation changes them by, so that the score is 1 for the image and their weights of the penalties
    keep their meaning at any scale of the logits; like the probability, it does not count below 0. Defaults are
    theirs. An image whose logit the perturbation does not change has an all-zero map. Descent magnifies rounding: with
    another batch size values differ by a few hundredths in places, rank correlations by one or two.
    """
    iterations: int = fields.parameter(300, "steps of Adam")
    learning_rate: float = fields.parameter(0.1, "learning rate of Adam")
    l1: float = fields.parameter(1e-4, "weight of the size of the deleted region, per cell")
    tv: float = fields.parameter(1e-2, "weight of the mask's total variation")
    tv_beta: float = fields.parameter(3., "exponent of the slope in the total variation")
    cell: int = fields.parameter(8, "side of a mask cell, in pixels")
    mask_blur: float = fields.parameter(
        5., "standard deviation of the Gaussian that smooths the enlarged mask, in pixels")
    jitter: int = fields.parameter(
        4, "the image is shifted under the mask by 0 to jitter - 1 pixels down and right, anew at each iteration")
    perturbation: str = fields.parameter(
        "blur", "blur; constant: the image's mean colour; or noise: that colour, and Gaussian noise with the standard "
        "deviation that each channel of the image has", choices=PERTURBATIONS)
    blur: float = fields.parameter(10., "standard deviation of the perturbation's Gaussian, in pixels")

    def __post_init__(self):
        super().__post_init__()
        for parameter in ("iterations", "learning_rate", "l1", "tv", "mask_blur", "jitter", "blur"):
            fields.check_at_least(self, parameter, 0)
        fields.check_at_least(self, "tv_beta", 1)
        fields.check_at_least(self, "cell", 1)
        fields.check_choices(self)

    def work(self):
        return (Masks(self),)

    def maps(self, task):
        return task.result(*self.work())

    def unsuitable(self, classifier):
        smallest = min(classifier.image_shape[:2])
        return f"its images are {smallest} pixels, a mask cell {self.cell}" if self.cell >= smallest else None

    def GetMask(self, x_value, call_model_function, call_model_args=None, noise_key=0):
        keys = [saliency.OUTPUT_LAYER_VALUES, saliency.INPUT_OUTPUT_GRADIENTS]

        def explain(images):
            found = call_model_function(images.numpy(), call_model_args, keys)
            return tuple(tf.constant(np.asarray(found[key], np.float32)) for key in keys)

        return self.masks(np.asarray(x_value, np.float32)[None], [noise_key], explain)[0]

    def masks(self, images, noise_keys, explain):
        """Maps of a batch of images [n, H, W, C]; `explain` gives the logits [n] and gradients of images."""
        images = np.asarray(images, np.float32)
        grid = mask_descent.Grid.make(images.shape[1:3], self.cell, self.mask_blur)
        perturbed = tf.constant(self._perturbed(images, noise_keys))
        difference = tf.constant(images) - perturbed
        shifts = self._shifts(noise_keys)
        z_image, z_perturbed = explain(tf.constant(images))[0], explain(perturbed)[0]
        # [n]; 0 where the perturbation changes nothing
        weight = tf.math.divide_no_nan(1., tf.abs(z_image - z_perturbed))
        mask = self._first_masks(grid, perturbed, difference, explain, z_image, weight)
        mean = square = tf.zeros_like(mask)
        for step in range(self.iterations):
            inputs, shifted = mask_descent.blended()(mask, grid.rows, grid.columns, perturbed, difference, shifts[step])
            logits, gradients = explain(inputs)
            active = tf.where(1 + (logits - z_image) * weight > 0, weight, 0.)
            mask, mean, square = mask_descent.stepped()(
                mask, mean, square, grid.rows, grid.columns, gradients, shifted, active, float(step + 1),
                [self.learning_rate, self.l1, self.tv, self.tv_beta])
        large = 1 - mask_descent.enlarged(mask, grid.rows, grid.columns).numpy()
        return np.repeat(large[..., None], images.shape[3], axis=3)

    def _perturbed(self, images, noise_keys):
        """The perturbed version of each image: float32 [n, H, W, C]."""
        if self.perturbation == "blur":
            rows, columns = (mask_descent.gaussian(side, self.blur) for side in images.shape[1:3])
            return np.einsum("Hy,nyxc,Wx->nHWc", rows, images, columns, optimize=True).astype(np.float32)
        flat = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape)
        if self.perturbation == "constant":
            return np.ascontiguousarray(flat)
        noise = [randomness.generator("perturbation noise", int(key)).standard_normal(images.shape[1:], np.float32)
                 for key in noise_keys]
        return flat + images.std(axis=(1, 2), keepdims=True) * np.stack(noise)

    def _shifts(self, noise_keys):
        """Down and right shift of each image at each iteration: int32 [iterations, n, 2]."""
        drawn = [randomness.generator("perturbation jitter", int(key)).integers(
            0, max(1, self.jitter), (self.iterations, 2)) for key in noise_keys]
        return np.stack(drawn, axis=1).astype(np.int32)

    def _first_masks(self, grid, perturbed, difference, explain, z_image, weight):
        """The smallest centred circle whose perturbation suppresses the score, else the largest: [n, h, w]."""
        circles = grid.circles()
        chosen, found = tf.zeros((len(z_image), *grid.shape)), tf.zeros(len(z_image), tf.bool)
        unmoved = np.zeros((len(z_image), 2), np.int32)
        for circle in circles:
            tried = tf.repeat(circle[None], len(z_image), axis=0)
            inputs, _ = mask_descent.blended()(tried, grid.rows, grid.columns, perturbed, difference, unmoved)
            score = 1 + (explain(inputs)[0] - z_image) * weight
            chosen = tf.where(found[:, None, None], chosen, tried)
            found |= score <= SUPPRESSED
        return chosen


@dataclasses.dataclass(frozen=True)
class Masks(base.Work):
    """The masks that a `PerturbationMask` learns: float32 [N, H, W, C]."""
    method: PerturbationMask

    def passes(self, image_shape):
        return self.method.iterations + mask_descent.CIRCLES + 2         # with those of the image and its perturbation

    def run(self, task):
        chunks = [slice(first, first + task.batch_size) for first in range(0, len(task.images), task.batch_size)]
        return np.concatenate([self.method.masks(task.images[chunk], task.noise_keys[chunk], _explain(task, chunk))
                               for chunk in chunks])


def _explain(task, chunk):
    """Function from a slice of the task's images, however changed, to their explained logits and the gradients."""
    targets, traced = tf.constant(task.targets[chunk]), gradient.gradient(task.classifier)

    def explain(images):
        explained = traced(images, targets)
        task.progress(len(targets))
        return explained

    return explain
