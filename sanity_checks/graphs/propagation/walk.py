"""The way from the logits down: every layer gives the relevance of its output to its inputs."""

import dataclasses

import tensorflow as tf

from sanity_checks.graphs.propagation import operations
from sanity_checks.graphs.propagation import plan as planning
from sanity_checks.graphs.propagation import remaking
from sanity_checks.graphs.propagation import rules


@dataclasses.dataclass(frozen=True)
class RuleSet:
    """Which rule a layer has.

    Attributes:
        convolution: rule of layers with a convolution, and of those without a kernel before the image has lost its form.
        dense: rule of the others.
        image: rule of layers that read the image; None for the rule of the others.
        positive: whether a negative logit has no relevance.
    """
    convolution: object
    dense: object
    image: object = None
    positive: bool = False

    def of(self, layer):
        """The rule of a `plan.Layer`."""
        if layer.reads_image and self.image is not None and not self._is_flat_everywhere(layer):
            return self.image
        return self.dense if layer.is_dense else self.convolution

    def _is_flat_everywhere(self, layer):
        """Whether the flat rule would give all of the image the same, or is asked for other inputs than the image."""
        return isinstance(self.image, rules.Flat) and (layer.is_dense or len(layer.inputs) > 1)


def relevance(forward, classes, rule_set):
    """The relevance of each value of the image for the logit of each row's class.

    Args:
        forward: `sanity_checks.graphs.forward.Forward`, made in the trace that this is called in.
        classes: tf.Tensor int32 [B].
        rule_set: `RuleSet`.

    Returns:
        tf.Tensor float32 [B, H, W, C].
    """
    plan = planning.Plan(forward)
    start = plan.value(tf.maximum(plan.logits, 0) if rule_set.positive else plan.logits)
    chosen = tf.one_hot(classes, tf.shape(plan.logits)[1], dtype=plan.dtype)
    found = {plan.logits.ref(): start * chosen}
    for operation in reversed(plan.operations):
        for output in operation.outputs:
            if output.ref() in found and operation is not plan.image.op:
                for value, part in _below(plan, output, found[output.ref()], rule_set):
                    found[value.ref()] = found[value.ref()] + part if value.ref() in found else part
    return tf.cast(found[plan.image.ref()], tf.float32)


def _below(plan, output, arrived, rule_set):
    """What the inputs of the layer, activation or maximum that makes a tensor are given: list of (tf.Tensor, relevance)."""
    operation = output.op
    kind = plan.kinds[operation]
    if kind == operations.ACTIVATION:
        return [(plan.read(operation)[0], arrived)]
    if kind == operations.MAXIMUM:
        return [(plan.read(operation)[0], _of_maximum(plan, operation, arrived))]
    layer = plan.layer(output)
    rule = rules.moved if layer.moves else rule_set.of(layer)
    return list(zip(layer.inputs, rule(layer, arrived)))


def _of_maximum(plan, operation, arrived):
    """Relevance goes where the maximum was: the derivative of the operation."""
    value, *others = operation.inputs
    if value.dtype == plan.dtype:
        return tf.gradients(operation.outputs[0], value, grad_ys=arrived)[0]
    leaf = plan.value(value)
    return tf.gradients(remaking.again(operation, [leaf, *others])[0], leaf, grad_ys=arrived)[0]
