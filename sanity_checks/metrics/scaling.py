"""Scaling each map, alone, to [-1, 1] or to [0, 1], or not at all, before an image metric sees it.

A map's scale never depends on the other maps of the batch.
"""

import math
from typing import NamedTuple

import numpy as np

from sanity_checks.metrics import chunks


class Planes(NamedTuple):
    """Maps as planes, one per channel, to be scaled piece by piece: (value - offset) / scale, in float64.

    Attributes:
        values: float32 or float64 [N, C, H, W].
        offset: float64 [N].
        scale: float64 [N], never 0.
        constant: bool [N], maps whose values are all the same.
    """

    values: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    constant: np.ndarray

    def scaled(self):
        """Returns float64 [N, C, H, W]; maps that are constant are zeros."""
        shape = self.values.shape
        everything = slice(0, shape[0] * shape[1]), slice(0, shape[2])
        return self.scaled_block(*everything, chunks.Scratch()).reshape(shape)

    def scaled_block(self, planes, rows, scratch):
        """Returns float64 [P, R, W], the scaled pixels of slices of the N C planes and of the rows."""
        pixels = self.values.reshape(-1, *self.values.shape[2:])[planes, rows]
        maps = np.arange(planes.start, planes.stop) // self.values.shape[1]
        offset, scale = (array[maps, np.newaxis, np.newaxis] for array in (self.offset, self.scale))
        scaled = scratch("scaled", pixels.shape)
        scaled[...] = pixels
        if offset.any():
            scaled -= offset
        scaled /= scale
        return scaled


def by_absolute_maximum(maps):
    """Returns the `Planes` of maps / max |map|, in [-1, 1], signs kept: the paper's text.

    Args:
        maps: float32 or float64 [N, H, W, C], finite.
    """
    lowest, highest = _extremes(maps)
    return _planes(maps, np.zeros_like(lowest), np.where(lowest == highest, 0, np.maximum(-lowest, highest)))


def unscaled(maps):
    """Returns the `Planes` of maps as they are.

    Args:
        maps: float32 or float64 [N, H, W, C], finite.
    """
    lowest, highest = _extremes(maps)
    return _planes(maps, np.zeros_like(lowest), np.where(lowest == highest, 0.0, 1.0))


def by_extremes(maps):
    """Returns the `Planes` of (map - min) / (max - min), in [0, 1]: the released code.

    Args:
        maps: float32 or float64 [N, H, W, C], finite.
    """
    lowest, highest = _extremes(maps)
    return _planes(maps, lowest, highest - lowest)


def _extremes(maps):
    """Returns float64 [N] twice, the lowest and the highest value of each map."""
    rows = maps.reshape(len(maps), math.prod(maps.shape[1:]))
    return rows.min(axis=1).astype(np.float64), rows.max(axis=1).astype(np.float64)


def _planes(maps, offset, scale):
    """Returns the `Planes` of maps [N, H, W, C], constant where `scale` is 0."""
    constant = scale == 0
    values = np.ascontiguousarray(maps.transpose(0, 3, 1, 2))
    if constant.any():
        values = np.where(constant[:, np.newaxis, np.newaxis, np.newaxis], values.dtype.type(0), values)
    return Planes(values, np.where(constant, 0, offset), np.where(constant, 1, scale), constant)
