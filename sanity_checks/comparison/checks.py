"""What is refused of a job before it is one: images that are too small for a metric, a user's method that fails or is noisy."""

from sanity_checks import methods
from sanity_checks import metrics

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
