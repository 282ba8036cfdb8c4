"""Is an accuracy what guessing gives? The check on networks that were trained on permuted labels.

Permuting the training labels says nothing about which class is which, so the network found is as likely as the same
network with its classes renamed. Renaming them in all ways gives the distribution of the accuracy under chance, with
its exact mean and variance (Hoeffding 1951). A binomial interval would be too narrow: images of a class look alike,
so a network that knows nothing still predicts alike for them.
"""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Chance:
    """An accuracy beside what chance gives.

    Attributes:
        accuracy: float, fraction of right predictions.
        expected: float, its mean under chance.
        standard_error: float, its standard deviation under chance.
        z: float, (accuracy - expected) / standard_error; 0 where chance has no spread.
    """
    accuracy: float
    expected: float
    standard_error: float
    z: float


def compare(labels, predictions, num_classes):
    """Compares the accuracy of predictions with that of the same predictions under renamed classes.

    Args:
        labels: int [N], in [0, num_classes).
        predictions: int [N], in [0, num_classes).
        num_classes: int, at least 2.

    Returns:
        `Chance`. z cannot be above num_classes - 1, which perfect predictions have.
    """
    if num_classes < 2 or len(labels) != len(predictions) or not len(labels):
        raise ValueError(f"expected as many labels as predictions, of at least 2 classes; got {len(labels)} labels, "
                         f"{len(predictions)} predictions, {num_classes} classes")
    # [label, prediction]
    counts = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(counts, (np.asarray(labels), np.asarray(predictions)), 1)
    # num_classes ** 2 times the residuals of the table from its rows' and columns' means, in whole numbers
    residuals = num_classes ** 2 * counts - num_classes * (counts.sum(axis=0) + counts.sum(axis=1, keepdims=True)) + (
        counts.sum())
    accuracy, expected = np.trace(counts) / len(labels), 1 / num_classes
    spread = math.sqrt((residuals.astype(float) ** 2).sum() / (num_classes - 1))
    standard_error = spread / num_classes ** 2 / len(labels)
    return Chance(float(accuracy), expected, standard_error, (accuracy - expected) / standard_error if spread else 0.)
