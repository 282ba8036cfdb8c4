"""Models so simple that their maps are known in closed form (Adebayo et al. 2018, section 5.3; figures 7 and 37A).

The linear model w . x: Gradient and SmoothGrad are w, Integrated Gradients are (x - baseline) * w (the
paper's text has a factor 1/2 too much).

One 3x3 convolution, a ReLU and the sum over all pixels: with a[i, j] = 1 where the convolution is above 0,

    gradient[i, j] = sum over k, l in {-1, 0, 1} of a[i + k, j + l] * w[k, l]

Where all of a is alike around a pixel, that is a constant; it varies where a does, so it shows edges. Where
the convolution is exactly 0 the paper's text has a = 1 and TensorFlow's ReLU has slope 0, as here. No
gradient above the ReLU is negative, so Guided Backprop is the gradient. The model is homogeneous, f(t x) = t
f(x), so Integrated Gradients from a black baseline are x * gradient, but for the first of PAIR's steps, at
which the slope is 0.
"""

import numpy as np

from sanity_checks import lazy
from sanity_checks import randomness
from sanity_checks import registry

tf_keras = lazy.module("tf_keras")

SIDE = 3                    # pixels of the filter
ROUNDING = 1e-5             # of a convolution, per unit of filter and image: below it, float32 does not tell its sign
LUMA = (0.299, 0.587, 0.114)        # shares of red, green and blue in grey (ITU-R BT.601)


def linear(weights):
    """The model x -> w . x.

    Args:
        weights: float32 [H, W, C].

    Returns:
        tf_keras.Model from float32 [B, H, W, C] to one logit.
    """
    layers = tf_keras.layers
    model = tf_keras.Sequential([layers.InputLayer(weights.shape), layers.Flatten(),
                                 layers.Dense(1, use_bias=False, name="logit")], name="linear")
    model.get_layer("logit").set_weights([np.reshape(weights, (-1, 1))])
    return model


def convolution(weights, image_shape):
    """The model x -> sum of relu(w * x) over all pixels; beyond its border an image is 0.

    Args:
        weights: float32 [3, 3, C], w[k + 1, l + 1] for k, l in {-1, 0, 1}.
        image_shape: (H, W, C).

    Returns:
        tf_keras.Model from float32 [B, H, W, C] to one logit.
    """
    layers = tf_keras.layers
    shape = tuple(image_shape)
    model = tf_keras.Sequential([
        layers.InputLayer(shape),
        layers.Conv2D(1, SIDE, padding="same", activation="relu", use_bias=False, name="convolution"),
        layers.AveragePooling2D(shape[:2], name="mean"),
        layers.Flatten(),
        layers.Rescaling(shape[0] * shape[1], name="sum"),
    ], name="convolution")
    # Keras correlates, it does not convolve: its kernel is the filter turned by half a circle.
    model.get_layer("convolution").set_weights([weights[::-1, ::-1, :, np.newaxis]])
    return model


def random_weights(shape, seed=0):
    """Standard normal weights: float32 of the shape."""
    return randomness.generator("simple model", seed, *shape).standard_normal(shape, np.float32)


def _difference(weights):
    return weights - weights.mean(axis=(0, 1), keepdims=True)


FILTERS = {
    "normal": lambda weights: weights,      # on images in [-1, 1] it switches where they cross medium grey
    "difference": _difference,              # sums to 0 in each channel: blind to brightness, sees every texture
}


def random_filter(channels, kind="normal", seed=0):
    """A filter of standard normal weights, made into its kind, a name in `FILTERS`: float32 [3, 3, channels]."""
    return registry.lookup(FILTERS, kind, "filter")(random_weights((SIDE, SIDE, channels), seed))


def convolved(images, weights):
    """The convolution w * x that `convolution` sums the positive part of.

    Args:
        images: float [N, H, W, C].
        weights: float [3, 3, C].

    Returns:
        float64 [N, H, W].
    """
    height, width = images.shape[1:3]
    padded = np.pad(np.asarray(images, np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(padded[:, 1 - k:1 - k + height, 1 - l:1 - l + width] @ weights[k + 1, l + 1].astype(np.float64)
               for k, l in _offsets())


def closed_form_gradient(images, weights):
    """The gradient of `convolution` by its formula.

    Args:
        images: float [N, H, W, C].
        weights: float [3, 3, C].

    Returns:
        (float64 [N, H, W, C], bool [N, H, W]): the gradient, and where it is certain: no convolution that it
        hangs on is so near 0 that float32 may have another sign. A convolution of nothing but zeros is 0 for
        certain.
    """
    height, width = images.shape[1:3]
    values = convolved(images, weights)
    # [N, H + 2, W + 2], nothing is active beyond the border
    active = np.pad(values > 0, ((0, 0), (1, 1), (1, 1)))
    size = convolved(np.abs(images), np.abs(weights))
    doubtful = np.pad((np.abs(values) <= ROUNDING * size) & (size > 0), ((0, 0), (1, 1), (1, 1)))
    gradient, certain = np.zeros(images.shape), np.ones(values.shape, bool)
    for k, l in _offsets():
        rows, columns = slice(1 + k, 1 + k + height), slice(1 + l, 1 + l + width)
        gradient += active[:, rows, columns, np.newaxis] * weights[k + 1, l + 1].astype(np.float64)
        certain &= ~doubtful[:, rows, columns]
    return gradient, certain


def grey(images):
    """Colour images as grey ones: float32 [N, H, W, 3] -> [N, H, W, 1], of the same range."""
    return (images @ np.array(LUMA, np.float32))[..., np.newaxis].astype(np.float32)


def _offsets():
    return [(k, l) for k in (-1, 0, 1) for l in (-1, 0, 1)]
