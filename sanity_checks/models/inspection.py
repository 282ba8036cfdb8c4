"""What a model's forward pass tells before anything is explained, found once when a classifier is made."""

import dataclasses

from sanity_checks.graphs import checks
from sanity_checks.graphs import features
from sanity_checks.graphs import guided_relu
from sanity_checks.graphs.propagation import plan


@dataclasses.dataclass(frozen=True, eq=False)
class Inspected:
    """What was found in the graph of a model's forward pass.

    Attributes:
        logits: tf.function of images float32 [B, H, W, C] -> logits float32 [B, classes].
        gradcam_layer: str, the layer that GradCAM was told to read, or None.
        features: `features.FeatureMap` that GradCAM reads, or None.
        no_features: str, why there is none, or None.
        no_guided: str, why Guided Backprop and Deconvnet cannot explain the model, or None.
        no_relevance: str, why relevance cannot be propagated through the model, or None.
    """
    logits: object
    gradcam_layer: str | None = None
    features: object = None
    no_features: str | None = None
    no_guided: str | None = None
    no_relevance: str | None = None


def inspect(forward, name, gradcam_layer=None):
    """Looks at a model's forward pass.

    Args:
        forward: `sanity_checks.graphs.forward.Forward` of a model that ends in logits.
        name: str, for messages.
        gradcam_layer: name of the layer whose output GradCAM reads; None for the last convolutional feature map.

    Returns:
        `Inspected`.

    Raises:
        ValueError: the model cannot be explained, see `sanity_checks.graphs.checks.check`, or no layer has that name.
    """
    checks.check(forward, name)
    found, reason = features.find(forward, gradcam_layer)
    return Inspected(forward.function, gradcam_layer, found, reason if found is None else None,
                     guided_relu.obstacle(forward), plan.obstacle(forward))
