"""Spearman rank correlation of maps: the paper's text, and the released code's.

The text correlates all values of a map, signed or absolute. The released code correlates the two-dimensional
images that PAIR's `saliency` makes for display, whose channels are summed and whose extremes are clipped: the
clipped pixels tie. A map of one channel, or whose channels are all equal (GradCAM's), is two-dimensional to
the released code, which only divides it by its largest magnitude.

Scaling and clipping are non-decreasing, so a map is sorted once and they are applied to the sorted values.
"""

import math

import numpy as np

from sanity_checks.metrics import correlation
from sanity_checks.metrics import sorting

# PAIR's VisualizeImageGrayscale and VisualizeImageDiverging clip an image at this percentile.
CLIP_PERCENTILE = 99


def signed(maps):
    """Returns the `correlation.Centred` ranks of the values of maps [N, H, W, C]."""
    return correlation.rank(_as_rows(maps))


def absolute(maps):
    """Returns the `correlation.Centred` ranks of the absolute values of maps [N, H, W, C]."""
    return correlation.rank(np.abs(_as_rows(maps)))


def absolute_released(maps):
    """Returns the `correlation.Centred` ranks of PAIR's greyscale images of maps [N, H, W, C].

    That is the sum of the channels' magnitudes, clipped to [0, 1] with its minimum at 0 and its 99th
    percentile at 1.
    """
    if _scaling_keeps_ties(maps):
        return absolute(maps)
    images, unclipped = _images(maps, np.abs)
    order, ordered = sorting.sort_rows(_as_rows(images))
    lowest = np.where(unclipped, 0, ordered[:, 0])
    highest = np.where(unclipped, ordered[:, -1], _percentile(ordered, CLIP_PERCENTILE))
    return _clipped_ranks(order, ordered, lowest, highest, 0)


def signed_released(maps):
    """Returns the `correlation.Centred` ranks of PAIR's diverging images of maps [N, H, W, C].

    With p the magnitude of the 99th percentile of the sum s of the channels, that is (s + p) / 2p clipped to
    [-1, 1]: s is clipped at p from above, but from below only at -3p.
    """
    if _scaling_keeps_ties(maps):
        return signed(maps)
    images, unclipped = _images(maps, np.positive)
    order, ordered = sorting.sort_rows(_as_rows(images))
    span = np.abs(_percentile(ordered, CLIP_PERCENTILE))
    lowest = np.where(unclipped, 0, -span)
    highest = np.where(unclipped, np.maximum(-ordered[:, 0], ordered[:, -1]), span)
    return _clipped_ranks(order, ordered, lowest, highest, -1)


def _as_rows(maps):
    """Returns a view of [N, ...] as [N, K]."""
    return maps.reshape(len(maps), math.prod(maps.shape[1:]))


def _scaling_keeps_ties(maps):
    """Returns whether maps are two-dimensional and float64 can divide them without making two values one."""
    return maps.shape[3] == 1 and maps.dtype == np.float32


def _images(maps, part):
    """Returns two-dimensional images of maps [N, H, W, C], before they are scaled.

    Args:
        maps: float32 or float64 [N, H, W, C].
        part: numpy.abs or numpy.positive.

    Returns:
        images: float64 [N, H, W], the sum over the channels of `part`, or of one channel where all are equal.
        equal: bool [N], whether all channels are equal.
    """
    first, equal = part(maps[..., 0], dtype=np.float64), np.ones(len(maps), bool)
    images = first.copy()
    for channel in range(1, maps.shape[3]):
        equal &= (maps[..., channel] == maps[..., 0]).all(axis=(1, 2))
        images += part(maps[..., channel])
    images[equal] = first[equal]
    return images, equal


def _percentile(ordered, percent):
    """Returns float64 [N], numpy.percentile (linear) of rows that are sorted, [N, K]."""
    place = (ordered.shape[1] - 1) * percent / 100
    below = int(place)
    above = min(below + 1, ordered.shape[1] - 1)
    return ordered[:, below] + (ordered[:, above] - ordered[:, below]) * (place - below)


def _clipped_ranks(order, ordered, lowest, highest, floor):
    """Returns the `Centred` ranks of (x - lowest) / (highest - lowest) clipped to [floor, 1].

    Args:
        order, ordered: as `sorting.sort_rows` gives them; `ordered` is overwritten.
        lowest, highest: float64 [N]; where they are equal the map is degenerate (PAIR divides by zero).
        floor: float.
    """
    span = highest - lowest
    empty = span == 0
    ordered -= lowest[:, np.newaxis]
    ordered /= np.where(empty, 1, span)[:, np.newaxis]
    np.clip(ordered, floor, 1, out=ordered)
    ranks = correlation.centred_ranks(order, ordered)
    return ranks._replace(degenerate=ranks.degenerate | empty)
