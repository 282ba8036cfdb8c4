"""How much more complex a map becomes: the relative rise of its entropy (efficient MPRT, Hedstrom et al. 2024).

H is the entropy, in natural units, of a histogram of the map's values in 100 bins over their own range, and the rise of a
map a to a map b is (H(b) - H(a)) / H(a): 0 where they are alike, positive where b is more complex. It has no upper bound.
"""

from typing import NamedTuple

import numpy as np

BINS = 100


class Complexity(NamedTuple):
    """Attributes: entropy, float64 [N], in [0, log 100]; degenerate, bool [N], maps of one value."""

    entropy: np.ndarray
    degenerate: np.ndarray


def entropies(maps):
    """Returns the `Complexity` of maps, float32 or float64 [N, H, W, C], finite. About 5 ms for 299 x 299 x 3 values."""
    found = np.array([_entropy(values) for values in maps], np.float64)
    return Complexity(found, found == 0)


def rise(a, b):
    """Returns the relative rise from one `Complexity` to another, float64 [N]; NaN where either is degenerate."""
    usable = ~(a.degenerate | b.degenerate)
    return np.where(usable, (b.entropy - a.entropy) / np.where(usable, a.entropy, 1), np.nan)


def _entropy(values):
    """Entropy of a histogram of values; 0 of a constant, or where NumPy finds 100 bins narrower than rounding."""
    try:
        counts, _ = np.histogram(values, BINS)
    except ValueError:
        return 0.0
    shares = counts[counts > 0] / values.size
    return max(0.0, -np.sum(shares * np.log(shares)))
