"""What is refused of a job before it is one: images that are too small for a metric, a user's method that fails or is noisy."""

import logging

import numpy as np

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks.methods import custom
from sanity_checks.vocabulary import tests
from sanity_checks.weights import states

logger = logging.getLogger("absl")
CALLED_TWICE = 2        # images on which a user's own method must agree with itself


def check_metrics(names, image_shape):
    """ValueError if a metric is unknown, or not defined for maps of this shape.

    Args:
        names: names in `metrics.METRICS` or `metrics.OF_TESTS`.
        image_shape: (H, W, C) of the images, which is that of the maps.
    """
    height, width = image_shape[:2]
    for name in names:
        side = metrics.find(name).smallest_side
        if min(height, width) < side:
            raise ValueError(f"metrics: {name} needs images of at least {side} x {side} pixels, these have {height} x {width}")


def check_methods(classifier, dataset, made, seed, batch_size):
    """Calls a user's own methods on the first images, twice; ValueError if one fails or does not agree with itself.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`.
        made: dict, name -> `methods.base.Method`.
        seed, batch_size: of the run.
    """
    methods.check_repeatable(classifier, made, dataset.test[:CALLED_TWICE], seed, batch_size)


def warn_of_copies(classifier, dataset, protocol):
    """Warns of a user's own methods whose maps are the same when all weights are others.

    An explainer that was made before, on a copy or a frozen trace of the model, explains that copy for ever: it would be found
    insensitive for no fault of its own.

    Args:
        classifier, dataset: as of `check_methods`.
        protocol: `runner.Protocol`.
    """
    own = {name: method for name, method in protocol.methods.items() if isinstance(method, custom.Custom)}
    images = dataset.test[:CALLED_TWICE]

    def maps():
        return {name: method.maps(methods.make_task(classifier, images, targets, seed=protocol.seed)) for name, method in own.items()}
    if own:
        targets = methods.predict(classifier, images, CALLED_TWICE)
        before = maps()
        with states.weight_states(classifier, tests.NULL, 0, protocol.seed, protocol.randomization) as walk:
            next(walk)
            after = maps()
        for name in own:
            if np.array_equal(before[name], after[name], equal_nan=True) and np.ptp(before[name]) > 0:
                logger.warning("methods: the maps of %s are the same, to the last bit, when all weights are drawn anew: either it "
                               "reads no weights, or it explains a copy or a frozen trace of the model; make the explainer inside "
                               "the function, on classifier.model", name)
