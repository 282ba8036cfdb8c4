"""How large the channels of a model's blocks are for an image: what stays of it says what a randomization leaves alone.

No saliency method; the diagnostic of Binder et al. (CVPR 2023) of randomization from the top and from the bottom.
"""

import dataclasses

from sanity_checks import lazy
from sanity_checks.methods import backward
from sanity_checks.methods import base

tf = lazy.module("tensorflow")
activations = lazy.module("sanity_checks.graphs.activations")
forward_module = lazy.module("sanity_checks.graphs.forward")


def hidden_blocks(classifier):
    """The blocks whose activations are looked at, from the top: list of str, all but the one that ends in the logits."""
    return list(classifier.blocks)[1:]


def _profiles(classifier):
    wanted = {name: classifier.blocks[name] for name in hidden_blocks(classifier)}

    @tf.function(input_signature=backward.signature(classifier)[:1])
    def profiles_pass(images):
        forward = forward_module.within(classifier.keras, classifier.model, images)
        found = activations.of_blocks(forward, wanted, classifier.keras.key)
        return {name: _profile(tensor, axis % tensor.shape.rank) for name, (tensor, axis) in found.items()}
    return profiles_pass


def _profile(tensor, axis):
    """Mean magnitude of each channel, over all other axes but the first: float32 [B, channels]."""
    others = [other for other in range(1, tensor.shape.rank) if other != axis]
    return tf.reduce_mean(tf.abs(tf.cast(tensor, tf.float32)), others)


@dataclasses.dataclass(frozen=True)
class ChannelProfiles(base.Work):
    """Mean magnitude of each channel of the hidden blocks' activations: dict, block name -> float32 [N, channels]."""

    def passes(self, image_shape):
        return 1

    def run(self, task):
        traced, names = task.classifier.trace("channel profiles", _profiles), []

        def profiles(images, targets):
            found = traced(images)
            names[:] = list(found)
            return list(found.values())
        return dict(zip(names, task.batched(profiles))) if hidden_blocks(task.classifier) else {}
