"""A model's forward pass as a graph: what is found out about a model before it is explained is read from it."""

import dataclasses
import functools

import tensorflow as tf

SHAPES = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike")      # the same for all images of one size
FUNCTION_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf", "Case",
                  "StatelessCase")


@dataclasses.dataclass(frozen=True, eq=False)
class Forward:
    """A model called on images while a graph was traced.

    Attributes:
        image: tf.Tensor [B, H, W, C] of the graph, what the model was called on.
        logits: tf.Tensor [B, classes].
        calls: list of `calls.Call`.
        operations: list of tf.Operation, the whole graph at the end of the call, each after those that it reads.
        function: tf.function of images -> logits float32 [B, classes] that was traced, or None where the call was part of
            another trace.
    """
    image: object
    logits: object
    calls: list
    operations: list
    function: object = None

    def below(self, tensor, through=lambda operation: True):
        """The operations that a tensor is computed from, in the order of the graph.

        Args:
            tensor: tf.Tensor.
            through: function of a tf.Operation; where it is false, the walk does not go on below the operation.

        Returns:
            list of tf.Operation.
        """
        found, waiting = set(), [tensor.op]
        while waiting:
            operation = waiting.pop()
            if operation not in found:
                found.add(operation)
                if through(operation):
                    waiting += [value.op for value in operation.inputs]
        return [operation for operation in self.operations if operation in found]

    @functools.cached_property
    def of_image(self):
        """The operations that compute from the image's values, not from its shape alone: set of tf.Operation."""
        found = {self.image.op}
        for operation in self.operations:
            if operation.type not in SHAPES and any(value.op in found for value in operation.inputs):
                found.add(operation)
        return found

    def layer_of(self, operation):
        """The path of the innermost layer that added an operation to the graph: str; the operation's name if none did."""
        position = self.operations.index(operation)
        call = next((call for call in self.calls if call.holds(position)), None)
        return call.path if call else operation.name


def traced(keras, model, image_shape=None):
    """Traces a model's forward pass in inference mode.

    Args:
        keras: the package that knows the model's inside, `sanity_checks.keras2` or `keras3`.
        model: Keras model of one input and one output.
        image_shape: (H, W, C) of the images; by default that of a model of fixed size, of float32.

    Returns:
        `Forward`.
    """
    parts = []

    def forward(images):
        parts.append(within(keras, model, images))
        return parts[-1].logits

    dtype = tf.float32 if image_shape is None else model.inputs[0].dtype
    function = tf.function(forward, [tf.TensorSpec((None, *(image_shape or model.input_shape[1:])), dtype)], autograph=False)
    function.get_concrete_function()
    return dataclasses.replace(parts[-1], function=function)


def within(keras, model, images):
    """Calls a model in inference mode, as part of whatever is being traced: `Forward`, its logits as float32."""
    with keras.recorded_calls() as found:
        logits = tf.cast(model(images, training=False), tf.float32)
    return Forward(images, logits, found, tf.compat.v1.get_default_graph().get_operations())


def functions_of(operation):
    """Names of the functions that an operation calls: list of str."""
    names = []
    for attribute in operation.node_def.attr.values():
        functions = [attribute.func] if attribute.HasField("func") else list(attribute.list.func)
        names += [function.name for function in functions if function.name]
    return names


def inner_nodes(operation, seen=None):
    """What the functions that an operation calls consist of, at any depth: iterator of NodeDef.

    Args:
        operation: tf.Operation, or anything with `graph` and `node_def`.
        seen: set of names already walked, for recursion.
    """
    seen = set() if seen is None else seen
    for name in functions_of(operation):
        yield from _body(operation.graph, name, seen)


def _body(graph, name, seen):
    if name in seen:
        return
    seen.add(name)
    definition = graph._get_function(name)
    if definition is None:
        return
    definition = definition.cached_definition if hasattr(definition, "cached_definition") else definition.definition
    for node in definition.node_def:
        yield node
        for attribute in node.attr.values():
            for function in [attribute.func] if attribute.HasField("func") else list(attribute.list.func):
                if function.name:
                    yield from _body(graph, function.name, seen)
