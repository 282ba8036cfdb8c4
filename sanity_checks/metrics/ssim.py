"""Structural similarity (Wang et al. 2004) of map pairs; equal to skimage.metrics.structural_similarity.

Borders are cropped: only pixels whose window lies inside the map are computed. Channels are treated as separate
images; the value is the mean over channels and pixels.

The released code called scikit-image 0.15 with `gaussian_weights=True`; its other defaults have not changed since:
sigma 1.5 truncated at 3.5 sigma (11 taps), sample covariance (factor 121 / 120), K1 0.01, K2 0.03.
"""

from collections.abc import Callable
import dataclasses
from typing import NamedTuple

import numpy as np

from sanity_checks.metrics import chunks
from sanity_checks.metrics import scaling
from sanity_checks.metrics import windows

# Both protocols give 2, though the released code's maps span 1.
DATA_RANGE = 2.0
# (K1 R)^2 and (K2 R)^2, the constants that keep the quotients finite.
C1 = (0.01 * DATA_RANGE) ** 2
C2 = (0.03 * DATA_RANGE) ** 2
# Values processed at a time (8 MB as float64): scratch arrays stay small and are reused.
PIECE_VALUES = 2**20


class Moments(NamedTuple):
    """Scaled maps and their sums over windows, in the layout of `windows`: 24 bytes per value.

    Attributes:
        planes: float64 [N, C, H, W], the scaled maps.
        means: float64 [N, C, h, w], sums over windows, divided by the square root of the window's weight.
        squares: float64 [N, C, h, w], sums over windows of the squares.
        degenerate: bool [N], constant maps.
    """

    planes: np.ndarray
    means: np.ndarray
    squares: np.ndarray
    degenerate: np.ndarray

    def block(self, planes, rows, pixel_rows):
        """Returns pixels, means and squares, float64 [P, ., .], of slices of the N C planes and of rows."""
        pixels, means, squares = (array.reshape(-1, *array.shape[2:]) for array in self[:3])
        return pixels[planes, pixel_rows], means[planes, rows], squares[planes, rows]


@dataclasses.dataclass(frozen=True)
class StructuralSimilarity:
    """SSIM of a protocol.

    Attributes:
        scale: maps [N, H, W, C] -> `scaling.Planes`.
        window: one of `windows`.
    """

    scale: Callable
    window: windows.Uniform | windows.Gaussian

    def features(self, maps):
        """Returns the `Moments` of maps, float32 or float64 [N, H, W, C], finite."""
        maps = self.scale(maps)
        planes, scratch = maps.scaled(), chunks.Scratch()
        means = np.empty((*planes.shape[:2], *self.window.layout(*planes.shape[2:])))
        moments = Moments(planes, means, np.empty_like(means), maps.constant)
        for block in self._blocks(planes.shape):
            pixels, mean, square = moments.block(*block)
            mean[...], square[...] = self._sums(pixels, scratch)
        return moments

    def score(self, a, b):
        """Returns float64 [N], the SSIM of two `Moments`; NaN where either is degenerate."""
        return self._score(a, b.degenerate, lambda block, scratch: b.block(*block))

    def score_maps(self, a, maps):
        """Returns `score(a, features(maps))`, the sums made and used block by block, in the cache."""
        maps = self.scale(maps)

        def block_of_maps(block, scratch):
            pixels = maps.scaled_block(block[0], block[2], scratch)
            return pixels, *self._sums(pixels, scratch)

        return self._score(a, maps.constant, block_of_maps)

    def _score(self, a, degenerate, block_of_b):
        """Returns float64 [N].

        Bound by memory traffic: the sums over the windows of one array, the squared difference (everything
        else about windows depends on one map alone), and some fifteen passes over the pixels.
        """
        count, channels, height, width = a.planes.shape
        rows, columns = height - self.window.side + 1, width - self.window.side + 1
        totals, scratch = np.zeros(count * channels), chunks.Scratch()
        for block in self._blocks(a.planes.shape):
            index = self._index(a.block(*block), block_of_b(block, scratch), scratch)
            index[:, :, columns:] = 0
            # a row per plane, so that the order of the sum does not depend on the batch
            totals[block[0]] += index.reshape(len(index), -1).sum(axis=1)
        values = totals.reshape(count, channels).sum(axis=1) / (channels * rows * columns)
        values[a.degenerate | degenerate] = np.nan
        return values

    def _blocks(self, shape):
        """Yields slices of the planes of [N, C, H, W], of rows of windows and of the rows of their pixels."""
        for planes, rows in chunks.blocks(shape[0] * shape[1], shape[2] - self.window.side + 1, shape[3]):
            yield planes, rows, slice(rows.start, rows.stop + self.window.side - 1)

    def _sums(self, pixels, scratch):
        """Returns the means and squares of scaled pixels, float64 [P, R, w] each."""
        means = self.window.sum(pixels, "means", scratch)
        if self.window.weight != 1:
            means /= np.sqrt(self.window.weight)
        squares = np.multiply(pixels, pixels, out=scratch("product", pixels.shape))
        return means, self.window.sum(squares, "squares", scratch)

    def _index(self, a, b, scratch):
        """Returns the SSIM at every window, float64 [P, R, w], of two triples (pixels, means, squares).

        With means m, and v and D the variances of the maps and of their difference, the index

            (2 mx my + C1)(2 cov + C2) / ((mx^2 + my^2 + C1)(vx + vy + C2))

        is (M - (mx - my)^2)(V - D) / (M V) for M = mx^2 + my^2 + C1 and V = vx + vy + C2, because
        2 cov = vx + vy - D. The difference of equal maps is 0, so their index is exactly 1, however M and V
        are rounded. Everything is multiplied by the window's weight, and V and D by (n - 1) / n, which turns
        sample variances into plain ones.
        """
        (x, mean_x, square_x), (y, mean_y, square_y) = a, b
        c1 = C1 * self.window.weight
        c2 = C2 * self.window.weight * (self.window.pixels - 1) / self.window.pixels
        difference = np.subtract(x, y, out=scratch("product", x.shape))
        difference *= difference
        variance = self.window.sum(difference, "variance", scratch)
        distance = np.subtract(mean_x, mean_y, out=scratch("distance", mean_x.shape))
        distance *= distance
        luminance = np.multiply(mean_x, mean_x, out=scratch("luminance", mean_x.shape))
        contrast = np.multiply(mean_y, mean_y, out=scratch("contrast", mean_x.shape))
        luminance += contrast
        np.add(square_x, square_y, out=contrast)
        contrast -= luminance
        contrast += c2
        luminance += c1
        variance -= distance
        np.subtract(contrast, variance, out=variance)
        np.subtract(luminance, distance, out=distance)
        distance *= variance
        luminance *= contrast
        distance /= luminance
        return distance


# The paper's text: maps in [-1, 1], equal weights; the released code: maps in [0, 1], Gaussian weights.
PAPER = StructuralSimilarity(scaling.by_absolute_maximum, windows.UNIFORM_5)
RELEASED = StructuralSimilarity(scaling.by_extremes, windows.GAUSSIAN_11)
# What the numbers of the paper's appendix B fit: maps as they are.
UNSCALED = StructuralSimilarity(scaling.unscaled, windows.UNIFORM_5)
