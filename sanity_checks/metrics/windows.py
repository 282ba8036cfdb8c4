"""Weighted sums over every window of an image: five by five equal weights, and an eleven-tap Gaussian.

Both are separable, and both sum each plane by the same operations in the same order whatever the number of
planes, so that a result does not depend on the batch.
"""

import numpy as np


class Uniform:
    """Plain sums over 5 x 5 windows, by shifted additions of the whole flattened array.

    Six passes of contiguous additions: what costs is memory traffic. Windows that run over the end of a row
    are summed too; they are the last four columns of a sum, of no meaning.
    """

    side = 5
    pixels = side * side
    weight = float(pixels)  # the sum of a window's weights

    def layout(self, height, width):
        """Returns the last two dimensions of a sum; its first width - side + 1 columns have a meaning."""
        return height - self.side + 1, width

    def sum(self, planes, name, scratch):
        """Returns the sums over the windows, named by their upper left pixel.

        Args:
            planes: float64 [P, H, W], C-contiguous.
            name: str, the name of the result in `scratch`.
            scratch: chunks.Scratch.

        Returns:
            float64 [P, *layout(H, W)].
        """
        flat = planes.reshape(-1)
        across = _sum_of_five(flat, 1, scratch("across", flat.shape), scratch)
        sums = _sum_of_five(across, planes.shape[2], scratch(name, flat.shape), scratch)
        return sums.reshape(planes.shape)[:, : 1 - self.side]


def _sum_of_five(values, step, out, scratch):
    """Returns `out`, [n]: at i the sum of values[i : i + 5 * step : step], 0 where that runs over the end."""
    length = len(values) - 4 * step
    pairs = scratch("pairs", (length + 2 * step,))
    np.add(values[: len(pairs)], values[step : step + len(pairs)], out=pairs)
    sums = np.add(pairs[:length], pairs[2 * step :], out=out[:length])
    sums += values[4 * step :]
    out[length:] = 0
    return out


class Gaussian:
    """Sums over 11 x 11 windows weighted by a Gaussian of standard deviation 1.5, by banded matrix products.

    An axis is cut in tiles of 16 windows, each the product with a 16 x 26 band matrix: more arithmetic than a
    correlation needs, in fewer passes. One small product per plane, of a size that does not depend on the
    batch.
    """

    sigma = 1.5
    radius = 5
    side = 2 * radius + 1
    pixels = side * side
    weight = 1.0
    tile = 16

    def __init__(self):
        taps = np.exp(-0.5 * (np.arange(-self.radius, self.radius + 1) / self.sigma) ** 2)
        self._band = np.zeros((self.tile, self.tile + self.side - 1))
        for row in range(self.tile):
            self._band[row, row : row + self.side] = taps / taps.sum()
        self._band_across = np.ascontiguousarray(self._band.T)

    def layout(self, height, width):
        """See `Uniform.layout`."""
        return height - self.side + 1, width - self.side + 1

    def sum(self, planes, name, scratch):
        """See `Uniform.sum`."""
        count, height, width = planes.shape
        rows, columns = self.layout(height, width)
        down = scratch("down", (count, rows, width))
        for start in range(0, rows, self.tile):
            stop = min(start + self.tile, rows)
            band = self._band[: stop - start, : stop - start + self.side - 1]
            np.matmul(band, planes[:, start : stop + self.side - 1], out=down[:, start:stop])
        sums = scratch(name, (count, rows, columns))
        for start in range(0, columns, self.tile):
            stop = min(start + self.tile, columns)
            band = self._band_across[: stop - start + self.side - 1, : stop - start]
            np.matmul(down[:, :, start : stop + self.side - 1], band, out=sums[:, :, start:stop])
        return sums


UNIFORM_5 = Uniform()
GAUSSIAN_11 = Gaussian()
