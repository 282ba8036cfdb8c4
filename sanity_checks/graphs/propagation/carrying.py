"""Values carried through a layer with the whole, the positive or the negative part of its coefficients.

A layer's map is the sum of its positive and of its negative coefficients. Two streams go through it, what has met an even and
what has met an odd number of negative ones: a kernel W takes (p, n) to (W+ p + W- n, W- p + W+ n), and so does the scale of a
normalization. Begun with (v, nothing), they are the layer's positive and negative part times v, whatever is merged in it.
"""

import tensorflow as tf

from sanity_checks.graphs.propagation import operations
from sanity_checks.graphs.propagation import remaking


def whole(coefficients, not_negative=False):
    """The coefficients as they are, in one stream."""
    return coefficients, None


def by_sign(coefficients, not_negative=False):
    """The positive and the negative coefficients."""
    if not_negative:
        return coefficients, None
    return tf.maximum(coefficients, 0), tf.minimum(coefficients, 0)


def ones(coefficients, not_negative=False):
    """1 in the place of every coefficient."""
    return tf.ones_like(coefficients), None


class Carrier:
    """Carries values from the inputs of a layer to its output.

    Attributes:
        layer: `plan.Layer`.
        starts: dict, reference of an input -> pair of tf.Tensor, either of which may be None for zero; an input that
            is missing is zero.
        parts: `whole`, `by_sign` or `ones`.
        offsets: whether offsets are added; they go in the first stream.
    """

    def __init__(self, layer, starts, parts, offsets=False):
        self.layer, self.starts, self.parts, self.offsets = layer, starts, parts, offsets
        self._plan, self._made = layer.plan, {}

    def output(self):
        """What arrives at the layer's output: pair of tf.Tensor, or None for zero."""
        return self._of(self.layer.output, True)

    def _of(self, tensor, is_output=False):
        if not is_output and self._plan.is_between(tensor):
            return self.starts.get(tensor.ref(), (None, None))
        if tensor.op not in self._made:
            self._made[tensor.op] = self._through(tensor.op)
        return tuple(stream and stream[tensor.value_index] for stream in self._made[tensor.op])

    def _through(self, operation):
        """What arrives at the outputs of an operation: for each stream a list of tf.Tensor, or None."""
        kind = self._plan.kinds[operation]
        if kind == operations.PRODUCT:
            read = self._filled(*self._plan.read(operation))
            kernel = self.parts(operations.coefficients(operation, self._plan.of_image, self._plan.dtype))
            found = _crossed(*read, *kernel, lambda value, part: operations.multiplied(operation, self._plan.of_image, value, part))
        elif kind == operations.AFFINE:
            found = self._affine(operation)
        else:
            return tuple(self._moved(operation, stream) for stream in (0, 1))
        return tuple(None if stream is None else [stream] for stream in found)

    def _affine(self, operation):
        value, = self._plan.read(operation)
        scale, offset = operations.affine(operation, self._plan.of_image, self._plan.dtype)
        positive, negative = self._of(value)
        if scale is not None and self.parts is not ones:
            positive, negative = _crossed(positive, negative, *self.parts(scale, _scales_up(operation, value)), tf.multiply)
        if self.offsets and offset is not None:
            positive = offset if positive is None else positive + offset
        if value.shape.rank != operation.outputs[0].shape.rank or value.shape[1:] != operation.outputs[0].shape[1:]:
            positive, negative = (_filling(stream, operation.outputs[0]) for stream in (positive, negative))
        return positive, negative

    def _moved(self, operation, stream):
        """One stream through an operation whose own coefficients are not negative."""
        if operation.type == "Cast":
            moved = self._of(operation.inputs[0])[stream]
            return None if moved is None else [moved]
        given = [self._filled(value)[stream] if value.op in self._plan.of_image else self._constant(value, stream)
                 for value in operation.inputs]
        real = [place for place, value in enumerate(operation.inputs) if value.dtype.is_floating]
        if all(given[place] is None for place in real):
            return None
        for place in real:
            if given[place] is None:
                given[place] = tf.zeros_like(operation.inputs[place], self._plan.dtype)
        if self._plan.kinds[operation] == operations.SUM:
            return [tf.add_n(given) if len({str(value.shape) for value in given}) == 1 else sum(given[1:], given[0])]
        return remaking.again(operation, given)

    def _constant(self, value, stream):
        """An input that does not depend on the image: where it is a number beside the image's, it is an offset."""
        if not value.dtype.is_floating:
            return value
        return tf.cast(value, self._plan.dtype) if self.offsets and stream == 0 else None

    def _filled(self, value):
        """What arrives at a tensor, of its full shape: an offset may be smaller."""
        return tuple(_filling(stream, value) if self.offsets else stream for stream in self._of(value))


def _filling(stream, tensor):
    return None if stream is None else tf.broadcast_to(stream, tf.shape(tensor))


def _crossed(positive, negative, plus, minus, product):
    """Both streams after coefficients of two parts: (plus p + minus n, minus p + plus n)."""
    def of(first, second):
        found = [product(value, part) for value, part in (first, second) if value is not None and part is not None]
        return None if not found else found[0] if len(found) == 1 else found[0] + found[1]
    return of((positive, plus), (negative, minus)), of((positive, minus), (negative, plus))


def _scales_up(operation, value):
    """Whether the scale of an affine operation is known not to be negative."""
    if operation.type in operations.NORMALIZATIONS:
        return operations.is_not_negative(operation.inputs[1])
    return operation.type in ("Mul", "RealDiv") and all(
        operations.is_not_negative(other) for other in operation.inputs if other is not value)
