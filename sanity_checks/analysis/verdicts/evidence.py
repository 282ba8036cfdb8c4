"""The evidence of a run: every stage tested against its null, and the nulls against their own thresholds."""

import dataclasses

import numpy as np
import pandas as pd

from sanity_checks import randomness
from sanity_checks.analysis import aggregation
from sanity_checks.analysis.verdicts import influence
from sanity_checks.analysis.verdicts import rule as rules
from sanity_checks.analysis.verdicts import simultaneous
from sanity_checks.vocabulary import methods
from sanity_checks.vocabulary import tests

NULL_TEST = tests.NULL
CHANCE_METHOD = methods.CHANCE

PAIR = ["method", "metric"]
_POINT = [*PAIR, "stage_index"]
COLUMNS = (
    *aggregation.RUN_COLUMNS,
    *PAIR,
    "stage_index",
    "stage",
    "mean",
    "ci_low",
    "ci_high",
    "n",
    "n_degenerate",
    "null",
    "null_low",
    "null_high",
    "chance",
    "position",
    "excess",
    "p",
    "status",
    "more_draws",
)
_POWER_80 = 0.8416          # the normal quantile of a power of 80 %
_FARTHEST = 1000            # times as many draws: more than that is said to be never


def gather(summary, null_summary, rows, null_rows, rule, seed):
    """Tests every statement about a run.

    Args:
        summary, null_summary: pandas.DataFrame from `aggregation.aggregate`, of the run and of stage 1 of its
            null.
        rows, null_rows: the rows they summarize.
        rule: `rule.Rule`.
        seed: int.

    Returns:
        stages: pandas.DataFrame with the columns `COLUMNS`.
        floors: pandas.DataFrame indexed by (method, metric): dominated, the status of the null against
            dominance, and scope: "all draws", "these draws", or "these images" (and all draws).
    """
    stages = _beside_null(summary[summary["stage_index"] > 0], null_summary, rows)
    stages = stages.assign(excess=np.nan, p=np.nan, status=rules.NO_DATA, more_draws=np.nan)
    known = stages["null"].notna().to_numpy()
    points = stages.loc[known, _POINT]
    pairs = points[PAIR].drop_duplicates()
    if points.empty:
        return stages[list(COLUMNS)], pd.DataFrame(columns=["dominated", "scope"])
    images = pd.Index(sorted({*rows["image_id"].unique(), *null_rows["image_id"].unique()}), dtype=object)
    curve = influence.means(rows, points, _POINT, images)
    null = influence.means(null_rows, pairs, PAIR, images)
    own = pd.MultiIndex.from_frame(pairs).get_indexer(pd.MultiIndex.from_frame(points[PAIR]))
    contrasts, count = _contrasts(curve, null, _chance(rows, pairs, images), own, rule)
    few = len(images) < rule.least_images
    if few:
        contrasts, count = _of_these_images(contrasts, count, rule)
    p, status, critical = _tested(contrasts, count, rule, randomness.generator("verdicts", seed, len(images)))
    stages.loc[known, "excess"], stages.loc[known, "p"] = contrasts.estimate[:len(points)], p[:len(points)]
    stages.loc[known, "more_draws"] = np.where(status == rules.UNDECIDED, _more_draws(
        contrasts, _residuals(curve, null, own, rule), critical), np.nan)[:len(points)] * curve.draws
    of_stages, no_range, dominated = np.split(status, [len(points), len(points) + len(pairs)])
    stages.loc[known, "status"] = np.where(no_range[own] == rules.ABOVE, rules.NO_RANGE, of_stages)
    scope = np.where(contrasts.degrees[-len(pairs):] > 0, "these images" if few else "all draws", "these draws")
    return stages[list(COLUMNS)], pd.DataFrame({"dominated": dominated, "scope": scope},
                                               index=pd.MultiIndex.from_frame(pairs))


def _beside_null(summary, null_summary, rows):
    """A run's summary with the null and the chance level of each method and metric beside it."""
    null = null_summary.set_index(PAIR)[["mean", "ci_low", "ci_high"]].set_axis(
        ["null", "null_low", "null_high"], axis=1)
    chance = _random_maps(rows).groupby("metric", observed=True)["value"].mean().to_dict()
    joined = summary.join(null, on=PAIR)
    position = (joined["mean"] - joined["null"]) / (1 - joined["null"]).where(joined["null"] < 1)
    return joined.assign(chance=[chance.get(metric, 0.0) for metric in joined["metric"]], position=position)


def _random_maps(rows):
    return rows[(rows["method"] == CHANCE_METHOD) & (rows["stage_index"] > 0)]


def _chance(rows, pairs, images):
    """`influence.Means` of the random maps, all stages together, under each pair's metric; 0 without them."""
    random = _random_maps(rows).groupby(["metric", "image_id"], observed=True)["value"].mean().reset_index()
    metrics = pd.DataFrame({"metric": pairs["metric"].unique()})
    if random["value"].notna().sum() < 2:
        return influence.constants(0.0, len(pairs), len(images))
    found = influence.means(random.assign(draw=0), metrics, ["metric"], images)
    return found.take(pd.Index(metrics["metric"]).get_indexer(pairs["metric"]))


def _contrasts(curve, null, chance, own, rule):
    """The family of a run: its stages against their nulls, then the nulls against 1 - margin, then dominance.

    Args:
        curve: `influence.Means` [points].
        null, chance: `influence.Means` [pairs], one a method and metric.
        own: int [points], the pair of each point.
        rule: `rule.Rule`.

    Returns:
        `simultaneous.Contrasts` [points + 2 pairs], and int64 of the same length, images behind each.
    """
    share, mine = 1 - rule.margin, null.take(own)
    curve_variance, null_variance, degrees = _draw_variances(curve, null, own)
    estimate = [curve.mean - share * mine.mean - rule.margin]
    images = [curve.images - share * mine.images]
    variance = [curve_variance + share ** 2 * null_variance[own]]
    for threshold in (1 - rule.margin, rule.dominance):
        estimate.append(null.mean - (1 - threshold) * chance.mean - threshold)
        images.append(null.images - (1 - threshold) * chance.images)
        variance.append(null_variance)
    count = np.concatenate([np.minimum(curve.count, mine.count), null.count, null.count])
    contrasts = simultaneous.Contrasts(
        np.concatenate(estimate),
        np.concatenate(images),
        np.concatenate(variance),
        np.concatenate([degrees[own], degrees, degrees]),
    )
    return contrasts, count


def _of_these_images(contrasts, count, rule):
    """Statements about the images at hand: what varies is the draws, so several of them are needed."""
    fixed = dataclasses.replace(contrasts, images=np.zeros_like(contrasts.images))
    return fixed, np.where((count > 0) & (contrasts.degrees > 0), rule.least_images, 0)


def _draw_variances(curve, null, own):
    """Variances of the means that come from the draws, and the degrees of freedom behind them.

    Draws are few. The variance among them is pooled over a curve's stages and its null, never taken to be
    below a mean's own estimate of it, and twice as large for the null, where two networks are drawn instead
    of one.

    Returns:
        curve: float64 [points]; null: float64 [pairs]; degrees: float64 [pairs].
    """
    pairs = len(null.mean)
    degrees = np.bincount(own, np.maximum(curve.draws - 1, 0), pairs) + np.maximum(null.draws - 1, 0)
    pooled = (np.bincount(own, curve.squares, pairs) + null.squares) / np.maximum(degrees, 1)
    variances = [
        np.maximum(level, means.squares / np.maximum(means.draws - 1, 1)) / np.maximum(means.draws, 1)
        for means, level in ((curve, pooled[own]), (null, 2 * pooled))
    ]
    return *variances, degrees


def _tested(contrasts, count, rule, generator):
    """Adjusted p values, float64 [m], statuses, str [m], and how many standard errors decide, float."""
    usable = np.isfinite(contrasts.estimate) & (count >= rule.least_images)
    p, critical = np.full(len(usable), np.nan), np.nan
    if usable.any():
        largest = simultaneous.distribution(contrasts.take(usable), rule.flips, generator)
        p[usable], critical = simultaneous.p_values(contrasts.take(usable), largest), np.quantile(largest, 1 - rule.level)
    statuses = [rules.status(excess, value, rule.level) for excess, value in zip(contrasts.estimate, p)]
    return p, np.array(statuses, dtype=object), critical


def _residuals(curve, null, own, rule):
    """Variances of the contrasts of `_contrasts` by what belongs to an image in a draw alone: float64 [m]."""
    return np.concatenate([curve.residual + (1 - rule.margin) ** 2 * null.residual[own], null.residual, null.residual])


def _more_draws(contrasts, residual, critical):
    """How many times the present draws, of the test and of the null, are to be added for a power of 80 %: float64 [m].

    Draws make the draws' part of the variance smaller, and the residual part of the images'; the rest of that stays. inf
    where they cannot decide.
    """
    kept = np.maximum(contrasts.image_variance() - residual, 0)
    reduced = contrasts.draw_variance + contrasts.image_variance() - kept
    allowed = (contrasts.estimate / (critical + _POWER_80)) ** 2 - kept
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(allowed > 0, reduced / allowed, np.inf)
    return np.where(factor <= _FARTHEST, np.maximum(factor - 1, 0), np.inf)
