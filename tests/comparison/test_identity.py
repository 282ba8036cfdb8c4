"""What a run is held to: every setting of every registry, and everything without a name that the rows depend on."""

import dataclasses
import pickle

import numpy as np
import pytest
import tf_keras

import sanity_checks
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import models
from sanity_checks.comparison import identity
from sanity_checks.comparison import jobs
from sanity_checks.comparison import packing
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from sanity_checks.datasets import base
from sanity_checks.weights import initialization

SHAPE = (6, 6, 1)
IMAGES = np.random.default_rng(0).random((4, *SHAPE), np.float32)
RUN = dict(progress=False, metrics=["spearman"], null_draws=1)


def network(activation="relu"):
    layers = tf_keras.layers
    model = tf_keras.Sequential([
        layers.InputLayer(SHAPE), layers.Conv2D(3, 3, activation=activation, name="low"),
        layers.Conv2D(2, 3, activation=activation, name="high"), layers.Flatten(), layers.Dense(3, name="top")])
    generator = np.random.default_rng(1)
    model.set_weights([generator.normal(size=value.shape) for value in model.get_weights()])
    return model


def dataset(images=IMAGES, labels=(0, 1, 2, 0), ids="abcd"):
    return base.Dataset("images", "memory", "", None, None,
                        base.ArraySplit(images, np.array(labels), tuple(ids)), SHAPE)


def job(classifier=None, data=None, units=jobs.Units(), **protocol):
    classifier = classifier or models.load_classifier(network())
    own = {"test": "cascading", "methods": {"gradient": methods.make("gradient")}, "metrics": ("spearman",), **protocol}
    return jobs.weight_states(sources.Source(packing.Packed(classifier), classifier), sources.given(data or dataset()),
                              runner.Protocol(**own), units)


def held(made):
    return {**made.settings, **{f"sha256 {name}": value for name, value in made.sha256.items()}}


def other_value(record):
    """A value of a method's parameter that is not its default."""
    if record.choices:
        return next(value for value in record.choices if value != record.default)
    if isinstance(record.default, bool):
        return not record.default
    if record.default is None:
        return 0.5
    return record.default / 2 if record.name in ("fraction", "max_dist") else record.default + 1      # these are at most 1


TIED = {"lrp_alpha_beta": {"alpha": 2., "beta": 1.}}       # of which one cannot change alone
PARAMETERS = [(name, record.name) for name in methods.METHODS for record in methods.parameters(name)]


@pytest.mark.parametrize("name, parameter", PARAMETERS, ids=lambda value: str(value))
def test_every_parameter_of_every_method_counts(name, parameter):
    record = next(record for record in methods.parameters(name) if record.name == parameter)
    others = {"samples": 26} if (name, parameter) == ("integrated_gradients_smoothgrad", "estimator") else {}     # joint: an even number
    given = TIED.get(name, {parameter: other_value(record)})
    changed = methods.make(name, **others, **given)
    settings, _ = identity.of_methods({name: methods.make(name, **others)})
    found, _ = identity.of_methods({name: changed})
    assert {key for key in settings if settings[key] != found[key]} == {f"{name}_{changed}" for changed in given}


@pytest.mark.parametrize("field, value", [
    ("initializer", "uniform"), ("stddev", 0.5), ("batch_norm_statistics", True), ("redraw", "nested")])
def test_every_setting_of_the_randomization_counts(field, value):
    assert field in {known.name for known in dataclasses.fields(initialization.Randomization)}
    plain, changed = (identity.of_randomization(initialization.Randomization(**given)) for given in ({}, {field: value}))
    assert sum(plain[name] != changed[name] for name in plain) == 1


@pytest.mark.parametrize("changed", [
    {"test": "independent"}, {"seed": 1}, {"explained_class": "label"}, {"metrics": tuple(metrics.METRICS)[:2]},
    {"methods": {"mine": methods.make("gradient")}}, {"units": jobs.Units(draws=2)}, {"units": jobs.Units(num_images=2)},
    {"units": jobs.Units(images_per_unit=1)}, {"units": jobs.Units(figure_images=(1,))},
    {"randomization": initialization.Randomization("uniform")}], ids=str)
def test_every_part_of_the_protocol_counts(changed):
    assert held(job()) != held(job(**changed))


def test_the_batch_size_does_not_count():
    assert held(job()) == held(job(batch_size=3))


@pytest.mark.parametrize("other", [
    {"labels": (0, 1, 2, 1)}, {"ids": "abce"}, {"images": IMAGES + np.float32(1e-3)},
    {"images": IMAGES[[1, 0, 2, 3]], "labels": (1, 0, 2, 0), "ids": "bacd"}], ids=["label", "id", "pixel", "order"])
def test_images_count_with_their_labels_ids_and_order(other):
    assert held(job())["sha256 images"] != held(job(data=dataset(**other)))["sha256 images"]


def test_only_the_images_of_the_run_count():
    few = jobs.Units(num_images=2)
    changed = dataset(np.concatenate([IMAGES[:2], IMAGES[:2]]))
    assert held(job(units=few)) == held(job(data=changed, units=few))


def test_an_activation_counts_at_equal_weights():
    one, other = (held(job(models.load_classifier(network(activation)))) for activation in ("relu", "elu"))
    assert one["sha256 weights"] == other["sha256 weights"] and one["sha256 model"] != other["sha256 model"]


def test_the_layer_that_gradcam_reads_counts():
    one, other = (held(job(models.load_classifier(network(), gradcam_layer=layer))) for layer in ("low", "high"))
    assert one["sha256 model"] != other["sha256 model"]


def test_the_same_model_built_again_is_the_same():
    assert held(job(models.load_classifier(network()))) == held(job(models.load_classifier(network())))


def test_a_job_is_pickled_with_its_model_and_computes_the_same_rows():
    made = job()
    again = pickle.loads(pickle.dumps(made))
    assert held(again) == held(made)
    (unit,) = made.units
    rows, other = (found.build()(unit, lambda steps: None)[0] for found in (made, again))
    assert rows.equals(other)


def mine(factor):
    def method(classifier, images, targets, seed):
        return images * factor + np.asarray(classifier.model.weights[0]).mean()
    return method


def test_a_users_function_is_held_by_its_code(tmp_path):
    classifier = models.load_classifier(network())
    sanity_checks.run(classifier, IMAGES, methods=[mine(1)], output_dir=tmp_path, **RUN)
    sanity_checks.run(classifier, IMAGES, methods=[mine(1)], output_dir=tmp_path, **RUN)
    with pytest.raises(ValueError, match="sha256 of the method method: the run has"):
        sanity_checks.run(classifier, IMAGES, methods=[mine(2)], output_dir=tmp_path, **RUN)


@pytest.mark.parametrize("given, changed, message", [
    ({"labels": [0, 1, 2, 0], "explained_class": "label"}, {"labels": [1, 1, 2, 0]}, "sha256 of the images"),
    ({}, {"image_ids": ["x", "1", "2", "3"]}, "sha256 of the images"),
    ({}, {"null_draws": 2}, "draws: the run has 1, got 2"),
    ({}, {"seed": 2}, "seed: the run has 0, got 2"),
])
def test_a_kept_run_with_other_settings_is_refused_from_python(tmp_path, given, changed, message):
    classifier, arguments = models.load_classifier(network()), {**RUN, "methods": ["gradient"], "output_dir": tmp_path, **given}
    sanity_checks.run(classifier, IMAGES, **arguments)
    with pytest.raises(ValueError, match=message):
        sanity_checks.run(classifier, IMAGES, **{**arguments, **changed})


def test_a_changed_activation_is_refused_from_python(tmp_path):
    arguments = {**RUN, "methods": ["gradient"], "output_dir": tmp_path}
    sanity_checks.run(models.load_classifier(network()), IMAGES, **arguments)
    with pytest.raises(ValueError, match="sha256 of the model: the run has"):
        sanity_checks.run(models.load_classifier(network("elu")), IMAGES, **arguments)
