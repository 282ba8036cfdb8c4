"""The test of another class: which class, whose maps, on which weights; models of one and of two classes."""

import pathlib

import numpy as np
import pytest
import tf_keras

import sanity_checks
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.analysis import conclusions
from sanity_checks.analysis.verdicts import assessment
from sanity_checks.comparison import explained
from sanity_checks.comparison import runner
from sanity_checks.weights import initialization
from sanity_checks.weights import states
from tests import registry
from tests.comparison import test_runner as units

IDS = [f"image{i}" for i in range(200)]


def test_it_is_never_the_explained_class_and_each_other_once():
    present = np.arange(200) % 7
    drawn = np.array([explained.another(present, IDS, 7, draw, seed=1) for draw in range(6)])
    assert drawn.dtype == np.int32 and (drawn != present).all()
    assert all(sorted({*column, own}) == list(range(7)) for column, own in zip(drawn.T, present))


def test_every_other_class_is_equally_likely():
    """Of 200 images 50 each, sd 6.1."""
    counts = np.bincount(explained.another(np.full(200, 2), IDS, 5, 0, seed=0), minlength=5)
    assert counts[2] == 0 and (np.abs(counts[[0, 1, 3, 4]] - 50) < 4 * 6.1).all()


def test_it_is_named_by_seed_and_image_alone():
    found = explained.another(np.zeros(200, int), IDS, 10, 0, seed=1)
    np.testing.assert_array_equal(found[::-1][:50], explained.another(np.zeros(50, int), IDS[::-1][:50], 10, 0, seed=1))
    assert (found != explained.another(np.zeros(200, int), IDS, 10, 0, seed=2)).mean() > 0.5


@pytest.mark.parametrize("choice", explained.CHOICES)
def test_rows_compare_the_maps_of_both_classes(network, digits, choice):
    """Every method, on the weights as they are; the rows have the class that is explained."""
    own = units.protocol(network, ["gradient", "smoothgrad", "guided_backprop", "random_map"], "other_class", explained_class=choice,
                         metrics=("spearman", "spearman_abs"), seed=3)
    labels = np.arange(8) % 10
    rows, _ = runner.run_unit(network, units.dataset(digits, labels), runs.Unit(1, 0, 8), own)
    first = labels if choice == "label" else network.logits(digits).numpy().argmax(axis=1)
    ids = [f"image{i}" for i in range(8)]
    other = explained.another(first, ids, 10, 1, 3)
    assert list(rows.drop_duplicates("stage_index").stage) == ["original", "other class"]
    for index, classes in enumerate((first, other)):
        for _, part in rows[rows.stage_index == index].groupby(["method", "metric"]):
            np.testing.assert_array_equal(part.explained_class, classes)
    for name, method in own.methods.items():
        maps = [method.maps(methods.make_task(network, digits, classes, ids, 3)) for classes in (first, other)]
        for metric in own.metrics:
            found = rows[(rows.stage_index == 1) & (rows.method == name) & (rows.metric == metric)].value
            np.testing.assert_allclose(found, metrics.similarity(*maps, metric), atol=1e-6)
    assert (rows[rows.stage_index == 0].value == 1).all()


def test_controls_are_told_apart(network, digits):
    """Edges ignore the class; the random map is nothing but weights and class."""
    own = units.protocol(network, ["edge_detector", "random_map"], "other_class")
    rows = units.run(network, digits, own)
    found = rows[rows.stage_index == 1].groupby("method").value
    assert (found.get_group("edge_detector") == 1).all() and (found.get_group("random_map") < 0.2).all()


def flat(units, activation=None):
    layers = tf_keras.layers
    return models.load_classifier(tf_keras.Sequential([
        layers.Input((4, 4, 1)), layers.Flatten(), layers.Dense(5, activation="relu"), layers.Dense(units, activation=activation)],
        name="flat"))


IMAGES = np.random.default_rng(0).random((8, 4, 4, 1), np.float32)
RUN = dict(methods=["gradient", "edge_detector"], tests=["other_class"], progress=False, null_draws=2)


def test_a_model_of_one_class_is_refused():
    with pytest.raises(ValueError, match="^model: 'flat' has no other class to explain; its one output is class 0: end the model"):
        sanity_checks.run(flat(1), IMAGES, **RUN)


def test_a_model_of_two_classes_has_one_other():
    """Of one sigmoid: logits -z and z, so the other class' gradient is the opposite."""
    report = sanity_checks.run(flat(1, "sigmoid"), IMAGES, **RUN)
    of_gradient = report.rows[(report.rows.test == "other_class") & (report.rows.stage_index == 1) & (report.rows.method == "gradient")]
    assert of_gradient.groupby("metric", observed=True).value.mean().to_dict() == {"spearman": -1, "spearman_abs": 1}
    with pytest.raises(ValueError, match="^draws: expected at most 1, .*, got 2$"):
        sanity_checks.run(flat(2), IMAGES, draws=2, **RUN)


def test_verdicts_and_report(tmp_path):
    report = sanity_checks.run(flat(4), IMAGES, draws=3, **{**RUN, "methods": ["gradient", "edge_detector", "random_map"]})
    found = report.verdicts[report.verdicts.test == "other_class"].set_index(["method", "metric"]).verdict
    assert found["edge_detector", "spearman"] == "insensitive" and found["random_map", "spearman"] != "insensitive"
    (sentence,) = conclusions.conclusion(assessment.assess(report.rows[report.rows.method != "random_map"].assign(
        method=lambda rows: rows.method.astype(str).replace("edge_detector", "mine"))), "spearman")[-1:]
    assert sentence == "mine hardly tells classes apart: another class' maps stay alike."
    text = pathlib.Path(report.to_html(tmp_path / "page")).read_text(encoding="utf-8")
    assert "Other Class" in text and "Maps of “other class” against those of “original”" in text
    assert list((tmp_path / "page" / "figures").glob("further_other_class_*.png"))


def test_what_is_drawn_does_not_count():
    """No weights are drawn, so a run goes on under other settings of the draws; a model of constants can be tested."""
    classifier = flat(3)
    classifier.model.set_weights([np.ones_like(value) for value in classifier.model.get_weights()])
    randomization = initialization.Randomization("permutation")
    with pytest.raises(ValueError, match="no block that drawing"):
        states.stages(classifier, "cascading", randomization)
    assert [(state.name, state.actions) for state in states.stages(classifier, "other_class", randomization)] == [
        ("original", ()), ("other class", ())]


def test_the_weights_stay(network):
    before = network.model.get_weights()
    with states.weight_states(network, "other_class") as walk:
        for _ in walk:
            assert all(map(np.array_equal, network.model.get_weights(), before))


@pytest.mark.parametrize("network", ["small_cnn"], indirect=True)
def test_every_registered_method_has_another_map(network, digits):
    """Whatever asks for the class: noise, traces and kept work of the first class leave no trace in the second's."""
    own = runner.Protocol("other_class", registry.suitable_methods(network), ("spearman",))
    rows, _ = runner.run_unit(network, units.dataset(digits[:2]), runs.Unit(0, 0, 2), own)
    later = rows[rows.stage_index == 1].groupby("method", observed=True).value.max()
    blind = {"edge_detector", "input_x_edges"}
    assert {name for name, value in later.items() if value == 1} == blind
