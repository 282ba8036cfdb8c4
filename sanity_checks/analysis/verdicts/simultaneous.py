"""Simultaneous tests of many estimates: the wild bootstrap of the largest studentized deviation (max-T)."""

import dataclasses

import numpy as np

_CHUNK_FLIPS = 256
_ROUNDING = 1e-9            # of similarities: what is smaller is zero


@dataclasses.dataclass(frozen=True, eq=False)
class Contrasts:
    """Estimates of numbers that are tested against zero, and what their errors are made of.

    Attributes:
        estimate: float64 [m].
        images: float64 [m, images], influences of the images, centred; their mean is the error's first part.
        draw_variance: float64 [m], variance of the second part, which comes from the random draws of the
            weights.
        degrees: float64 [m], degrees of freedom behind `draw_variance`; 0 where it is 0.
    """

    estimate: np.ndarray
    images: np.ndarray
    draw_variance: np.ndarray
    degrees: np.ndarray

    def take(self, which):
        """Those at these positions: bool or int index -> `Contrasts`."""
        return Contrasts(*(getattr(self, field.name)[which] for field in dataclasses.fields(self)))

    def error(self):
        """Standard error of the estimates: float64 [m]."""
        return np.sqrt(self.image_variance() + self.draw_variance)

    def image_variance(self):
        """Variance of the first part: float64 [m]."""
        return (self.images ** 2).sum(axis=1) / self.images.shape[1] ** 2


def adjusted_p(contrasts, flips, generator):
    """Two-sided tests that estimates are 0, controlling the family-wise error over all of them.

    Args:
        contrasts, flips, generator: as of `distribution`.

    Returns:
        float64 [m] in (0, 1]. An estimate without spread has p = 1 if it is 0, else the smallest p.
    """
    return p_values(contrasts, distribution(contrasts, flips, generator))


def distribution(contrasts, flips, generator):
    """What the largest studentized error over all estimates is like where all of them are 0.

    Each resample flips the signs of whole images, the same for all estimates, which keeps variances and
    correlations. The contribution of the draws is simulated as normal with `draw_variance`; its variance is
    re-estimated in each resample with its degrees of freedom, independently for each estimate. Simulated errors
    are studentized like the estimates, and the largest is kept.

    Args:
        contrasts: `Contrasts`.
        flips: int, number of resamples.
        generator: numpy.random.Generator.

    Returns:
        float64 [flips], sorted.
    """
    spread = contrasts.take(contrasts.error() > _ROUNDING)
    return np.sort(np.concatenate([_largest(spread, min(_CHUNK_FLIPS, flips - first), generator)
                                   for first in range(0, flips, _CHUNK_FLIPS)]))


def p_values(contrasts, largest):
    """The p values of `adjusted_p`: float64 [m], given what `distribution` returns."""
    size, error = np.abs(contrasts.estimate), contrasts.error()
    statistic = np.where(size <= _ROUNDING, 0.0, np.divide(size, error, out=np.full_like(size, np.inf),
                                                           where=error > _ROUNDING))
    exceeding = len(largest) - np.searchsorted(largest, statistic, side="left")
    return (1 + exceeding) / (len(largest) + 1)


def _largest(contrasts, flips, generator):
    """The largest absolute studentized error over all estimates in each resample: float64 [flips]."""
    if not len(contrasts.estimate):
        return np.zeros(flips)
    count = contrasts.images.shape[1]
    mean = contrasts.images @ generator.choice((-1.0, 1.0), size=(count, flips)) / count
    variance = np.maximum(contrasts.image_variance()[:, None] - mean ** 2 / count, _ROUNDING ** 2)
    if contrasts.draw_variance.any():
        drawn, degrees = contrasts.draw_variance[:, None], np.maximum(contrasts.degrees, 1)[:, None]
        mean = mean + np.sqrt(drawn) * generator.standard_normal(mean.shape)
        variance = variance + drawn * generator.chisquare(degrees, mean.shape) / degrees
    return np.max(np.abs(mean) / np.sqrt(variance), axis=0)
