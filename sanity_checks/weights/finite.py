"""Refuses weights that are not finite: NaN or infinity in one variable makes every map of the model meaningless."""

import numpy as np


def check(classifier):
    """ValueError if a variable of the classifier holds NaN or infinity.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
    """
    for variables in classifier.parts.values():
        for variable in variables:
            bad = np.count_nonzero(~np.isfinite(variable.numpy()))
            if bad:
                raise ValueError(f"weights: variable {variable.name!r} holds {bad} values that are not finite")
