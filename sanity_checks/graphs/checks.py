"""What cannot be explained is found in the graph of the forward pass, and refused before anything is computed.

A logit must depend on the image in a way that can be differentiated, on nothing random, on no other image of its batch;
computing it must leave the model's variables as they are; and it must be a logit, not a probability.
"""

import re

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops  # what tf.gradients asks for an operation's gradient

from sanity_checks import messages
from sanity_checks.graphs import forward as forward_module

RANDOM = re.compile(r"(Random|Truncated|ParameterizedTruncated|Multinomial|Stateful(Uniform|Standard|Truncated|Random)|"
                    r"NonDeterministic|RngReadAndSkip|Stateless(Random|Truncated|Multinomial|Parameterized|Shuffle))")
ASSIGNING = re.compile(r"(Assign|ResourceScatter|ResourceApply)")
# Operations between real numbers whose derivative TensorFlow takes for none.
STEPS = ("Floor", "FloorDiv", "TruncateDiv", "Ceil", "Rint", "Round", "StopGradient", "FakeQuantWithMinMaxVarsPerChannelGradient", "Sign")

# Between a softmax and the outputs these leave probabilities what they are, or nearly.
AFTER_PROBABILITIES = ("Identity", "Cast", "Reshape", "Squeeze", "ExpandDims", "Minimum", "Maximum", "ClipByValue", "Mul", "RealDiv",
                       "AddV2", "Add", "AddN", "Sub", "Mean", "Sum", "Pack", "ConcatV2", "Log", "Pow")
PROBABILITIES = ("Softmax", "Sigmoid", "LogSoftmax")
# What may come before the first step that knows where an image's channels are.
ELEMENTWISE = ("Identity", "Cast", "Mul", "RealDiv", "AddV2", "Add", "Sub", "Maximum", "Minimum", "Pad", "PadV2", "Placeholder", "NoOp")
FIRST, CHANNELS = "NCHW", (1, 3, 4)
PROBED = 3              # images that the model is run on, to look at what it gives
SUM_TOLERANCE = 1e-2    # float16 sums of softmax outputs stay well within


def check(forward, name):
    """Refuses a model whose maps would be wrong.

    Args:
        forward: `forward.Forward` with its function.
        name: str, the model's name for messages.

    Raises:
        ValueError: the model draws at random or changes its variables in inference mode, mixes the images of a batch, has
            logits that do not depend on the image or only through steps, gives probabilities, or reads images of channels first.
    """
    check_inference(forward, name)
    _refuse_channels_first(forward, name)
    _refuse_steps(forward, name)
    _refuse_probabilities(forward, name)
    _probe(forward, name)


def check_inference(forward, name):
    """Refuses a model that draws at random, changes its variables, or normalizes by the batch in inference mode; see `check`."""
    for operation in forward.operations:
        if ASSIGNING.match(operation.type) or _inside(operation, ASSIGNING):
            raise ValueError(f"model: {name!r} changes its own variables when it is called, in layer "
                             f"{forward.layer_of(operation)!r} ({operation.type}); call that layer without training=True")
    for operation in forward.below(forward.logits):
        if (RANDOM.match(operation.type) and not _is_seeded(operation)) or _inside(operation, RANDOM):
            raise ValueError(f"model: {name!r} draws at random when it is called, in layer {forward.layer_of(operation)!r} "
                             f"({operation.type}), so that a map would differ from itself; call that layer without training=True")


def _refuse_channels_first(forward, name):
    """Maps are [H, W, C]: the first step that knows where the channels are must take them last."""
    shape = forward.image.shape[1:].as_list()
    for operation in forward.operations:
        if operation in forward.of_image and operation.type not in ELEMENTWISE and operation is not forward.image.op:
            if _layout(operation) == FIRST or (_turns_to_last(operation) and shape[0] in CHANNELS):
                raise ValueError(f"model: the images of {name!r} are channels first, {shape}; expected channels last: put a layer "
                                 f"Permute((3, 1, 2)) before it")
            return


def _layout(operation):
    return operation.get_attr("data_format").decode() if "data_format" in operation.node_def.attr else None


def _turns_to_last(operation):
    """Whether an operation makes channels last of channels first."""
    order = tf.get_static_value(operation.inputs[1]) if operation.type == "Transpose" else None
    return order is not None and order.tolist() == [0, 2, 3, 1]


def _is_seeded(operation):
    """Whether an operation draws the same at each call: a stateless one with a constant seed."""
    return operation.type.startswith("Stateless") and all(_is_constant(value.op) for value in list(operation.inputs)[1:])


def _is_constant(operation):
    if not operation.inputs:
        return operation.type in ("Const", "StatelessRandomGetAlg")
    return not operation.op_def.is_stateful and all(_is_constant(value.op) for value in operation.inputs)


def _inside(operation, types):
    if operation.type not in forward_module.FUNCTION_CALLS:
        return False
    return any(types.match(node.op) for node in forward_module.inner_nodes(operation))


def is_differentiable(operation):
    """Whether a gradient passes an operation."""
    if operation.type in STEPS:
        return False
    if operation.type in forward_module.FUNCTION_CALLS:
        return True
    try:
        return ops.get_gradient_function(operation) is not None
    except LookupError:
        return True         # of no registered gradient: tf.gradients says so itself


def _refuse_steps(forward, name):
    """The image must be reached from the logits through real numbers and what can be differentiated."""
    of_image = forward.of_image
    if forward.logits.op not in of_image:
        raise ValueError(f"model: the outputs of {name!r} do not depend on the image at all")
    reached = forward.below(forward.logits, lambda operation: _is_real(operation) and is_differentiable(operation))
    if forward.image.op in reached:
        return
    steps = [operation for operation in reached if operation in of_image and not (
        _is_real(operation) and is_differentiable(operation))]
    found = ", ".join(dict.fromkeys(f"{_described(operation, of_image)} in {forward.layer_of(operation)!r}" for operation in steps))
    raise ValueError(f"model: no gradient reaches the image of {name!r}, since it passes {found or 'integers'}; "
                     f"build the model without that, on images of float32")


def _is_real(operation):
    """Whether an operation gives numbers that a gradient passes: real or complex ones, or a list of these, perhaps beside others."""
    return any(output.dtype.is_floating or output.dtype.is_complex or output.dtype == tf.variant for output in operation.outputs)


def _described(operation, of_image):
    """An operation's type, with that of its numbers where these are no real ones: "Cast to uint8", "OneHot of int32"."""
    if not _is_real(operation):
        return f"{operation.type} to {operation.outputs[0].dtype.name}"
    read = next((value.dtype.name for value in operation.inputs if value.op in of_image and value.dtype.is_integer), None)
    return f"{operation.type} of {read}" if read else operation.type


def _refuse_probabilities(forward, name):
    """Outputs must not be made of probabilities alone: one softmax, or several that are averaged."""
    of_image, waiting, seen, ends = forward.of_image, [forward.logits.op], set(), []
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        if operation.type not in AFTER_PROBABILITIES:
            ends.append(operation)
            continue
        waiting += [given.op for given in operation.inputs if given.op in of_image and given.dtype.is_floating]
    if all(operation.type in PROBABILITIES for operation in ends):
        found = " and ".join(f"{operation.type} ({forward.layer_of(operation)})" for operation in reversed(ends))
        raise ValueError(f"model: {name!r} ends in {found}, which cannot be taken off; build it so that it ends in logits")


def _probe(forward, name):
    """Runs the model on random images, together and each alone."""
    shape = (PROBED, *forward.image.shape[1:])
    images = np.random.default_rng(0).random(shape, np.float32)
    try:
        together = forward.function(images).numpy()
    except tf.errors.OpError as error:
        raise ValueError(f"model: {name!r} cannot be run here: {messages.one_line(_cause(error))}") from error
    if not np.isfinite(together).all():
        return                          # of weights that are not: refused elsewhere, by name
    scale = np.abs(together).max()
    if together.shape[1] > 1 and together.min() >= 0 and np.abs(together.sum(axis=1) - 1).max() < SUM_TOLERANCE:
        raise ValueError(f"model: {name!r} gives probabilities (no output is negative, and they sum to 1) that cannot be taken "
                         f"off; build it so that it ends in logits")
    if any(_layout(operation) == FIRST for operation in forward.operations):
        _probe_gradient(forward, images[:1], name)
    alone = forward.function(images[:1]).numpy()
    if np.abs(alone - together[:1]).max() > 1e-2 * scale:
        raise ValueError(f"model: {name!r} gives an image other outputs alone than in a batch, as normalization by the batch "
                         f"does; call such a layer without training=True")


def _probe_gradient(forward, images, name):
    """A machine may run convolutions of channels first forwards alone."""
    @tf.function
    def gradient(images):
        return tf.gradients(forward.function(images), images)
    try:
        gradient(tf.constant(images))
    except tf.errors.OpError as error:
        raise ValueError(f"model: {name!r} has no gradient here: {messages.one_line(_cause(error))}") from error


def _cause(error):
    """What TensorFlow says is wrong, without where in the code: the line before the last, which names the operation."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.strip().startswith(("[[", "File "))]
    return lines[-1] if lines else error
