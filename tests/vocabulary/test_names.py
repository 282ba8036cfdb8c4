"""Tests of the display names and styles."""

import re

import pytest

from sanity_checks import datasets
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import models
from sanity_checks.vocabulary import datasets as dataset_records
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import models as model_records
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests as test_records
from sanity_checks.weights import states
from tests import registry


def test_label_of_a_known_name_is_the_papers():
    assert names.label(names.METHODS, "input_x_gradient") == "Gradient ⊙ Input"


def test_label_of_a_users_name_is_the_name():
    assert names.label(names.METHODS, "my_method") == "my_method"


@pytest.mark.parametrize("registered, records", [
    (methods.METHODS, method_records.METHODS), ({**metrics.METRICS, **metrics.OF_TESTS}, metric_records.METRICS),
    ({**states.TESTS, **states.TRAINED}, test_records.TESTS), (models.MODELS, model_records.MODELS),
    (datasets.DATASETS, dataset_records.DATASETS)], ids=["methods", "metrics", "tests", "models", "datasets"])
def test_everything_registered_has_a_record(registered, records):
    assert set(registered) <= set(records)
    labels = [record.label for record in records.values()]
    assert len(set(labels)) == len(labels) and all(labels)


def test_the_papers_metrics_have_released_twins_of_the_same_kind():
    assert set(metric_records.RELEASED) == {name for name, metric in metric_records.METRICS.items() if metric.text == name}
    for text, released in metric_records.RELEASED.items():
        assert metric_records.METRICS[text].signed == metric_records.METRICS[released].signed
        assert metric_records.is_released(released) and not metric_records.is_released(text)


def test_networks_that_are_trained_here_are_those_that_can_be():
    assert {name for name, model in model_records.MODELS.items() if model.trained_here} == {
        name for name, architecture in models.MODELS.items() if architecture.trainable}


def test_the_paper_tests_eight_methods():
    assert len(method_records.PAPER) == 8 and method_records.FOLLOWED in method_records.PAPER
    assert not set(method_records.PAPER) & {*method_records.CONTROLS, method_records.CHANCE}


def test_maps_are_signed_as_their_records_say(cnn, digits):
    for name, record in method_records.METHODS.items():
        if registry.is_suitable(cnn, name) and not record.signed:
            assert methods.explain(cnn, digits[:2], name, **registry.SETTINGS.get(name, {})).min() >= 0, name


def test_a_test_that_has_no_record_is_shown_as_it_is():
    assert test_records.record("mine").label == test_records.short("mine") == test_records.axis("mine") == "mine"


def test_every_labelled_method_has_a_style():
    assert all(record.style for record in names.METHODS.values())


def test_styles_tell_all_methods_apart():
    styles = names.styles([*names.METHODS, "mine", "yours"])
    assert len(set(styles.values())) == len(names.METHODS) + 2


def test_a_methods_style_does_not_depend_on_the_others():
    assert names.styles(["gradcam"])["gradcam"] == names.styles(["mine", "gradient", "gradcam"])["gradcam"]


def test_ordered_puts_known_names_first_and_keeps_the_rest():
    ordered = names.ordered(names.METHODS, ["z", "gradcam", "a", "gradient", "z"])
    assert ordered == ["gradient", "gradcam", "z", "a"]


@pytest.mark.parametrize("parts", [("cnn", "mnist_5k", "cascading", "spearman_abs"), ("v1.0-a",), ("My_Model2", "x.y")])
def test_plain_names_are_joined_as_they_are(parts):
    assert names.file_stem(*parts) == "_".join(parts)


def test_different_names_have_different_stems_that_any_file_system_takes():
    given = ["my model", "my_model", "my/model", "_my_model", "my__model", "модель", "кот", "", "...", ".hidden", "a\nb", "x" * 300,
             "x" * 301, "=x", "\ud800"]
    given.append(names.file_stem("my model"))
    stems = [names.file_stem(name) for name in given]
    assert len(set(stems)) == len(given) and stems[1] == "my_model"
    assert all(re.fullmatch("[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}", stem) for stem in stems)
    assert names.file_stem("модель", "mnist").endswith("_mnist")


def test_stems_of_one_folder_differ_also_where_case_and_joints_do_not_count():
    keys = [("CNN", "mnist"), ("cnn", "mnist"), ("a", "b_c"), ("a_b", "c"), ("mlp", "mnist")]
    stems = names.file_stems(keys)
    assert list(stems) == keys and len({stem.lower() for stem in stems.values()}) == len(keys)
    assert stems["mlp", "mnist"] == "mlp_mnist" and stems == {**names.file_stems(keys[::-1])}
