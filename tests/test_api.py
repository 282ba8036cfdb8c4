"""The tests from Python: a user's method on a user's model."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sanity_checks
from sanity_checks import api
from sanity_checks import given
from sanity_checks import methods


@pytest.fixture(scope="module")
def own_model():
    layers = tf_keras.layers
    model = tf_keras.Sequential([
        layers.InputLayer((12, 12, 1)), layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Flatten(),
        layers.Dense(8, activation="relu", name="hidden"), layers.Dense(3, activation="softmax", name="top")])
    return sanity_checks.load_classifier(model, weights="random")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((9, 12, 12, 1), np.float32)


def edges(classifier, images, targets, seed):
    return np.abs(tf.image.sobel_edges(tf.constant(images))).sum(axis=-1)


@pytest.fixture(scope="module")
def report(own_model, images):
    return sanity_checks.run(own_model, images, methods=["gradient", edges], tests=["cascading", "independent"],
                             draws=2, progress=False)


def test_rows_of_every_test_and_the_null(report):
    assert list(report.directories) == ["cascading", "independent", "random_networks"]
    assert set(report.rows.method) == {"gradient", "edges"} and set(report.rows.metric) == {"spearman_abs", "spearman"}
    stages = report.rows[report.rows.test == "cascading"].drop_duplicates("stage_index").stage
    assert sorted(stages) == ["conv", "hidden", "original", "top"]


def test_the_table_counts_images_and_draws(report):
    assert (report.table[report.table.test != "random_networks"].n == 18).all()
    assert (report.table[report.table.test == "random_networks"].n == 45).all() and {"mean", "ci_low", "ci_high", "n_degenerate"} <= set(report.table.columns)


def test_a_method_that_ignores_the_weights_is_found_out(report):
    verdicts = report.verdicts
    assert (verdicts[verdicts.method == "edges"].verdict == "insensitive").all()
    values = report.rows[(report.rows.method == "edges")].value
    assert (values == 1).all()


def test_a_notebook_shows_verdicts_conclusions_curves_and_maps(report):
    page = report._repr_html_()
    assert page.count("<img") == 3 and page.count("data:image/png;base64,iVBOR") == 3       # curves of two tests, maps
    assert "<td style='text-align: left'>edges</td><td style='text-align: left'>insensitive</td>" in page and "████" in page
    assert "Do not use edges to see what this model has learnt" in page and "Maps of image 0" in page
    assert "random_networks" not in page and "Random Networks" not in page


def test_plots_are_figures(report):
    figure = report.plot("independent")
    assert [axes.get_ylabel() for axes in figure.axes] == ["Rank Correlation (ABS)", "Rank Correlation (No ABS)"]
    assert {line.get_label() for line in figure.axes[0].get_lines()} >= {"Gradient", "edges"}
    assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == ["original", "top", "hidden", "conv"]
    with pytest.raises(ValueError, match="test: expected one of cascading, independent, random_networks, got 'x'"):
        report.plot("x")


def test_a_kept_run_goes_on(own_model, images, tmp_path, monkeypatch):
    arguments = dict(methods=["gradient"], output_dir=str(tmp_path), progress=False)
    first = sanity_checks.run(own_model, images[:2], **arguments)
    monkeypatch.setattr(methods.METHODS["gradient"], "maps", None)        # nothing is computed again
    again = sanity_checks.run(own_model, images[:2], **arguments)
    assert first.rows.equals(again.rows)
    with pytest.raises(ValueError, match="seed: the run has 0, got 1"):
        sanity_checks.run(own_model, images[:2], seed=1, **arguments)


def test_parameters_by_instance_and_names_by_dict(own_model, images):
    made = {"few": methods.make("smoothgrad", samples=2), "many": methods.make("smoothgrad", samples=9)}
    report = sanity_checks.run(own_model, images[:2], methods=made, progress=False)
    assert set(report.rows.method) == {"few", "many"}


def test_two_instances_of_a_method_have_names_of_their_own(own_model, images):
    made = [methods.make("smoothgrad", samples=2), methods.make("smoothgrad", samples=3), methods.make("smoothgrad")]
    named = given.make_methods(own_model, made)
    assert list(named) == ["smoothgrad(samples=2)", "smoothgrad(samples=3)", "smoothgrad"]
    assert [method.samples for method in named.values()] == [2, 3, 50]


def test_the_null_has_draws_of_its_own(own_model, images):
    report = sanity_checks.run(own_model, images[:2], methods=["gradient"], draws=2, progress=False)
    draws = report.rows.groupby("test", observed=True).draw.nunique()
    assert draws["cascading"] == 2 and draws["random_networks"] == api.NULL_DRAWS == 5


def test_labels_may_stand_in_a_column(own_model, images):
    report = sanity_checks.run(own_model, images, methods=["gradient"], labels=np.arange(9).reshape(9, 1) % 3,
                               explained_class="label", null_draws=1, progress=False)
    found = report.rows.drop_duplicates("image_id").set_index("image_id").explained_class
    assert [found[str(i)] for i in range(9)] == [0, 1, 2] * 3


@pytest.mark.parametrize("arguments, message", [
    ({"methods": []}, "methods: expected at least one"),
    ({"methods": ["gradiant"]}, "unknown method 'gradiant'"),
    ({"tests": ["cascade"]}, "unknown test 'cascade'"),
    ({"metrics": ["cosine"]}, "unknown metric 'cosine'"),
    ({"metrics": []}, "metrics: expected at least one of"),
    ({"metrics": ["ssim", "ssim"]}, "metrics: 'ssim' is named twice"),
    ({"labels": [1]}, "labels: expected 9 class numbers"),
    ({"labels": np.eye(9)}, "labels: expected 9 class numbers, found one-hot"),
    ({"labels": np.full(9, 1.7)}, "labels: expected 9 class numbers"),
    ({"image_ids": ["a"] * 9}, "image_ids: expected 9 distinct names, got 9, 1 distinct"),
    ({"methods": ["gradient", "gradient"]}, "methods: two are called 'gradient'"),
    ({"methods": [lambda c, x, t, s: x, lambda c, x, t, s: -x]}, "methods: two are called '<lambda>'"),
    ({"methods": {"gradient": edges}}, "a function of your own is called 'gradient' like a registered method"),
])
def test_wrong_arguments_are_refused(own_model, images, arguments, message):
    with pytest.raises(ValueError, match=message):
        sanity_checks.run(own_model, images, progress=False, **arguments)


def test_images_of_another_shape_are_refused(own_model):
    with pytest.raises(ValueError, match=r"images: expected shape \[N, 12, 12, 1\]"):
        sanity_checks.run(own_model, np.zeros((2, 28, 28, 1)))


def test_the_page_shows_the_verdicts_and_the_maps(report, tmp_path):
    path = report.to_html(str(tmp_path / "page"))
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for expected in ("insensitive", "edges", "hidden", "Cascading Randomization", "Independent Randomization"):
        assert expected in text
    assert (tmp_path / "page" / "tables" / "verdicts.csv").exists()


def test_maps_that_are_all_degenerate_are_warned_about(own_model, images):
    def zeros(classifier, images, targets, seed):
        return np.zeros(np.shape(images), np.float32)
    with pytest.warns(UserWarning, match="^nothing was measured: .* every map of zeros is degenerate"):
        sanity_checks.run(own_model, images[:2], methods=[zeros], progress=False, null_draws=1)
    with pytest.warns(UserWarning, match="cascading: every map of zeros is degenerate"):
        sanity_checks.run(own_model, images[:2], methods=["gradient", zeros], progress=False, null_draws=1)
