"""The runner: rows of a work unit, and what they must not depend on."""

import contextlib
import dataclasses
import types

import numpy as np
import pandas as pd
import pytest

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import runs
from sanity_checks.comparison import runner
from sanity_checks.weights import states
from tests import registry

SIMILARITIES = [name for name, test in states.TESTS.items() if not test.metrics]
KEY = ["draw", "stage_index", "method", "metric", "image_id"]


class Images:
    def __init__(self, pixels, labels=None):
        self._pixels, self.labels, self.ids = pixels, labels, tuple(f"image{i}" for i in range(len(pixels)))

    def __len__(self):
        return len(self._pixels)

    def __getitem__(self, index):
        return self._pixels[index]


def dataset(pixels, labels=None, class_names=None):
    return types.SimpleNamespace(
        bgr=False, name="digits", input_range=(0., 1.), test=Images(pixels, labels), class_names=class_names)


def protocol(classifier, names=("gradient", "smoothgrad", "gradcam"), test="cascading", **options):
    options.setdefault("metrics", ("spearman_abs", "spearman"))
    return runner.Protocol(test, registry.suitable_methods(classifier, names), **options)


def run(classifier, pixels, own, units=None, **options):
    units = units or runs.units(1, len(pixels), 64)
    tables = [runner.run_unit(classifier, dataset(pixels), unit, own, **options)[0] for unit in units]
    return pd.concat(tables).sort_values(KEY).reset_index(drop=True)


def undegenerate(rows):
    """The rows whose value is not NaN, of which every method has some but those that may be constant throughout."""
    left = rows[rows.value.notna()]
    missing = rows.groupby(["method", "metric"]).value.apply(lambda values: values.isna().any())
    assert {method for method, _ in missing[missing].index} <= set(registry.MAY_BE_DEGENERATE)
    return left


@contextlib.contextmanager
def unchanged(classifier, test):
    """The stages of a test, with none of their blocks drawn: the weights that state 0 has, all along."""
    stages = states.stages(classifier, test)
    with states.weight_states(classifier, test) as walk:
        next(walk)
        yield iter(stages)


@pytest.mark.parametrize("test", [
    test if test == "cascading" else pytest.param(test, marks=pytest.mark.slow) for test in SIMILARITIES
    if not states.explains_another(test)])
def test_zero_blocks_give_similarity_exactly_one(network, digits, test):
    """Every method and metric, computed anew at every stage: noise, batches and traces leave no trace of their own."""
    own = protocol(network, methods.METHODS, test, metrics=tuple(metrics.METRICS))
    rows = run(network, digits[:2], own, sequence=unchanged(network, test))
    assert set(rows.method) == set(own.methods) and set(rows.metric) == set(metrics.METRICS)
    assert rows.stage_index.nunique() == len(states.stages(network, test))
    assert (undegenerate(rows).value == 1).all()


@pytest.mark.parametrize("test", SIMILARITIES)
def test_random_blocks_give_another_similarity(network, digits, test):
    """At the real stages: 1 at stage 0, below it at every later one, but for the edges of the image."""
    own = protocol(network, ["gradient", "random_map", "edge_detector"], test, metrics=tuple(metrics.METRICS))
    rows = run(network, digits[:2], own)
    later = rows[rows.stage_index > 0]
    assert (rows[rows.stage_index == 0].value == 1).all()
    assert (later[later.method != "edge_detector"].value < 1).all()
    assert (later[later.method == "edge_detector"].value == 1).all()


@pytest.mark.parametrize("test", SIMILARITIES)
def test_rows_are_complete_and_in_the_schema(network, digits, test):
    own = protocol(network, test=test)
    rows = run(network, digits[:3], own)
    assert tuple(rows.columns) == runs.COLUMNS
    stages = [state.name for state in states.stages(network, test)]
    assert len(rows) == len(stages) * len(own.methods) * 2 * 3
    assert not rows.duplicated(KEY).any()
    assert list(rows.drop_duplicates("stage_index").stage) == stages
    assert (rows[rows.stage_index == 0].value.dropna() == 1).all()


def test_rows_do_not_depend_on_units_batches_or_company(network, digits):
    whole = run(network, digits, protocol(network))
    parts = run(network, digits, protocol(network, batch_size=7), runs.units(1, len(digits), 3)[::-1])
    assert whole[KEY].equals(parts[KEY])
    # Single precision sums in another order move a rank or two of 784.
    assert np.allclose(whole.value, parts.value, atol=2e-4, equal_nan=True)
    alone = run(network, digits, protocol(network, ["smoothgrad"]))
    assert np.array_equal(alone.value, whole[whole.method == "smoothgrad"].value)


def test_draws_differ(network, digits):
    own = protocol(network, ["gradient"])
    rows = run(network, digits[:3], own, runs.units(2, 3, 64))
    random = rows[rows.stage_index > 0]
    assert not np.isclose(random[random.draw == 0].value, random[random.draw == 1].value).any()


@pytest.mark.parametrize("explained", runner.EXPLAINED_CLASSES)
def test_the_explained_class(cnn, digits, explained):
    labels = np.arange(len(digits)) % 10
    own = protocol(cnn, ["gradient"], explained_class=explained)
    rows, _ = runner.run_unit(cnn, dataset(digits, labels), runs.Unit(0, 0, len(digits)), own)
    by_stage = rows[rows.metric == "spearman"].pivot(index="image_id", columns="stage_index", values="explained_class")
    predicted = cnn.logits(digits).numpy().argmax(axis=1)
    if explained == "label":
        assert (by_stage.to_numpy() == labels[:, None]).all()
    else:
        assert np.array_equal(by_stage[0], predicted)
        assert (by_stage.nunique(axis=1) == 1).all() == (explained == "original")


def test_labels_are_needed_to_explain_them(cnn, digits):
    with pytest.raises(ValueError, match="explained_class: expected labels of the images to explain, found none"):
        run(cnn, digits, protocol(cnn, ["gradient"], explained_class="label"))


@pytest.mark.parametrize("offset, label, count", [(0, 10, 10), (1, 9, 9), (0, -1, 10)])
def test_a_label_that_the_model_does_not_have_is_refused(cnn, digits, offset, label, count):
    labels, model = np.array([3, label]), dataclasses.replace(cnn, label_offset=offset)
    own = protocol(cnn, ["gradient"], explained_class="label")
    with pytest.raises(ValueError, match=f"explained_class: label {label} of image image1 is not one of the "
                                         f"{count} classes of model 'cnn'"):
        runner.run_unit(model, dataset(digits, labels), runs.Unit(0, 0, 2), own)


def test_labels_count_from_the_models_offset(cnn, digits):
    own = protocol(cnn, ["gradient"], explained_class="label")
    model = dataclasses.replace(cnn, label_offset=1)
    rows, _ = runner.run_unit(model, dataset(digits, np.array([3, 8])), runs.Unit(0, 0, 2), own)
    assert list(rows[rows.image_id == "image0"].explained_class.unique()) == [4]


def figure_maps(classifier, data):
    own = protocol(classifier, ["gradient"], explained_class="label")
    _, (maps,) = runner.run_unit(classifier, data, runs.Unit(0, 0, 1), own, figure_images=[0])
    return maps


@pytest.mark.parametrize("offset, names, explained", [
    (0, tuple("abcdefghij"), {3: "d"}), (1, ("background", *"abcdefghi"), {4: "d"})])
def test_explained_classes_and_labels_have_the_models_names(cnn, digits, offset, names, explained):
    model = dataclasses.replace(cnn, class_names=names, label_offset=offset)
    maps = figure_maps(model, dataset(digits[:1], np.array([3])))
    assert maps.class_names == explained and maps.label_name == "d"


def test_a_data_sets_names_are_used_where_the_model_has_none(cnn, digits):
    maps = figure_maps(cnn, dataset(digits[:1], np.array([3]), tuple("abcdefghij")))
    assert maps.class_names == {3: "d"} and maps.label_name == "d"


def test_names_of_more_classes_than_the_model_has_name_only_the_label(cnn, digits):
    maps = figure_maps(cnn, dataset(digits[:1], np.array([3]), tuple("abcdefghijk")))
    assert maps.class_names == {} and maps.label_name == "d"


def test_a_number_is_not_a_name(cnn, digits):
    maps = figure_maps(cnn, dataset(digits[:1], np.array([3]), tuple("0123456789")))
    assert maps.class_names == {} and maps.label_name == ""


def test_progress_counts_the_passes(network, digits):
    done = []
    own = protocol(network, ["gradient", "input_x_gradient", "smoothgrad", "vargrad", "guided_backprop",
                             "integrated_gradients", "integrated_gradients_smoothgrad"])
    run(network, digits[:3], own, progress=done.append)
    assert sum(done) == 3 * 5 * own.passes(network.image_shape)


def test_shared_work_is_counted_once(cnn):
    assert protocol(cnn, ["gradient", "input_x_gradient"]).passes(cnn.image_shape) == 2       # with the prediction
    assert protocol(cnn, ["guided_backprop", "gradcam", "guided_gradcam"]).passes(cnn.image_shape) == 3


def test_figure_maps_are_those_of_the_asked_images(cnn, digits):
    own = protocol(cnn, ["gradient", "gradcam"])
    _, maps = runner.run_unit(cnn, dataset(digits), runs.Unit(0, 2, 6), own, figure_images=[0, 3])
    assert [shown.image_id for shown in maps] == ["image3"]
    assert maps[0].stages == ("original", "softmax_linear", "fc1", "conv2", "conv1")
    expected = methods.explain(cnn, digits[3:4], "gradient")[0]
    assert np.allclose(maps[0].maps["gradient"][0], expected, rtol=1e-4, atol=1e-7)
    assert maps[0].maps["gradient"].shape == (5, 28, 28, 1) and maps[0].label == -1


def test_weights_are_restored_after_an_error(cnn, digits):
    before = [v.numpy() for v in cnn.model.variables]

    def stop(passes):
        if any((v.numpy() != b).any() for v, b in zip(cnn.model.variables, before)):
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        run(cnn, digits, protocol(cnn), progress=stop)
    assert all(np.array_equal(v, b) for v, b in zip(cnn.model.variables, before))


def test_images_per_unit_bound_the_memory():
    assert runner.images_per_unit((28, 28, 1)) == 64
    assert runner.images_per_unit((299, 299, 3)) == 7
    assert runner.images_per_unit((1024, 1024, 3)) == 4


def test_unknown_names_are_refused(cnn):
    with pytest.raises(ValueError, match="unknown metric 'spearmen'; did you mean 'spearman'"):
        protocol(cnn, metrics=("spearmen",))
    with pytest.raises(ValueError, match="unknown explained_class"):
        protocol(cnn, explained_class="mine")
