"""What the data randomization test sends to other processes: how its networks are made, trained and read."""

from collections.abc import Sequence
import dataclasses

from sanity_checks import lazy
from sanity_checks.training import label_networks

models = lazy.module("sanity_checks.models")


@dataclasses.dataclass(frozen=True)
class Networks:
    """The weights of a draw's networks: function (classifier, draw) -> dict, name of a state -> its arrays.

    Attributes:
        training_dir: str.
        seeds: range or tuple of int; draw d has the networks of seeds[d].
    """
    training_dir: str
    seeds: Sequence

    def __call__(self, classifier, draw):
        return label_networks.load(classifier, self.training_dir, self.seeds[draw])


def build(name, image_shape, classes, gradcam_layer=None):
    """An untrained network of a registered architecture: `Classifier`."""
    architecture = models.trainable(name)
    return models.load_classifier(architecture.build(image_shape, classes),
                                  gradcam_layer=gradcam_layer or architecture.gradcam_layer)


def train(name, dataset, training_dir, seed, kind, goal):
    """Trains one network into a folder, as `label_networks.train`; `dataset` is a `sources.Source`."""
    label_networks.train(name, models.trainable(name), dataset.get(), training_dir, seed, kind, goal)
