"""From rows to curves: mean, spread and bootstrap interval of each similarity, over images and draws."""

import numpy as np
import pandas as pd

from sanity_checks import randomness
from sanity_checks.vocabulary import names

RUN_COLUMNS = ("model", "dataset", "test")                      # of a run; all of it has the same resamples
CURVE_COLUMNS = ("stage_index", "stage", "method", "metric")    # of one point of a curve
KEY_COLUMNS = RUN_COLUMNS + CURVE_COLUMNS
SAMPLE_COLUMNS = ("draw", "image_id")                           # of one value at that point
STATISTICS = ("mean", "sd", "n", "n_degenerate", "ci_low", "ci_high")

COVERAGE = 0.95
_CHUNK_VALUES = 2 ** 22         # values in one matrix product: 32 MB of float64
_CHUNK_RESAMPLES = 256


def aggregate(rows, bootstrap_samples=1000, seed=0):
    """Summarizes rows, each point of a curve over all images and draws.

    The interval is the percentile bootstrap of the mean, with images drawn with replacement and, where there
    are several draws of the weights, draws with replacement too; all points of a run share their resamples.
    It does not depend on the order of the rows. A degenerate value (NaN) is counted and takes no part in
    anything else.

    Args:
        rows: pandas.DataFrame with the columns `runs.COLUMNS`, of one or several runs.
        bootstrap_samples: int, number of resamples.
        seed: int.

    Returns:
        pandas.DataFrame with the columns `KEY_COLUMNS` and `STATISTICS`: mean; sd, the standard deviation
        over images and draws (n - 1 in the denominator); n, the number of valid values; n_degenerate; ci_low
        and ci_high, the 95 % interval. What is not defined (n too small) is NaN. Sorted by run, metric,
        method and stage, in the order of `sanity_checks.vocabulary.names`.

    Raises:
        ValueError: no rows, `bootstrap_samples` below 1, or the same value given more than once.
    """
    if rows.empty:
        raise ValueError("expected at least one row, got none")
    if bootstrap_samples < 1:
        raise ValueError(f"bootstrap_samples: expected at least 1, got {bootstrap_samples}")
    runs = rows.groupby(list(RUN_COLUMNS), observed=True, sort=False)
    parts = [_aggregate_run(run, bootstrap_samples, seed) for _, run in runs]
    return _in_order(pd.concat(parts, ignore_index=True))


def _aggregate_run(run, bootstrap_samples, seed):
    points, values, present = _cube(run)                                # [points, draws, images]
    valid = np.isfinite(values)
    n = valid.sum(axis=(1, 2))
    values = np.where(valid, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.sum(axis=(1, 2)) / n
        squares = np.where(valid, (values - mean[:, None, None]) ** 2, 0.0).sum(axis=(1, 2))
        sd = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
    low, high = _interval(values, valid, bootstrap_samples, seed)
    statistics = (mean, sd, n, present.sum(axis=(1, 2)) - n, low, high)
    points = points.assign(**dict(zip(STATISTICS, statistics)))
    return points.assign(**{name: str(run[name].iloc[0]) for name in RUN_COLUMNS})


def _cube(run):
    """Lays a run's values out as a dense array, images sorted by id and draws by number.

    Returns:
        points: pandas.DataFrame with the columns `CURVE_COLUMNS`, one row per point.
        values: float64 [points, draws, images], NaN where degenerate or absent.
        present: bool [points, draws, images].
    """
    groups = run.groupby(list(CURVE_COLUMNS), observed=True, sort=True)
    points = groups.size().index.to_frame(index=False)
    draws, draw_values = pd.factorize(run["draw"], sort=True)
    images, image_values = pd.factorize(run["image_id"].astype(object), sort=True)
    shape = (len(points), len(draw_values), len(image_values))
    cells = np.ravel_multi_index((groups.ngroup().to_numpy(), draws, images), shape)
    present = np.zeros(shape, bool)
    present.flat[cells] = True
    if np.count_nonzero(present) < len(run):
        _refuse_duplicates(run)
    values = np.full(shape, np.nan)
    values.flat[cells] = run["value"].to_numpy(np.float64)
    return points, values, present


def _refuse_duplicates(run):
    key = list(KEY_COLUMNS + SAMPLE_COLUMNS)
    first = run.loc[run.duplicated(key), key].iloc[0]
    raise ValueError("expected every value once, got some more than once (runs that overlap?); the first is "
                     + ", ".join(f"{name}={first[name]}" for name in key))


def _interval(values, valid, bootstrap_samples, seed):
    """Bounds of the bootstrap interval of the means: two float64 [points], NaN where fewer than two values
    are valid.

    Args:
        values: float64 [points, draws, images], 0 where not valid.
        valid: bool, same shape.
        bootstrap_samples, seed: int.
    """
    points, draws, images = values.shape
    generator = randomness.generator("bootstrap", seed, draws, images)
    means = np.empty((points, bootstrap_samples))
    step = max(1, _CHUNK_VALUES // (draws * max(images, _CHUNK_RESAMPLES)))
    for first in range(0, bootstrap_samples, _CHUNK_RESAMPLES):
        count = min(_CHUNK_RESAMPLES, bootstrap_samples - first)
        weights = _multiplicities(generator, images, count), _multiplicities(generator, draws, count)
        for start in range(0, points, step):
            chunk = slice(start, start + step)
            totals = _weighted_sum(values[chunk], *weights)
            with np.errstate(invalid="ignore"):
                means[chunk, first:first + count] = totals / _weighted_sum(valid[chunk], *weights)
    means[valid.sum(axis=(1, 2)) < 2] = np.nan
    return _quantiles(means)


def _multiplicities(generator, count, resamples):
    """How often each of `count` things is in each resample of as many: float64 [count, resamples]."""
    return generator.multinomial(count, np.full(count, 1 / count), size=resamples).T.astype(np.float64)


def _weighted_sum(values, image_weights, draw_weights):
    """Sums over draws and images: [points, draws, images], [images, B], [draws, B] -> float64 [points, B]."""
    points, draws, images = values.shape
    by_draw = values.reshape(points * draws, images).astype(np.float64) @ image_weights
    return np.einsum("pdb,db->pb", by_draw.reshape(points, draws, -1), draw_weights)


def _quantiles(means):
    tail = (1 - COVERAGE) / 2
    bounds = np.full((2, len(means)), np.nan)
    some = np.isfinite(means).any(axis=1)
    bounds[:, some] = np.nanquantile(means[some], [tail, 1 - tail], axis=1)
    return bounds


def _in_order(summary):
    registries = {"model": names.MODELS, "dataset": names.DATASETS, "test": names.TESTS,
                  "metric": names.METRICS, "method": names.METHODS}
    for column in ("stage", "method", "metric"):
        summary[column] = summary[column].astype(str)
    ranks = pd.DataFrame({column: summary[column].map(_ranks(registry, summary[column]))
                          for column, registry in registries.items()})
    ranks["stage_index"] = summary["stage_index"]
    order = ranks.sort_values(list(ranks.columns), kind="stable").index
    return summary.loc[order, list(KEY_COLUMNS + STATISTICS)].reset_index(drop=True)


def _ranks(registry, column):
    return {name: rank for rank, name in enumerate(names.ordered(registry, sorted(column.unique())))}
