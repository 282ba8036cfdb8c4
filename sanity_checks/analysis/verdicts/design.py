"""How many images and draws decide: from pilot rows to the cheapest design with enough power.

Images and draws are crossed. A similarity is a stage's mean plus an image's own part, a draw's, and what belongs to that image in
that draw alone; pilot rows tell the variance of each. From these follow, for any number of images and draws, the sampling error of a
statement and the error that the rule will estimate for it, and so the chance that it is decided.
"""

import dataclasses
import functools
import math

import numpy as np
import pandas as pd

from sanity_checks import randomness
from sanity_checks.analysis import aggregation
from sanity_checks.analysis.verdicts import evidence
from sanity_checks.analysis.verdicts import influence
from sanity_checks.analysis.verdicts import rule as rules
from sanity_checks.analysis.verdicts import simultaneous

FLIPS = 400                     # resamples behind the number of standard errors that decide
IMAGES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
DRAWS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
FEW, MANY = (8, 12, 16, 32), 64         # images at which the tails of a statistic differ, and from which on they do not
NULL_SHARES = (1, 2, 4)         # draws of the null for each of the test
STATEMENT = [*aggregation.RUN_COLUMNS, *evidence.PAIR, "stage"]


@dataclasses.dataclass(frozen=True, eq=False)
class Pilot:
    """What pilot rows tell about the statements of one run.

    Attributes:
        statements: pandas.DataFrame with the columns `STATEMENT`, one row each.
        estimate: float64 [m], difference from the threshold.
        own: int [m], the statement's method and metric, a position among the nulls'.
        images, null_images: float64 [m, images] and [pairs, images], influences of the images on the estimates and on the nulls.
        image: float64 [m], variance of an image's part.
        draw, both: float64 [m]; null_draw, null_both: float64 [pairs]; variances of a draw's part, and of what is left.
    """
    statements: pd.DataFrame
    estimate: np.ndarray
    own: np.ndarray
    images: np.ndarray
    null_images: np.ndarray
    image: np.ndarray
    draw: np.ndarray
    both: np.ndarray
    null_draw: np.ndarray
    null_both: np.ndarray

    def errors(self, num_images, draws, null_draws, rule=rules.Rule()):
        """Predicted errors of all statements in a design.

        Args:
            num_images, draws, null_draws: int. Fewer images than the rule's least are these very images.
            rule: `rules.Rule`.

        Returns:
            (float64 [m] standard deviation of the estimates, `simultaneous.Contrasts` with the errors that the rule will find).
        """
        share, own = (1 - rule.margin) ** 2, self.own
        fixed = num_images < rule.least_images
        spread, null_spread = self.draw + self.both / num_images, self.null_draw + self.null_both / num_images      # of a draw's mean
        of_images = np.zeros_like(self.image) if fixed else (
            self.image + self.both / draws + share * self.null_both[own] / null_draws) / num_images
        true = (0 if fixed else self.image / num_images) + spread / draws + share * null_spread[own] / null_draws
        weights = np.bincount(own, minlength=len(null_spread)) * (draws - 1) + (null_draws - 1)
        pooled = (np.bincount(own, spread, len(null_spread)) * (draws - 1) + null_spread * (null_draws - 1)) / np.maximum(weights, 1)
        of_draws = np.maximum(spread, pooled[own]) / draws + share * np.maximum(null_spread, 2 * pooled)[own] / null_draws
        contrasts = simultaneous.Contrasts(self.estimate, _scaled(self.images, of_images, max(num_images, rule.least_images)), of_draws,
                                           weights[own].astype(np.float64))
        return np.sqrt(true), contrasts

    def critical(self, num_images, draws, null_draws, rule=rules.Rule(), seed=0):
        """How many standard errors decide in a design, the family-wise error kept: float."""
        stages = self.errors(num_images, draws, null_draws, rule)[1]
        count = stages.images.shape[1]
        nulls = _scaled(self.null_images, (self.null_images ** 2).mean(axis=1) / count * (num_images >= rule.least_images), count)
        spread = 2 * (self.null_draw + self.null_both / num_images) / null_draws
        family = simultaneous.Contrasts(            # the rule decides about the nulls too
            *(np.concatenate(both) for both in ((stages.estimate, np.zeros(len(nulls))), (stages.images, nulls), (
                stages.draw_variance, spread), (stages.degrees, np.full(len(nulls), stages.degrees.max())))))
        return float(np.quantile(simultaneous.distribution(family, FLIPS, randomness.generator("design", seed)), 1 - rule.level))

    def power(self, num_images, draws, null_draws, rule=rules.Rule(), critical=None):
        """The chance that each statement is decided in a design: float64 [m]; `critical` is that of a like design where it is at hand."""
        critical = self.critical(num_images, draws, null_draws, rule) if critical is None else critical
        deviation, contrasts = self.errors(num_images, draws, null_draws, rule)
        distance = np.abs(self.estimate) - critical * contrasts.error()
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.where(deviation > 0, distance / deviation, np.where(distance > 0, np.inf, -np.inf))
        return np.array([.5 * math.erfc(-value / math.sqrt(2)) for value in score])


@dataclasses.dataclass(frozen=True)
class Design:
    """A number of images and draws, and what they decide.

    Attributes:
        num_images, draws, null_draws: int.
        power: pandas.DataFrame with the columns `STATEMENT` and power, the chance that the statement is decided.
        image_states: int, images times weight states, what it costs.
    """
    num_images: int
    draws: int
    null_draws: int
    power: pd.DataFrame
    image_states: int

    def decided(self, power=0.8):
        """How many statements have at least this chance: int."""
        return int((self.power["power"] >= power).sum())


def pilots(rows, rule=rules.Rule()):
    """What rows tell about each run among them: list of `Pilot`; a run needs its null, and two draws of both.

    Args:
        rows: pandas.DataFrame as of `assessment.assess`.
        rule: `rules.Rule`.
    """
    judged = rows[rows["test"] != evidence.NULL_TEST]
    null_rows = rows[(rows["test"] == evidence.NULL_TEST) & (rows["stage_index"] == 1)]
    found = [_pilot(part, null_rows[(null_rows["model"] == run[0]) & (null_rows["dataset"] == run[1])], run, rule)
             for run, part in judged.groupby(list(aggregation.RUN_COLUMNS), sort=False, observed=True)]
    return [pilot for pilot in found if pilot is not None and len(pilot.estimate)]


def plan(rows, images, power: float = 0.8, rule: rules.Rule = rules.Rule(), max_draws: int = DRAWS[-1], seed: int = 0):
    """The cheapest design that decides as many statements as any: `Design`.

    Args:
        rows: pandas.DataFrame, pilot rows of tests and of their null, two draws or more of each.
        images: int, how many images there are.
        power: float, the chance of being decided that is asked for each statement.
        rule: `rules.Rule`.
        max_draws: int, of a test.
        seed: int.

    Raises:
        ValueError: rows that tell nothing: no null, one draw, or no statement.
    """
    known = pilots(rows, rule)
    if not known:
        raise ValueError("rows: expected a test and its null (random_networks) with two draws or more of each")
    states = sum(int(rows[rows["test"] == pilot.statements["test"].iloc[0]]["stage_index"].max()) + 1 for pilot in known)
    table = pd.concat([pilot.statements for pilot in known], ignore_index=True)
    designs = []
    for draws in [number for number in DRAWS if number <= max_draws]:
        for null_draws in [share * draws for share in NULL_SHARES]:
            critical = functools.cache(lambda position, count, draws=draws, null_draws=null_draws: known[position].critical(
                count, draws, null_draws, rule, seed))
            for num_images in [number for number in IMAGES if number < images] + [images]:
                count = next((few for few in FEW if num_images <= few), MANY)
                chances = np.concatenate([pilot.power(num_images, draws, null_draws, rule, critical(position, count))
                                          for position, pilot in enumerate(known)])
                designs.append(Design(num_images, draws, null_draws, table.assign(power=chances),
                                      num_images * (draws * states + 2 * null_draws)))
    return max(designs, key=lambda found: (found.decided(power), -found.image_states))


def _pilot(rows, null_rows, run, rule):
    rows = rows[rows["stage_index"] > 0]
    points = rows[[*evidence.PAIR, "stage_index", "stage"]].drop_duplicates().reset_index(drop=True)
    pairs = points[evidence.PAIR].drop_duplicates().reset_index(drop=True)
    known = pairs.merge(null_rows[evidence.PAIR].drop_duplicates(), on=evidence.PAIR)
    points = points.merge(known, on=evidence.PAIR)
    if not len(points) or rows["draw"].nunique() < 2 or null_rows["draw"].nunique() < 2:
        return None
    images = pd.Index(sorted({*rows["image_id"].unique(), *null_rows["image_id"].unique()}), dtype=object)
    curve = influence.means(rows, points, [*evidence.PAIR, "stage_index"], images)
    null = influence.means(null_rows, known, evidence.PAIR, images)
    own = pd.MultiIndex.from_frame(known).get_indexer(pd.MultiIndex.from_frame(points[evidence.PAIR]))
    share = 1 - rule.margin
    (draw, both), (null_draw, null_both) = _components(curve), _components(null)
    parts = curve.images - share * null.images[own]
    rest = both / np.maximum(curve.draws, 1) + share ** 2 * null_both[own] / np.maximum(null.draws[own], 1)
    image = np.maximum((parts ** 2).mean(axis=1) - rest, 0)
    estimate = curve.mean - share * null.mean[own] - rule.margin
    usable = np.isfinite(estimate)
    statements = points[["method", "metric", "stage"]].assign(**dict(zip(aggregation.RUN_COLUMNS, run)))[STATEMENT]
    return Pilot(statements[usable].reset_index(drop=True), estimate[usable], own[usable], parts[usable], null.images, image[usable], draw[usable],
                 both[usable], null_draw, null_both)


def _scaled(influences, variance, count):
    """Influences of so many images, like the pilot's but with these variances of their means: float64 [m, count]."""
    parts = influences[:, np.arange(count) % influences.shape[1]]
    parts = parts - parts.mean(axis=1, keepdims=True)
    present = (parts ** 2).sum(axis=1) / count ** 2
    return parts * np.sqrt(np.divide(variance, present, out=np.zeros_like(present), where=present > 0))[:, None]


def _components(means):
    """Variances of a draw's part and of what belongs to an image in a draw: two float64 [points]."""
    both = means.residual * np.maximum(means.count * means.draws, 1)
    of_means = means.squares / np.maximum(means.draws - 1, 1)
    return np.maximum(of_means - both / np.maximum(means.count, 1), 0), both
