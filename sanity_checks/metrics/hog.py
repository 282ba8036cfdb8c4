"""Histograms of oriented gradients (Dalal & Triggs 2005) of maps, as skimage.feature.hog computes them.

Cells of 16 x 16 pixels, 9 orientations over 180 degrees without interpolation, blocks of 3 x 3 cells, L2-Hys.
The paper has this metric for photographs only. A map too small for one block has smaller cells, the largest of which
three fit along either axis (28 x 28: 9 pixels); a single cell would not do: clipping makes its orientations equal.
A histogram is summed in float32, pixel after pixel, as scikit-image does: values of a HOG that are equal but
for rounding then tie, or not, as there, and a rank correlation sees that.
"""

import math

import numpy as np

from sanity_checks.metrics import correlation
from sanity_checks.metrics import scaling

CELL = 16  # pixels, where the map has room for a block of them
SMALLEST_SIDE = 12  # pixels, of a map: a block of cells of 4 pixels
ORIENTATIONS = 9
DEGREES_PER_ORIENTATION = 180 / ORIENTATIONS
BLOCK = 3  # cells
# L2-Hys: clip the normalized histogram here, and normalize again. EPSILON keeps an empty block finite.
CLIP = 0.2
EPSILON = 1e-5
# Squared magnitudes that are closer than this, relatively, may be those of equal magnitudes.
ROUNDING = 1e-14
# Values taken at a time (1 MB as float64), so that the sum over a cell's pixels is of many cells at once.
PIECE_VALUES = 2**17


def centred(maps):
    """Returns the `correlation.Centred` HOGs of maps [N, H, W, C] in [-1, 1], for a Pearson correlation."""
    planes = scaling.by_absolute_maximum(maps)
    return _without(planes.constant, correlation.centre(hog(planes.scaled())))


def ranked(maps):
    """Returns the `correlation.Centred` ranks of the HOGs of maps [N, H, W, C] in [0, 1] (released code)."""
    planes = scaling.by_extremes(maps)
    return _without(planes.constant, correlation.rank(hog(planes.scaled())))


def _without(constant, features):
    """Returns `features`, `Centred`, degenerate where `constant`, bool [N], too."""
    return features._replace(degenerate=features.degenerate | constant)


def hog(planes):
    """Returns the HOG of each map.

    Bound by passes over the pixels, the arctangent among them (once per pixel, on the channel of the largest
    gradient), and by the steps (256) of the sum over a cell's pixels, each of all cells of all maps at once.

    Args:
        planes: float64 [N, C, H, W], H and W at least `SMALLEST_SIDE`.

    Returns:
        float64 [N, K], K = blocks down * blocks across * cells in a block * 9.
    """
    cell = min(CELL, *(side // BLOCK for side in planes.shape[2:]))
    down, across = planes.shape[2] // cell, planes.shape[3] // cell
    # [N, cell down, cell across], pixels beyond the last whole cell are left out
    gradient_down, gradient_across, magnitude = _largest_gradients(planes, down * cell, across * cell)
    # [N, cell down, cell across], 0..9
    orientation = _orientations(gradient_down, gradient_across)
    # [N, down, across, 9]
    histograms = _cell_histograms(orientation, magnitude, down, across, cell)
    return _normalized_blocks(histograms)


def _largest_gradients(planes, height, width):
    """Returns the gradient along both axes and its magnitude, of the channel where it is largest.

    Args:
        planes: float64 [N, C, H, W].
        height, width: int, the pixels to keep.

    Returns:
        three float64 [N, height, width].
    """
    down, across = _gradients(planes, height, width)
    squares = down * down
    squares += across * across
    if planes.shape[1] == 1:
        return down[:, 0], across[:, 0], np.sqrt(squares[:, 0])
    # int64 [N, height, width], positions in `down.ravel()`
    largest = _largest_channel(down, across, squares) * (height * width)
    largest += np.arange(height * width).reshape(height, width)
    largest += np.arange(len(planes))[:, np.newaxis, np.newaxis] * math.prod(down.shape[1:])
    return tuple(array.ravel().take(largest) for array in (down, across, np.sqrt(squares, out=squares)))


def _largest_channel(down, across, squares):
    """Returns int64 [N, H, W], the channel with the largest gradient; the first one wins a tie.

    Chosen by arithmetic, not by masks, which a processor cannot predict. Where squared magnitudes are equal
    but for rounding the magnitudes themselves decide, as in scikit-image.

    Args:
        down, across, squares: float64 [N, C, H, W], the gradients and their squared magnitudes.
    """
    best, channel = squares[:, 0].copy(), np.zeros(squares[:, 0].shape, np.int64)
    close = np.zeros(channel.shape, bool)
    for candidate in range(1, squares.shape[1]):
        square = squares[:, candidate]
        np.maximum(channel, candidate * (square > best), out=channel)
        close |= np.abs(square - best) <= ROUNDING * best
        np.maximum(best, square, out=best)
    close &= best > 0
    magnitudes = np.hypot(down.transpose(0, 2, 3, 1)[close], across.transpose(0, 2, 3, 1)[close])
    channel[close] = magnitudes.argmax(axis=1)
    return channel


def _gradients(planes, height, width):
    """Returns the central differences along both axes, without the factor 1/2, zero on the map's border.

    Args:
        planes: float64 [N, C, H, W].
        height, width: int, the pixels to keep.

    Returns:
        two float64 [N, C, height, width].
    """
    shape = (*planes.shape[:2], height, width)
    down, across = np.empty(shape), np.empty(shape)
    last_row, last_column = min(height, planes.shape[2] - 1), min(width, planes.shape[3] - 1)
    down[:, :, 0] = down[:, :, last_row:] = 0
    across[:, :, :, 0] = across[:, :, :, last_column:] = 0
    above, below = planes[:, :, : last_row - 1, :width], planes[:, :, 2 : last_row + 1, :width]
    left, right = planes[:, :, :height, : last_column - 1], planes[:, :, :height, 2 : last_column + 1]
    np.subtract(below, above, out=down[:, :, 1:last_row])
    np.subtract(right, left, out=across[:, :, :, 1:last_column])
    return down, across


def _orientations(gradient_down, gradient_across):
    """Returns int64, the bin of each gradient's angle modulo 180 degrees; `gradient_down` is overwritten.

    0..8, or 9 for a negative angle so small that it rounds to 180 degrees: in scikit-image it has no bin.
    """
    angle = np.arctan2(gradient_down, gradient_across, out=gradient_down)
    np.rad2deg(angle, out=angle)
    angle[angle == 180] = 0
    angle += 180.0 * (angle < 0)
    angle /= DEGREES_PER_ORIENTATION
    return angle.astype(np.int64)


def _cell_histograms(orientation, magnitude, down, across, cell):
    """Returns float64 [N, down, across, 9], the mean magnitude of each orientation in each cell."""
    cells = (len(orientation), down, across)
    bins = _pixels_of_cells(orientation, cells, cell)
    bins += np.arange(math.prod(cells)) * (ORIENTATIONS + 1)  # and the bin 9 of `_orientations`
    sums = np.zeros(math.prod(cells) * (ORIENTATIONS + 1), np.float32)
    for pixel_bins, magnitudes in zip(bins, _pixels_of_cells(magnitude, cells, cell)):
        sums[pixel_bins] = sums.take(pixel_bins) + magnitudes
    sums /= cell**2  # in float32 too
    return sums.astype(np.float64).reshape(*cells, ORIENTATIONS + 1)[..., :ORIENTATIONS]


def _pixels_of_cells(pixels, cells, cell):
    """Returns a copy of pixels [N, cell down, cell across] as [cell ** 2, N * down * across], a cell in each column."""
    count, down, across = cells
    pixels = pixels.reshape(count, down, cell, across, cell).transpose(2, 4, 0, 1, 3)
    return pixels.reshape(cell**2, count * down * across)


def _normalized_blocks(histograms):
    """Returns float64 [N, K], the L2-Hys normalized blocks of the histograms [N, down, across, 9]."""
    count, down, across, _ = histograms.shape
    block = (BLOCK, BLOCK)
    # [N, blocks down, blocks across, 9, cells down, cells across]
    blocks = np.lib.stride_tricks.sliding_window_view(histograms, block, axis=(1, 2))
    # [N, blocks, cells down * cells across * 9]
    shape = (count, blocks.shape[1] * blocks.shape[2], block[0] * block[1] * ORIENTATIONS)
    blocks = blocks.transpose(0, 1, 2, 4, 5, 3).reshape(shape)
    blocks = np.minimum(blocks / _norms(blocks), CLIP)
    blocks /= _norms(blocks)
    return blocks.reshape(count, shape[1] * shape[2])


def _norms(blocks):
    """Returns float64 [N, blocks, 1], the L2 norms of blocks [N, blocks, M]."""
    return np.sqrt((blocks * blocks).sum(axis=2, keepdims=True) + EPSILON**2)
