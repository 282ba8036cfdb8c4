"""The class that is explained of each image: a state's own prediction, the original's, the label, or another class."""

import numpy as np

from sanity_checks import methods
from sanity_checks import randomness
from sanity_checks import runs
from sanity_checks.weights import states

CHOICES = ("own", "original", "label")


def classes(classifier, images, unit, pixels, protocol, state, previous):
    """The class whose logit is explained at a state of the model.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`, on the state's weights.
        images: test split of a `sanity_checks.datasets.Dataset`.
        unit: `sanity_checks.runs.Unit` of `images`.
        pixels: float32 [n, H, W, C], the unit's images.
        protocol: `runner.Protocol`.
        state: `states.WeightState`.
        previous: int32 [n], the classes of the state before; None at the first.

    Returns:
        int32 [n].
    """
    if previous is not None and states.explains_another(protocol.test):
        return another(previous, images.ids[unit.first:unit.last], classifier.num_classes, unit.draw, protocol.seed)
    if protocol.explained_class == "label":
        return _labels(classifier, images, unit)
    if protocol.explained_class == "original" and previous is not None:
        return previous
    return methods.predict(classifier, pixels, protocol.batch_size or methods.default_batch_size(classifier.image_shape))


def another(present, image_ids, num_classes, draw, seed):
    """A random class of each image, never the present one; an image's draws are all different.

    Args:
        present: int [n].
        image_ids: sequence of n str, that name the streams.
        num_classes: int.
        draw: int, below num_classes - 1.
        seed: int.

    Returns:
        int32 [n].
    """
    others = [randomness.generator("other class", seed, image_id).permutation(num_classes - 1)[draw] for image_id in image_ids]
    return (others + (others >= np.asarray(present))).astype(np.int32)


def check(classifier, dataset, count, protocol, draws):
    """ValueError if the protocol's classes are not there.

    Args:
        classifier, dataset, protocol: as of `runner.run_unit`.
        count: int, the first so many images are explained.
        draws: int.
    """
    others = classifier.num_classes - 1
    if states.explains_another(protocol.test) and not others:
        raise ValueError(f"model: {classifier.name!r} has no other class to explain{classifier.advice}")
    if states.explains_another(protocol.test) and draws > others:
        raise ValueError(f"draws: expected at most {others}, as many as model {classifier.name!r} has classes other than the "
                         f"explained one, got {draws}")
    if protocol.explained_class == "label":
        _labels(classifier, dataset.test, runs.Unit(0, 0, count))


def _labels(classifier, images, unit):
    """The images' labels as the model counts its classes: int32 [n]."""
    if images.labels is None:
        raise ValueError("explained_class: expected labels of the images to explain, found none")
    labels, count = np.asarray(images.labels[unit.first:unit.last]), classifier.num_classes - classifier.label_offset
    for label, image_id in zip(labels, images.ids[unit.first:unit.last]):
        if not 0 <= label < count:
            raise ValueError(f"explained_class: label {label} of image {image_id} is not one of the {count} "
                             f"classes of model {classifier.name!r}{classifier.advice}")
    return (labels + classifier.label_offset).astype(np.int32)
