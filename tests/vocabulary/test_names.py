"""Tests of the display names and styles."""

import pytest

from sanity_checks import methods
from sanity_checks.vocabulary import names
from sanity_checks.weights import states


def test_label_of_a_known_name_is_the_papers():
    assert names.label(names.METHODS, "input_x_gradient") == "Gradient ⊙ Input"


def test_label_of_a_users_name_is_the_name():
    assert names.label(names.METHODS, "my_method") == "my_method"


def test_every_registered_method_has_a_label():
    assert set(methods.METHODS) <= set(names.METHODS)


def test_every_registered_test_has_a_label():
    assert set(states.TESTS) <= set(names.TESTS)


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


@pytest.mark.parametrize("parts, stem", [
    (("cnn", "mnist"), "cnn_mnist"), (("cnn", "my data/x"), "cnn_my_data_x"), (("v1.0-a",), "v1.0-a")])
def test_file_stem_is_safe_in_a_file_name(parts, stem):
    assert names.file_stem(*parts) == stem
