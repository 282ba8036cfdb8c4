"""Weights that are no numbers are refused: every map would be none either."""

import numpy as np


def check(classifier):
    """Refuses NaN and infinite weights.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.

    Raises:
        ValueError: a variable holds one; the message names the variable.
    """
    for variables in classifier.blocks.values():
        for variable in variables:
            count = int(np.sum(~np.isfinite(variable.numpy())))
            if count:
                raise ValueError(f"weights: variable {variable.name!r} holds {count} values that are not finite")
