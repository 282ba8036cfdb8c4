"""The rules by which a layer's relevance is given to its inputs; docs/methods.md has the formulae.

A rule is called with a `plan.Layer` and the relevance of its output, and gives that of each of its inputs. Every derivative
is TensorFlow's, of the layer made again with other coefficients, so padding, strides, dilation and groups need no code.
Averages and sums, which have no kernel, are proportional.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from sanity_checks.graphs.propagation import carrying


@dataclasses.dataclass(frozen=True)
class Epsilon:
    """R_in = a * W^T (R / (z + epsilon * sign(z))), with the sign of 0 positive (Bach et al. 2015)."""
    epsilon: float

    def __call__(self, layer, relevance):
        leaves = _leaves(layer, tf.identity)
        starts = {key: (leaf, None) for key, leaf in leaves.items()}
        whole = carrying.Carrier(layer, starts, carrying.whole).output()[0]
        epsilon, z = 0. if layer.averages else self.epsilon, _output(layer, whole)
        z = tf.where(z < 0, z - epsilon, z + epsilon) if epsilon else z
        return _redistributed([(leaf,) for leaf in leaves.values()], [(whole, _share(relevance, z))])


@dataclasses.dataclass(frozen=True)
class AlphaBeta:
    """Positive contributions take alpha times the relevance, negative ones -beta times (Bach et al. 2015).

    Attributes:
        alpha, beta: floats whose difference is 1.
        bias: whether the positive part of the bias is among the positive contributions, the negative part among the others.
    """
    alpha: float
    beta: float
    bias: bool = True

    def __call__(self, layer, relevance):
        starts = {key: signed(layer.plan, value) for key, value in _inputs(layer)}
        positive, negative = carrying.Carrier(layer, starts, carrying.by_sign).output()
        offset = _offset(layer) if self.bias else None
        parts = self._parts(layer, relevance, positive, negative, offset)
        return _redistributed([starts[key] for key, _ in _inputs(layer)], parts)

    def _parts(self, layer, relevance, positive, negative, offset):
        """Contributions of each sign with the relevance of one unit of them: list of pairs of tf.Tensor.

        Where there are none of the one sign, those of the other take all: conservation would not hold else.
        """
        alpha, beta = (1., 0.) if layer.averages else (self.alpha, self.beta)
        z_positive, z_negative = (part(offset, 0.) + contributions if offset is not None and contributions is not None else contributions
                                  for contributions, part in ((positive, tf.maximum), (negative, tf.minimum)))
        parts = []
        if positive is not None:
            parts.append((positive, _share(relevance, z_positive) * _weight(alpha, z_negative)))
        if negative is not None and not (beta == 0 and layer.is_rectified):      # no relevance where the output is not positive
            parts.append((negative, _share(relevance, z_negative) * _weight(-beta, z_positive)))
        return parts


@dataclasses.dataclass(frozen=True)
class Bounded:
    """Z = W x - W+ low - W- high for the image x; other inputs have z+ (Montavon et al. 2017).

    Attributes:
        low, high: lowest and highest value that an image can have: number, or array of the channels.
    """
    low: object
    high: object

    def __call__(self, layer, relevance):
        image, plan = layer.plan.image.ref(), layer.plan
        x, low, high = tf.identity(plan.value(plan.image)), *(
            tf.zeros_like(plan.image, plan.dtype) + tf.constant(np.asarray(end), plan.dtype) for end in (self.low, self.high))
        others = {key: signed(plan, value) for key, value in _inputs(layer) if key != image}
        carried = [carrying.Carrier(layer, {image: (x, None)}, carrying.whole).output()[0],
                   carrying.Carrier(layer, {image: (low, None)}, carrying.by_sign).output()[0],
                   carrying.Carrier(layer, {image: (high, None)}, carrying.by_sign).output()[1],
                   carrying.Carrier(layer, others, carrying.by_sign).output()[0]]
        signs = [(part, sign) for part, sign in zip(carried, (1, -1, -1, 1)) if part is not None]
        share = _share(relevance, _sum([sign * part for part, sign in signs]))
        parts = [(part, sign * share) for part, sign in signs]
        leaves = {**others, image: (x, low, high)}
        return _redistributed([leaves[key] for key, _ in _inputs(layer)], parts)


@dataclasses.dataclass(frozen=True)
class Flat:
    """Every input within reach of an output takes the same share of its relevance (Lapuschkin et al. 2019)."""

    def __call__(self, layer, relevance):
        leaves = _leaves(layer, tf.ones_like)
        starts = {key: (leaf, None) for key, leaf in leaves.items()}
        counted = carrying.Carrier(layer, starts, carrying.ones).output()[0]
        return _redistributed([(leaf,) for leaf in leaves.values()], [(counted, _share(relevance, counted))])


def moved(layer, relevance):
    """The relevance of a layer that only moves values: each value's goes where it came from."""
    leaves = _leaves(layer, tf.identity)
    output = carrying.Carrier(layer, {key: (leaf, None) for key, leaf in leaves.items()}, carrying.whole).output()[0]
    return tf.gradients(output, list(leaves.values()), grad_ys=relevance)


def signed(plan, tensor):
    """A tensor of the forward pass as its positive and its negative part, None where it is known to have none."""
    value = plan.value(tensor)
    return (tf.identity(value), None) if plan.is_not_negative(tensor) else (tf.maximum(value, 0), tf.minimum(value, 0))


def _inputs(layer):
    return [(value.ref(), value) for value in layer.inputs]


def _leaves(layer, function):
    """dict, reference of each input -> function of its value, as a tensor that derivatives are taken by."""
    return {key: function(layer.plan.value(value)) for key, value in _inputs(layer)}


def _offset(layer):
    """What a layer gives where all its inputs are zero: tf.Tensor, or None for zero."""
    return carrying.Carrier(layer, {}, carrying.whole, offsets=True).output()[0]


def _output(layer, linear):
    """A layer's output; computed again where the model's precision is lower than that of relevance."""
    if layer.output.dtype == layer.plan.dtype:
        return layer.output
    offset = _offset(layer)
    return linear if offset is None else linear + offset


def _share(relevance, z):
    """Relevance of one unit of z; 0 where z is 0."""
    return tf.math.divide_no_nan(relevance, z)


def _weight(weight, other):
    """A weight, but 1 where the other sign has nothing."""
    return 1. if weight == 1 or other is None else tf.cast(tf.where(tf.equal(other, 0), 1., weight), other.dtype)


def _redistributed(leaves, parts):
    """leaf * derivative by it of the sum of the parts, each weighted, summed over the leaves of an input: list of tf.Tensor.

    Args:
        leaves: list, for each input of a layer a tuple of tf.Tensor, or None for zero.
        parts: list of (tf.Tensor, weight).
    """
    present = [leaf for of_input in leaves for leaf in of_input if leaf is not None]
    if not parts:
        return [tf.zeros_like(of_input[0]) for of_input in leaves]
    outputs, weights = zip(*parts)
    found = iter(tf.gradients(outputs, present, grad_ys=weights, unconnected_gradients="zero"))
    return [_sum([leaf * next(found) for leaf in of_input if leaf is not None]) for of_input in leaves]


def _sum(tensors):
    return tensors[0] if len(tensors) == 1 else tf.add_n(tensors)
