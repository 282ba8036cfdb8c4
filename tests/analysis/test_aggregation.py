"""Tests of the summary against plain loops, closed forms and symmetries."""

import itertools

import numpy as np
import pandas as pd
import pytest

from sanity_checks import randomness
from sanity_checks import runs
from sanity_checks.analysis import aggregation

METHODS, STAGES = ("gradcam", "gradient"), ("original", "fc1", "conv1")


def make_rows(values, method="gradient", stage=1, **columns):
    """Rows of one point of a curve from values [draws, images]."""
    draws, images = np.indices(np.shape(values))
    rows = pd.DataFrame({"draw": draws.ravel(), "image_id": [f"{i:05d}" for i in images.ravel()],
                         "value": np.ravel(values)})
    fixed = {"model": "cnn", "dataset": "mnist", "test": "cascading", "stage_index": stage,
             "stage": STAGES[stage], "method": method, "metric": "spearman", "explained_class": 0, **columns}
    return rows.assign(**fixed)[list(runs.COLUMNS)]


@pytest.fixture
def values():
    """Similarities [methods, stages, draws, images] with degenerate ones among them."""
    values = np.random.default_rng(0).uniform(-1, 1, (2, 3, 2, 12))
    values[0, 1, 0, 3] = values[0, 1, 1, 3] = values[1, 2, 1, 0] = np.nan
    return values


@pytest.fixture
def rows(values):
    points = itertools.product(enumerate(METHODS), range(3))
    return pd.concat([make_rows(values[m, s], method, s) for (m, method), s in points], ignore_index=True)


def point(summary, method, stage):
    return summary[(summary["method"] == method) & (summary["stage_index"] == stage)].iloc[0]


def test_statistics_equal_a_loop(rows, values):
    summary = aggregation.aggregate(rows, 10)
    for (m, method), stage in itertools.product(enumerate(METHODS), range(3)):
        valid = [x for draw in values[m, stage] for x in draw if not np.isnan(x)]
        found = point(summary, method, stage)
        assert found["n"] == len(valid) and found["n_degenerate"] == 24 - len(valid)
        assert found["mean"] == pytest.approx(np.mean(valid), abs=1e-14)
        assert found["sd"] == pytest.approx(np.std(valid, ddof=1), abs=1e-14)


def test_interval_equals_a_loop_over_resamples(rows, values):
    summary = aggregation.aggregate(rows, 50, seed=3)
    generator = randomness.generator("bootstrap", 3, 2, 12)
    images = generator.multinomial(12, np.full(12, 1 / 12), size=50)
    draws = generator.multinomial(2, np.full(2, 1 / 2), size=50)
    for (m, method), stage in itertools.product(enumerate(METHODS), range(3)):
        means = []
        for image_counts, draw_counts in zip(images, draws):
            chosen = np.repeat(np.repeat(values[m, stage], draw_counts, axis=0), image_counts, axis=1)
            means.append(np.nanmean(chosen))
        found = point(summary, method, stage)
        expected = np.quantile(means, [0.025, 0.975])
        assert (found["ci_low"], found["ci_high"]) == pytest.approx(expected, abs=1e-12)


def test_interval_does_not_depend_on_the_sizes_of_the_matrix_products(rows, monkeypatch):
    whole = aggregation.aggregate(rows, 50)
    monkeypatch.setattr(aggregation, "_CHUNK_VALUES", 1)
    pd.testing.assert_frame_equal(aggregation.aggregate(rows, 50), whole)


def test_interval_of_independent_normal_values():
    # Quantiles of 4,000 resamples are known to 0.042 standard errors; 0.2 is over four times that.
    values = np.random.default_rng(1).normal(0.3, 0.2, (1, 400))
    found = aggregation.aggregate(make_rows(values), 4000).iloc[0]
    error = values.std(ddof=1) / 20
    assert found["ci_low"] == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found["ci_high"] == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_interval_is_that_of_the_draws_where_images_are_all_alike():
    # Ten draws, no difference among images: the bootstrap's variance is that of the draws (ddof 0) over ten.
    # The normal quantile is an approximation here; a tenth covers it and the noise of 4,000 resamples.
    draws = np.random.default_rng(2).normal(0, 1, 10)
    found = aggregation.aggregate(make_rows(np.repeat(draws[:, None], 50, axis=1)), 4000).iloc[0]
    width = 2 * 1.96 * draws.std() / np.sqrt(10)
    assert found["ci_high"] - found["ci_low"] == pytest.approx(width, rel=0.1)


def test_interval_of_equal_values_is_that_value():
    found = aggregation.aggregate(make_rows(np.full((3, 20), 0.25)), 100).iloc[0]
    assert found["ci_low"] == found["ci_high"] == found["mean"] == 0.25 and found["sd"] == 0


def test_order_of_rows_does_not_matter(rows):
    shuffled = rows.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(aggregation.aggregate(shuffled, 50), aggregation.aggregate(rows, 50))


def test_interval_does_not_depend_on_the_other_methods(rows):
    alone = aggregation.aggregate(rows[rows["method"] == "gradcam"], 50)
    both = aggregation.aggregate(rows, 50)
    pd.testing.assert_frame_equal(both[both["method"] == "gradcam"].reset_index(drop=True), alone)


def test_categorical_rows_give_the_same(rows):
    categorical = rows.astype(dict.fromkeys(runs.rows.TEXT_COLUMNS, "category"))
    pd.testing.assert_frame_equal(aggregation.aggregate(categorical, 50), aggregation.aggregate(rows, 50))


def test_another_seed_gives_other_resamples(rows):
    first, second = (aggregation.aggregate(rows, 50, seed) for seed in (0, 1))
    assert not np.allclose(first["ci_low"], second["ci_low"])


def test_runs_are_summarized_apart():
    rows = pd.concat([make_rows(np.zeros((1, 5))), make_rows(np.ones((1, 5)), model="mlp")])
    assert dict(zip(*aggregation.aggregate(rows, 10)[["model", "mean"]].to_numpy().T)) == {"cnn": 0, "mlp": 1}


def test_all_degenerate_gives_counts_alone():
    found = aggregation.aggregate(make_rows(np.full((2, 3), np.nan)), 10).iloc[0]
    assert (found["n"], found["n_degenerate"]) == (0, 6)
    assert found[["mean", "sd", "ci_low", "ci_high"]].isna().all()


def test_one_value_has_a_mean_but_no_spread():
    found = aggregation.aggregate(make_rows([[0.5, np.nan]]), 10).iloc[0]
    assert found["mean"] == 0.5 and found[["sd", "ci_low", "ci_high"]].isna().all()


def test_order_is_that_of_the_names():
    rows = pd.concat([make_rows([[0.0, 1.0]], method, metric=metric)
                      for method in ("mine", "gradcam", "gradient") for metric in ("hog", "spearman_abs")])
    summary = aggregation.aggregate(rows, 10)
    assert list(zip(summary["metric"], summary["method"])) == [
        (metric, method) for metric in ("spearman_abs", "hog") for method in ("gradient", "gradcam", "mine")]


def test_columns():
    assert tuple(aggregation.aggregate(make_rows([[0.0, 1.0]]), 10).columns) == (
        "model", "dataset", "test", "stage_index", "stage", "method", "metric",
        "mean", "sd", "n", "n_degenerate", "ci_low", "ci_high")


def test_the_same_run_twice_is_refused(rows):
    with pytest.raises(ValueError, match="more than once.*model=cnn.*method=gradcam.*draw=0, image_id=00000"):
        aggregation.aggregate(pd.concat([rows, rows]))


@pytest.mark.parametrize("samples, count, message", [(0, 1, "bootstrap_samples: expected at least 1"),
                                                     (10, 0, "at least one row, got none")])
def test_nothing_to_summarize_is_refused(rows, samples, count, message):
    with pytest.raises(ValueError, match=message):
        aggregation.aggregate(rows[:count], samples)
