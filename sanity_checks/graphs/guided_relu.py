"""The ReLUs of Guided Backprop and of Deconvnet, put in place of every ReLU of a model while a function is traced.

At a ReLU the gradient becomes gradient * 1{gradient > 0} * 1{output > 0} (guided, Springenberg et al. 2015), or
gradient * 1{gradient > 0} (Deconvnet, Zeiler and Fergus 2014). The override acts on operations, so it does not matter how the ReLU was written: `activation="relu"`, `Activation("relu")`, `ReLU()`, `tf.nn.relu`, `tf.nn.relu6`,
`tf.maximum(x, 0)`, at any depth of nested models.

A ReLU that is but one half of a function of two sides is none: PReLU is relu(x) - a * relu(-x), and has the plain gradient
like LeakyReLU, which is the same function in one operation. What the override cannot reach is refused, never passed over.
"""

import contextlib
import functools

import tensorflow as tf

from sanity_checks.graphs import forward as forward_module

RELU_OPERATIONS = ("Relu", "Relu6")
COMPARISONS = ("Greater", "GreaterEqual", "Less", "LessEqual")
PASSING = ("Identity", "Cast", "Reshape")

# What an activation function is called that an operation belongs to.
ACTIVATIONS = {"Elu": "elu", "Erf": "gelu", "Erfc": "gelu", "LeakyRelu": "leaky_relu", "Selu": "selu", "Sigmoid": "sigmoid or swish",
               "Softplus": "softplus", "Softsign": "softsign", "Tanh": "tanh"}


def _guided(output, gradient):
    return tf.where((output > 0) & (gradient > 0), gradient, tf.zeros_like(gradient))


def _deconvnet(output, gradient):
    return tf.maximum(gradient, 0)


GUIDED, DECONVNET = "Guided", "Deconvnet"
RULES = {GUIDED: _guided, DECONVNET: _deconvnet}        # what a ReLU lets through of the gradient


def _relu_gradient(rule, operation, gradient):
    output = operation.outputs[0]
    return tf.where(output > 0, gradient, tf.zeros_like(gradient)) if _is_half(operation) else rule(output, gradient)


def _relu6_gradient(rule, operation, gradient):
    return tf.where(operation.outputs[0] < 6, _relu_gradient(rule, operation, gradient), tf.zeros_like(gradient))


def _maximum_gradient(rule, operation, gradient):
    rectified = _rectified(operation)
    if rectified is None or _is_half(operation):
        return _plain_maximum_gradient(operation, gradient)
    passed = rule(operation.outputs[0], gradient)
    if rectified.shape.rank != passed.shape.rank:
        raise ValueError(f"the ReLU {operation.name!r} cannot be overridden: tf.maximum broadcasts its input")
    return (None, passed) if _same(rectified, operation.inputs[1]) else (passed, None)


GRADIENTS = {"Relu": _relu_gradient, "Relu6": _relu6_gradient, "Maximum": _maximum_gradient}


def _registered(rule):
    """Registers the gradients of a rule of `RULES`: dict, type of operation -> name of its gradient."""
    names = {kind: f"SanityChecks{rule}{kind}" for kind in GRADIENTS}
    for kind, name in names.items():
        tf.RegisterGradient(name)(functools.partial(GRADIENTS[kind], RULES[rule]))
    return names


OVERRIDES = {rule: _registered(rule) for rule in RULES}


@contextlib.contextmanager
def overridden(rule=GUIDED):
    """While a tf.function is being traced: ReLUs added to its graph have the gradient of a rule of `RULES`.

    Whether it reaches all that it should is told beforehand by `obstacle`.
    """
    with tf.compat.v1.get_default_graph().gradient_override_map(OVERRIDES[rule]):
        yield


def obstacle(forward):
    """Why Guided Backprop is not defined for a model, or cannot be computed: str, or None.

    Args:
        forward: `sanity_checks.graphs.forward.Forward`.
    """
    operations = [operation for operation in forward.below(forward.logits) if operation in forward.of_image]
    for operation in operations:
        if operation.type in forward_module.FUNCTION_CALLS and any(
                node.op in RELU_OPERATIONS for node in forward_module.inner_nodes(operation)):
            return (f"Guided Backprop cannot reach the ReLU inside the tf.function or control flow "
                    f"{forward.layer_of(operation)!r}; remove @tf.function from that layer")
        if _has_own_gradient(operation):
            return f"Guided Backprop cannot reach the ReLU inside the custom gradient {forward.layer_of(operation)!r}"
        if _is_gate(operation):
            return (f"Guided Backprop cannot override the ReLU, or ReLU with a threshold, that {forward.layer_of(operation)!r} "
                    f"writes as {operation.type}; write it as relu")
    if not any(is_relu(operation) for operation in operations):
        found = ", ".join(_activations(forward, operations)) or "none"
        return f"it has no ReLU, so Guided Backprop is not defined for it; activations found: {found}"
    return None


def is_relu(operation):
    """Whether an operation is a ReLU that is guided."""
    return (operation.type in RELU_OPERATIONS or _rectified(operation) is not None) and not _is_half(operation)


def _plain_maximum_gradient(operation, gradient):
    first, second = operation.inputs
    chosen = first >= second
    zeros = tf.zeros_like(gradient)
    return tuple(_sum_to_shape(tf.where(mask, gradient, zeros), value)
                 for mask, value in ((chosen, first), (tf.logical_not(chosen), second)))


def _sum_to_shape(gradient, value):
    axes = tf.raw_ops.BroadcastGradientArgs(s0=tf.shape(value), s1=tf.shape(gradient))[0]
    return tf.reshape(tf.reduce_sum(gradient, axes), tf.shape(value))


def _rectified(operation, kind="Maximum"):
    """The tensor that an operation takes the maximum (minimum) of with zero, or None."""
    if operation.type != kind:
        return None
    first, second = operation.inputs
    return second if _is_zero(first) else first if _is_zero(second) else None


def _is_zero(value):
    constant = tf.get_static_value(value)
    return constant is not None and (constant == 0).all()


def _is_half(operation):
    """Whether a rectification is one half of a function of two sides: the negative is rectified as well."""
    source = _source(operation)
    if source is None:
        return False
    if source.op.type in RELU_OPERATIONS or _rectified(source.op) is not None:       # clipped twice
        return _is_half(source.op)
    if source.op.type == "ConcatV2":                            # crelu
        joined = list(source.op.inputs)
        return any(_same(_negated(value), other) for value in joined for other in joined)
    negated = _negated(source)
    if negated is not None:
        return any(_is_rectification(reader) for reader in negated.consumers())
    return any(_rectified(reader, "Minimum") is not None for reader in source.consumers()) or any(
        _is_rectification(reader) for opposite in source.consumers() if opposite.outputs and _same(_negated(opposite.outputs[0]), source)
        for reader in opposite.outputs[0].consumers())


def _source(operation):
    """The tensor that an operation rectifies, or None."""
    source = operation.inputs[0] if operation.type in RELU_OPERATIONS else _rectified(operation)
    if source is not None and source.op.type == "Minimum":      # clipped from above first
        bounds = [tf.get_static_value(value) for value in source.op.inputs]
        source = source.op.inputs[0] if bounds[1] is not None else source.op.inputs[1] if bounds[0] is not None else source
    return source


def _negated(value):
    """x where a tensor is -x, else None."""
    operation = value.op
    if operation.type == "Neg":
        return operation.inputs[0]
    if operation.type == "Mul":
        for factor, other in (operation.inputs, reversed(operation.inputs)):
            constant = tf.get_static_value(factor)
            if constant is not None and (constant == -1).all():
                return other
    return None


def _is_rectification(operation):
    return operation.type in RELU_OPERATIONS or _rectified(operation) is not None


def _is_gate(operation):
    """Whether an operation is a ReLU written as a choice between x and 0, as a product with a step, or as a minimum."""
    inputs = list(operation.inputs)
    if operation.type in ("Select", "SelectV2"):
        condition, *branches = inputs
        return condition.op.type in COMPARISONS and any(_is_zero(value) or value.op.type == "ZerosLike" for value in branches) and any(
            _among(value, condition.op.inputs) for value in branches)
    if operation.type == "Mul":
        steps = [value.op.inputs[0].op for value in inputs if value.op.type == "Cast"]
        return any(step.type in COMPARISONS and _among(other, step.inputs) for step in steps for other in inputs)
    if operation.type in ("Add", "AddV2"):
        return any(value.op.type == "Abs" and _same(value.op.inputs[0], other) for value, other in (inputs, inputs[::-1]))
    source = _rectified(operation, "Minimum")
    return source is not None and not any(_rectified(reader) is not None or reader.type in RELU_OPERATIONS
                                          for reader in source.consumers())


def _among(value, values):
    """Whether a tensor is one of others, but for its form and type."""
    return any(_same(_passed(value), _passed(other)) for other in values)


def _passed(value):
    while value.op.type in PASSING:
        value = value.op.inputs[0]
    return value


def _same(value, other):
    return value is not None and value.op is other.op and value.value_index == other.value_index


def _has_own_gradient(operation):
    """Whether an operation replaces the gradient of what lies between it and its arguments, a ReLU among it."""
    if operation.type != "IdentityN" or not operation.node_def.attr["_gradient_op_type"].s.startswith(b"CustomGradient"):
        return False
    results = operation.inputs[0]
    arguments, waiting, seen = {value.op for value in operation.inputs[1:]}, [results.op], set()
    while waiting:
        inner = waiting.pop()
        if inner in seen or inner in arguments:
            continue
        seen.add(inner)
        if _is_rectification(inner):
            return True
        waiting += [value.op for value in inner.inputs]
    return False


def _activations(forward, operations):
    """Names of the activation functions of a model: list of str."""
    named = [getattr(getattr(call.layer, "activation", None), "__name__", None) for call in forward.calls]
    by_layer = [name for name in named if name not in (None, "linear")]
    by_operation = [ACTIVATIONS[operation.type] for operation in operations if operation.type in ACTIVATIONS]
    return list(dict.fromkeys(by_layer or by_operation))
