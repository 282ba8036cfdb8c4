"""Means over images and draws, and the sampling error that images and draws contribute."""

import dataclasses

import numpy as np
import pandas as pd


@dataclasses.dataclass(frozen=True, eq=False)
class Means:
    """Means of several points.

    Attributes:
        mean: float64 [points], over the valid values; NaN where there is none.
        images: float64 [points, images], influence of each image; sums to 0. Estimates the sampling error of the mean
            over images.
        count: int64 [points], number of images with a valid value.
        squares: float64 [points], sum over draws of the squared deviation of a draw's mean from the mean.
        draws: int64 [points], number of draws with a valid value.
        residual: float64 [points], variance of the mean by what belongs to an image in a draw alone; 0 where that cannot be told.
    """

    mean: np.ndarray
    images: np.ndarray
    count: np.ndarray
    squares: np.ndarray
    draws: np.ndarray
    residual: np.ndarray

    def take(self, points):
        """The points at these positions: int [m] -> `Means` of m points."""
        return Means(*(getattr(self, field.name)[points] for field in dataclasses.fields(self)))


def means(rows, points, columns, images):
    """Computes means over images and draws.

    Args:
        rows: pandas.DataFrame with `columns`, draw, image_id and value.
        points: pandas.DataFrame with `columns`, one row a point, without duplicates; rows of others are not
            used.
        columns: list of str, what a point is.
        images: pandas.Index of image ids, in whose order influences are given; it holds all that the rows
            have.

    Returns:
        `Means`.
    """
    values = _cube(rows, points, columns, images)
    # [points, draws, images]
    valid = np.isfinite(values)
    total = valid.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(valid, values, 0.0).sum(axis=(1, 2)) / total
        weight = np.where(total > 0, values[0].size / total, 0.0)
    deviations = np.where(valid, values - mean[:, None, None], 0.0) * weight[:, None, None]
    count, draws = valid.any(axis=1).sum(axis=1), valid.any(axis=2).sum(axis=1)
    unbiased = np.sqrt(
        count / np.maximum(count - 1, 1)
    )  # the mean square of n residuals is (n - 1) / n too small
    by_draw = deviations.mean(axis=2)
    by_image = deviations.mean(axis=1)
    return Means(mean, by_image * unbiased[:, None], count, (by_draw ** 2).sum(axis=1), draws,
                 _residual(deviations, by_draw, by_image, valid))


def constants(value, points, images):
    """`Means` of numbers that are known, not estimated."""
    zeros = np.zeros((points, images))
    return Means(
        zeros[:, 0] + value, zeros, np.full(points, images), np.zeros(points), np.ones(points, np.int64), np.zeros(points)
    )


def _residual(deviations, by_draw, by_image, valid):
    """Variance of the means by the interaction of images and draws: its mean square over the number of values."""
    rest = np.where(valid, deviations - by_draw[:, :, None] - by_image[:, None, :], 0.0)
    degrees = (valid.any(axis=2).sum(axis=1) - 1) * (valid.any(axis=1).sum(axis=1) - 1)
    return (rest ** 2).sum(axis=(1, 2)) / np.maximum(degrees, 1) / np.maximum(valid.sum(axis=(1, 2)), 1) * (degrees > 0)


def _cube(rows, points, columns, images):
    """Values as float64 [points, draws, images], NaN where degenerate or absent."""
    keys = pd.MultiIndex.from_frame(points[columns].astype(object))
    where = pd.Series(np.arange(len(points)), index=keys).reindex(
        pd.MultiIndex.from_frame(rows[columns].astype(object))).to_numpy()
    used = np.isfinite(where)
    draws, found = pd.factorize(rows["draw"], sort=True)
    values = np.full((len(points), len(found), len(images)), np.nan)
    positions = images.get_indexer(rows["image_id"].astype(object))
    values[where[used].astype(int), draws[used], positions[used]] = rows["value"].to_numpy(np.float64)[used]
    return values
