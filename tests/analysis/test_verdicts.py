"""Verdicts on synthetic methods whose answer is known, and the error rates of the rule."""

import numpy as np
import pandas as pd
import pytest

from sanity_checks.analysis import verdicts
from sanity_checks.analysis.verdicts import influence
from sanity_checks.analysis.verdicts import rule
from sanity_checks.analysis.verdicts import simultaneous
from sanity_checks.paper import claims
from tests.analysis import synthetic


def verdict_on(*arguments, **options):
    table = verdicts.verdicts(synthetic.with_null(*arguments, **options), bootstrap_samples=50)
    assert len(table) == 1
    return table.iloc[0]


def test_a_map_that_ignores_the_weights_is_insensitive():
    found = verdict_on([1, 1, 1], 1.0, spread=0.0)
    assert (found["verdict"], found["sensitive_from"]) == ("insensitive", "")


def test_a_map_that_is_the_weights_is_sensitive_from_the_first_block():
    found = verdict_on([0, 0, 0], 0.0)
    assert (found["verdict"], found["sensitive_from"], found["above"]) == ("sensitive", "logits", "")


def test_a_map_that_changes_at_the_last_block_is_insensitive_to_those_above():
    found = verdict_on([0.9, 0.9, 0.1], 0.1)
    assert (found["verdict"], found["above"], found["sensitive_from"]) == (
        "partly insensitive", "logits, hidden2", "hidden1")


def test_a_map_that_stays_halfway_is_insensitive():
    assert verdict_on([0.5, 0.5, 0.5], 0.0)["verdict"] == "insensitive"


def test_a_curve_below_its_null_is_at_the_null():
    assert verdict_on([0.1, 0.1, 0.1], 0.3)["verdict"] == "sensitive"


def test_a_high_curve_at_a_high_null_is_dominated_by_the_input():
    found = verdict_on([0.8, 0.8, 0.8], 0.8, spread=0.01)
    assert (found["verdict"], found["sensitive_from"]) == ("input-dominated", "logits")


def test_a_curve_on_the_margin_is_undecided():
    assert verdict_on([0.1, 0.1, 0.1], 0.0)["verdict"] == "undecided"


def test_a_noisy_curve_is_undecided_and_not_sensitive():
    assert verdict_on([0, 0, 0], 0.0, spread=2.0)["verdict"] == "undecided"


def test_a_block_alone_can_be_insensitive():
    found = verdict_on([0, 0.9, 0], 0.0, test="independent")
    assert (found["verdict"], found["above"], found["at_null"]) == (
        "partly insensitive",
        "hidden2",
        "logits, hidden1",
    )


def test_without_its_null_a_method_is_not_assessed():
    rows = synthetic.with_null([0, 0, 0], 0.0)
    table = verdicts.verdicts(rows[rows["test"] == "cascading"], bootstrap_samples=20)
    assert list(table["verdict"]) == ["not assessed"]


def test_random_maps_set_the_level_of_chance():
    rows = synthetic.with_null([0, 0, 0], 0.0)
    chance = synthetic.rows_of(synthetic.curve([0.2, 0.2, 0.2], spread=0.0), "cascading", "random_map")
    table = verdicts.verdicts(pd.concat([rows, chance]), bootstrap_samples=20)
    assert table.set_index("method")["chance"].to_dict() == pytest.approx({"m": 0.2})


def test_one_draw_of_everything_speaks_of_these_draws():
    assert verdict_on([0, 0, 0], 0.0, draws=1)["scope"] == "these draws"


def test_several_draws_speak_of_all():
    assert verdict_on([0, 0, 0], 0.0)["scope"] == "all draws"


def test_two_draws_that_disagree_decide_nothing():
    values = np.concatenate([synthetic.curve([0, 0, 0], draws=1), synthetic.curve([0.6, 0.6, 0.6], draws=1)])
    nulls = synthetic.rows_of(synthetic.curve([0.0], draws=2), "random_networks", "m", stages=("random network", "another"))
    table = verdicts.verdicts(pd.concat([synthetic.rows_of(values, "cascading", "m"), nulls]), bootstrap_samples=20)
    assert table["verdict"].tolist() == ["undecided"]


FEW = rule.Rule().least_images - 1


def test_with_few_images_several_draws_decide_about_these_images():
    above, at_null = (verdict_on([level] * 3, 0.0, images=FEW, draws=6) for level in (0.9, 0.0))
    assert (above["verdict"], above["scope"]) == ("insensitive", "these images")
    assert (at_null["verdict"], at_null["scope"]) == ("sensitive", "these images")


def test_with_few_images_an_edge_detector_is_insensitive():
    assert verdict_on([1, 1, 1], 1.0, spread=0.0, images=3, draws=2)["verdict"] == "insensitive"


def test_few_images_and_one_draw_decide_nothing():
    assert verdict_on([0.9, 0.9, 0.9], 0.0, images=FEW, draws=1)["verdict"] == "undecided"


def test_with_few_images_what_images_differ_by_does_not_matter():
    """Each image has a level of its own, which is no error of a statement about these images."""
    levels = np.linspace(-.5, .5, FEW)
    rows = synthetic.with_null([0.6, 0.6, 0.6], 0.0, images=FEW, draws=6, spread=.02)
    shifted = rows.assign(value=rows["value"] + levels[rows["image_id"].astype(int)] * (
        (rows["test"] == "cascading") & (rows["stage_index"] > 0)))
    found = verdicts.verdicts(shifted, bootstrap_samples=20).iloc[0]
    assert found["verdict"] == "insensitive"


def test_degenerate_values_are_left_out_and_counted():
    rows = synthetic.with_null([0, 0, 0], 0.0)
    lost = (rows["stage_index"] > 0) & (rows["test"] == "cascading") & (rows["image_id"] < "010")
    found = verdicts.verdicts(rows.assign(value=rows["value"].mask(lost)), bootstrap_samples=20).iloc[0]
    assert (found["verdict"], found["n_degenerate"]) == ("sensitive", 3 * 3 * 10)


def test_a_stage_of_degenerate_values_alone_has_no_data():
    rows = synthetic.with_null([0, 0, 0], 0.0)
    lost = (rows["stage_index"] == 2) & (rows["test"] == "cascading")
    stages = verdicts.assess(rows.assign(value=rows["value"].mask(lost)), bootstrap_samples=20).stages
    assert stages["status"].tolist() == ["at null", "no data", "at null"]


def test_the_order_of_the_rows_does_not_matter():
    rows = pd.concat([synthetic.with_null([0.9, 0.2, 0], 0.1), synthetic.with_null([0, 0, 0], 0.0, "n", seed=1)])
    shuffled = rows.sample(frac=1, random_state=0)
    one, other = (verdicts.assess(r, bootstrap_samples=20) for r in (rows, shuffled))
    pd.testing.assert_frame_equal(one.stages, other.stages)
    pd.testing.assert_frame_equal(one.verdicts, other.verdicts)


def test_categorical_rows_as_they_are_read_give_the_same():
    rows = synthetic.with_null([0.9, 0.2, 0], 0.1)
    categorical = rows.astype(
        dict.fromkeys(("model", "dataset", "test", "stage", "method", "metric", "image_id"), "category")
    )
    one, other = (verdicts.verdicts(r, bootstrap_samples=20) for r in (rows, categorical))
    assert one.astype(object).equals(other.astype(object))


def test_position_is_zero_at_the_null_and_one_at_identity():
    stages = verdicts.assess(synthetic.with_null([1, 0.6, 0.2], 0.2, spread=0.0), bootstrap_samples=20).stages
    np.testing.assert_allclose(stages["position"], [1, 0.5, 0])


def test_more_statements_need_stronger_evidence():
    generator = np.random.default_rng(0)
    images = generator.standard_normal((200, 60))
    images -= images.mean(axis=1, keepdims=True)
    zeros = np.zeros(200)
    family = simultaneous.Contrasts(np.full(200, 0.3), images, zeros, zeros)
    alone = simultaneous.adjusted_p(family.take([0]), 2000, np.random.default_rng(1))
    among = simultaneous.adjusted_p(family, 2000, np.random.default_rng(1))
    assert alone[0] < 0.05 < among[0]


def test_one_estimate_has_the_p_value_of_a_t_test():
    from scipy import stats
    values = np.random.default_rng(3).standard_normal(50) + 0.3
    expected = stats.ttest_1samp(values, 0).pvalue
    points = pd.DataFrame({"m": ["x"]})
    images = pd.Index([f"{i:02d}" for i in range(50)])
    means = influence.means(
        pd.DataFrame({"m": "x", "draw": 0, "image_id": images, "value": values}), points, ["m"], images
    )
    contrast = simultaneous.Contrasts(means.mean, means.images, np.zeros(1), np.zeros(1))
    found = simultaneous.adjusted_p(contrast, 20000, np.random.default_rng(0))[0]
    assert found == pytest.approx(expected, abs=0.01)       # 20,000 flips: standard error below 0.004


def _rate_of_errors(repeats, levels, null, **options):
    """Share of simulated runs with any stage called above or at the null, and of those called above."""
    decided = above = 0
    for seed in range(repeats):
        rows = pd.concat([synthetic.with_null(levels, null, f"m{i}", seed=100 * seed + i, **options) for i in range(5)])
        statuses = set(verdicts.assess(rows, rule.Rule(flips=400), 2, seed).stages["status"])
        decided += bool(statuses & {"above", "at null"})
        above += "above" in statuses
    return decided / repeats, above / repeats


# Of 80 simulated runs with an error rate of 5 %, more than 11 have an error once in 1,500 such tests.
REPEATS, MOST = 80, 11 / 80


@pytest.mark.slow
def test_curves_on_the_margin_are_rarely_decided_with_one_draw():
    assert _rate_of_errors(REPEATS, [0.28, 0.28, 0.28], 0.2, draws=1)[0] <= MOST


@pytest.mark.slow
def test_curves_on_the_margin_are_rarely_decided_when_draws_differ():
    assert _rate_of_errors(REPEATS, [0.28, 0.28, 0.28], 0.2, draws=3, draw_spread=0.05)[0] <= MOST


def test_an_undecided_verdict_says_how_many_more_draws_decide():
    """Draws vary by .12 about a mean that is .08 below the threshold: with as many as are said, most repetitions decide."""
    few = [verdict_on([0, 0, 0], 0.2, draws=3, draw_spread=.12, images=20, seed=seed) for seed in range(6)]
    said = [found["more_draws"] for found in few if found["verdict"] == "undecided"]
    assert len(said) >= 3 and all(number >= 1 for number in said)
    enough = 3 + int(np.median(said))
    later = [verdict_on([0, 0, 0], 0.2, draws=enough, draw_spread=.12, images=20, seed=100 + seed)["verdict"] for seed in range(10)]
    assert later.count("undecided") <= 4            # with a power of 80 %, more than 4 of 10 happen in 3 % of all cases
    assert all(np.isnan(verdict_on([level] * 3, 0.0)["more_draws"]) for level in (0.9, 0.0))


def test_where_images_vary_more_draws_are_not_said_to_decide():
    levels = np.random.default_rng(0).normal(0, .5, 12)
    rows = synthetic.with_null([0.15, 0.15, 0.15], 0.0, images=12, draws=3, spread=.01)
    shifted = rows.assign(value=rows["value"] + levels[rows["image_id"].astype(int)] * (
        (rows["test"] == "cascading") & (rows["stage_index"] > 0)))
    found = verdicts.verdicts(shifted, bootstrap_samples=20).iloc[0]
    assert (found["verdict"], found["more_draws"]) == ("undecided", np.inf)


@pytest.mark.slow
def test_curves_on_the_margin_are_rarely_decided_of_few_images():
    assert _rate_of_errors(REPEATS, [0.28, 0.28, 0.28], 0.2, images=5, draws=2, draw_spread=0.05)[0] <= MOST


@pytest.mark.slow
def test_curves_at_the_null_are_hardly_ever_called_above():
    assert _rate_of_errors(40, [0.2, 0.2, 0.2], 0.2, draws=1)[1] == 0


@pytest.mark.parametrize("method, metric, verdict, agreement", [
    ("gradient", "spearman", "sensitive", "agrees"),
    ("gradient", "spearman_abs", "partly insensitive", "differs"),
    ("guided_backprop", "ssim", "partly insensitive", "agrees"),
    ("guided_gradcam", "spearman", "sensitive", "differs"),
    ("integrated_gradients", "spearman", "sensitive", "agrees"),
    ("integrated_gradients", "spearman_abs", "input-dominated", "agrees"),
    ("input_x_gradient", "ssim", "sensitive", "differs"),
    ("gradient", "spearman", "undecided", "undecided"),
    ("vargrad", "spearman", "sensitive", "not stated"),
    ("integrated_gradients", "hog", "sensitive", "not stated"),
])
def test_agreement_with_the_paper(method, metric, verdict, agreement):
    claim = claims.claim("cascading", method, metric)
    assert claims.agreement(claim, verdict, 0.0, 0.1, 0.1) == agreement


def test_a_changed_map_agrees_with_the_papers_change():
    claim = claims.claim("labels", "guided_backprop", "spearman")
    assert [claims.agreement(claim, "insensitive", low, high, 0.1) for low, high in
            ((0.4, 0.6), (0.85, 0.95), (0.95, 0.99))] == ["agrees", "undecided", "differs"]


@pytest.mark.parametrize("method, verdict, agreement", [
    ("gradient", "sensitive", "agrees"), ("lrp_epsilon", "insensitive", "differs"), ("deconvnet", "partly insensitive", "agrees"),
    ("deep_taylor", "sensitive", "differs"), ("lrp_alpha_beta", "undecided", "undecided"), ("gradcam", "sensitive", "not stated")])
def test_agreement_with_the_survey(method, verdict, agreement):
    """It speaks of correlations of signed maps under cascading randomization alone."""
    claim = claims.claim("cascading", method, "spearman", claims.SURVEY)
    assert claims.agreement(claim, verdict, 0.0, 0.1, 0.1) == agreement
    for test, metric in (("independent", "spearman"), ("cascading", "ssim"), ("labels", "spearman"), ("cascading", "spearman_abs")):
        assert claims.claim(test, method, metric, claims.SURVEY) is None


def test_no_statement_of_a_source_is_given_twice():
    keys = [
        (claim.source, test, method, metric)
        for claim in claims.CLAIMS
        for test in claim.tests
        for method in claim.methods
        for metric in claim.metrics or ("any",)
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("options, message", [
    ({"margin": 0}, "margin: expected a number between 0 and 1, got 0"),
    ({"level": 1.5}, "level: expected a number between 0 and 1, got 1.5"),
    ({"flips": 10}, "flips: expected at least 20 for level 0.05, got 10"),
    ({"least_images": 1}, "least_images: expected at least 2, got 1"),
])
def test_a_rule_with_impossible_constants_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        rule.Rule(**options)
