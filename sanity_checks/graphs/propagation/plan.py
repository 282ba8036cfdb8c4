"""The layers of a model: which operations one rule is applied to together.

Relevance is a number for each value of a tensor that stands between two layers: the image, what an activation or a maximum
reads and gives, what a product, an average or a sum reads that another one has made, and the logits. What lies between
two such tensors is a layer: linear in its inputs, of at most one product, average or sum on each way through it.
"""

import dataclasses

import tensorflow as tf

from sanity_checks.graphs import guided_relu
from sanity_checks.graphs.propagation import operations

MAKING = (operations.PRODUCT, operations.AVERAGE, operations.SUM)      # what a layer has one of, on each way through it


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """A linear map with an offset.

    Attributes:
        plan: `Plan`.
        output: tf.Tensor, what it gives.
        inputs: list of tf.Tensor, what it reads; each stands between two layers.
        operations: list of tf.Operation, those between.
    """
    plan: object
    output: object
    inputs: list
    operations: list

    @property
    def kinds(self):
        """The kinds of its operations: set of str."""
        return {self.plan.kinds[operation] for operation in self.operations}

    @property
    def moves(self):
        """Whether it only moves values."""
        return self.kinds <= {operations.MOVE}

    @property
    def averages(self):
        """Whether it adds or averages values without a kernel."""
        return operations.PRODUCT not in self.kinds and bool(self.kinds & {operations.AVERAGE, operations.SUM})

    @property
    def is_dense(self):
        """Whether it is a dense layer; one without a kernel is where its output has no place in the image."""
        products = [operation for operation in self.operations if self.plan.kinds[operation] == operations.PRODUCT]
        return all(map(operations.is_dense, products)) if products else self.output.shape.rank == 2

    @property
    def is_rectified(self):
        """Whether only ReLUs read its output: it has no relevance where it is not positive."""
        readers = [reader for reader in self.output.consumers() if reader in self.plan.kinds]
        return bool(readers) and all(map(guided_relu.is_relu, readers))

    @property
    def reads_image(self):
        return any(value is self.plan.image for value in self.inputs)


class Plan:
    """How relevance goes through a model.

    Attributes:
        image, logits: tf.Tensor.
        of_image: set of tf.Operation that compute from the image.
        operations: list of those of them that the logits are computed from, in the order of the graph.
        kinds: dict, tf.Operation -> one of the kinds of `operations`, or None for one that relevance does not pass.
        dtype: tf.DType of relevance: float32, or float64 where the model computes in it.
    """

    def __init__(self, forward):
        self.image, self.logits, self.of_image = forward.image, forward.logits, forward.of_image
        self.operations = [operation for operation in forward.below(forward.logits) if operation in forward.of_image]
        self.kinds = {operation: operations.kind(operation, self.of_image) for operation in self.operations}
        self.kinds[self.image.op] = operations.MOVE
        values = [value for operation in self.operations for value in operation.outputs]
        self.dtype = tf.float64 if any(value.dtype == tf.float64 for value in values) else tf.float32
        self._between = self._found_between()

    def _found_between(self):
        """The tensors between two layers: set of references."""
        between, made = {self.image.ref(), self.logits.ref()}, set()
        for operation in self.operations:
            if self.kinds[operation] in (operations.ACTIVATION, operations.MAXIMUM):
                between.update(value.ref() for value in [*self.read(operation), *operation.outputs])
        for operation in self.operations:
            makes = self.kinds[operation] in MAKING
            ready = {value.ref() for value in self.read(operation) if value.ref() in made and value.ref() not in between}
            if makes:
                between |= ready
            mixes = operation.type not in operations.RESIZING if makes else bool(ready)
            if mixes:
                made.update(value.ref() for value in operation.outputs)
        return between

    def read(self, operation):
        """The inputs of an operation that are computed from the image: list of tf.Tensor."""
        return operations.image_inputs(operation, self.of_image) if operation is not self.image.op else []

    def is_between(self, value):
        """Whether a tensor stands between two layers."""
        return value.ref() in self._between

    def value(self, tensor):
        """A tensor of the forward pass in the precision of relevance."""
        return tf.cast(tensor, self.dtype)

    def layer(self, output):
        """The `Layer` that makes a tensor which stands between two."""
        inputs, inside, waiting = {}, [], [output.op]
        while waiting:
            operation = waiting.pop()
            if operation in inside:
                continue
            inside.append(operation)
            for value in self.read(operation):
                if self.is_between(value):
                    inputs[value.ref()] = value
                else:
                    waiting.append(value.op)
        return Layer(self, output, list(inputs.values()), inside)

    def is_not_negative(self, tensor):
        """Whether a tensor that is computed from the image is known to be nowhere negative, whatever weights and image."""
        operation = tensor.op
        if operation.type in operations.NOT_NEGATIVE:
            return True
        if operation is self.image.op or self.kinds[operation] in (operations.PRODUCT, operations.AFFINE):
            return False
        constants = [value for value in operation.inputs if value.op not in self.of_image and value.dtype.is_floating]
        return all(map(self.is_not_negative, self.read(operation))) and all(map(operations.is_not_negative, constants))


def obstacle(forward):
    """Why relevance cannot be propagated through a model: str, or None.

    Args:
        forward: `sanity_checks.graphs.forward.Forward`.
    """
    for operation, kind in Plan(forward).kinds.items():
        if kind is None:
            return f"relevance is not propagated through {operation.type}, in layer {forward.layer_of(operation)!r}"
    return None
