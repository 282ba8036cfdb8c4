"""Which channels are the largest: the share of the top tenth that two profiles have in common."""

from typing import NamedTuple

import numpy as np

TENTH = 10


class Top(NamedTuple):
    """Attributes: largest, bool [N, K], each row's top tenth; degenerate, bool [N], rows of one value."""

    largest: np.ndarray
    degenerate: np.ndarray


def top(maps):
    """Returns the `Top` of profiles, float32 or float64 [N, 1, 1, K], finite: of K values the K / 10 largest, at least one."""
    rows = maps.reshape(len(maps), maps.shape[-1] * maps.shape[1] * maps.shape[2])
    count = max(1, rows.shape[1] // TENTH)
    largest = np.zeros(rows.shape, bool)
    np.put_along_axis(largest, np.argsort(-rows, axis=1, kind="stable")[:, :count], True, axis=1)
    return Top(largest, (rows == rows[:, :1]).all(axis=1))


def shared(a, b):
    """Returns the share of the first `Top` that is in the second, float64 [N] in [0, 1]; NaN where either is degenerate."""
    found = (a.largest & b.largest).sum(axis=1) / a.largest.sum(axis=1)
    return np.where(a.degenerate | b.degenerate, np.nan, found)
