"""Quadratures of the path from a baseline to the image: at which points, and with which weights, the gradient is summed."""

import numpy as np

PAIR = "pair"


def _pair(steps):
    return np.linspace(0, 1, steps), np.ones(steps), steps


def _midpoint(steps):
    return (np.arange(steps) + .5) / steps, np.ones(steps), steps


def _gauss_legendre(steps):
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2, 1


# pair: linspace with both ends, all points weighed alike, as PAIR and so the paper did; its error is of order 1 / steps.
QUADRATURES = {PAIR: _pair, "midpoint": _midpoint, "gauss_legendre": _gauss_legendre}


def points(name, steps):
    """The points of a path and their weights.

    Args:
        name: a name in `QUADRATURES`.
        steps: int.

    Returns:
        (float64 [steps] in [0, 1], float64 [steps], what the weighted sum is to be divided by).
    """
    return QUADRATURES[name](steps)
