"""Pieces of a computation small enough for the processor's cache, and arrays used again from piece to piece.

Every metric works piece by piece, whatever the number of maps: its temporaries are a few arrays of about
`PIECE_VALUES` values, or of one map where a map is larger and cannot be cut.
"""

import math

import numpy as np

# Values in one temporary: 200 kB as float64, a few of which fit a core's level-2 cache.
PIECE_VALUES = 24 * 1024
# A plane is cut into bands of rows only above this size (1 MB as float64); bands have a multiple of 16 rows.
PLANE_VALUES = 128 * 1024
BAND_ROWS = 16


def slices(count, values_each, piece_values=PIECE_VALUES):
    """Yields the slices that cover `range(count)` in order.

    Args:
        count: int, the number of maps or planes.
        values_each: int, the number of values in a map or plane.
        piece_values: int, the number of values that a slice may hold, if that is a map or more.
    """
    step = max(1, piece_values // max(1, values_each))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def blocks(count, height, width):
    """Yields pairs of slices (planes, rows) that cover `count` planes of height x width pixels.

    A block is whole planes or a band of the rows of one plane; which bands does not depend on `count`.
    """
    band = height
    if height * width > PLANE_VALUES:
        band = max(1, PIECE_VALUES // width // BAND_ROWS) * BAND_ROWS
    for planes in slices(count, height * width):
        for start in range(0, height, band):
            yield planes, slice(start, min(start + band, height))


class Scratch:
    """Uninitialized float64 arrays by name, allocated once: fresh memory costs more than a pass over it."""

    def __init__(self):
        self._arrays = {}

    def __call__(self, name, shape):
        """Returns float64 [*shape], sharing memory with what was handed out under the name before."""
        size = math.prod(shape)
        array = self._arrays.get(name)
        if array is None or array.size < size:
            array = self._arrays[name] = np.empty(size)
        return array[:size].reshape(shape)
