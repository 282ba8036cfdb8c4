"""Designs from pilot rows: variances that are known, errors and power held against simulated runs."""

import numpy as np
import pandas as pd
import pytest

import sanity_checks
from sanity_checks.analysis import verdicts
from sanity_checks.analysis.verdicts import design
from sanity_checks.analysis.verdicts import rule
from tests.analysis import synthetic

RULE = rule.Rule(flips=400)
NULL_IMAGE = .5             # of an image's part, how much its null has of it


def rows(levels, null, images, draws, null_draws, image=.1, draw=.05, both=.1, seed=0):
    """Rows of a test and its null with these variances: standard deviations of an image's part, a draw's, and what is left."""
    generator = np.random.default_rng(seed)
    of_image = image * generator.standard_normal(images)

    def cube(means, count, share):
        shape = (count, len(means), images)
        values = np.asarray(means)[None, :, None] + share * of_image + draw * generator.standard_normal((*shape[:2], 1))
        return np.concatenate([np.ones((count, 1, images)), values + both * generator.standard_normal(shape)], axis=1)
    return pd.concat([synthetic.rows_of(cube(levels, draws, 1), "cascading", "m"),
                      synthetic.rows_of(cube([null], null_draws, NULL_IMAGE), "random_networks", "m",
                                        stages=("random network", "another"))])


def test_the_variances_of_crossed_factors_are_found():
    """Means over 40 pilots of 24 images and 6 draws: each within 15 % of what was put in (about three standard errors)."""
    found = [design.pilots(rows([.5, .4, .3], .2, 24, 6, 6, image=.2, draw=.1, both=.15, seed=seed))[0] for seed in range(40)]
    assert np.mean([pilot.both for pilot in found]) == pytest.approx(.15 ** 2, rel=.15)
    assert np.mean([pilot.draw for pilot in found]) == pytest.approx(.1 ** 2, rel=.15)
    assert np.mean([pilot.null_draw for pilot in found]) == pytest.approx(.1 ** 2, rel=.35)      # one stage alone
    assert np.mean([pilot.image for pilot in found]) == pytest.approx((.2 * (1 - .9 * NULL_IMAGE)) ** 2, rel=.15)
    assert np.mean([pilot.estimate for pilot in found], axis=0) == pytest.approx([.22, .12, .02], abs=.03)


def known_pilot(levels, null, image, draw, both, images=40):
    """A pilot that knows the variances, and what designs simulated from it give."""
    pilot = design.pilots(rows(levels, null, images, 3, 3, image, draw, both))[0]
    count = len(levels)
    parts = np.random.default_rng(0).standard_normal(images)
    return design.Pilot(pilot.statements, np.asarray(levels) - .9 * null - .1, pilot.own, np.tile(parts - parts.mean(), (count, 1)),
                        (parts - parts.mean())[None] * NULL_IMAGE * image,
                        np.full(count, (image * (1 - .9 * NULL_IMAGE)) ** 2), np.full(count, draw ** 2), np.full(count, both ** 2),
                        np.array([draw ** 2]), np.array([both ** 2]))


# Standard deviations of an image's part, a draw's and the rest, the level, and the design.
SETTINGS = [(.1, .02, .1, .36, 16, 4, 8), (.02, .08, .05, .5, 40, 8, 8), (.2, .05, .2, .45, 16, 4, 8)]


@pytest.mark.slow
@pytest.mark.parametrize("image, draw, both, level, images, draws, null_draws", SETTINGS)
def test_errors_and_power_are_those_of_simulated_runs(image, draw, both, level, images, draws, null_draws):
    """60 runs: a standard deviation is within 15 % three times in four for one stage, nearly always for the mean of three."""
    pilot = known_pilot([level] * 3, .2, image, draw, both)
    deviation, contrasts = pilot.errors(images, draws, null_draws, RULE)
    predicted = pilot.power(images, draws, null_draws, RULE).mean()
    found = [verdicts.assess(rows([level] * 3, .2, images, draws, null_draws, image, draw, both, seed), RULE, 2, seed).stages
             for seed in range(1, 61)]
    assert np.std([stages["excess"] for stages in found], axis=0).mean() == pytest.approx(deviation.mean(), rel=.15)
    decided = np.mean([(stages["status"] != "undecided").mean() for stages in found])
    assert decided == pytest.approx(predicted, abs=.15)         # 60 runs of which the three stages share images and null
    assert contrasts.error().mean() >= deviation.mean()         # the rule is never surer than it may be


def test_more_of_everything_never_decides_less():
    pilot = known_pilot([.45, .3, .05], .1, .1, .1, .1)
    chances = [pilot.power(*numbers, RULE, critical=3.).sum() for numbers in ((8, 2, 2), (16, 2, 2), (16, 4, 4), (16, 8, 8), (64, 8, 16))]
    assert chances == sorted(chances) and chances[-1] > chances[0]


def test_few_images_are_these_images():
    pilot = known_pilot([.5, .5, .5], .1, .3, .02, .02)
    (five, contrasts), (eight, _) = (pilot.errors(images, 6, 6, RULE) for images in (5, 8))
    assert five.max() < eight.min() and not contrasts.images.any()


def test_the_cheapest_design_that_decides_is_found():
    pilot = rows([.5, .5, .5], .1, 24, 4, 4, image=.02, draw=.1, both=.02, seed=3)
    found = sanity_checks.plan(pilot, images=200)
    assert found.decided() == 3 and found.num_images == 8            # images do not vary, draws do
    assert found.image_states == 8 * (found.draws * 4 + 2 * found.null_draws)
    assert list(found.power.columns) == [*design.STATEMENT, "power"] and len(found.power) == 3
    other = sanity_checks.plan(rows([.36, .36, .36], .1, 24, 4, 4, image=.3, draw=.005, both=.02, seed=3), images=200)
    assert other.num_images > found.num_images                       # here it is the images


def test_what_tells_nothing_is_refused():
    one = rows([.5], .1, 10, 1, 4)
    for given in (one, rows([.5], .1, 10, 3, 3).query("test == 'cascading'")):
        with pytest.raises(ValueError, match="rows: expected a test and its null .* with two draws or more"):
            sanity_checks.plan(given, images=10)
